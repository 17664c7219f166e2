"""Whether a server answers. Those of others do not tell when they are ready, so they are asked until they do."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from urllib.parse import urlsplit


def healthy(url: str) -> bool:
    """Whether a request of this URL is answered with status 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def await_health(url: str, seconds: float, *, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait until it is.

    Raises:
        TimeoutError: it is not after so many seconds, or there is nobody any more who could answer.
    """
    end = time.monotonic() + seconds
    while not healthy(url):
        if time.monotonic() > end or not alive():
            raise TimeoutError(f"{url} does not answer")
        time.sleep(0.05)
