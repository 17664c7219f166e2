"""A real model behind each wire format."""

from __future__ import annotations

import pytest

from atlas_tui.models.base import End, TextDelta
from tests.models.wires import WIRES, events_of, make, request, text_of

pytestmark = [pytest.mark.real_model, pytest.mark.parametrize("wire", WIRES)]
MODEL = "smollm2-135m"


def test_it_answers(real_model: str, wire: str) -> None:
    events = events_of(make(wire, real_model, MODEL), request("Say hello.", max_tokens=12, temperature=0.0))
    assert isinstance(events[-1], End)
    response = events[-1].response
    assert response.complete
    assert text_of(events) == response.content != ""
    assert response.finish_reason in ("stop", "length")
    assert not response.usage.estimated
    assert 0 < response.usage.output_tokens <= 12
    assert response.usage.input_tokens > 5
    assert response.timing.tokens_per_second


def test_a_stop_reaches_the_model(real_model: str, wire: str) -> None:
    with make(wire, real_model, MODEL).stream(request("Tell a long story.", max_tokens=500)) as stream:
        assert any(isinstance(event, TextDelta) for event in stream)
        stream.close()
        *_, end = stream
    assert isinstance(end, End)
    assert end.error is not None
    assert end.error.kind == "cancelled"
    assert end.response.content
