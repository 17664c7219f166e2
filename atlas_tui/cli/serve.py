"""`atlas-tui serve`: answers as server-sent events, and a page that shows them."""

from __future__ import annotations

import argparse
import secrets
import socket

from atlas_tui.cli.console import Console
from atlas_tui.client import create_query_client
from atlas_tui.config import Config
from atlas_tui.errors import ConfigError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = ("0.0.0.0", "::")
"""All addresses of this machine: none that anybody could open."""


def serve(options: argparse.Namespace, config: Config) -> int:
    """Serve until Ctrl+C; the exit status.

    Raises:
        AtlasError: there is nobody to ask, or the address cannot be used.
    """
    client = create_query_client(
        options.provider[0] if options.provider else None,
        options.model,
        system_prompt=options.system,
        max_tokens=options.max_tokens,
        fallback=options.fallback,
        budget=options.max_cost,
        mock=options.mock,
        config=config,
    )
    try:
        from atlas_tui.web import create_app
        from atlas_tui.web.server import Server

        # Whoever reaches another address than this machine's own, or it by another name, through a proxy, has to have
        # been given the token.
        local = options.host in _LOOPBACK and not options.name
        token = None if local else secrets.token_urlsafe(24)
        own = socket.gethostname().lower()
        host = own if options.host in _EVERYWHERE else options.host
        name = f"[{host}]" if ":" in host else host
        hosts = {"127.0.0.1", "localhost", "[::1]"}  # of a container it is one of these that its host opens
        if not local:
            hosts |= {name, own, *map(str.lower, options.name)}
        server = Server(create_app(client, hosts=hosts, token=token))
    except ModuleNotFoundError as error:
        raise ConfigError(f"{error.name} is not installed: run `pip install 'atlas-tui[web]'`") from error
    with _listener(options.host, options.port) as listener:
        address = f"http://{name}:{listener.getsockname()[1]}/" + (f"#token={token}" if token else "")
        console = Console()
        console.answer(f"{client.provider.target} answers at {address}\n")
        console.finish()
        server.run(sockets=[listener])
    return 0


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, reuse_port=False)
    except OSError as error:
        where = f"{host}:{port}"
        # Python adds to the system's words what stands here anyway.
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise ConfigError(f"{where} cannot be served ({reason}): choose another --host or --port") from error
