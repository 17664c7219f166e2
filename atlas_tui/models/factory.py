"""Providers by name: the only place that knows which there are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from atlas_tui.config import Config, ProviderConfig, load_config
from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.models.base import Provider
from atlas_tui.models.names import DEFAULT_MODELS, default_model, split_target
from atlas_tui.text import one_line

__all__ = [
    "DEFAULT_MODELS",
    "ProviderStatus",
    "chain",
    "check_providers",
    "create_provider",
    "default_model",
    "provider_names",
    "split_target",
]

_CLASSES = {
    "anthropic": "AnthropicProvider",
    "openai": "OpenAIProvider",
    "ollama": "OllamaProvider",
    "mock": "MockProvider",
}
_COMMON_OPTIONS = ("timeout", "base_url", "prices")


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """Whether a provider can be used now."""

    name: str
    available: bool
    reason: str = ""
    """Why not, and what to do."""


def provider_names(config: Config | None = None) -> list[str]:
    """Every provider that can be named: the built-in ones, then those of the configuration."""
    configured = (config or load_config()).providers
    return [*_CLASSES, *(name for name in configured if name not in _CLASSES)]


def create_provider(
    name: str | None = None,
    model_name: str | None = None,
    max_tokens: int | None = None,
    *,
    mock: bool = False,
    config: Config | None = None,
    **options: Any,
) -> Provider:
    """Create a provider.

    Args:
        name: `anthropic`, `openai`, `ollama`, `mock`, a name from the configuration, or a target
            (`provider:model`); None takes the user's default.
        model_name: the model; it wins over the target's.
        max_tokens: the most tokens that an answer may have.
        mock: play this provider and model without network and without a key.
        config: the settings; None loads the user's.
        options: what the provider takes: `timeout` (seconds, or `Timeouts`), `base_url`, `api_key` and more.

    Raises:
        ConfigError: the name or an option is unknown; the message lists the known ones.
        ProviderError: of kind `auth`, if the provider needs a key and there is none.
    """
    config = config or load_config()
    origin = "" if name else " (default_provider in the settings)"
    name, target_model = split_target(name or config.default_provider)
    model = model_name or target_model or default_model(name, config)
    settings = config.providers.get(name) or (ProviderConfig(name) if name in _CLASSES else None)
    if settings is None:
        raise ConfigError(f"unknown provider {name!r}{origin}: use one of {', '.join(provider_names(config))}")
    cls = _class_of("mock" if mock else settings.kind)
    known = _known_options(cls)
    # The mock has the settings of its own table; what is meant for the provider that it plays, it accepts and drops.
    player = config.providers.get("mock", ProviderConfig("mock")) if mock else settings
    for option in (*player.options, *options):
        if option not in known and not (mock and option in _known_options(_class_of(settings.kind))):
            raise ConfigError(f"provider {name!r} has no option {option!r}: use one of {', '.join(sorted(known))}")
    wanted = {
        "timeout": config.timeouts,
        "prices": config.prices,
        "base_url": settings.base_url,
        "api_key_env": settings.api_key_env,
        "api_key_cmd": settings.api_key_cmd,
        **player.options,
        **options,
    }
    wanted = {key: value for key, value in wanted.items() if key in known and (value is not None or key in options)}
    if mock and not model:
        model = "llama3" if settings.kind == "ollama" else f"{name}-model"
    provider: Provider = cls(
        model or None, name=name, max_tokens=max_tokens if max_tokens is not None else config.max_tokens, **wanted
    )
    return provider


def chain(targets: Iterable[str], make: Callable[[str], Provider]) -> tuple[list[Provider], list[str]]:
    """The providers to fall back to, made by `make`, and a note on each that is left out because it has no key: a
    spare that is missing is no reason not to begin.

    Raises:
        ConfigError: a target is wrong.
    """
    providers: list[Provider] = []
    notes: list[str] = []
    for target in targets:
        try:
            providers.append(make(target))
        except ProviderError as error:
            notes.append(f"the fallback {one_line(target, 80)} is left out: {one_line(str(error), 200)}")
    return providers, notes


def check_providers(config: Config | None = None) -> list[ProviderStatus]:
    """Which providers can be used now, and why the others cannot. Asks no server but a local Ollama's port."""
    config = config or load_config()
    return [_check(name, config) for name in provider_names(config)]


def _check(name: str, config: Config) -> ProviderStatus:
    try:
        provider = create_provider(name, config=config)
    except (ConfigError, ProviderError) as error:
        return ProviderStatus(name, False, str(error))
    reason = provider.unreachable()
    return ProviderStatus(name, reason is None, reason or "")


def _class_of(kind: str) -> type[Any]:
    cls: type[Any] = getattr(import_module(f"atlas_tui.models.{kind}"), _CLASSES[kind])
    return cls


def _known_options(cls: type[Any]) -> set[str]:
    parameters = inspect.signature(cls).parameters.values()
    own = {parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
    return (own | set(_COMMON_OPTIONS)) - {"name"}
