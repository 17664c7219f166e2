"""Model lists in OpenAI's format, with what compatible servers add to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from atlas_tui.models.base import ModelInfo, Provider
from atlas_tui.models.base.transport import as_count, json_body

if TYPE_CHECKING:
    import httpx2

_NOT_FOR_TEXT = (
    "audio", "babbage", "dall-e", "davinci", "embedding", "image", "moderation", "realtime", "sora", "transcribe",
    "tts", "whisper",
)  # fmt: skip
_MILLION = 1_000_000


def model_list(response: httpx2.Response, provider: Provider, *, at_vendor: bool) -> list[ModelInfo]:
    """The models of a list; OpenAI's own holds many that do not write text, and is in no order.

    Raises:
        ProviderError: it is no list.
    """
    listed = json_body(response, provider, dict | list)
    if isinstance(listed, dict):  # Together gives the list alone
        listed = listed.get("data") or ()
    entries = [entry for entry in listed if isinstance(entry, dict) and entry.get("id")]
    if at_vendor:
        entries = [entry for entry in entries if not any(word in str(entry["id"]) for word in _NOT_FOR_TEXT)]
        entries.sort(key=lambda entry: as_count(entry.get("created")), reverse=True)
    return [_model_info(entry) for entry in entries]


def _model_info(entry: dict[str, Any]) -> ModelInfo:
    meta, top = _table(entry, "meta"), _table(entry, "top_provider")
    windows = (
        meta.get("n_ctx"),  # llama.cpp: as it was started
        meta.get("n_ctx_train"),
        entry.get("max_model_len"),  # vLLM
        entry.get("context_length"),  # OpenRouter, Together
        entry.get("context_window"),  # Groq
    )
    outputs = (entry.get("max_completion_tokens"), top.get("max_completion_tokens"))
    return ModelInfo(
        str(entry["id"]),
        str(entry.get("name") or ""),
        context_window=next((as_count(value) for value in windows if as_count(value)), None),
        max_output=next((as_count(value) for value in outputs if as_count(value)), None),
        price=_price(_table(entry, "pricing")),
        detail=_detail(entry.get("shutdown_date"), as_count(meta.get("n_params"))),
    )


def _table(entry: dict[str, Any], name: str) -> dict[str, Any]:
    value = entry.get(name)
    return value if isinstance(value, dict) else {}


def _price(pricing: dict[str, Any]) -> tuple[float, float] | None:
    """OpenRouter gives dollars per token, as text."""
    try:
        prompt, completion = float(pricing["prompt"]), float(pricing["completion"])
    except (KeyError, TypeError, ValueError):
        return None
    # A negative price stands for "depends": its router models.
    return (prompt * _MILLION, completion * _MILLION) if prompt >= 0 and completion >= 0 else None


def _detail(ends: object, parameters: int) -> str:
    notes = []
    if isinstance(ends, int | float) and ends > 0:
        ends = datetime.fromtimestamp(ends, UTC).date().isoformat()
    if ends:
        notes.append(f"retires {str(ends)[:10]}")
    if parameters:
        notes.append(f"{parameters / _MILLION:,.0f}M parameters")
    return ", ".join(notes)
