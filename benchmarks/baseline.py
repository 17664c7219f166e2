"""The measure of all ratios: the official SDK's streaming loop with a plain `print`.

`python -m benchmarks.baseline PORT MODEL`: prints `ready`, waits for a line, asks, prints the answer.
"""

from __future__ import annotations

import sys


def main(port: str, model: str) -> None:
    """Stream one answer to the terminal."""
    from openai import OpenAI

    client = OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="benchmark")
    print("ready", flush=True)
    sys.stdin.readline()
    stream = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "go"}], stream=True, stream_options={"include_usage": True}
    )
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            print(chunk.choices[0].delta.content, end="", flush=True)
    print("\nfinished", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
