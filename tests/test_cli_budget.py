"""What a command may spend, what it says beforehand, and the story of its attempts."""

from __future__ import annotations

import json
from pathlib import Path

from tests.command import QUICK, run, settings
from tests.servers.scripted import HttpError, Script, ScriptedServer

PRICED = "[providers.mock]\ndelay_ms = 0\n[prices.mock]\ninput = 0\noutput = 1000\n"
"""Prices at which one rehearsed answer of mock-basic costs a few cents."""


class TestLimits:
    def test_of_a_conversation(self, tmp_path: Path) -> None:
        config = settings(tmp_path, PRICED)
        limit = ("--max-cost-conversation", "0.02", "--config", config, "-m", "mock-basic")
        assert run("ask", "One", *limit).status == 0
        refused = run("ask", "-c", "Two", *limit)
        assert (refused.status, refused.out) == (1, "")
        assert "the conversation would cost more than the limit of $0.02 (so far" in refused.err
        assert "begin a new conversation, or raise the limit (--max-cost-conversation" in refused.err
        assert run("ask", "Three", *limit).status == 0

    def test_of_a_day_holds_for_all_commands_and_also_without_a_history(self, tmp_path: Path) -> None:
        config = settings(tmp_path, PRICED + "[budget]\nday = 0.02\n")
        ask = ("ask", "Go", "-m", "mock-basic", "--config", config)
        assert run(*ask, "--no-history").status == 0
        refused = run(*ask)
        assert refused.status == 1
        assert "today would cost more than the limit of $0.02" in refused.err
        assert run(*ask, "--max-cost-day", "1").status == 0
        assert len(json.loads(run("history", "--json").out)["conversations"]) == 2

    def test_a_warning_comes_before_the_limit(self, tmp_path: Path) -> None:
        config = settings(tmp_path, PRICED.replace("input = 0", "input = 1000") + "[budget]\nwarn = 0.0001\n")
        result = run("ask", "Go", "-m", "mock-basic", "--max-cost", "10", "--config", config)
        assert result.status == 0
        assert "the answer nears its limit with ~$0.00" in result.err
        assert result.err.rstrip().endswith("of $10")
        assert run("ask", "Go", "-m", "mock-basic", "--config", config).err == ""


class TestEstimate:
    def test_sends_nothing_and_leaves_no_trace(self) -> None:
        result = run("ask", "--estimate", "Why is the sky blue?", "-p", "openai:gpt-4.1", "--mock")
        assert result.status == 0
        assert result.out.startswith("openai:gpt-4.1 · ~9 tokens · ~$0.0000")
        assert "with an answer of 1,000 tokens" in result.out
        assert json.loads(run("history", "--json").out)["conversations"] == []

    def test_as_json_with_its_warnings(self) -> None:
        result = run(
            "ask", "--estimate", "--json", "Go", "-p", "openai:gpt-4.1", "--mock", "--max-cost", "0.0000001",
            "--max-tokens", "50",
        )  # fmt: skip
        form = json.loads(result.out)
        assert result.status == 1
        assert (form["target"], form["output_tokens"], form["refused"]) == ("openai:gpt-4.1", 50, True)
        assert form["cost"]["known"]
        assert form["cost"]["least"] < form["cost"]["most"]
        assert "raise the limit (--max-cost" in form["warnings"][0]
        assert "raise the limit (--max-cost" in result.err


def test_a_fallback_without_its_key_is_left_out_with_a_note(tmp_path: Path) -> None:
    result = run("ask", "hi", "--fallback", "anthropic", "-m", "mock-basic", "--config", settings(tmp_path, QUICK))
    assert (result.status, result.out[:7]) == (0, "This is")
    assert "the fallback anthropic is left out: no API key for anthropic: set ANTHROPIC_API_KEY" in result.err


def test_json_history_and_exports_tell_the_same_story_of_attempts(server: ScriptedServer, tmp_path: Path) -> None:
    server.play(HttpError(529, headers={"retry-after-ms": "50"}), HttpError(529), Script.text("At last."))
    local = f'[providers.down]\nkind = "openai"\nbase_url = "{server.url}/v1"\nmodel = "m"\n'
    config = settings(tmp_path, local)
    answer = json.loads(run("ask", "Go", "-p", "down", "--json", "--config", config).out)
    told = [(attempt["provider"], attempt["error"]) for attempt in answer["attempts"]]
    assert told == [("down", "overloaded"), ("down", "overloaded"), ("down", None)]
    waits = [(attempt["waited"], attempt["reason"]) for attempt in answer["attempts"]]
    assert [reason for _, reason in waits] == [None, "retry_after", "backoff"]
    assert waits[0][0] == 0
    assert waits[1][0] >= 0.05
    exported = json.loads(run("history", "export", "last", "--format", "json").out)
    assert exported["turns"][0]["responses"][0]["attempts"] == answer["attempts"]
    markdown = run("history", "export", "last").out
    assert "attempts: 3" in markdown
    assert markdown.count("down:m overloaded (") == 2
    assert run("history", "export", "last", "--format", "html").out.count("down:m overloaded (") == 2
    assert "as the server asked down:m overloaded (" in markdown
    shown = run("history", "show", "last").out
    assert shown.count("down:m overloaded (") == 2
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(exported))
    taken = run("history", "import", str(file))
    assert taken.status == 0, taken.err
    again = json.loads(run("history", "export", "last", "--format", "json").out)
    assert again["turns"][0]["responses"][0]["attempts"] == answer["attempts"]
