"""The knowledge base that the options mean."""

from __future__ import annotations

import argparse
from dataclasses import replace

from atlas_tui.config import Config
from atlas_tui.errors import ConfigError
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.text import one_line


def passages(options: argparse.Namespace, config: Config) -> KnowledgeBase | None:
    """What `--context` asks for; None without it. What a question needs begins to load at once, beside the rest.

    Raises:
        ConfigError, AtlasError: as `knowledge_base`.
    """
    if not options.context:
        return None
    knowledge = knowledge_base(options, config)
    knowledge.warm()
    return knowledge


def with_documents(options: argparse.Namespace, config: Config) -> Config:
    """The settings for a screen, with the passages that the options want.

    Raises:
        ConfigError, AtlasError: as `knowledge_base`; nothing was drawn.
    """
    if options.context is None:
        return config
    if options.context and options.collection:
        knowledge_base(options, config).close()
    retrieval = replace(config.retrieval, context=options.context)
    return replace(config, retrieval=retrieval, collection_name=options.collection or config.collection_name)


def knowledge_base(options: argparse.Namespace, config: Config, *, begins: bool = False) -> KnowledgeBase:
    """The collection that `--collection` names, or the settings', for one question.

    Args:
        begins: a collection that is not there yet is begun.

    Raises:
        ConfigError: there is no collection of the name.
        AtlasError: the library cannot be read.
    """
    knowledge = KnowledgeBase(config.db_path, options.collection or config.collection_name, config=config, once=True)
    if options.collection and not (begins or knowledge.served) and knowledge.info() is None:
        knowledge.close()
        name = one_line(options.collection, 60)
        raise ConfigError(f"there is no collection {name!r}: `atlas-tui index --list` lists them")
    return knowledge
