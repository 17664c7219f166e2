"""Streaming with Atlas: the query client first, then one provider directly.

    python examples/streaming_example.py                       # rehearsed by the mock provider: no key, no network
    python examples/streaming_example.py --provider anthropic  # needs ANTHROPIC_API_KEY
    python examples/streaming_example.py --provider openai --mock
    python examples/streaming_example.py --provider client
    python examples/streaming_example.py --provider all

Every form runs without a key and without a network when `--mock` is added.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence

from atlas_tui import AtlasError, ProviderError, QueryClient, create_provider, create_query_client
from atlas_tui.models.base import ModelMessage, ModelRequest, ModelResponse, TokenCounter
from atlas_tui.text import clean

QUERY = "What is the trimodal methodology in Atlas?"
MAX_TOKENS = 300
MODELS = {
    "anthropic": "claude-3-7-sonnet-20250219",
    "openai": "gpt-4.1",
    "ollama": "llama3",
    "mock": "mock-standard",
}
SENTENCE_END = re.compile(r"\D[.!?][\"')]?\s*$")
"""No digit before the full stop: the `1.` of a list ends no sentence."""


def type_out(delta: str, full_text: str) -> None:
    """A streaming callback: prints each delta, character by character where somebody watches.

    What a model writes is foreign text, so it is cleaned before it reaches the terminal.
    """
    for character in clean(delta):
        print(character, end="", flush=True)
        if sys.stdout.isatty():
            time.sleep(0.005)


class StreamingHandler:
    """A callback with a memory: prints the answer and now and then, between two lines, how fast it comes."""

    REPORT_EVERY = 50
    """Tokens between two reports."""

    def __init__(self) -> None:
        self._counter = TokenCounter()
        self._started: float | None = None
        self._next_report = self.REPORT_EVERY
        self.tokens = 0
        """An estimate: a delta can hold several tokens, and only the provider knows how many."""
        self.words = 0

    def stream_callback(self, delta: str, full_text: str) -> None:
        """Takes one delta; `full_text` is the answer so far."""
        if self._started is None:
            self._started = time.perf_counter()
        self._counter.add(delta)
        self.tokens = self._counter.count()
        self.words = len(full_text.split())
        line_end = delta.rfind("\n") + 1
        print(clean(delta[:line_end]), end="")
        if line_end and self.tokens >= self._next_report:
            self._next_report = self.tokens + self.REPORT_EVERY
            rate = self.tokens / (time.perf_counter() - self._started)
            print(f"    [{self.tokens} tokens, {self.words} words, {rate:.0f} tokens/s]")
        print(clean(delta[line_end:]), end="", flush=True)


def demonstrate_client(model: str | None = None, *, mock: bool = False) -> None:
    """The query client: retrieve, stream, and ask the regular way if the stream fails.

    Raises:
        AtlasError: the client cannot be created, or the regular query fails too.
    """
    client = create_query_client(model_name=model, mock=mock)
    print_title(f"The query client ({client.provider.name})")
    print_retrieved(client)
    try:
        answer = client.query_streaming(QUERY, type_out)
    except ProviderError as error:
        received = len(error.partial.content) if error.partial else 0
        print(f"\n\nThe stream failed after {received} characters: {error}")
        print("Asking again, without streaming:\n")
        answer = client.query(QUERY)
        print(clean(answer))
    print(f"\n\nLength: {len(answer)} characters")
    print_usage(client.last_response)


def demonstrate_handler(model: str | None = None, *, mock: bool = False) -> None:
    """A callback that is a method: it counts tokens and words while it prints.

    Raises:
        AtlasError: the client cannot be created, or the stream fails.
    """
    client = create_query_client(model_name=model, mock=mock)
    print_title("A callback that counts")
    handler = StreamingHandler()
    client.query_streaming(QUERY, handler.stream_callback)
    print(f"\n\nCounted while streaming: about {handler.tokens} tokens, {handler.words} words")
    response = client.last_response
    if response is not None and response.timing.tokens_per_second is not None:
        # The library stamps each delta as it arrives, so the time that printing takes is no part of this figure.
        print(f"Speed: {response.timing.tokens_per_second:.1f} tokens/s")


def demonstrate_provider(name: str, model: str | None = None, *, mock: bool = False) -> None:
    """One provider without a client: a request, a callback that sees the response grow, the final statistics.

    Raises:
        AtlasError: the provider cannot be created, or the stream fails.
    """
    provider = create_provider(name, model or MODELS[name], MAX_TOKENS, mock=mock)
    played = ", played by the mock" if mock and name != "mock" else ""
    print_title(f"The {name} provider ({provider.model_name}{played})")
    print(f"Prompt: {QUERY}\n")

    def show(delta: str, response: ModelResponse) -> None:
        type_out(delta, response.content)
        if delta.strip() and SENTENCE_END.search(response.content[-8:]):
            print(f" [{response.usage.output_tokens} tokens so far]", end="", flush=True)

    response = provider.stream_with_callback(ModelRequest(messages=[ModelMessage.user(QUERY)]), show)
    print(f"\n\nModel: {clean(response.model)}")
    print(f"Provider: {response.provider}")
    print(f"Length: {len(response.content)} characters")
    print_usage(response)
    print(f"Finish reason: {response.finish_reason}")


def print_title(title: str) -> None:
    """A heading, underlined."""
    print(f"\n{title}\n{'=' * len(title)}")


def print_retrieved(client: QueryClient) -> None:
    """What the user's own documents have to say; no key is needed for that."""
    print(f"Prompt: {QUERY}")
    documents = client.retrieve_only(QUERY)
    print(f"Passages found in the knowledge base: {len(documents)}")
    if documents:
        print(f"The best one is from {clean(documents[0]['metadata']['source'])}")
    print()


def print_usage(response: ModelResponse | None) -> None:
    """Tokens and cost. A cost that is not known says so; it is never shown as nothing."""
    if response is not None:
        print(f"Tokens: {response.usage.input_tokens} input, {response.usage.output_tokens} output")
        print(f"Cost: {response.cost}")


def run(name: str, model: str | None, *, mock: bool) -> bool:
    """Run one demonstration; a failure is told in a sentence. True if it went well."""
    try:
        if name == "client":
            demonstrate_client(model, mock=mock)
            demonstrate_handler(model, mock=mock)
        else:
            demonstrate_provider(name, model, mock=mock)
    except AtlasError as error:
        sys.stdout.flush()
        print(f"\n{name} failed: {error}", file=sys.stderr)
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments and run. The exit status is 1 if nothing worked."""
    parser = argparse.ArgumentParser(description="Demonstrate streaming with different providers.")
    parser.add_argument(
        "-p",
        "--provider",
        default="mock",
        choices=[*MODELS, "all", "client"],
        help="what to demonstrate (default: %(default)s)",
    )
    parser.add_argument("-m", "--model", help="the model to ask (default: the provider's)")
    parser.add_argument("--mock", action="store_true", help="play the provider: no key and no network")
    options = parser.parse_args(arguments)
    names = ["client", *MODELS] if options.provider == "all" else [options.provider]
    results = [run(name, options.model, mock=options.mock) for name in names]
    return 0 if any(results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print()
        sys.exit(130)
