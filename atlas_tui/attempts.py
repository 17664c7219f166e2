"""The attempts at one prompt: whom to ask, how often, at what cost, and what the user wants meanwhile."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from atlas_tui.budget import Allowance, no_price
from atlas_tui.errors import ProviderError
from atlas_tui.models.base import (
    Attempt,
    CancelToken,
    CostEstimate,
    Emit,
    End,
    Event,
    FellBack,
    ModelRequest,
    ModelResponse,
    Provider,
    Reason,
    RetryScheduled,
    TokenUsage,
    UsageUpdate,
    in_thread,
    settle_cancel,
)
from atlas_tui.policy import FallBack, Policy, Retry, Steering, Stop, Wish


class Attempts:
    """Asks one provider after the other, each as often as the policy allows.

    Args:
        request_for: the request as this provider gets it.
        allowance: what the attempts may cost together.
    """

    def __init__(
        self,
        request_for: Callable[[Provider], ModelRequest],
        emit: Emit,
        cancel: CancelToken,
        *,
        policy: Policy,
        steering: Steering,
        allowance: Allowance,
    ) -> None:
        self._request_for = request_for
        self._emit = emit
        self._cancel = cancel
        self._policy = policy
        self._steering = steering
        self._allowance = allowance
        self._onward: Reason | None = None  # why the next target is to be asked; None if it is not
        self._waited = 0.0  # before the attempt to come, in seconds
        self._reason: Reason | None = None  # why it is made
        self.asked: Provider | None = None
        """Who was asked last."""
        self.made: list[Attempt] = []
        """Every attempt so far, in order."""
        self.given_up: list[ModelResponse] = []
        """Answers that had begun when the user went on to the next target."""

    async def ask(self, providers: list[Provider], reason: Reason | None = None) -> End:
        """Ask the providers in this order until one answers or the failure is final.

        Args:
            reason: why the first attempt is made, where there is something to say about that.
        """
        self._reason = reason
        for position, provider in enumerate(providers):
            others = providers[position + 1 :]
            end = await self._ask(provider, others=bool(others))
            if end.error is None or not others or self._onward is None:
                return end
            if end.response.content or end.response.reasoning:
                self.given_up.append(end.response)
            await self._emit(FellBack(end.error, others[0].target, self._onward))
            self._reason = self._onward
        raise AssertionError("nobody to ask")

    async def _ask(self, provider: Provider, *, others: bool) -> End:
        request = self._request_for(provider)
        self._onward = None
        waited = 0.0
        for number in itertools.count(1):
            end = await self._steered(provider, request, others=others)
            self.asked = provider
            self._note(end)
            self._allowance.pay(end.response.cost)
            if end.error is None:
                self._policy.succeeded(provider.target)
                return end
            begun = bool(end.response.content or end.response.reasoning)
            decision = self._policy.decide(end.error, number, waited, begun=begun, others=others)
            onward: Reason = "fallback"
            if self._cancel.cancelled:
                decision = Stop()  # also where the attempt failed by itself in the moment of the stop
            elif self._steering.take() is Wish.FALL_BACK:
                decision, onward = FallBack(), "user"
            if isinstance(decision, Retry):
                await self._emit(RetryScheduled(end.error, decision.delay, number + 1, decision.reason))
                waited += decision.delay
                wish = await self._wait(decision)
                if self._cancel.cancelled:
                    stopped = _unsent(provider, request, ProviderError("cancelled", "stopped"))
                    self._note(stopped)
                    return stopped
                if wish is not Wish.FALL_BACK or not others:
                    continue
                decision, onward = FallBack(), "user"
            if isinstance(decision, FallBack):
                self._onward = onward
            if not isinstance(decision, Stop) or not begun:
                self._policy.failed(provider.target, end.error)
            return end
        raise AssertionError("unreachable")

    def _note(self, end: End) -> None:
        """An attempt is over; what had been waited before it, and why it was made, is kept with it."""
        made = [replace(attempt, waited=self._waited, reason=self._reason) for attempt in end.response.attempts]
        end.response.attempts = tuple(made)
        self.made += made
        self._waited, self._reason = 0.0, None

    async def _wait(self, retry: Retry) -> Wish | None:
        """Wait before the next attempt, until the user wishes something or stops."""
        begun, wish = monotonic(), None
        try:
            wish = await self._steering.wait(retry.delay)
        except asyncio.CancelledError:
            if not self._cancel.cancelled:
                raise
            settle_cancel()
        self._waited, self._reason = monotonic() - begun, retry.reason if wish is None else "user"
        return wish

    async def _steered(self, provider: Provider, request: ModelRequest, *, others: bool) -> End:
        """One attempt, which the user may give up for the next target."""
        if others and self._steering.wish is Wish.FALL_BACK:  # since before there was anybody to give up
            return _unsent(provider, request, ProviderError("cancelled", "stopped"))
        task = asyncio.current_task()
        token = CancelToken(self._cancel)

        def interrupt() -> None:
            token.cancel()
            if task is not None:
                task.cancel()

        self._steering.running(interrupt if others else None)
        try:
            if not self._allowance.limited:
                return await provider.run(request, self._emit, token)
            return await self._limited(provider, request, token)
        except asyncio.CancelledError:
            # While the price was looked up, before the provider was asked.
            if not token.cancelled:
                raise
            settle_cancel()
            return _unsent(provider, request, ProviderError("cancelled", "stopped"))
        finally:
            self._steering.running(None)

    async def _limited(self, provider: Provider, request: ModelRequest, token: CancelToken) -> End:
        async def emit(event: Event) -> None:
            await self._emit(event)
            # The final count comes when all has been paid for and received: nothing is left to save.
            if isinstance(event, UsageUpdate) and event.usage.estimated and (error := allowance.exceeded(event.cost)):
                raise error  # inside the attempt, so it ends like any failure: connection closed, partial kept

        allowance = self._allowance
        before = await in_thread(_input_cost, provider, request)
        error = allowance.exceeded(before) if before.known else no_price(provider.target)
        return await provider.run(request, emit, token) if error is None else _unsent(provider, request, error)


def _unsent(provider: Provider, request: ModelRequest, error: ProviderError) -> End:
    """The ending of an attempt that was not made: nothing was sent, so nothing is paid."""
    error.provider, error.model = provider.name, provider.model_name
    partial = provider.begin(request)
    partial.usage = TokenUsage()
    partial.attempts = (Attempt(provider.name, provider.model_name, error.kind, str(error)),)
    error.partial = partial
    return End(partial, error)


def _input_cost(provider: Provider, request: ModelRequest) -> CostEstimate:
    usage = TokenUsage(round(request.estimated_tokens() * provider.correction), estimated=True)
    return provider.cost_of_usage(usage, provider.model_name)
