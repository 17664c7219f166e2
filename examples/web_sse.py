"""An answer streamed to a browser as server-sent events, with Flask or with Starlette.

    python examples/web_sse.py --mock                      # then open http://127.0.0.1:8000
    python examples/web_sse.py --server starlette -p anthropic

`POST /stream` with `{"query": "..."}` answers with the events

    event: text     data: {"text": "..."}                           a piece of the answer
    event: done     data: {"model": ..., "usage": ..., "cost": ...} the answer is complete
    event: error    data: {"kind": ..., "message": ...}             it is not, and why

A callback cannot `yield`, so `client.query_streaming` cannot feed a response; `client.stream` is an iterator and can.
When the browser leaves, the stream is closed, and with it the request to the provider: nobody pays for an answer
that nobody reads.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from atlas_tui import AtlasError, ConfigError, ProviderError, QueryClient, create_query_client
from atlas_tui.models.base import End, EventStream, ModelResponse, TextDelta
from atlas_tui.text import clean

if TYPE_CHECKING:
    from flask import Flask
    from starlette.applications import Starlette
    from starlette.requests import Request

KEEP_ALIVE = 5.0
"""Seconds of silence after which a comment is sent: proxies keep the connection, and a server that only learns by
writing that the browser has left (every WSGI server) learns it."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
MEDIA_TYPE = "text/event-stream"


def sse(event: str, data: dict[str, Any]) -> str:
    """One server-sent event. JSON keeps the data on one line, whatever the text contains."""
    return f"event: {event}\ndata: {json.dumps(data)}\n\n"


def done(response: ModelResponse) -> dict[str, Any]:
    """What is to be known of an answer besides its text."""
    return {
        "provider": response.provider,
        "model": clean(response.model),
        "mock": response.mock,
        "finish_reason": response.finish_reason,
        "usage": response.usage.to_dict(),
        "cost": response.cost.to_dict(),
        "timing": response.timing.to_dict(),
    }


def failed(error: ProviderError) -> dict[str, Any]:
    """Why there is no answer, or only a part of one."""
    return {"kind": error.kind, "message": clean(str(error)), "retryable": error.retryable}


def frames(stream: EventStream, keep_alive: float = KEEP_ALIVE) -> Iterator[str]:
    """A stream as server-sent events; closing this generator closes the stream."""
    with stream:
        yield ": the request is on its way\n\n"  # the headers go out now, not with the first token
        while True:
            match stream.next_within(keep_alive):
                case None:
                    yield ": still waiting\n\n"
                case TextDelta(text):
                    yield sse("text", {"text": clean(text)})
                case End(response, error):
                    yield sse("error", failed(error)) if error else sse("done", done(response))
                    return


def read_query(content_type: str, body: bytes) -> str:
    """The prompt of a request.

    Only declared JSON is taken: any web page can make a browser send a form to this address, but not this type.

    Raises:
        ConfigError: there is none.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise ConfigError("send the query as application/json")
    try:
        query = json.loads(body)["query"]
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError('send a JSON object such as {"query": "Why is the sky blue?"}') from error
    if not isinstance(query, str):
        raise ConfigError("the query must be a text")
    return query


def flask_app(client: QueryClient, keep_alive: float = KEEP_ALIVE) -> Flask:
    """The Flask application. Its server closes the generator when a write fails because the browser has left."""
    from flask import Flask, Response, request

    app = Flask(__name__)

    @app.get("/")
    def index() -> str:
        return PAGE

    @app.post("/stream")
    def stream() -> Response:
        try:
            events = client.stream(read_query(request.content_type or "", request.get_data()))
        except ConfigError as error:
            return Response(json.dumps({"message": str(error)}), 400, mimetype="application/json")
        return Response(frames(events, keep_alive), mimetype=MEDIA_TYPE, headers=HEADERS)

    return app


def starlette_app(client: QueryClient, keep_alive: float = KEEP_ALIVE) -> Starlette:
    """The Starlette application. It is told at once when the browser leaves, also while the model is silent."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    async def index(request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def stream(request: Request) -> Response:
        try:
            events = client.stream(read_query(request.headers.get("content-type", ""), await request.body()))
        except ConfigError as error:
            return JSONResponse({"message": str(error)}, 400)
        return StreamingResponse(watched(request, events, keep_alive), media_type=MEDIA_TYPE, headers=HEADERS)

    return Starlette(routes=[Route("/", index), Route("/stream", stream, methods=["POST"])])


