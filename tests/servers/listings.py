"""Answers that are one JSON object: model lists, token counts, error bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.servers.script import ServedModel

ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
OPENAI_TYPES = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("tokens", "rate_limit_exceeded"),
}


def error_body(service: str, status: int, message: str, kind: str | None, code: str | None) -> dict[str, Any]:
    """The error body of "anthropic", "openai" or "ollama"."""
    if service == "ollama":
        return {"error": message}
    if service == "anthropic":
        kind = kind or ANTHROPIC_TYPES.get(status, "api_error")
        error = {"details": None, "type": kind, "message": message}
        return {"type": "error", "error": error, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}
    default_kind, default_code = OPENAI_TYPES.get(status, ("server_error", None))
    return {
        "error": {
            "message": message,
            "type": kind or default_kind,
            "param": None,
            "code": code or (None if kind else default_code),
        }
    }


def anthropic_model(model: ServedModel) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.id.replace("-", " ").title(),
        "created_at": "2026-02-19T00:00:00Z",
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": None,
        "max_input_tokens": model.context,
        "max_tokens": model.max_output,
        "capabilities": None,
    }


def openai_model(model: ServedModel) -> dict[str, Any]:
    entry = {"id": model.id, "object": "model", "created": 1_744_316_542, "owned_by": "system"}
    return {**entry, **model.extra}


def ollama_model(model: ServedModel) -> dict[str, Any]:
    return {
        "name": model.id,
        "model": model.id,
        "modified_at": "2026-10-14T19:06:28.138237Z",
        "size": model.size,
        "digest": "365c0bd3c000a25d28ddbf732fe1c6add414de7275464c4e4d1c3b5fcb5d8ad1",
        "details": _ollama_details(model),
    }


def _ollama_details(model: ServedModel) -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": model.parameter_size,
        "quantization_level": "Q4_0",
    }


def _ollama_show(model: ServedModel) -> dict[str, Any]:
    return {
        "license": "META LLAMA 3 COMMUNITY LICENSE AGREEMENT",
        "modelfile": f"FROM {model.id}\n",
        "parameters": 'stop "<|eot_id|>"',
        "template": "{{ .Prompt }}",
        "details": _ollama_details(model),
        "model_info": {
            "general.architecture": "llama",
            "general.parameter_count": 8_030_261_248,
            "llama.block_count": 32,
            "llama.context_length": model.context,
            "llama.embedding_length": 4096,
        },
        "capabilities": list(model.capabilities),
        "modified_at": "2026-10-14T19:06:28.138237Z",
    }


def find(models: Sequence[ServedModel], name: str) -> ServedModel | None:
    """A model by its id; Ollama's `llama3` is `llama3:latest`."""
    wanted = {name, f"{name}:latest"}
    return next((model for model in models if model.id in wanted), None)


def listing(
    method: str, path: str, headers: Mapping[str, str], body: Any, models: Sequence[ServedModel], tokens: int
) -> tuple[int, Any] | None:
    """Status and JSON of everything that is no stream, or None where the path is unknown.

    OpenAI and Anthropic share `/v1/models`; Anthropic's clients send `anthropic-version`.
    """
    anthropic = "anthropic-version" in headers
    if method == "GET" and path == "/v1/models":
        entries = [anthropic_model(model) if anthropic else openai_model(model) for model in models]
        if anthropic:
            ends = (models[0].id, models[-1].id) if models else (None, None)
            return 200, {"data": entries, "has_more": False, "first_id": ends[0], "last_id": ends[1]}
        return 200, {"object": "list", "data": entries}
    if method == "GET" and path.startswith("/v1/models/"):
        name = path.removeprefix("/v1/models/")
        if model := find(models, name):
            return 200, anthropic_model(model) if anthropic else openai_model(model)
        service = "anthropic" if anthropic else "openai"
        return 404, error_body(service, 404, f"model: {name}", None, None)
    if method == "POST" and path == "/v1/messages/count_tokens":
        return 200, {"input_tokens": tokens}
    if method == "POST" and path == "/v1/responses/input_tokens":
        return 200, {"object": "response.input_tokens", "input_tokens": tokens}
    return _ollama_listing(method, path, body, models)


def _ollama_listing(method: str, path: str, body: Any, models: Sequence[ServedModel]) -> tuple[int, Any] | None:
    match method, path:
        case "GET", "/api/version":
            return 200, {"version": "0.12.11"}
        case "GET", "/api/tags":
            return 200, {"models": [ollama_model(model) for model in models]}
        case "GET", "/api/ps":
            loaded = [
                {**ollama_model(model), "expires_at": "2026-11-22T23:59:59Z", "size_vram": model.size}
                | {"context_length": min(model.context, 4096)}
                for model in models[:1]
            ]
            return 200, {"models": loaded}
        case "POST", "/api/show":
            name = str(body.get("model", "")) if isinstance(body, dict) else ""
            if model := find(models, name):
                return 200, _ollama_show(model)
            return 404, {"error": f"model '{name}' not found"}
    return None
