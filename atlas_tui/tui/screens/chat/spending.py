"""What may be spent: the limits of the budget, set while one chats, and shown with what is spent under each."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from atlas_tui.config import Budget
from atlas_tui.text import one_line
from atlas_tui.tui.screens.beside import beside, run_instead
from atlas_tui.tui.widgets import figures

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.screen import ChatScreen

_SCOPES = {"answer": "each answer", "conversation": "the conversation", "day": "a day"}
_FORMS = "/limit 0.50, /limit conversation 2, /limit day 5, /limit off"


class Spending:
    """Takes limits to the account, and from there to the sidebar."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    def limit(self, argument: str) -> None:
        """Set a limit, which holds from the next prompt on; without an argument say what is set."""
        screen = self._screen
        account = screen.session.account
        if not argument:
            screen.status.say(f"{_words(account.budget)} ({_FORMS})")
            if not screen.prompt.text:
                screen.prompt.text = "/limit "
            screen.prompt.editor.focus()
            return
        try:
            account.budget = _changed(account.budget, argument.lower().split())
        except ValueError:
            screen.status.say(f"no limit like {one_line(argument, 30)!r}: {_FORMS}")
            return
        screen.status.say(_words(account.budget))
        self.show()
        screen.estimating.changed()

    def show(self) -> None:
        """Look what has been spent: the history may have to be asked, so in a thread."""
        screen = self._screen
        account = screen.session.account
        budget = account.budget

        async def look() -> None:
            limits = await beside(partial(account.limits, mock=screen.session.provider.is_mock))
            if account.budget is budget:
                screen.sidebar.show_limits([(limit.scope, limit.spent, limit.dollars) for limit in limits])

        if budget.limited:
            run_instead(screen, "spending", look)
        else:
            screen.sidebar.show_limits([])


def _changed(budget: Budget, words: list[str]) -> Budget:
    """The limits after `2`, `conversation 2`, `day off` or `off`. Raises ValueError for anything else."""
    if words == ["off"]:
        return Budget(warn=budget.warn)
    scope = words[0] if words[0] in _SCOPES else "answer"
    (amount,) = words[words[0] in _SCOPES :]
    dollars = None if amount == "off" else float(amount.removeprefix("$"))
    if dollars is not None and not (math.isfinite(dollars) and dollars >= 0):
        raise ValueError(amount)
    match scope:
        case "conversation":
            return replace(budget, conversation=dollars)
        case "day":
            return replace(budget, day=dollars)
    return replace(budget, answer=dollars)


def _words(budget: Budget) -> str:
    given = [(getattr(budget, scope), words) for scope, words in _SCOPES.items()]
    parts = [f"{figures.dollars(dollars)} for {words}" for dollars, words in given if dollars is not None]
    return f"at most {', '.join(parts)}" if parts else "there is no limit to what is spent"
