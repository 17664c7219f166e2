"""Which embedder: by its name, or the one that is at hand."""

from __future__ import annotations

from dataclasses import dataclass

from atlas_tui.config import Config
from atlas_tui.errors import AtlasError, ConfigError
from atlas_tui.models.base import Provider
from atlas_tui.models.base.transport import is_loopback
from atlas_tui.models.base.worker import call_in_worker
from atlas_tui.models.factory import create_provider, provider_names, split_target
from atlas_tui.retrieval.embedders import Embedder, embedder_for, minilm
from atlas_tui.text import one_line

_MODELS = {"openai": "text-embedding-3-small"}
"""The model of a provider whose name stands alone."""


@dataclass(frozen=True, slots=True)
class EmbedderStatus:
    """Whether an embedder can be used now."""

    name: str
    available: bool
    reason: str = ""
    """Why not, and what to do."""


def served(name: str, config: Config) -> Embedder:
    """One that a provider serves, see `atlas_tui.retrieval.embedders.embedder_for`."""
    provider_name, model = split_target(name)
    kind = _kind(provider_name, config)
    if kind is None:
        known = [each for each in provider_names(config) if _kind(each, config)]
        raise ConfigError(
            f"there is no embedder {one_line(name, 60)!r}: use minilm, or one of {', '.join(known)} (with `:model`)"
        )
    model = model or _MODELS.get(provider_name)
    if not model and kind != "ollama":
        raise ConfigError(f"the embedder {provider_name!r} needs a model: {provider_name}:MODEL")
    return _remote(provider_name, kind, model, config)


def _kind(name: str, config: Config) -> str | None:
    """The wire format of a provider that can embed."""
    settings = config.providers.get(name)
    kind = settings.kind if settings else name
    return kind if kind in ("openai", "ollama") else None


def _remote(name: str, kind: str, model: str | None, config: Config) -> Embedder:
    from atlas_tui.retrieval.embedders.remote import RemoteEmbedder

    provider = create_provider(name, model, config=config)
    if not model:
        provider.model_name = ""  # the settings' default model is for answers
    if kind == "ollama" and not provider.model_name:
        provider.model_name = _first_of_ollama(provider)
    return RemoteEmbedder(provider, kind)


def _first_of_ollama(provider: Provider) -> str:
    from atlas_tui.models.ollama import OllamaProvider
    from atlas_tui.models.ollama.embedding import embedding_models

    assert isinstance(provider, OllamaProvider)
    try:
        return call_in_worker(lambda: embedding_models(provider))[0]
    except AtlasError:
        raise
    except Exception as error:
        raise provider.translate(error) from error


def at_hand(config: Config) -> Embedder | None:
    """See `atlas_tui.retrieval.embedders.default_embedder`."""
    if config.retrieval.embedder == "none":
        return None
    if config.retrieval.embedder:
        return embedder_for(config.retrieval.embedder, config)
    if not minilm.problem():
        return minilm.MiniLM()
    ollama = _look_at_ollama(config)
    return served(ollama.name, config) if ollama.available else None


def look_around(config: Config) -> list[EmbedderStatus]:
    """The embedders that send no document away from this machine, and whether they can be used now.

    Asks nobody but an Ollama on this machine.
    """
    trouble = minilm.problem()
    return [EmbedderStatus(minilm.NAME, not trouble, trouble), _look_at_ollama(config)]


def _look_at_ollama(config: Config) -> EmbedderStatus:
    try:
        provider = create_provider("ollama", config=config)
        if not is_loopback(provider.base_url or "http://127.0.0.1"):
            return EmbedderStatus("ollama", False, "its server is another machine: name it to send documents there")
        if reason := provider.unreachable():
            return EmbedderStatus("ollama", False, reason)
        return EmbedderStatus(f"ollama:{_first_of_ollama(provider)}", True)
    except AtlasError as error:
        return EmbedderStatus("ollama", False, str(error))
