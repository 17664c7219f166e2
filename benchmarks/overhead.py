"""What the library costs over an SDK alone: `python -m benchmarks.overhead [DELTAS]`.

Processor time per delta of `provider.stream`, both of its threads together, against the SDK's own blocking loop
over the same answer, from a scripted server in a process of its own. The two take turns; the ratio is that of the
medians. Each must stay within its target: the exit status says whether all did.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from atlas_tui.models.base import ModelMessage, ModelRequest, Provider, TextDelta
from atlas_tui.models.factory import create_provider
from tests.servers.scripted import scripted_process

PACE = 1_000
PROMPT = "Count to a hundred."
MODEL = "measured"


@dataclass(frozen=True)
class Case:
    """One wire format: how the SDK alone reads it, and the provider that is measured against it."""

    name: str
    target: float
    alone: Callable[[str], int]
    """Given the server's URL, reads an answer with the SDK; the number of deltas."""
    provider: Callable[[str], Provider]


def main(deltas: int = 20_000) -> int:
    """Measure every case, at both paces, and print the tables."""
    held = table("as fast as they are read", deltas, 7, [])
    paced = table(f"{PACE:,} a second", deltas // 10, 3, ["--rate", str(PACE)])
    return 0 if held and paced else 1


def table(pace: str, deltas: int, rounds: int, options: list[str]) -> bool:
    """Measure every case at one pace and print a table; whether every target was held."""
    print(f"{deltas:,} deltas, {pace}: microseconds of processor time per delta, median of {rounds} runs\n")
    print(f"{'':20}{'SDK alone':>11}{'Atlas':>9}{'ratio':>8}{'target':>9}")
    held = True
    with scripted_process("--model", MODEL, "--flood", str(deltas), *options) as url:
        for case in CASES:
            alone, ours = measure(case, url, deltas, rounds)
            missed = ours > case.target * alone
            held = held and not missed
            figures = f"{alone:11.1f}{ours:9.1f}{ours / alone:8.2f}{case.target:9.2f}"
            print(f"{case.name:20}{figures}{'  missed' if missed else ''}", flush=True)
    print()
    return held


def measure(case: Case, url: str, deltas: int, rounds: int) -> tuple[float, float]:
    """Microseconds per delta: of the SDK alone, and of the provider."""
    provider = case.provider(url)
    readers: tuple[Callable[[], int], ...] = (lambda: case.alone(url), lambda: read_events(provider))
    samples: tuple[list[float], list[float]] = [], []
    for number in range(rounds + 1):
        for sample, read in zip(samples, readers, strict=True):
            gc.collect()
            begun = time.process_time()
            count = read()
            spent = time.process_time() - begun
            assert count == deltas, f"{case.name}: {count} deltas of {deltas}"
            if number:  # the first round imports and warms up
                sample.append(spent / deltas * 1e6)
    return statistics.median(samples[0]), statistics.median(samples[1])


def read_events(provider: Provider) -> int:
    """Read an answer as any consumer of the library does."""
    count = 0
    with provider.stream(ModelRequest(messages=[ModelMessage.user(PROMPT)])) as stream:
        for event in stream:
            if isinstance(event, TextDelta):
                count += 1
        assert stream.response().complete
    return count


def anthropic_alone(url: str) -> int:
    """`messages.create(stream=True)`."""
    from anthropic import Anthropic

    count = 0
    with Anthropic(api_key="benchmark", base_url=url) as client:
        stream = client.messages.create(
            model=MODEL, max_tokens=1000, messages=[{"role": "user", "content": PROMPT}], stream=True
        )
        for event in stream:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                count += bool(event.delta.text)
    return count


def chat_alone(url: str) -> int:
    """`chat.completions.create(stream=True)`."""
    from openai import OpenAI

    count = 0
    with OpenAI(api_key="benchmark", base_url=f"{url}/v1") as client:
        stream = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": PROMPT}],
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                count += 1
    return count


def responses_alone(url: str) -> int:
    """`responses.create(stream=True)`."""
    from openai import OpenAI

    count = 0
    with OpenAI(api_key="benchmark", base_url=f"{url}/v1") as client:
        for event in client.responses.create(model=MODEL, input=PROMPT, stream=True):
            if event.type == "response.output_text.delta":
                count += bool(event.delta)
    return count


def ollama_alone(url: str) -> int:
    """`Client.chat(stream=True)`."""
    import ollama

    count = 0
    client = ollama.Client(host=url)
    for chunk in client.chat(model=MODEL, messages=[{"role": "user", "content": PROMPT}], stream=True):
        count += bool(chunk.message.content)
    return count


CASES = (
    Case(
        "anthropic",
        1.25,
        anthropic_alone,
        lambda url: create_provider("anthropic", MODEL, api_key="benchmark", base_url=url),
    ),
    Case(
        "openai chat",
        1.25,
        chat_alone,
        lambda url: create_provider("openai", MODEL, api_key="benchmark", base_url=f"{url}/v1", api="chat"),
    ),
    Case(
        "openai responses",
        1.25,
        responses_alone,
        lambda url: create_provider("openai", MODEL, api_key="benchmark", base_url=f"{url}/v1", api="responses"),
    ),
    Case("ollama", 2.0, ollama_alone, lambda url: create_provider("ollama", MODEL, base_url=url)),
)

if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
