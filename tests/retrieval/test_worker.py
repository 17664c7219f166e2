"""A process behind Atlas: what reaches it, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_tui.retrieval.worker import Worker, WorkerFailed

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuv"


def test_it_has_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    worker = Worker("atlas_tui.retrieval.embedders.minilm_task", tmp_path)
    with pytest.raises(WorkerFailed, match="no attribute 'nothing'"):
        worker.call("nothing")  # it is there by now
    environment = Path(f"/proc/{worker.pid}/environ").read_bytes()
    worker.close()
    assert b"ORT_DISABLE_TELEMETRY=1" in environment
    assert KEY.encode() not in environment
