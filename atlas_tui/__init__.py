"""Atlas: answers from language models, streamed live, from any provider, metered."""

from __future__ import annotations

__version__ = "0.1.0"
