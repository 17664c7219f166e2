"""`atlas-tui ask --context`: what is estimated."""

from __future__ import annotations

import json
from pathlib import Path

from tests.command import run


def test_an_estimate_counts_the_passages_that_would_go_along(tmp_path: Path) -> None:
    (tmp_path / "kite.md").write_text("# Kite\n\n" + "The kite flies high. " * 30)
    assert run("index", str(tmp_path)).status == 0

    def tokens(*options: str) -> int:
        result = run("ask", "--estimate", "--json", "--mock", "-p", "mock", "How high does a kite fly?", *options)
        assert result.status == 0, result.err
        found: int = json.loads(result.out)["input_tokens"]
        return found

    assert tokens("--no-context") + 150 < tokens("--context")
