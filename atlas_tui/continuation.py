"""Going on with an answer that broke off: what is asked, and a clean seam between the two pieces."""

from __future__ import annotations

import dataclasses
import re

from atlas_tui.models.base import (
    Emit,
    End,
    Event,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Start,
    TextDelta,
)

_LOOK = 96
"""Characters of the second piece that are read before the seam is decided."""
_SURE = 8
"""The shortest repetition that is taken for one."""
_WORD_END = re.compile(r"\w+$")
_WORD_START = re.compile(r"\w+")


def continuing(request: ModelRequest, partial: str) -> ModelRequest:
    """The request that has the answer continued: it ends with the answer, see `ModelRequest.closed`. White space at
    its end is left out: some services refuse it, and a model that sees it begins the next word with some more."""
    return dataclasses.replace(request, messages=[*request.messages, ModelMessage.assistant(partial.rstrip())])


class Seam:
    """Joins the second piece of an answer to the first: consumers see one answer that begins with the first."""

    def __init__(self, first: ModelResponse, emit: Emit) -> None:
        self._first = first
        self._emit = emit
        self.exact = False
        """The model goes on from the first piece by itself, so that it says no more than what follows."""
        self._held: str | None = ""
        self._begun = False
        self._cut = 0
        self._glue = ""

    async def emit(self, event: Event) -> None:
        """Hand an event on; the beginning of the second piece is held back until the seam is decided."""
        if isinstance(event, Start) and not self._begun:
            self._begun = True
            await self._emit(event)
            await self._emit(TextDelta(self._first.content))
        elif isinstance(event, TextDelta) and self._held is not None:
            self._held += event.text
            if len(self._held) >= _LOOK and not self._echoing():
                await self._decide()
        else:
            await self._emit(event)

    def _echoing(self) -> bool:
        """Some servers say the beginning that they were given once more; how it goes on comes after that."""
        return len(self._held or "") < len(self._first.content) and self._first.content.startswith(self._held or "")

    async def finish(self, end: End) -> None:
        """Make the whole of the second piece's ending. One that said nothing stays what it is, a failed attempt,
        unless the model has finished: then only its last word had been missing."""
        if not end.response.content and not end.response.complete:
            return
        if self._held is not None:
            await self._decide()
        end.response.follow(self._first, cut=self._cut, glue=self._glue)

    async def _decide(self) -> None:
        held, self._held = self._held or "", None
        self._cut, self._glue = seam(self._first.content, held, exact=self.exact)
        text = self._glue + held[self._cut :]
        if text:
            await self._emit(TextDelta(text))


def seam(first: str, second: str, *, exact: bool = False) -> tuple[int, str]:
    """How two pieces join: characters to cut from the beginning of the second, and what to put between them.

    With `exact` the second is what follows the first, as its model sees it: only white space, and the whole of the
    first where a server says that again, can be there twice.
    """
    said = first.rstrip()
    if len(said) >= _SURE and second.startswith(said):  # all of it is said again
        return len(said) + _overlap(first, second[len(said) :]), ""
    if exact:
        return _overlap(first, second), ""
    lead = len(second) - len(second.lstrip())
    for start in dict.fromkeys((0, lead)):
        for size in range(min(len(first), len(second) - start), _SURE - 1, -1):
            if first.endswith(second[start : start + size]):
                return start + size, ""
    broken, begun = _WORD_END.search(first), _WORD_START.match(second)
    if broken and begun and len(begun[0]) > len(broken[0]) > 1 and begun[0].startswith(broken[0]):
        return len(broken[0]), ""  # the word that was cut is said again, whole
    if begun and first[-1:] in ".!?:;,)":
        return 0, " "
    return _overlap(first, second), ""


def _overlap(first: str, second: str) -> int:
    """How much of the white space at the second's beginning stands at the first's end: the model did not see that."""
    space = second[: len(second) - len(second.lstrip())]
    return next((size for size in range(len(space), 0, -1) if first.endswith(space[:size])), 0)
