"""The real model answers, and the imitation of Ollama in front of it does."""

from __future__ import annotations

from pathlib import Path

import ollama
import openai
import pytest

from tests.servers.real_model import MODEL, OLLAMA_MODEL, alone, shared_process

pytestmark = pytest.mark.real_model


def test_the_real_model_answers(real_model: str) -> None:
    with openai.OpenAI(base_url=f"{real_model}/v1", api_key="none") as client:
        answer = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Say hello."}], max_tokens=8, temperature=0
        )
    assert answer.choices[0].message.content
    assert answer.usage
    assert answer.usage.prompt_tokens > 3


def test_the_imitation_of_ollama_answers_from_the_real_model(real_ollama: str) -> None:
    with ollama.Client(real_ollama, timeout=30) as client:
        assert [model.model for model in client.list().models] == [OLLAMA_MODEL]
        lines = list(
            client.chat(OLLAMA_MODEL, [{"role": "user", "content": "Hi"}], stream=True, options={"num_predict": 8})
        )
    assert lines[-1].done
    assert "".join(line.message.content or "" for line in lines)


def test_two_users_share_one_server_and_the_last_ends_it(real_model: str, tmp_path: Path) -> None:
    with shared_process(tmp_path, "ollama", real_model) as first:
        with shared_process(tmp_path, "ollama", real_model) as second:
            assert second == first
        with open(tmp_path / "ollama.users", "w") as users:
            assert not alone(users)
    with open(tmp_path / "ollama.users", "w") as users:
        assert alone(users)
