"""Passages in the chat: seen before they are sent, chosen, cited, looked at."""

from __future__ import annotations

from pathlib import Path

from atlas_tui.config import Config
from atlas_tui.models.base import TextDelta
from atlas_tui.session import Session
from atlas_tui.store import Journal, Store
from atlas_tui.tui.screens.passage import PassageScreen
from tests.played import HANG, PlayedProvider, says
from tests.store.rehearsal import eventually
from tests.tui.driving import Driver, driving, once
from tests.tui.papers import asked, listed, places, take_in


async def type_(user: Driver, prompt: str) -> None:
    """Write a prompt, and wait for its passages."""
    await user.paste(prompt)
    await user.shows("along ·")


async def test_what_is_shown_before_is_what_is_sent(place: Path, config: Config) -> None:
    provider = PlayedProvider(says("With a hammer [1]."))
    async with driving(provider, config=config) as user:
        await user.shows("documents · 3 documents")
        await type_(user, "How do I install a kite?")
        await user.shows("[1] install.md:1-7", "install kite", "Install the kite with a hammer.", "passages")
        shown = places(user)
        await user.press("enter")
        await user.answered()
        await user.shows("went along with this prompt", "1 passage cited")
        await user.press("f12")
        await user.shows("v view", "F12 back")
        assert "in or out" not in user.lines[-1], "what was sent was sent"
        sent = [Path(each["metadata"]["source"]).name for each in user.session.turns[0].documents]
        assert sent == shown == places(user)
        assert "hammer" in asked(provider)
        assert "How do I install a kite?" in asked(provider)


async def test_a_passage_is_left_out_taken_in_and_pinned_by_keys(place: Path, config: Config) -> None:
    provider = PlayedProvider(says("Yes."))
    async with driving(provider, config=config) as user:
        await type_(user, "install a kite")
        first = places(user)[0]
        await user.press("f12", "x")
        await user.shows("[–] " + first, "Space in or out")
        assert listed(user)[0].number is None
        await user.press("space", "x")
        await user.press("down", "p")
        pinned = listed(user)[0]
        assert pinned.pinned
        assert pinned.number == 1
        await user.press("escape", "enter")
        await user.answered()
        documents = user.session.turns[0].documents
        assert documents[0] == pinned.document
        assert first not in [Path(each["metadata"]["source"]).name for each in documents[1:2]] or len(documents) > 2
        await user.paste("something else entirely: rope")
        await user.shows("along ·")
        assert listed(user)[0].document == pinned.document


async def test_what_is_left_out_stays_out_while_the_prompt_is_typed_on(place: Path, config: Config) -> None:
    provider = PlayedProvider(says("Yes."))
    async with driving(provider, config=config) as user:
        await type_(user, "rope")
        await user.press("f12", "x", "escape")
        await user.paste(" wind")
        await user.until(lambda: "wind.md" in places(user))
        assert "rope.md" not in places(user)
        await user.press("enter")
        await user.answered()
        assert "crimson" not in asked(provider)
        await user.paste("rope")
        await user.until(lambda: "rope.md" in places(user))


async def test_a_prompt_that_is_sent_at_once_has_the_same_passages(place: Path, config: Config) -> None:
    provider = PlayedProvider(says("Yes."))
    async with driving(provider, config=config) as user:
        await type_(user, "rope")
        await user.press("f12", "p", "escape")
        user.app.chat.prompt.text = ""
        await user.asked("wind")
        await user.shows("went along with this prompt")
        assert places(user) == ["rope.md", "wind.md"]
        assert asked(provider).index("crimson") < asked(provider).index("needs wind")


async def test_one_key_switches_it_off_and_on(place: Path, config: Config) -> None:
    provider = PlayedProvider(says("Yes."))
    async with driving(provider, config=config) as user:
        await type_(user, "rope")
        await user.press("f8")
        await user.shows("Off. F8 sends passages", "context off")
        await user.press("enter")
        await user.answered()
        assert asked(provider) == "rope"
        assert user.session.turns[0].documents == ()
        await user.press("f8")
        await user.shows("context on: documents, 3 documents")
        await user.asked("wind")
        assert "needs wind" in asked(provider)


async def test_a_retry_has_the_passages_of_its_turn(place: Path, config: Config) -> None:
    provider = PlayedProvider(says("Yes."))
    async with driving(provider, config=config) as user:
        await user.asked("rope")
        (place / "rope.md").write_text("# Rope\n\nThe rope is blue now.\n")
        await user.press("f8")
        await user.press("f5")
        await user.answered(2)
        assert "crimson" in asked(provider)


async def test_other_words_find_other_passages_for_the_same_prompt(place: Path, config: Config) -> None:
    provider = PlayedProvider(says("Yes."))
    async with driving(provider, config=config) as user:
        await type_(user, "rope")
        await user.press("f12", "s")
        await user.shows("Look for passages with other words")
        await user.press(*["backspace"] * 4, *"wind", "enter")
        await user.shows("found by “wind”")
        assert places(user) == ["wind.md"]
        await user.press("escape", "enter")
        await user.answered()
        assert "needs wind" in asked(provider)
        assert asked(provider).endswith("rope")


async def test_a_citation_is_followed_by_a_click_and_by_its_digit(place: Path, config: Config) -> None:
    provider = PlayedProvider(says('It is red [1], and "the rope is green" [1][4].'))
    async with driving(provider, config=config, size=(160, 40)) as user:
        await user.asked("rope")
        await user.shows("1 quotation not found", "no passage [4]")
        await user.click_on("It is red [1]", right=len("It is red ["))
        await user.shows("rope.md:1-3", "The rope of the kite is crimson.", "Esc close")
        assert isinstance(user.app.screen, PassageScreen)
        await user.press("escape", "tab", "1")
        await user.until(lambda: isinstance(user.app.screen, PassageScreen))
        await user.press("escape", "4")
        await user.shows("there is no passage [4]: 1 were sent")


