"""A browser: what it asks of the server, and what it makes of the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

QUESTION = json.dumps({"query": "Why is the sky blue?"}).encode()


@contextmanager
def asked(
    port: int, body: bytes, content_type: str = "application/json", path: str = "/stream"
) -> Iterator[HTTPResponse]:
    """A browser's request; leaving the block closes its connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, {"Content-Type": content_type})
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def events(response: HTTPResponse) -> Iterator[tuple[str, Any]]:
    """The server-sent events of a response, comments left out, as they come."""
    return events_in(line.decode() for line in iter(response.readline, b""))


def events_in(sent: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The events in pieces of what is sent that are cut between lines."""
    name = ""
    for line in (line for piece in sent for line in piece.splitlines()):
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def got(
    port: int, method: str, path: str, body: bytes | Iterable[bytes] = b"", **headers: str
) -> tuple[HTTPResponse, str]:
    """One request and its whole answer; `_` in the name of a header stands for `-`."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()
