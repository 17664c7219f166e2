"""Targets as names: what can be said of a provider and its model before either is loaded."""

from __future__ import annotations

import os

from atlas_tui.config import Config, load_config

DEFAULT_MODELS: dict[str, str] = {
    "anthropic": "claude-sonnet-5-5",
    "openai": "gpt-6.1-sol",
    "ollama": "",  # the first model that its server has
    "mock": "mock-standard",
}
"""The model of each provider where the user has named none: current ones, changed here and nowhere else."""


def split_target(target: str) -> tuple[str, str | None]:
    """`provider` or `provider:model`, split at the first colon: `ollama:llama3:8b` is the model `llama3:8b`."""
    provider, _, model = target.partition(":")
    return provider, model or None


def model_shown(model: str) -> str:
    """A model's name for people; a server that names it by its file (llama.cpp) is taken at the file's name."""
    return model.rpartition("/")[2] if model.startswith("/") else model


def target_shown(target: str) -> str:
    """A target for people, with its model as `model_shown` has it."""
    provider, model = split_target(target)
    return f"{provider}:{model_shown(model)}" if model else provider


def default_model(name: str, config: Config | None = None) -> str:
    """The model that a provider begins with: environment, then configuration, then `DEFAULT_MODELS`."""
    config = config or load_config()
    variable = f"ATLAS_{name.upper().replace('-', '_')}_DEFAULT_MODEL"
    configured = config.providers.get(name)
    return (
        os.environ.get(variable)
        or (configured.model if configured and configured.model else None)
        or (config.default_model if config.default_model and name == config.default_provider else None)
        or DEFAULT_MODELS.get(name, "")
    )
