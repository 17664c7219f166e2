"""What stands where: sizes, sidebar, pickers, help, palette, themes, find, links."""

from __future__ import annotations

import pytest

from atlas_tui.config import Config, config_path
from atlas_tui.models.base import ReasoningDelta
from atlas_tui.models.factory import create_provider
from atlas_tui.tui import commands
from tests.played import PlayedProvider, says
from tests.tui.driving import driving


async def test_the_sidebar_says_what_is_available_and_why_the_rest_is_not() -> None:
    async with driving() as user:
        await user.shows("anthropic", "set ANTHROPIC_API_KEY", "openai", "set OPENAI_API_KEY", "mock-advanced")


async def test_a_model_is_chosen_in_the_sidebar() -> None:
    async with driving() as user:
        await user.click_on("mock-advanced")
        await user.shows("mock:mock-advanced answers from now on")
        assert user.app.chat.prompt.editor.has_focus


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24), (60, 16)])
async def test_prompt_answer_and_keys_fit(size: tuple[int, int]) -> None:
    async with driving(PlayedProvider(says("The answer.")), size=size) as user:
        await user.asked("Why?")
        await user.shows("The answer.", "Ask anything", "✓ done", "F1 help")
        assert len(user.lines) == size[1]


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_tab_leads_from_the_prompt_to_the_transcript_and_back(size: tuple[int, int]) -> None:
    async with driving(PlayedProvider(says("The answer.")), size=size) as user:
        await user.asked("Why?")
        await user.press("tab")
        assert user.app.chat.transcript.has_focus
        await user.shows("y copy")
        await user.press("shift+tab")
        assert user.app.chat.prompt.editor.has_focus


async def test_the_sidebar_hides_on_a_narrow_terminal_and_comes_when_called() -> None:
    async with driving(size=(80, 24)) as user:
        await user.shows_no("PROVIDER")
        await user.press("f4")
        await user.shows("PROVIDER")
        await user.press("ctrl+b")
        await user.settled()
        await user.shows_no("PROVIDER")
        await user.press("f12")
        await user.shows("Off. F8 sends passages", "Enter send")
        await user.press("escape")
        await user.settled()
        await user.shows_no("Off. F8")


async def test_a_terminal_that_is_too_small_gets_one_sentence_and_recovers() -> None:
    async with driving(PlayedProvider(says("The answer.")), size=(60, 16)) as user:
        await user.asked("Why?")
        await user.resize(40, 10)
        await user.settled()
        assert [line.strip() for line in user.lines if line.strip()] == ["Atlas needs a terminal of at least", "60x16."]
        await user.resize(120, 40)
        await user.shows("The answer.", "PROVIDER")
        await user.press("r", "e")
        assert user.app.chat.prompt.text == "re"
        await user.press("tab")
        await user.resize(40, 10)
        await user.resize(70, 20)
        assert user.app.chat.transcript.has_focus


async def test_resizing_reflows_the_answer() -> None:
    text = " ".join(f"word{number}" for number in range(60))
    async with driving(PlayedProvider(says(text)), size=(120, 40)) as user:
        await user.asked("Why?")
        await user.resize(70, 30)
        await user.shows("word0", "word59")
        assert all(len(line) <= 70 for line in user.lines)


async def test_a_picker_that_finds_nothing_says_what_can_be_typed() -> None:
    async with driving() as user:
        await user.press("f3", *"llama3")
        await user.shows("Nothing found. PROVIDER:MODEL takes any model")
        await user.press("enter")
        await user.shows("Nothing found")
        await user.press("escape", "f9", *"purple")
        await user.shows("Nothing found")


async def test_the_model_picker_filters_and_chooses() -> None:
    async with driving() as user:
        await user.shows("mock-advanced")
        await user.press("f3")
        await user.shows("Provider or model", "no API key for anthropic")
        await user.press(*"advan", "enter")
        await user.shows("mock:mock-advanced answers from now on")


async def test_a_model_that_no_list_has_can_be_typed() -> None:
    async with driving() as user:
        await user.shows("mock-advanced")
        await user.press("f3")
        await user.press(*"ollama:llama3:8b")
        await user.shows("use ollama:llama3:8b")
        await user.press("enter")
        await user.shows("ollama:llama3:8b answers from now on")


async def test_help_shows_every_action_of_the_screen() -> None:
    async with driving(size=(120, 100)) as user:
        await user.press("f1")
        await user.shows(*(action.text for action in commands.helped("chat")))
        await user.press("escape")
        await user.shows("Ask anything")


async def test_the_palette_runs_actions() -> None:
    async with driving() as user:
        await user.press("ctrl+p")
        await user.shows("Search for commands")
        await user.press(*"every", "enter")
        await user.press("enter")
        await user.shows("Esc closes")


