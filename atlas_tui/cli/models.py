"""`atlas-tui models`: what providers offer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from atlas_tui.cli.console import Console, complain, is_terminal
from atlas_tui.cli.forms import to_json
from atlas_tui.cli.tables import table
from atlas_tui.cli.together import together
from atlas_tui.config import Config
from atlas_tui.errors import AtlasError
from atlas_tui.models.base import ModelInfo, Provider
from atlas_tui.models.factory import check_providers, create_provider
from atlas_tui.text import one_line

_PATIENCE = 30.0
"""Seconds that the providers together may take to answer."""


@dataclass(slots=True)
class Offer:
    """What one provider offers, or why that is not known."""

    provider: str
    models: list[ModelInfo] = field(default_factory=list)
    problem: str | None = None


def models(options: argparse.Namespace, config: Config) -> int:
    """Print the models of one provider or of all; the exit status.

    Raises:
        AtlasError: the one provider that was asked for did not give its list.
    """
    if options.provider:
        provider = create_provider(options.provider[0], options.model, mock=options.mock, config=config)
        offers = [Offer(provider.name, provider.list_models())]
    else:
        offers = _all_offers(config, mock=options.mock)
    console = Console()
    if options.json:
        console.answer(_json(offers))
    else:
        console.answer(table(_rows(offers, header=is_terminal(sys.stdout)), right=(1, 2, 3)))
    console.finish()
    for offer in offers:
        if offer.problem:
            complain(f"no models of {offer.provider}: {offer.problem}")
        elif not offer.models:
            complain(f"no models of {offer.provider}: its list is empty")
    return 0


def _all_offers(config: Config, *, mock: bool) -> list[Offer]:
    """Every provider is asked at the same time: the slowest decides how long it takes."""
    offers: list[Offer] = []
    asking: list[Callable[[], None]] = []
    for status in check_providers(config):
        offer = Offer(status.name, problem=status.reason or None)
        offers.append(offer)
        if status.available or mock:
            provider = create_provider(status.name, mock=mock, config=config)
            offer.problem = f"no answer within {_PATIENCE:.0f} s"
            asking.append(partial(_ask, provider, offer))
    together(asking, _PATIENCE)
    return offers


def _ask(provider: Provider, offer: Offer) -> None:
    try:
        offer.models, offer.problem = provider.list_models(), None
    except AtlasError as error:
        offer.problem = str(error)


def _json(offers: list[Offer]) -> str:
    listed = [{"provider": offer.provider, **model.to_dict()} for offer in offers for model in offer.models]
    for entry in listed:
        price = entry.pop("price")
        entry["price"] = {"input": price[0], "output": price[1]} if price else None
    missing = [{"provider": offer.provider, "reason": offer.problem} for offer in offers if offer.problem]
    return to_json({"models": listed, "unavailable": missing})


def _rows(offers: list[Offer], *, header: bool) -> list[tuple[str, ...]]:
    """The target first; a header only for people, so that a pipe gets nothing but targets."""
    rows: list[tuple[str, ...]] = [("TARGET", "CONTEXT", "IN $/M", "OUT $/M", "DETAIL")] if header else []
    rows += [
        (
            one_line(f"{offer.provider}:{model.id}"),
            _thousands(model.context_window),
            _dollars(model.price[0]) if model.price else "?",
            _dollars(model.price[1]) if model.price else "?",
            one_line(model.detail or (model.name if model.name != model.id else "")),
        )
        for offer in offers
        for model in offer.models
    ]
    return rows


def _thousands(tokens: int | None) -> str:
    if tokens is None:
        return "?"
    return f"{tokens / 1e6:.3g}M" if tokens >= 1_000_000 else f"{tokens / 1e3:.4g}k" if tokens >= 1000 else str(tokens)


def _dollars(price: float) -> str:
    return f"{price:.2f}" if price >= 0.01 or not price else f"{price:.4f}"
