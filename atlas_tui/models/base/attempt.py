"""One attempt: a request to one provider, up to its one ending."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from atlas_tui.errors import Kind, ProviderError
from atlas_tui.models.base.cancel import CancelToken, settle_cancel, undisturbed
from atlas_tui.models.base.deadline import StreamDeadline
from atlas_tui.models.base.events import End
from atlas_tui.models.base.messages import ModelRequest
from atlas_tui.models.base.reception import Reception
from atlas_tui.models.base.response import Attempt
from atlas_tui.models.base.worker import Emit
from atlas_tui.pricing import TokenUsage
from atlas_tui.text import one_line

if TYPE_CHECKING:
    from atlas_tui.models.base.provider import Provider

LISTING_LIMIT = 15.0
"""Seconds that a model list may take: it is asked for while somebody looks at the screen."""
_UNINTERRUPTED = 256
"""Tokens after which the loop gets a turn, in which a stop takes effect, where more have come than can be read."""
_UNBILLED: frozenset[Kind] = frozenset(
    {"auth", "permission", "not_found", "bad_request", "context_length", "rate_limit", "overloaded", "server",
     "connection"}
)  # fmt: skip
"""Kinds of failure that cost nothing, if they come before any answer."""


async def attempt(provider: Provider, request: ModelRequest, emit: Emit, cancel: CancelToken) -> End:
    """Send the request, emit the events of the answer, and give its ending. Never raises a failure."""
    response = provider.begin(request)
    reception = Reception(response, emit)
    failure: ProviderError | None = None
    try:
        if cancel.cancelled:
            raise asyncio.CancelledError
        await provider._load()
        await _settle(provider)
        response.model = provider.model_name
        await _receive(provider, request if provider.prefills else request.closed(), reception)
        if not response.complete:
            failure = ProviderError("truncated", f"{provider.server} broke off before the end of the answer")
    except asyncio.CancelledError:
        if not cancel.cancelled:
            raise
        settle_cancel()
        failure = ProviderError("cancelled", "stopped")
    except Exception as error:  # noqa: BLE001 - the border to the SDKs: every error becomes one of ours
        failure = provider.translate(error)
    await undisturbed(cancel, reception.flush)
    if response.complete:
        # Once the provider's own ending was seen, nothing that befalls the connection spoils the answer.
        failure = _refusal(provider, reception.detail) if response.finish_reason == "refused" else None
    return _ending(provider, reception, failure)


async def _settle(provider: Provider) -> None:
    limits = provider.timeouts
    limit = min(filter(None, (limits.first_token, limits.total, LISTING_LIMIT)))
    try:
        async with asyncio.timeout(limit):
            await provider._settle()
    except TimeoutError:
        raise ProviderError("timeout", f"{provider.server} did not say within {limit:g} s what it serves") from None


async def _receive(provider: Provider, request: ModelRequest, reception: Reception) -> None:
    deadline = StreamDeadline(provider.timeouts)
    reception.watch.start()
    taken = 0
    try:
        async with aclosing(provider._stream(request)) as wire:
            async for item in wire:
                await reception.take(item, deadline)
                if reception.response.complete:
                    break
                taken += 1
                if taken % _UNINTERRUPTED == 0:
                    await asyncio.sleep(0)
    except asyncio.CancelledError:
        if deadline.expired is None:
            raise
        settle_cancel()
        raise ProviderError("timeout", f"{provider.server} {deadline.expired}") from None
    finally:
        deadline.stop()
        reception.watch.stop()


def _refusal(provider: Provider, detail: str) -> ProviderError:
    why = f" ({one_line(detail.strip().rstrip('.'), 240)})" if detail else ""
    return ProviderError("refused", f"{provider.server} refused to answer{why}")


def _ending(provider: Provider, reception: Reception, failure: ProviderError | None) -> End:
    response = reception.response
    response.timing = reception.watch.timing(response.usage, bool(response.reasoning))
    if failure is not None:
        failure.provider, failure.model = provider.name, response.model
        failure.request_id = failure.request_id or response.request_id
        failure.partial = response
        response.complete = False
        if failure.kind in _UNBILLED and not (response.content or response.reasoning or response.request_id):
            response.usage = TokenUsage()  # whoever turns a request away does not charge for it
    response.attempts = (
        Attempt(
            provider.name,
            response.model,
            failure.kind if failure else None,
            str(failure) if failure else "",
            response.timing.duration,
        ),
    )
    _ = response.cost  # computed here, in the worker, because the first price imports the price table
    return End(response, failure)
