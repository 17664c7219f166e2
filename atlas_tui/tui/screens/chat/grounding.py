"""The user's own documents in the chat: which passages go along with the next prompt, and which went with a turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.retrieval import Document
from atlas_tui.retrieval.knowledge import KnowledgeBase
from atlas_tui.text import counted, one_line
from atlas_tui.tui.screens.beside import beside
from atlas_tui.tui.screens.chat.choice import Along, Choice, Found
from atlas_tui.tui.screens.chat.panel import Panel, Shelf
from atlas_tui.tui.screens.chat.searching import Searching
from atlas_tui.tui.widgets.passage import Passage

if TYPE_CHECKING:
    from atlas_tui.retrieval.library import CollectionInfo
    from atlas_tui.tui.screens.chat.exchange import Exchange
    from atlas_tui.tui.screens.chat.screen import ChatScreen
    from atlas_tui.tui.screens.compare import CompareScreen
    from atlas_tui.tui.screens.indexing import Advanced


class Grounding:
    """What the panel shows for a prompt while it is typed is what is sent with it.

    Args:
        along: the chat's, in its comparison; None begins one.
    """

    def __init__(self, screen: ChatScreen | CompareScreen, shelf: Shelf, along: Along | None = None) -> None:
        self._screen = screen
        self._shelf = shelf
        self.along = along or Along(Choice(self._given()))
        """What goes along."""
        self._searching = Searching(screen, self.along, self.show)
        self.panel = Panel(screen, shelf, self.along, self._ahead)
        self._info: CollectionInfo | None = None

    def _given(self) -> KnowledgeBase:
        given, config = self._screen.session.knowledge, self._screen.catalogue.config
        if isinstance(given, KnowledgeBase):
            return given
        return KnowledgeBase(config.db_path, config.collection_name, config=config)

    @property
    def on(self) -> bool:
        """Whether passages go along."""
        return self.along.on

    @property
    def choice(self) -> Choice:
        """What the user has said about what goes along."""
        return self.along.choice

    @choice.setter
    def choice(self, choice: Choice) -> None:
        self.along.choice = choice

    @property
    def knowledge(self) -> KnowledgeBase:
        """The collection in use."""
        return self.choice.knowledge

    def begin(self) -> None:
        """The screen is complete: as the settings have it, or the session that it was given."""
        if self._screen.catalogue.config.retrieval.context or self._screen.session.knowledge is not None:
            self._turn(True)
        self.show()

    def arrive(self) -> None:
        """The user comes from the other screen, where something may have been said about what goes along."""
        self._shelf.widen(self.on)
        if self.on and self._info is None:
            self._screen.run_worker(self._inform(), group="passages")
        self.changed()
        self.show()

    def close(self) -> None:
        """Let the files go."""
        self.knowledge.close()

    # What goes along

    def changed(self) -> None:
        """Something was typed, or sent."""
        if not self.on:
            return
        if self.typed:
            self.panel.look_at(None)
        self._searching.changed()

    def chosen(self, prompt: str) -> Sequence[Document] | None:
        """What is sent with a prompt; None where the session is still to look for it, by the same choice."""
        self._screen.session.knowledge = self.choice if self.on else None
        if not self.on:
            return ()
        found = self._searching.found(prompt)
        return [document for document, taken in self._candidates(found) if taken] if found else None

    def asked(self, exchange: Exchange) -> None:
        """A prompt was sent: what was said about its passages is done with."""
        self.choice = self.choice.after()
        self.panel.look_at(exchange)
        self.show()

    def look_ahead(self) -> None:
        """The prompt has the focus: show what goes along with it, if there is any."""
        if self.typed:
            self.panel.look_at(None)

    @property
    def typed(self) -> str:
        """The prompt that is being written; no slash command is one."""
        return self._searching.typed

    def _candidates(self, found: Found | None) -> list[tuple[Document, bool]]:
        return self.choice.candidates(found.documents if found else ())

    # What is shown

    def show(self) -> None:
        """Bring the panel, and what else tells of the passages, up to date."""
        passages = self._passages()
        said = self.typed and passages
        self._screen.status.along = counted(_taken(passages), "passage") if said else ""
        self._screen.estimating.changed()
        self.panel.show()

    def _ahead(self) -> tuple[str, Sequence[Passage]]:
        """What the panel says of the prompt that is being written."""
        passages = self._passages()
        return self._outlook(_taken(passages)), passages

    def _passages(self) -> Sequence[Passage]:
        number, listed = 0, []
        for document, taken in self._candidates(self._searching.current) if self.on else ():
            number += taken
            listed.append(Passage(document, number if taken else None, document in self.choice.pinned))
        return listed

    def _outlook(self, count: int) -> str:
        """The sentence above what goes along."""
        screen, info = self._screen, self._info
        if not self.on:
            return f"Off. {screen.key('context')} sends passages from your own documents along with a prompt."
        name = one_line(self.knowledge.collection_name, 40)
        if info is None:
            return f"{name} · nothing is indexed yet: /documents takes in files and folders."
        found = self._searching.current
        if found is None:
            waiting = (
                "looking …"
                if self.typed
                else f"{counted(info.sources, 'document')}. What fits stands here while you type."
            )
            return f"{name} · {waiting}"
        by = f"found by “{one_line(self.choice.words, 60)}”" if self.choice.words else name
        along = f"{counted(count, 'passage')} along" if count else "Nothing goes along"
        return "\n".join((f"{along} · {by}", *(one_line(notice) for notice in found.notices)))

    # Actions of the table

    def context(self, argument: str) -> None:
        """On or off; with a name, on, and from this collection."""
        if argument and argument != self.knowledge.collection_name:
            config = self._screen.catalogue.config
            before = self.knowledge
            self.choice = replace(self.choice, knowledge=KnowledgeBase(config.db_path, argument, config=config))
            self._info = None
            self._searching.forget()
            self._screen.run_worker(beside(before.close), group="passages")
        self._turn(bool(argument) or not self.on)
        self._shelf.show_context(self.on)
        if not self.on:
            self._screen.status.say("context off: prompts are sent as they are")

    def collected(self, name: str | None) -> None:
        """The user comes from the documents, and wants passages from this collection, or from that of before."""
        self._searching.forget()
        if name and (not self.on or name != self.knowledge.collection_name):
            self.context(name)
        else:
            self._screen.run_worker(self._inform(), group="passages")

    def advanced(self, message: Advanced) -> None:
        """Something has come into a collection, or has been embedded."""
        if message.done and message.collection == self.knowledge.collection_name:
            self.collected(None)
        if not message.doing:
            # Who has just added documents takes them to be used; alone with the prompt nothing says that they are not.
            use = "" if self.on else f" · {self._screen.key('context')} sends passages"
            self._screen.status.say(f"{one_line(message.collection, 30)}: {message.done}{use}")

    def change(self, choice: Choice) -> None:
        """The user has said something about what goes along."""
        self.choice = choice
        if choice.pinned and not self.on:
            self._turn(True)
        self.show()

    def _turn(self, on: bool) -> None:
        self.along.on = on
        self.panel.look_at(None)
        self._shelf.widen(on)
        self._screen.session.knowledge = self.choice if on else None
        if on:
            self._screen.run_worker(self._inform(warm=True), group="passages")
            self.changed()
        self.show()

    async def _inform(self, *, warm: bool = False) -> None:
        """Open the knowledge base, which takes its time, and say what is in it."""
        knowledge, screen = self.knowledge, self._screen
        try:
            self._info = await beside(knowledge.info)
            others = [] if self._info else [one_line(info.name, 40) for info in await beside(knowledge.collections)]
            if warm:
                await beside(knowledge.warm)
        except AtlasError as error:
            screen.status.say(one_line(str(error)))
            return
        if warm and self.on and knowledge is self.knowledge:
            name = one_line(knowledge.collection_name, 40)
            if self._info is None:
                there_are = f"; there is {', '.join(others)}" if others else ", /documents takes in files"
                screen.status.say(f"nothing is indexed in {name}{there_are}")
            else:
                screen.status.say(f"context on: {name}, {counted(self._info.sources, 'document')}")
        self.changed()
        self.show()


def _taken(passages: Sequence[Passage]) -> int:
    """How many of them go along."""
    return sum(passage.number is not None for passage in passages)
