"""A text costs the same whatever it is made of, and however much of it there is already."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from markdown_it.rules_block import StateBlock

from atlas_tui.tui.widgets.markdown_log.grammar import parser
from atlas_tui.tui.widgets.markdown_log.stream import Stream
from tests.tui.widgets.markdown_log.drawing import LOOK
from tests.tui.widgets.markdown_log.streaming_cost import FRAME, MAKES, cost

SIZE = 24_000  # characters: 6,000 tokens
SLACK = 3.0  # the aim is 1.3; parsing from the start each time would be 10 and more


@pytest.mark.parametrize("make", ["items", "nested", "table", "fence", "quote", "item_fence", "item_table"])
async def test_one_long_block_costs_about_what_prose_costs(make: str) -> None:
    await cost(make, 2_000)  # what is only done once
    assert await cost(make, SIZE) < SLACK * await cost("prose", SIZE)


@pytest.mark.parametrize("make", ["prose", "paragraphs", "lines", "quoted_lines", "item_lines", "quoted_items"])
async def test_the_end_of_a_long_text_costs_what_its_beginning_cost(make: str) -> None:
    await cost(make, 2_000)
    assert await cost(make, 4 * SIZE) < 4 * SLACK * await cost(make, SIZE)


class Counter:
    """Counts the characters of each text that the parser is given, as a rule of its own that matches nothing."""

    def __init__(self) -> None:
        self.characters = 0
        self._last: StateBlock | None = None

    def __call__(self, state: StateBlock, start: int, last: int, silent: bool) -> bool:
        if state is not self._last:
            self._last = state
            self.characters += len(state.src)
        return False


@pytest.fixture
def parsed() -> Iterator[Counter]:
    counter, ruler = Counter(), parser().block.ruler
    ruler.before("table", "counter", counter)
    yield counter
    ruler.disable("counter")


def streamed(text: str) -> Stream:
    """A text that came in frames, of which in each the end was drawn."""
    stream = Stream()
    for start in range(0, len(text), FRAME):
        stream.append(text[start : start + FRAME])
        stream.blocks[-1].rows(LOOK, 60)
    return stream


@pytest.mark.parametrize("make", ["fence", "item_fence", "inner_fence", "quoted_fence", "table", "item_table"])
def test_code_and_tables_are_never_parsed_again_wherever_they_stand(make: str, parsed: Counter) -> None:
    text = MAKES[make](SIZE)
    # Beyond its opening lines a fence is not parsed at all, a table where a line does not begin as its rows do.
    assert streamed(text).blocks[-1].end == len(text)
    assert parsed.characters < len(text) // 10


@pytest.mark.parametrize(
    "make", ["items", "nested", "quote", "quoted_lines", "item_lines", "quoted_items", "inner_quote"]
)
def test_of_what_holds_other_blocks_no_more_than_its_last_piece_is_parsed_again(make: str, parsed: Counter) -> None:
    text = MAKES[make](4 * SIZE)
    streamed(text)
    assert parsed.characters < 25 * len(text)  # with all of it in each frame it would be 240 times
