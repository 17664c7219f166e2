"""All rooms of the chat, which are furnished once there is a session: none of them is needed for the first paint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_tui.tui.screens.chat.answers import Answers
from atlas_tui.tui.screens.chat.asking import Asking
from atlas_tui.tui.screens.chat.collecting import Collecting
from atlas_tui.tui.screens.chat.comparing import Comparing
from atlas_tui.tui.screens.chat.conversation import Conversation
from atlas_tui.tui.screens.chat.drafts import Drafts
from atlas_tui.tui.screens.chat.elsewhere import Elsewhere
from atlas_tui.tui.screens.chat.estimating import ChatEstimating
from atlas_tui.tui.screens.chat.grounding import Grounding
from atlas_tui.tui.screens.chat.history import History
from atlas_tui.tui.screens.chat.metering import Metering
from atlas_tui.tui.screens.chat.passages import Passages
from atlas_tui.tui.screens.chat.spending import Spending
from atlas_tui.tui.screens.chat.targets import Targets
from atlas_tui.tui.screens.chat.transcript import Transcript
from atlas_tui.tui.screens.chat.view import Paging, View
from atlas_tui.tui.screens.indexing import Indexing
from atlas_tui.tui.screens.interrupting import Interrupting
from atlas_tui.tui.screens.program import Program
from atlas_tui.tui.widgets.context import Context
from atlas_tui.tui.widgets.find_bar import FindBar

if TYPE_CHECKING:
    from atlas_tui.tui.opening import Opened
    from atlas_tui.tui.screens.chat.screen import ChatScreen

ACTIONS = (
    Asking, Interrupting, Answers, Spending, Comparing, Paging, View, Grounding, Passages, Collecting, History, Program,
)  # fmt: skip
"""Those that have a method for each action of the table."""


def furnish(screen: ChatScreen, opened: Opened) -> tuple[object, ...]:
    """Complete the screen and give it its rooms; those that have its actions."""
    screen.panes.complete(FindBar(lambda: screen.transcript), Context())
    screen.session, screen.catalogue, problem = opened
    screen.metering = Metering(screen)
    screen.gauge = screen.metering.gauge
    transcript = Transcript(lambda: screen.transcript, screen.keys)
    screen.conversation = Conversation(
        screen.session,
        transcript,
        screen.gauge,
        screen,
        on_retrieved=lambda exchange, event: screen.grounding.panel.settled(exchange, event),
    )
    screen.spending = Spending(screen)
    screen.targets = Targets(screen, problem)
    screen.drafts = Drafts(screen)
    screen.elsewhere = Elsewhere(screen)
    screen.estimating = ChatEstimating(screen)
    screen.indexing = Indexing(screen.catalogue.config)
    screen.indexing.listeners.append(screen)
    screen.grounding = Grounding(screen, screen.panes)
    screen.asking = Asking(screen)
    screen.answers = Answers(screen)
    screen.history = History(screen)
    screen.comparing = Comparing(screen)
    others = Paging(screen), View(screen), Passages(screen, screen.panes), Collecting(screen), Program(screen)
    interrupting = Interrupting(screen, screen.conversation.stop, screen.history.clear)
    asked = screen.asking, interrupting, screen.answers, screen.spending, screen.comparing
    return *asked, screen.grounding, screen.history, *others
