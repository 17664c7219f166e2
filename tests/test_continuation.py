"""Going on with an answer that broke off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_tui.continuation import seam
from atlas_tui.models.base import ModelResponse, Provider, Start
from atlas_tui.models.base.messages import GO_ON
from atlas_tui.models.mock import MockProvider
from atlas_tui.models.openai import OpenAIProvider
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.session import Session, Turn
from tests.played import PlayedProvider, Sink, says
from tests.servers.scripted import Script, ScriptedServer

AT_ONCE = RetrySettings(first_wait=0.0)


def ask(session: Session, turn: Turn, extend: ModelResponse | None = None) -> Sink:
    sink = Sink()
    assert session.start(turn, sink, extend=extend).join(10)
    return sink


def continued(first: str, second: str, *, provider: Provider | None = None) -> tuple[Sink, Session]:
    """An answer that broke off after `first`, continued by a model that says `second`."""
    session = Session(provider or PlayedProvider(says(*second)), policy=Policy(AT_ONCE))
    turn = session.add_turn("Tell me")
    partial = ModelResponse(content=first, provider="played", model="m")
    turn.add(partial)
    return ask(session, turn, partial), session


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("The sky is", " blue.", "The sky is blue."),
        ("It scatters mole", "cules more.", "It scatters molecules more."),
        ("It scatters mole", "molecules more.", "It scatters molecules more."),
        ("One sentence.", "Another one.", "One sentence. Another one."),
        ("A list:\n- one\n- two is lon", "- two is longer\n- three", "A list:\n- one\n- two is longer\n- three"),
        ("and so the answer is simple", "the answer is simple, really.", "and so the answer is simple, really."),
        ("and so the answer is simple", "\n\nthe answer is simple, really.", "and so the answer is simple, really."),
        ("x = [1, 2,", " 3]", "x = [1, 2, 3]"),
        ("x = [1, 2, ", " 3]", "x = [1, 2, 3]"),
        ("- one\n", "\n- two", "- one\n- two"),
        ("One.\n", "\n\nTwo.", "One.\n\nTwo."),
        ("def f():\n    ", "\n    return", "def f():\n    return"),
        ("One, two, three, fo", "One, two, three, four", "One, two, three, four"),
        ("One, two, three, ", "One, two, three, four", "One, two, three, four"),
    ],
)
def test_the_seam_repeats_nothing_and_joins_cleanly(first: str, second: str, whole: str) -> None:
    cut, glue = seam(first, second)
    assert first + glue + second[cut:] == whole


WORDS = st.lists(st.sampled_from(["3.14", "haha", "na", "x[1]", "(a)", "https://a.b", "größer", "==="]), min_size=4)


@given(WORDS, st.sampled_from([" ", "\n", "\n\n", "\n    ", ", "]), st.data(), st.booleans())
def test_what_a_model_goes_on_with_by_itself_joins_without_a_trace(
    words: list[str], between: str, data: st.DataObject, echoes: bool
) -> None:
    whole = between.join([f"The answer {len(words)}", *words])
    first = whole[: data.draw(st.integers(min_value=12, max_value=len(whole)))]
    seen = first.rstrip()
    cut, glue = seam(first, (seen if echoes else "") + whole[len(seen) :], exact=True)
    assert first + glue + ((seen if echoes else "") + whole[len(seen) :])[cut:] == whole


@pytest.mark.parametrize("pieces", [[" scattered", " by molecules."], list(" scattered by molecules."), ["x" * 300]])
def test_what_consumers_see_is_the_response(pieces: list[str]) -> None:
    session = Session(PlayedProvider(says(*pieces)), policy=Policy(AT_ONCE))
    turn = session.add_turn("Why?")
    partial = ModelResponse(content="Light is", provider="played", model="m")
    turn.add(partial)
    sink = ask(session, turn, partial)
    assert sink.text == sink.end().response.content == "Light is" + "".join(pieces)
    assert turn.responses == [partial, sink.end().response]
    assert turn.response is sink.end().response
    assert isinstance(sink.events[0], Start)


def test_a_server_that_says_the_beginning_again_doubles_nothing() -> None:
    beginning = "Light of every colour comes from the sun, and air scatters the short waves most. " * 5
    sink, _ = continued(beginning, "", provider=PlayedProvider(says(*beginning, "So it is", " blue.")))
    assert sink.text == sink.end().response.content == beginning + "So it is blue."


def test_a_model_that_prefills_goes_on_by_itself() -> None:
    session = Session(MockProvider(simulate_errors=1, error_type="truncated", delay_ms=0), policy=Policy(AT_ONCE))
    turn = session.add_turn("Why is the sky blue?")
    partial = ask(session, turn).end()
    assert partial.error is not None
    whole = ask(session, turn, partial.response).end()
    assert whole.error is None
    untroubled = MockProvider(delay_ms=0)
    asked = Session(untroubled)
    assert whole.response.content == asked.stream("Why is the sky blue?").response().content
    told = [(attempt.error, attempt.reason) for attempt in whole.response.attempts]
    assert told == [("truncated", None), (None, "continued")]


def test_another_is_told_to_continue() -> None:
    provider = PlayedProvider(says(" blue."))
    sink, _ = continued("The sky is", " blue.", provider=provider)
    assert [message.content for message in provider.requests[-1].messages] == ["Tell me", "The sky is", GO_ON]
    assert sink.end().response.content == "The sky is blue."


def test_a_continuation_that_fails_at_once_leaves_the_partial_answer_standing() -> None:
    session = Session(MockProvider(simulate_errors=True, error_type="auth", delay_ms=0), policy=Policy(AT_ONCE))
    turn = session.add_turn("Why?")
    partial = ModelResponse(content="Light is", provider="mock", model="m")
    turn.add(partial)
    end = ask(session, turn, partial).end()
    assert end.error is not None
    assert end.response.content == ""
    assert turn.response is partial


def test_a_server_that_takes_a_beginning_is_asked_to_go_on_from_it(server: ScriptedServer) -> None:
    server.play(Script.text(" blue."))
    provider = OpenAIProvider("m", name="local", base_url=f"{server.url}/v1", prefill=True)
    sink, _ = continued("The sky is ", "", provider=provider)
    assert sink.end().response.content == "The sky is blue."
    body = server.requests[-1].json
    assert body["messages"][-1] == {"role": "assistant", "content": "The sky is"}
    assert (body["add_generation_prompt"], body["continue_final_message"]) == (False, True)


@pytest.mark.real_model
def test_a_real_server_goes_on_from_an_answer_that_broke_off(real_model: str) -> None:
    provider = OpenAIProvider("m", name="local", base_url=f"{real_model}/v1", prefill=True, max_tokens=24)
    session = Session(provider, temperature=0.0)
    turn = session.add_turn("Count from one to ten in words, separated by commas.")
    partial = ModelResponse(content="One, two, three, fo", provider="local", model="m")
    turn.add(partial)
    sink = ask(session, turn, partial)
    whole = sink.end().response.content
    assert whole == sink.text
    assert whole.startswith(partial.content)
    assert len(whole) > len(partial.content)
    assert whole.count("One, two, three, fo") == 1
