"""uvicorn, as `atlas-tui serve` runs it."""

from __future__ import annotations

import socket

import uvicorn
from starlette.applications import Starlette


class Server(uvicorn.Server):
    """Serves until a signal; then every answer that streams is stopped, and its reader told so, before it ends."""

    def __init__(self, app: Starlette) -> None:
        # Without a configuration of uvicorn's own its warnings go where all others go, to the log.
        super().__init__(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
        self._streams = app.state.streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, without a connection that breaks off."""
        for stream in tuple(self._streams):
            stream.close()
        await super().shutdown(sockets)
