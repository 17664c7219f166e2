"""An answer streamed to a browser as server-sent events, in an application of your own: Flask or Starlette.

    python examples/web_sse.py --mock                      # then open http://127.0.0.1:8000
    python examples/web_sse.py --server starlette -p anthropic

`atlas_tui.web` has what both need: `frames` turns `client.stream(query)` into server-sent events, and closing that
generator, as every server does when the browser leaves, ends the request to the provider. `atlas-tui serve` is the
Starlette application, ready to run.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from atlas_tui import AtlasError, ConfigError, QueryClient, create_query_client, web

if TYPE_CHECKING:
    from flask import Flask


def flask_app(client: QueryClient, keep_alive: float = web.KEEP_ALIVE) -> Flask:
    """The Flask application. Its server closes the generator when a write fails because the browser has left."""
    from flask import Flask, Response, request

    app = Flask(__name__)

    @app.get("/")
    def index() -> Response:
        page, headers = web.page()
        return Response(page, headers=headers)

    @app.post("/stream")
    def stream() -> Response:
        try:
            events = client.stream(web.read_query(request.content_type or "", request.get_data()))
        except ConfigError as error:
            return Response(json.dumps({"message": str(error)}), 400, mimetype="application/json")
        sent = web.frames(events, keep_alive, html="html" in request.args)
        return Response(sent, mimetype=web.MEDIA_TYPE, headers=web.HEADERS)

    return app


def serve(server: str, client: QueryClient, port: int) -> None:
    """Serve on this machine alone until Ctrl+C."""
    where = f"Serving on http://127.0.0.1:{port}"
    if server == "flask":
        flask = flask_app(client)
        print(where, flush=True)
        flask.run(port=port, threaded=True)
    else:
        import uvicorn

        starlette = web.create_app(client)
        print(where, flush=True)
        uvicorn.run(starlette, port=port, log_level="warning", timeout_graceful_shutdown=1)


def main() -> int:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description="Stream answers to a browser.")
    parser.add_argument("--server", choices=["flask", "starlette"], default="flask")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("-p", "--provider", help="a target, such as openai:gpt-4.1 (default: yours, else mock)")
    parser.add_argument("--mock", action="store_true", help="play the provider: no key and no network")
    options = parser.parse_args()
    try:
        client = create_query_client(options.provider, mock=options.mock)
    except AtlasError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        serve(options.server, client, options.port)
    except ModuleNotFoundError as error:
        packages = "flask" if options.server == "flask" else "starlette uvicorn"
        print(f"{error.name} is not installed: run `pip install {packages}`", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
