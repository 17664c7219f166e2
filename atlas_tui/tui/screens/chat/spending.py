"""What is spent under each limit of the budget, shown in the sidebar where there is one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from atlas_tui.tui.screens.beside import beside

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.screen import ChatScreen


class Spending:
    """Takes the limits from the account to the sidebar."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    def show(self) -> None:
        """Look what has been spent: the history may have to be asked, so in a thread."""
        screen = self._screen
        account = screen.session.account

        async def look() -> None:
            limits = await beside(partial(account.limits, mock=screen.session.provider.is_mock))
            screen.sidebar.show_limits([(limit.scope, limit.spent, limit.dollars) for limit in limits])

        if account.budget.limited:
            screen.run_worker(look(), group="spending", exclusive=True)
