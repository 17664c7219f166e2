"""A model server on loopback that keeps a pace: `python -m benchmarks.server` prints its port and serves.

It speaks OpenAI's Chat Completions, as every compatible server does. The model's name is the scenario:
`prose-10000-1000` is 10,000 tokens of prose at 1,000 a second (0: as fast as they are taken); `stall-40-0` says
nothing more after 40, `reset-40-0` breaks off there, `refuse-0-0` refuses. When each token was sent is answered at
`/sent`, on the system's monotonic clock, which other processes share.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

END_MARK = "endmark"
TROUBLES = ("stall", "refuse", "reset")
_FENCES = {"fence": ("```python\n", "\n```"), "itemfence": ("-   item\n\n    ```python\n", "\n    ```")}
"""How a block of code is opened and closed, at top level and in an item of a list."""


def token_texts(kind: str, count: int) -> Iterator[str]:
    """The tokens of a scenario; each holds its number, `w000123`, by which it is found on the screen."""
    for number in range(count):
        word = f"w{number:06d}"
        if kind == "prose":
            yield word + ("\n\n" if number % 60 == 59 else " ")
        elif kind == "list":
            yield (f"- {word} " if number % 12 == 0 else word) + ("\n" if number % 12 == 11 else " ")
        elif kind == "table":
            head = "| first | second | third |\n| --- | --- | --- |\n" if number == 0 else ""
            yield head + ("| " if number % 3 == 0 else "") + word + (" |\n" if number % 3 == 2 else " | ")
        elif kind in _FENCES:
            head = _FENCES[kind][0] if number == 0 else ""
            yield head + ("    " if number % 8 == 0 else "") + word + (" = 1\n" if number % 8 == 7 else " + ")
        else:
            raise ValueError(f"unknown kind of text {kind!r}")
    closing = _FENCES[kind][1] if kind in _FENCES else ""
    yield f"{closing}\n\n{END_MARK}"


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "bench",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    data = b"data: " + json.dumps(body).encode() + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


class PacedServer:
    """Serves scenarios and remembers when each token left."""

    def __init__(self) -> None:
        self.sent: list[float] = []
        self.asked: float = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request_line, *lines = head.decode("latin-1").split("\r\n")
                length = next((int(x.split(":")[1]) for x in lines if x.lower().startswith("content-length:")), 0)
                body = await reader.readexactly(length)
                if request_line.startswith("POST"):
                    await self._stream(json.loads(body), reader, writer)
                else:
                    path = request_line.split()[1]
                    answer = {"sent": self.sent, "asked": self.asked} if path == "/sent" else {"data": []}
                    data = json.dumps(answer).encode()
                    writer.write(
                        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                        % (len(data), data)
                    )
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone: that is how every connection here ends
        finally:
            writer.close()

    async def _trouble(self, kind: str, count: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Refuse; or say so many words, 5 ms apart, and then nothing more, or break off."""
        if kind == "refuse":
            error = b'{"error": {"message": "the key is wrong", "type": "invalid_request_error", "code": "bad_key"}}'
            writer.write(b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\n")
            writer.write(b"content-length: %d\r\n\r\n%b" % (len(error), error))
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for number in range(count):
            writer.write(_chunk({"content": f"x{number} "}))
            await asyncio.sleep(0.005)
        if kind == "reset":
            writer.transport.abort()
        else:
            await reader.read()  # until the client has gone

    async def _stream(
        self, request: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        kind, count, rate = request["model"].split("-")
        if kind in TROUBLES:
            await self._trouble(kind, int(count), reader, writer)
            return
        self.asked = time.monotonic()
        self.sent = sent = []
        gap = 1 / int(rate) if int(rate) else 0.0
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            + _chunk({"role": "assistant", "content": ""})
        )
        due = time.monotonic()
        for text in token_texts(kind, int(count)):
            due += gap
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if writer.is_closing():  # stopped
                return
            writer.write(_chunk({"content": text}))
            sent.append(time.monotonic())
            if not gap or len(sent) % 16 == 0:
                await writer.drain()
        done = b"data: [DONE]\n\n"
        writer.write(_chunk({}, "stop") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(done), done))
        await writer.drain()


async def main() -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(PacedServer().serve, "127.0.0.1", 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
