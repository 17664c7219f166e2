"""Settings: the file, overridden by the environment, overridden by flags; and the places on disk."""

from __future__ import annotations

from atlas_tui.config.loading import load_config
from atlas_tui.config.places import (
    APP,
    config_path,
    data_dir,
    decoded,
    log_dir,
    make_private_folder,
    private_opener,
    read_text,
)
from atlas_tui.config.values import (
    PROVIDER_KINDS,
    Budget,
    Config,
    Price,
    ProviderConfig,
    RetrievalSettings,
    RetrySettings,
    Timeouts,
)

__all__ = [
    "APP",
    "PROVIDER_KINDS",
    "Budget",
    "Config",
    "Price",
    "ProviderConfig",
    "RetrievalSettings",
    "RetrySettings",
    "Timeouts",
    "config_path",
    "data_dir",
    "decoded",
    "load_config",
    "log_dir",
    "make_private_folder",
    "private_opener",
    "read_text",
]
