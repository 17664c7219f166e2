"""A whole response as bytes, with a note of where each delta and the terminal event are complete.

What a cut at any byte has let through can then be told exactly, whatever the client makes of it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from tests.servers.responses import ResponsesWire
from tests.servers.script import Delta, Finish, Reasoning, Script, Step
from tests.servers.wire import AnthropicWire, ChatWire, OllamaWire, Wire

Framing = Literal["chunked", "length", "until closed"]
WIRES: dict[str, Callable[[Mapping[str, Any], Script], Wire]] = {
    "anthropic": AnthropicWire,
    "chat": ChatWire,
    "responses": ResponsesWire,
    "ollama": OllamaWire,
}


@dataclass(frozen=True)
class Tape:
    """The bytes of a response."""

    head: bytes
    body: bytes
    """Without the framing of the transfer."""
    deltas: tuple[tuple[int, str], ...]
    """Up to which byte of the body each delta of the text is whole."""
    terminal: int
    """Up to which byte of the body the terminal event is."""
    chunks: tuple[int, ...]
    """The sizes of the chunks, where the body is chunked."""

    @property
    def data(self) -> bytes:
        """The whole response."""
        if not self.chunks:
            return self.head + self.body
        framed = bytearray(self.head)
        at = 0
        for size in self.chunks:
            framed += b"%x\r\n%b\r\n" % (size, self.body[at : at + size])
            at += size
        return bytes(framed + b"0\r\n\r\n")

    def let_through(self, cut: int) -> int:
        """How many bytes of the body are within the first `cut` bytes of the response."""
        left = cut - len(self.head)
        if not self.chunks:
            return max(0, min(left, len(self.body)))
        through = 0
        for size in self.chunks:
            left -= len(b"%x\r\n" % size)
            through += max(0, min(left, size))
            left -= size + 2
        return through

    def text(self, cut: int) -> str:
        """The text whose events are whole within the first `cut` bytes."""
        through = self.let_through(cut)
        return "".join(text for end, text in self.deltas if end <= through)

    def complete(self, cut: int) -> bool:
        """Whether the terminal event is whole within the first `cut` bytes."""
        return self.let_through(cut) >= self.terminal


def record(wire: str, steps: list[Step], *, framing: Framing, dice: random.Random, crlf: bool = False) -> Tape:
    """The response of a wire format (a key of `WIRES`) to these steps, which end with a `Finish`."""
    plays = WIRES[wire]({"model": "test-model", "stream_options": {"include_usage": True}}, Script(steps))
    body = bytearray()
    deltas: list[tuple[int, str]] = []
    terminal = 0

    def add(data: bytes) -> int:
        """Add it; up to where it says all that it has to say."""
        body.extend(data.replace(b"\n", b"\r\n") if crlf else data)
        return len(body.rstrip())

    add(plays.start())
    for step in steps:
        match step:
            case Delta(text):
                deltas.append((add(plays.text(text)), text))
            case Reasoning():
                add(plays.reasoning(step))
            case Finish(reason):
                close = b"\n" if wire == "ollama" else b"\n\n"
                for event in plays.finish(reason, terminal=True).removesuffix(close).split(close):
                    end = add(event + close)
                    terminal = terminal or (end if _ends(event) else 0)
            case _:
                add(plays.ping())
    head, chunks = _head(plays.content_type, framing, len(body)), _cut(body, framing, dice)
    return Tape(head, bytes(body), tuple(deltas), terminal, chunks)


def _ends(event: bytes) -> bool:
    """Whether an event of an ending is the one that says why the model stopped."""
    line = next((line for line in event.split(b"\n") if line.startswith((b"data: {", b"{"))), b"null")
    said: Any = json.loads(line.removeprefix(b"data: "))
    if not isinstance(said, dict):
        return False
    choices = said.get("choices") or [{}]
    return bool(
        said.get("delta", {}).get("stop_reason")
        or choices[0].get("finish_reason")
        or said.get("type") == "response.completed"
        or said.get("done")
    )


def _head(content_type: str, framing: Framing, length: int) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"content-type: {content_type}", "x-request-id: req_1", "request-id: req_1"]
    if framing == "chunked":
        lines.append("transfer-encoding: chunked")
    elif framing == "length":
        lines.append(f"content-length: {length}")
    else:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _cut(body: bytes | bytearray, framing: Framing, dice: random.Random) -> tuple[int, ...]:
    if framing != "chunked":
        return ()
    ends = sorted({*(dice.randrange(1, len(body)) for _ in range(dice.randrange(1, 30))), len(body)})
    return tuple(end - begin for begin, end in zip([0, *ends], ends, strict=False))


def in_pieces(data: bytes, dice: random.Random) -> tuple[bytes, ...]:
    """The bytes in a few writes, cut anywhere."""
    sizes = list(accumulate(dice.randrange(1, 400) for _ in range(dice.randrange(0, 12))))
    ends = [*(size for size in sizes if size < len(data)), len(data)]
    return tuple(data[begin:end] for begin, end in zip([0, *ends], ends, strict=False) if end > begin)
