"""What it costs to stream a text into the log: CPU for parsing, laying out and making strips, without a terminal.

`python -m tests.tui.widgets.markdown_log.streaming_cost` prints it for texts of several makes and lengths.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator

from textual.app import App, ComposeResult
from textual.geometry import Region

from atlas_tui.tui.widgets.markdown_log import MarkdownLog

_TEXT = """the model answers with some words that are long and short alternately, functional streaming interface parser;
because although **bold** `code` *emph* and so. However: value"""
WORDS = _TEXT.split()
FRAME = 200  # characters: 50 tokens, what arrives in a twentieth of a second at 1,000 tokens a second


def _words(count: int) -> str:
    return " ".join(random.choice(WORDS) for _ in range(count))


def _until(size: int, pieces: Iterator[str], head: str = "") -> str:
    text = head
    while len(text) < size:
        text += next(pieces)
    return text


def prose(size: int) -> str:
    """Paragraphs of 40 to 130 words."""
    return _until(size, iter(lambda: _words(random.randint(40, 130)) + "\n\n", ""))


def items(size: int) -> str:
    """One list."""
    return _until(size, iter(lambda: f"- {_words(random.randint(6, 20))}\n", ""))


def nested(size: int) -> str:
    """One list in one item."""
    return _until(size, iter(lambda: f"   - {_words(random.randint(6, 20))}\n", ""), "1. top\n")


def table(size: int) -> str:
    """One table."""
    row = iter(lambda: f"| {_words(2)} | {_words(1)} | {_words(random.randint(2, 7))} |\n", "")
    return _until(size, row, "| Name | Value | Comment |\n|---|---|--:|\n")


def fence(size: int) -> str:
    """One block of Python."""
    line = iter(
        lambda: f"    def name_{random.randint(0, 99)}(self, x: int = 3) -> str:  # {random.choice(WORDS)}\n", ""
    )
    return _until(size, line, "```python\n")


def _deep(indent: str, head: str, make: Callable[[int], str]) -> Callable[[int], str]:
    """What a make makes, behind an indentation and below a head."""

    def made(size: int) -> str:
        return head + "".join(indent + line for line in make(size).splitlines(keepends=True))

    return made


item_fence = _deep("  ", "- item\n\n", fence)
"""One block of Python in an item of a list."""
inner_fence = _deep("     ", "1. one\n   - two\n\n", fence)
"""The same in an item of a list in an item."""
quoted_fence = _deep("> ", "> text\n>\n", fence)
"""The same in a quote."""
item_table = _deep("  ", "- item\n\n", table)
"""One table in an item of a list."""


def quote(size: int) -> str:
    """One quote."""
    return _until(size, iter(lambda: f"> {_words(random.randint(40, 130))}\n>\n", ""))


def paragraphs(size: int) -> str:
    """Paragraphs of a word."""
    return _until(size, iter(lambda: "word\n\n", ""))


def lines(size: int) -> str:
    """One paragraph of very many lines."""
    return _until(size, iter(lambda: "word\n", ""))


def quoted_lines(size: int) -> str:
    """One paragraph of very many lines in a quote."""
    return _until(size, iter(lambda: "> word\n", ""))


def item_lines(size: int) -> str:
    """One paragraph of very many lines in an item."""
    return _until(size, iter(lambda: "word\n", ""), "- ")


def inner_quote(size: int) -> str:
    """One paragraph of very many lines in a quote in a quote."""
    return _until(size, iter(lambda: f"> > {_words(random.randint(6, 20))}\n", ""))


def quoted_items(size: int) -> str:
    """One list in a quote."""
    return _until(size, iter(lambda: "> - word\n", ""))


_ALL = (
    prose,
    items,
    nested,
    table,
    fence,
    quote,
    paragraphs,
    lines,
    quoted_lines,
    item_lines,
    quoted_items,
    inner_quote,
)
MAKES: dict[str, Callable[[int], str]] = {
    **{make.__name__: make for make in _ALL},
    "item_fence": item_fence,
    "inner_fence": inner_fence,
    "quoted_fence": quoted_fence,
    "item_table": item_table,
}


class _CostApp(App[None]):
    def compose(self) -> ComposeResult:
        yield MarkdownLog()


async def cost(make: str, size: int) -> float:
    """Seconds of CPU for streaming `size` characters of a make."""
    random.seed(7)
    text = MAKES[make](size)
    gc.collect()  # what an app before this one left behind
    app = _CostApp()
    async with app.run_test(size=(120, 40)):
        log = app.query_one(MarkdownLog)
        log.add("a", "assistant", title="model")
        log.append("a", text[:FRAME])
        log.render_lines(Region(0, 0, 120, 40))
        begun = time.process_time()
        for start in range(FRAME, len(text), FRAME):
            log.append("a", text[start : start + FRAME])
            log.render_lines(Region(0, 0, 120, 40))
        return time.process_time() - begun


async def _print() -> None:
    print(f"{'':12}" + "".join(f"{size // 4000:>6}k tokens, ms a frame" for size in (8_000, 40_000, 200_000)))
    for make in MAKES:
        figures = [await cost(make, size) * 1000 / (size / FRAME) for size in (8_000, 40_000, 200_000)]
        print(f"{make:12}" + "".join(f"{figure:>25.2f}" for figure in figures))


if __name__ == "__main__":
    import asyncio

    asyncio.run(_print())
