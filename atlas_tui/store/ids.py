"""Ids, which are made here and not by the database: what could not be written can be written again under the same."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without what is mistaken for something else
_ID_LENGTH = 8
_lock = threading.Lock()
_last_id = 0


def new_id() -> int:
    """An id that is greater than all before it, in this process for sure and elsewhere as far as clocks agree."""
    global _last_id
    now = time.time_ns() // 1000 << 10 | int.from_bytes(os.urandom(2), "big") >> 6  # microseconds, and ten random bits
    with _lock:
        _last_id = max(_last_id + 1, now)
        return _last_id


def made_at(number: int) -> datetime:
    """When an id was made."""
    return at((number >> 10) / 1e6)


def new_conversation_id() -> str:
    """An id that can be typed."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in os.urandom(_ID_LENGTH))


def at(seconds: float) -> datetime:
    """A moment of the tables."""
    return datetime.fromtimestamp(seconds, UTC)
