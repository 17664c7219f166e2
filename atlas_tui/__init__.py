"""Atlas: answers from language models, streamed live, from any provider, metered.

from atlas_tui import create_query_client

client = create_query_client()
print(client.query("Why is the sky blue?"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atlas_tui.client import QueryClient, create_query_client
    from atlas_tui.errors import AtlasError, ConfigError, ProviderError
    from atlas_tui.models.factory import create_provider

__version__ = "0.1.0"
__all__ = [
    "AtlasError",
    "ConfigError",
    "ProviderError",
    "QueryClient",
    "__version__",
    "create_provider",
    "create_query_client",
]

_HOME = {
    "QueryClient": "client",
    "create_query_client": "client",
    "AtlasError": "errors",
    "ConfigError": "errors",
    "ProviderError": "errors",
    "create_provider": "models.factory",
}


def __getattr__(name: str) -> Any:
    """Import the public names at first use: `import atlas_tui` itself costs next to nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'atlas_tui' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"atlas_tui.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
