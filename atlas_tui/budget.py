"""The limits of spending: how much is left under each, and which one a cost would exceed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from atlas_tui.config import Budget
from atlas_tui.errors import AtlasError, ProviderError
from atlas_tui.models.base import CostEstimate, ModelResponse, Provider
from atlas_tui.store import Ledger, new_id

_PATIENCE = 5.0
"""Seconds to wait for a history that does not answer; then what was known last holds."""
_LOOK_AGAIN = 0.5
"""Seconds after which what other processes spend is looked up again."""
_SCOPES = {
    "answer": ("the answer", "raise the limit (--max-cost, or answer under [budget] in the configuration)"),
    "conversation": (
        "the conversation",
        "begin a new conversation, or raise the limit (--max-cost-conversation, or conversation under [budget] in the"
        " configuration)",
    ),
    "run": ("the run", "raise the limit (--max-cost)"),
    "day": (
        "today",
        "wait for tomorrow, or raise the limit (--max-cost-day, or day under [budget] in the configuration)",
    ),
}
"""What each limits, as the subject of a sentence, and how it is raised, as a clause."""
Together = Literal["conversation", "run"]
"""What `Budget.conversation` is the limit of: the answers of a conversation, or of a headless run."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, and what was spent under it before; in US dollars."""

    scope: str
    """`answer`, `conversation`, `run` or `day`."""
    dollars: float
    spent: float = 0.0

    @property
    def subject(self) -> str:
        """What it limits, as the subject of a sentence."""
        return _SCOPES[self.scope][0]

    @property
    def remedy(self) -> str:
        """How it is raised, as a clause."""
        return _SCOPES[self.scope][1]

    def exceeded(self, cost: float) -> ProviderError | None:
        """The failure, if so much more does not fit."""
        if self.spent + cost <= self.dollars:
            return None
        sofar = money(self.spent + cost)
        sentence = f"{self.subject} would cost more than the limit of {money(self.dollars)} (so far {sofar})"
        return ProviderError("budget", sentence, remedy=self.remedy)


def money(dollars: float) -> str:
    """US dollars, to a ten-thousandth of a cent, without idle zeros: `$0.5`, `$0.000012`."""
    return "$" + (f"{dollars:.6f}".rstrip("0").rstrip(".") or "0")


def limits(budget: Budget, together: Together, spent: float, day: float) -> list[Limit]:
    """The limits that are set, the narrowest first, with what was spent under each."""
    given = (("answer", budget.answer, 0.0), (together, budget.conversation, spent), ("day", budget.day, day))
    return [Limit(scope, dollars, spent) for scope, dollars, spent in given if dollars is not None]


def no_price(target: str) -> ProviderError:
    """Why a target of unknown price is not asked while there is a limit."""
    return ProviderError(
        "budget",
        f"no price is known for {target}, so a cost limit cannot be kept",
        remedy=f'set one under [prices."{target}"] in the configuration, or ask without a limit',
    )


