"""A text costs the same whatever it is made of, and however much of it there is already."""

from __future__ import annotations

import pytest

from tests.tui.widgets.markdown_log.streaming_cost import cost

SIZE = 24_000  # characters: 6,000 tokens
SLACK = 3.0  # the aim is 1.3; parsing from the start each time would be 10 and more


@pytest.mark.parametrize("make", ["items", "nested", "table", "fence", "quote"])
async def test_one_long_block_costs_about_what_prose_costs(make: str) -> None:
    await cost(make, 2_000)  # what is only done once
    assert await cost(make, SIZE) < SLACK * await cost("prose", SIZE)


@pytest.mark.parametrize("make", ["prose", "paragraphs", "lines", "quoted_lines", "item_lines", "quoted_items"])
async def test_the_end_of_a_long_text_costs_what_its_beginning_cost(make: str) -> None:
    await cost(make, 2_000)
    assert await cost(make, 4 * SIZE) < 4 * SLACK * await cost(make, SIZE)