@pytest.mark.parametrize(("size", "words"), [((80, 24), "comparison: all"), ((60, 16), "at once; twice in")])
async def test_what_the_help_says_goes_on_below_itself(size: tuple[int, int], words: str) -> None:
    async with driving(size=size) as user:
        await user.press("f1")
        await user.shows("Stop the answer", words)
        first = next(line for line in user.lines if "Stop the answer" in line)
        later = next(line for line in user.lines if words in line)
        assert later.index(words) == first.index("Stop the answer")
        assert not later[: later.index(words)].strip(" ▌▇▐▕")


async def test_themes_are_tried_on_and_taken_back() -> None:
    async with driving() as user:
        await user.press("f9")
        await user.press(*"nord")
        await user.settled()
        assert user.app.theme == "nord"
        await user.press("escape")
        assert user.app.theme == "atlas-dark"
        await user.press("f9")
        await user.press(*"nord", "enter")
        assert user.app.theme == "nord"
        await user.shows('theme = "nord" in config.toml keeps it')
        await user.ask("/theme dracula")
        await user.shows('theme = "dracula" in config.toml keeps it')


async def test_every_theme_draws_the_screen() -> None:
    async with driving(PlayedProvider(says("**The** answer.\n\n```python\nx = 1\n```"))) as user:
        await user.asked("Why?")
        for name in user.app.available_themes:
            user.app.theme = name
            await user.settled()
            assert "The answer." in user.screen


async def test_a_bad_theme_file_is_refused_and_named() -> None:
    folder = config_path().parent / "themes"
    folder.mkdir(parents=True)
    (folder / "broken.toml").write_text('primary = "no colour"\n')
    (folder / "mine.toml").write_text('primary = "#336699"\ndark = true\n')
    async with driving() as user:
        await user.shows("broken.toml")
        assert "mine" in user.app.available_themes
        assert "broken" not in user.app.available_themes


async def test_no_color_and_ansi_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driving(config=Config(theme="ansi-dark")) as user:
        await user.asked("Why?")
        await user.shows("rehearsed answer")


async def test_find_marks_and_counts() -> None:
    async with driving(PlayedProvider(says("alpha beta alpha"))) as user:
        await user.asked("Why?")
        await user.press("ctrl+f", *"alpha")
        await user.shows("1 of 2")
        await user.press("enter")
        await user.shows("2 of 2")
        await user.press("enter")
        await user.shows("1 of 2")
        await user.press("x")
        await user.shows("0 found")
        await user.press("escape")
        await user.shows_no("0 found")
        assert user.app.chat.prompt.editor.has_focus


async def test_a_link_shows_where_it_goes_before_anything_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    async with driving(PlayedProvider(says("See [your bank](https://evil.example/login)."))) as user:
        opened: list[str] = []
        monkeypatch.setattr(user.app, "open_url", lambda url, **_: opened.append(url))
        await user.asked("Why?")
        await user.click_on("your bank", right=2)
        await user.shows("evil.example", "https://evil.example/login")
        assert opened == []
        await user.press("enter")
        assert opened == ["https://evil.example/login"]


async def test_reasoning_is_shown_and_hidden() -> None:
    provider = PlayedProvider([ReasoningDelta("Thinking hard."), *says("Done.")])
    async with driving(provider) as user:
        await user.asked("Why?")
        await user.shows_no("Thinking hard.")
        await user.press("ctrl+t")
        await user.shows("Thinking hard.")


async def test_an_example_goes_into_the_prompt_and_is_not_sent() -> None:
    async with driving() as user:
        await user.click_on("Compare TCP")
        assert user.app.chat.prompt.text.startswith("Compare TCP")
        assert not user.session.turns


async def test_the_mock_is_marked() -> None:
    async with driving() as user:
        await user.shows(" mock ", "no model is asked")


async def test_letters_act_on_the_message_in_focus() -> None:
    async with driving(PlayedProvider(says("one"), says("two"), says("three"))) as user:
        await user.asked("first")
        await user.asked("second")
        user.app.chat.transcript.focus()
        await user.press("p", "p", "p", "y")
        assert user.app.clipboard == "one\n"
        await user.press("r")
        await user.answered(3)
        await user.shows("three", "two", "2 of 2")
        contents = [[response.content for response in turn.responses] for turn in user.session.turns]
        assert contents == [["one", "three"], ["two"]]


@pytest.mark.parametrize("key", ["f1", "f3", "f9", "ctrl+p"])
async def test_ctrl_q_quits_from_everywhere(key: str) -> None:
    async with driving() as user:
        await user.press(key)
        await user.press("ctrl+q")
        assert user.app.return_code == 0


async def test_the_program_plays_any_provider_and_says_so() -> None:
    config = Config()
    played = create_provider("anthropic", mock=True, config=config, delay_ms=0)
    async with driving(played) as user:
        await user.shows("rehearses answers", " mock ")
        await user.asked("Why?")
        await user.shows("anthropic:", "· mock", "$0.0")