class Account:
    """What a conversation has cost and may cost, whoever asks in it at the same time, and the day with it.

    Args:
        budget: the limits.
        ledger: adds up what a day costs, and learns how models count tokens; None does so for this account alone.
        together: what the limit for a conversation is said to be one of.
    """

    def __init__(self, budget: Budget, ledger: Ledger | None = None, *, together: Together = "conversation") -> None:
        self.budget = budget
        """The limits; they can be changed at any time, and hold from the next prompt on."""
        self.ledger = ledger or Ledger()
        self.together: Together = together
        self._costs: dict[int, float] = {}  # of each prompt under way; of what was asked before, under 0
        self._lock = threading.Lock()

    def begin(self, cost: float = 0.0) -> None:
        """Another conversation, which has cost so many US dollars."""
        with self._lock:
            self._costs.clear()
            self._costs[0] = cost

    def spent(self, but: int = -1) -> float:
        """US dollars for all answers, those under way included, as far as known."""
        return sum([cost for key, cost in self._costs.copy().items() if key != but])

    def limits(self, *, mock: bool) -> list[Limit]:
        """The limits that are set, with what is spent under each. May wait for the history."""
        day = self.day(mock=mock) if self.budget.day is not None else 0.0
        return limits(self.budget, self.together, self.spent(), day)

    def day(self, *, mock: bool) -> float:
        """US dollars that today has cost; 0 where that cannot be found out."""
        try:
            return self.ledger.today(mock=mock).result(_PATIENCE)
        except (AtlasError, TimeoutError):
            return 0.0

    def correction(self, provider: Provider) -> float:
        """The factor that makes an estimate of its tokens right, as far as that was learned; else 1. May wait for the
        history."""
        return 1.0 if provider.is_mock else self.ledger.correction(provider.target)

    def learn(self, provider: Provider | None, response: ModelResponse) -> None:
        """Learn from an answer how the provider counts tokens; None where nobody was asked."""
        if provider is not None and not provider.is_mock and not response.usage.estimated:
            self.ledger.learn(provider.target, response.usage.input_tokens, response.estimated_input)

    def allow(self, *, mock: bool, kept: Collection[int] | None) -> Allowance:
        """What the answer to one prompt may cost.

        Args:
            mock: it is played, and nobody pays it.
            kept: the ids under which the history keeps it; None if it does not.
        """
        key = new_id()

        def report(cost: float) -> None:
            self._costs[key] = cost
            if kept is None and self.budget.day is not None:
                self.ledger.runs(key, cost, mock=mock)

        def end() -> Future[None] | None:
            with self._lock:
                # First the sum: whoever adds up meanwhile may count it twice, and never misses it.
                self._costs[0] = self._costs.get(0, 0.0) + self._costs.get(key, 0.0)
                self._costs.pop(key, None)
            return self.ledger.ended(key)

        return Allowance(
            self.budget,
            self.together,
            spent=lambda: self.spent(but=key),
            today=lambda: self.ledger.today(mock=mock, but=(key,) if kept is None else kept),
            report=report,
            end=end,
        )


class Allowance:
    """What the answer to one prompt may still cost, with all its attempts. Made by `Account.allow`."""

    def __init__(
        self,
        budget: Budget,
        together: Together,
        *,
        spent: Callable[[], float],
        today: Callable[[], Future[float]],
        report: Callable[[float], None],
        end: Callable[[], Future[None] | None],
    ) -> None:
        self.limited = budget.limited
        self._budget = budget
        self._together = together
        self._spent = spent
        self._today = today
        self._report = report
        self._end = end
        self._day = 0.0
        self._asked: Future[float] | None = None
        self._looked = 0.0
        self._paid = 0.0

    def open(self) -> None:
        """Look up what the day has cost: waits for the history."""
        if self._budget.day is not None:
            with suppress(AtlasError, TimeoutError):
                self._day = self._today().result(_PATIENCE)
            self._looked = monotonic()

    def pay(self, cost: CostEstimate) -> None:
        """An attempt is over, and has cost so much."""
        self._paid += cost.total or 0.0
        self._report(self._paid)

    def exceeded(self, cost: CostEstimate) -> ProviderError | None:
        """The failure, if the attempt under way has cost too much. Never waits."""
        self._look()
        spent = self._paid + (cost.total or 0.0)
        self._report(spent)
        known = limits(self._budget, self._together, self._spent(), self._day)
        return next((error for limit in known if (error := limit.exceeded(spent))), None)

    def close(self) -> Callable[[], None] | None:
        """The prompt is over. Where nothing else keeps its cost: what waits until that is on the disk."""
        written = self._end()
        if written is None:
            return None

        def wait() -> None:
            with suppress(TimeoutError):
                written.result(_PATIENCE)

        return wait

    def _look(self) -> None:
        if self._budget.day is None:
            return
        if self._asked is None and monotonic() - self._looked > _LOOK_AGAIN:
            with suppress(AtlasError):  # closed: the program is ending
                self._asked = self._today()
        if self._asked is not None and self._asked.done():
            if self._asked.exception() is None:
                self._day = self._asked.result()
            self._asked, self._looked = None, monotonic()