async def watched(request: Request, events: EventStream, keep_alive: float) -> AsyncIterator[str]:
    """The frames of a stream, read in Starlette's thread pool, so that waiting for the model blocks nobody else.

    The thread waits in a read that a cancelled task cannot interrupt, but closing the stream ends it at once. The
    pool has 40 threads, and so many answers can stream at a time.
    """
    from starlette.concurrency import iterate_in_threadpool

    async def close_when_the_browser_leaves() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        events.close()

    watcher = asyncio.create_task(close_when_the_browser_leaves())
    try:
        async for frame in iterate_in_threadpool(frames(events, keep_alive)):
            yield frame
    finally:
        events.close()
        watcher.cancel()


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Atlas over server-sent events</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
  form { display: flex; gap: .5rem }
  input { flex: 1 }
  input, button { font: inherit; padding: .4rem .6rem }
  pre { white-space: pre-wrap; font: inherit; min-height: 6rem }
  #state { opacity: .7 }
  :root { color-scheme: light dark }
</style>
<h1>Ask Atlas</h1>
<form>
  <input name="query" aria-label="Prompt" placeholder="Ask anything" autofocus required>
  <button>Ask</button>
  <button type="button" id="stop" disabled>Stop</button>
</form>
<pre id="answer" aria-live="polite"></pre>
<p id="state"></p>
<script type="module">
  const form = document.querySelector("form"), stop = document.querySelector("#stop");
  const answer = document.querySelector("#answer"), state = document.querySelector("#state");
  let request = null;

  const on = {  // textContent: whatever a model writes stays text
    text: ({text}) => { answer.append(text); },
    done: ({model, mock, usage, cost}) => {
      const dollars = cost.known ? "$" + cost.total.toFixed(6) : "cost unknown";
      const tokens = `${usage.input_tokens} tokens in, ${usage.output_tokens} out`;
      state.textContent = `${model}${mock ? " (mock)" : ""}: ${tokens}, ${dollars}`;
    },
    error: ({message}) => { state.textContent = message; },
  };

  // EventSource cannot post, and asks again by itself when the stream ends: each time an answer to pay for.
  async function ask(query) {
    const response = await fetch("stream", {
      method: "POST", signal: request.signal,
      headers: {"Content-Type": "application/json"}, body: JSON.stringify({query}),
    });
    if (!response.ok) throw new Error((await response.json()).message);
    let pending = "";
    for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();;) {
      const {value, done} = await reader.read();
      if (done) break;
      const blocks = (pending + value).split("\\n\\n");
      pending = blocks.pop();
      for (const block of blocks) {
        const [, event, data] = block.match(/^event: (.*)\\ndata: (.*)$/) ?? [];
        on[event]?.(JSON.parse(data));
      }
    }
  }

  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    request?.abort();
    const mine = request = new AbortController();
    answer.textContent = state.textContent = "";
    stop.disabled = false;
    try {
      await ask(new FormData(form).get("query"));
    } catch (error) {
      if (mine === request) state.textContent = error.name === "AbortError" ? "stopped" : error.message;
    }
    if (mine === request) stop.disabled = true;
  });
  stop.addEventListener("click", () => request.abort());
</script>
</html>
"""


def serve(server: str, client: QueryClient, port: int) -> None:
    """Serve on this machine alone until Ctrl+C."""
    where = f"Serving on http://127.0.0.1:{port}"
    if server == "flask":
        flask = flask_app(client)
        print(where, flush=True)
        flask.run(port=port, threaded=True)
    else:
        import uvicorn

        starlette = starlette_app(client)
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