async def test_a_passage_in_full_leads_to_the_others_and_stays_while_it_is_chosen(place: Path, config: Config) -> None:
    (place / "long.md").write_text("# Long\n\nOf the kite:\n\n" + "".join(f"- {n} meters\n" for n in range(60)))
    take_in(place.parent, place)
    async with driving(PlayedProvider(says("Yes.")), config=config, size=(80, 24)) as user:
        await user.paste("How do I install a kite?")
        await user.until(lambda: len(places(user)) >= 3)
        await user.press("f12", "v")
        last = len(listed(user)) - 1
        for at in range(last + 1):
            await user.shows(f"[{at + 1}] {places(user)[at]}", "Esc close")  # however long the text is
            await user.press("right")
        assert user.app.chat.sidebar.context.highlighted == last
        await user.press("left", "x")
        await user.shows("[–] ", "Esc close")
        assert listed(user)[last - 1].number is None
        await user.press("p")
        await user.shows("[1] ", "⚑", "Esc close")
        assert listed(user)[0].pinned


async def test_a_citation_leaves_the_answer_as_it_was(place: Path, config: Config) -> None:
    async with driving(PlayedProvider(says("It is red [1].")), config=config, size=(80, 24)) as user:
        await user.asked("rope")
        before = user.lines[:18]
        await user.press("tab", "1")
        await user.shows("[1] rope.md:1-3", "Esc close")
        await user.press("escape")
        assert user.lines[:18] == before


async def test_an_opened_conversation_shows_what_was_sent_with_each_turn(
    place: Path, config: Config, store: Store
) -> None:
    provider = PlayedProvider(says("Red [1]."))
    session = Session(provider, policy=once(), journal=Journal(store))
    async with driving(config=config, session=session) as user:
        for number, prompt in enumerate(("rope", "wind"), 1):
            await user.ask(prompt)
            await user.answered(number)
        eventually(lambda: len(store.conversation(store.conversations()[0].id).turns) == 2)
        conversation = store.conversation(store.conversations()[0].id)
        await user.press("ctrl+n")
        user.app.chat.history.open(conversation)
        await user.until(lambda: places(user) == ["wind.md"])
        user.app.chat.transcript.focus()
        await user.press("p", "p", "p", "p")
        await user.until(lambda: places(user) == ["rope.md"])
        await user.shows("1 passage went along with this prompt", "[1] rope.md:1-3")


async def test_passages_that_the_window_has_no_room_for_are_said(tmp_path: Path, config: Config) -> None:
    class Small(PlayedProvider):
        """A model with little room."""

        def context_window(self, model: str | None = None) -> int | None:
            return 1500

    papers = tmp_path / "long"
    papers.mkdir()
    for number in range(5):
        (papers / f"{number}.md").write_text(f"# Kites {number}\n\n" + f"The kite number {number} flies. " * 24)
    take_in(tmp_path, papers)
    async with driving(Small(says("Yes.")), config=config) as user:
        await type_(user, "kite")
        await user.shows("5 passages along")
        await user.press("enter")
        await user.answered()
        kept = len(user.session.turns[0].documents)
        assert 0 < kept < 5
        await user.shows(f"{5 - kept} passages left out: the context window has no", f"{kept} passage")


async def test_a_knowledge_base_that_is_empty_says_what_to_do(config: Config) -> None:
    provider = PlayedProvider(says("Yes."))
    async with driving(provider, config=config) as user:
        await user.shows("documents · nothing is indexed yet:")
        await user.asked("rope")
        assert asked(provider) == "rope"


async def test_another_collection_is_taken_by_its_name(tmp_path: Path, place: Path, config: Config) -> None:
    other = tmp_path / "other.md"
    other.write_text("# Rope\n\nThe other rope is yellow.\n")
    take_in(tmp_path, other, collection="others")
    provider = PlayedProvider(says("Yes."))
    async with driving(provider, config=config) as user:
        await user.paste("/context others")
        await user.press("enter")
        await user.shows("context on: others, 1 document")
        await type_(user, "rope")
        await user.press("enter")
        await user.answered()
        assert "yellow" in asked(provider)
        assert "crimson" not in asked(provider)


async def test_hostile_documents_and_names_are_only_text(tmp_path: Path, config: Config) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    name = "a[bold]\x1b]0;title\x07\nb.md"
    (papers / name).write_text("# [red]Kite[/]\n\n[/x] kite \x1b[2J\u202e [@click=app.quit]bang[/] ignore all.\n")
    take_in(tmp_path, papers)
    provider = PlayedProvider(says("Well [1] [red]x[/]."))
    async with driving(provider, config=config) as user:
        await type_(user, "kite bang")
        await user.shows("b.md:1-3", "[@click=app.quit]bang[/]")
        await user.press("f12", "enter")
        await user.shows("[/x] kite ␛[2J", "Esc close")
        await user.press("escape", "escape", "enter")
        await user.answered()
        await user.shows("Well [1] [red]x[/].")
        assert not {"\x1b", "\x07", "\u202e"} & set(user.screen)


async def test_typing_is_not_kept_waiting_by_an_answer_or_a_search(place: Path, config: Config) -> None:
    provider = PlayedProvider([TextDelta("Well"), HANG])
    async with driving(provider, config=config) as user:
        await user.ask("rope")
        await user.shows("Well")
        await user.paste("wind")
        await user.until(lambda: places(user) == ["wind.md"])
        await user.press("escape")
        await user.answered()
        assert user.app.chat.prompt.text == "wind"
