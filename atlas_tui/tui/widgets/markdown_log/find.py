"""Finding text in the messages."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from atlas_tui.tui.widgets.markdown_log.message import Message

# Signs that Markdown may put between two letters that stand side by side on the screen.
_BETWEEN = r"[*_~`]{0,3}"


class Match(NamedTuple):
    """Where something was found in the source of a message's answer."""

    message: Message
    start: int
    end: int


class Finder:
    """All places where a query stands. Letters match in either case, any white space matches any, and marks for
    bold and the like may stand between: what is found is what one reads."""

    def __init__(self, query: str, messages: list[Message]) -> None:
        self.query = query
        words = [_BETWEEN.join(map(re.escape, word)) for word in query.split()]
        self._pattern = re.compile(rf"{_BETWEEN}\s+[>\s]*{_BETWEEN}".join(words), re.IGNORECASE)
        self._found: dict[Message, list[tuple[int, int]]] = {}
        self._messages = messages
        self.current: Match | None = None
        for message in messages:
            self.read(message)

    def __len__(self) -> int:
        return sum([len(places) for places in self._found.values()])

    def read(self, message: Message) -> None:
        """Search a message that is new or changed."""
        found = [match.span() for match in self._pattern.finditer(message.answer.source)]
        if found:
            self._found[message] = found
        else:
            self._found.pop(message, None)

    def drop(self, message: Message) -> None:
        """Forget a message."""
        self._found.pop(message, None)
        if self.current is not None and self.current.message is message:
            self.current = None

    def within(self, message: Message, start: int, end: int) -> list[tuple[int, int]]:
        """The matches that touch a stretch of a message's source."""
        places = self._found.get(message)
        if not places:
            return []
        first = max(bisect_left(places, (start, 0)) - 1, 0)
        return [place for place in places[first : bisect_right(places, (end, 0))] if place[1] > start]

    def step(self, direction: int, message: int) -> Match | None:
        """The next match in a direction; the first time, from the message of this number on."""
        matches = [Match(found, start, end) for found in self._messages for start, end in self._found.get(found, ())]
        if not matches:
            return None
        if self.current in matches:
            place = matches.index(self.current) + direction
        else:
            here = set(map(id, self._messages[message:]))
            place = next((place for place, match in enumerate(matches) if id(match.message) in here), 0)
            place -= direction < 0
        self.current = matches[place % len(matches)]
        return self.current
