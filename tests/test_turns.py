"""What a model is sent of a conversation, whatever has happened in it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import Attempt, ModelMessage, ModelRequest, ModelResponse, TextDelta
from atlas_tui.models.base.messages import GO_ON
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.session import Session
from atlas_tui.turns import Turn, history
from tests.played import PlayedProvider, says

user, assistant, system = ModelMessage.user, ModelMessage.assistant, ModelMessage.system

TEXTS = st.sampled_from(["", " \n", "\u200b", "a", "Half an ans", "Whole answer.\n", "Assistant: no", "\n\nb "])
RESPONSES = st.builds(
    ModelResponse,
    content=TEXTS,
    reasoning=st.sampled_from(["", "Let me think. SECRET THOUGHT"]),
    complete=st.booleans(),
    finish_reason=st.sampled_from([None, "stop", "length", "refused"]),
    attempts=st.sampled_from([(), (Attempt("p", "m", "server", "ERROR TEXT of the server"),)]),
)
COLUMNS = st.sampled_from([None, 1, 2])


@st.composite
def turn_lists(draw: st.DrawFn) -> list[Turn]:
    turns = []
    for number in range(draw(st.integers(0, 6))):
        turn = Turn(f"prompt {number}")
        for response in draw(st.lists(RESPONSES, max_size=3)):
            turn.add(response, draw(COLUMNS))
        chosen: ModelResponse | None = draw(st.sampled_from([None, *turn.responses]))
        turn.chosen = chosen
        turns.append(turn)
    return turns


@given(turn_lists(), st.sampled_from([None, 1, 2]), st.integers(0, 6))
def test_roles_alternate_and_only_what_was_said_is_sent(turns: list[Turn], column: int | None, at: int) -> None:
    turn = turns[at] if at < len(turns) else Turn("the next")
    messages = [*history(turns, turn, column), user(turn.prompt)]
    assert [message.role for message in messages] == (["user", "assistant"] * len(messages))[: len(messages)]
    assert len(messages) % 2 == 1
    assert all(message.content.strip() for message in messages)
    sent = "\n".join(message.content for message in messages)
    assert "SECRET THOUGHT" not in sent
    assert "ERROR TEXT" not in sent
    said = {response.content for each in turns for response in each.responses if response.finish_reason != "refused"}
    assert {message.content for message in messages if message.role == "assistant"} <= said
    for earlier in turns[:at]:
        standing = earlier.answer(column)
        if earlier.chosen is not None and standing is not None and standing.finish_reason != "refused":
            assert (not standing.content.strip()) or assistant(earlier.chosen.content) in messages


MESSAGES = st.lists(st.builds(ModelMessage, st.sampled_from(["user", "assistant", "system"]), TEXTS), max_size=8)


@given(MESSAGES)
def test_every_request_alternates_on_the_wire_and_loses_no_word(messages: list[ModelMessage]) -> None:
    request = ModelRequest(messages=messages, system_prompt="Be brief.")
    turns = request.turns()
    roles = [turn["role"] for turn in turns]
    assert all(before != after for before, after in pairwise(roles))
    assert set(roles) <= {"user", "assistant"}
    for message in messages:
        if message.content.strip():
            place = request.system_text() or "" if message.role == "system" else str([t["content"] for t in turns])
            assert (message.content if message.role == "system" else repr(message.content)[1:-1]) in place
    closed = request.closed().turns()
    assert not closed or closed[-1]["role"] == "user"
    assert closed in (turns, [*turns, {"role": "user", "content": GO_ON}])


@pytest.mark.parametrize(
    ("messages", "sent"),
    [
        ([user("a"), user("b"), assistant("c"), user("d")], [("user", "a\n\nb"), ("assistant", "c"), ("user", "d")]),
        ([user("a"), system("Now in French."), user("b")], [("user", "a\n\nb")]),
        ([user("a"), assistant(" "), user("b")], [("user", "a\n\nb")]),
        ([user("a"), assistant("b")], [("user", "a"), ("assistant", "b"), ("user", GO_ON)]),
    ],
)
def test_a_model_that_cannot_go_on_by_itself_is_sent(
    messages: Sequence[ModelMessage], sent: list[tuple[str, str]]
) -> None:
    provider = PlayedProvider(says("ok"))
    provider.generate(ModelRequest(messages=messages))
    assert [(turn["role"], turn["content"]) for turn in provider.requests[0].turns()] == sent


def test_a_turn_that_was_refused_is_not_sent_again() -> None:
    provider = PlayedProvider(says("I will not.", finish="refused"), [TextDelta("cut")], says("Fine."))
    session = Session(provider, policy=Policy(RetrySettings(attempts=1)))
    for prompt in ("Something bad", "Something good"):
        with pytest.raises(ProviderError):
            session.stream(prompt).response()
    session.stream("And now?").response()
    assert provider.requests[-1].messages == [user("Something good"), assistant("cut"), user("And now?")]
