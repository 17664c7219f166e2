"""What an empty chat shows: what this is, who answers, and three prompts to begin with."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Center, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from atlas_tui.text import one_line
from atlas_tui.tui.messages import ExampleChosen

EXAMPLES = (
    "Explain hash maps, with an example in Python",
    "Compare TCP and UDP in a table",
    "What should I know before I write a parser?",
)


class Welcome(VerticalScroll, can_focus=False):
    """The first thing that anyone sees."""

    DEFAULT_CSS = """
    Welcome {
        align: center middle;
        height: 1fr;
        scrollbar-size-vertical: 0;
        scrollbar-gutter: auto;
        & #card { width: 66; max-width: 100%; height: auto; padding: 0 2; }
        & Static { width: 100%; height: auto; }
        & #name { color: $foreground; text-style: bold; }
        & #tagline { color: $text-muted; margin-bottom: 1; }
        & #who { margin-bottom: 1; }
        & #try { color: $text-muted; }
        & OptionList {
            height: auto;
            margin: 0 0 1 0;
            & > .option-list--option-highlighted { background: transparent; color: $foreground; text-style: none; }
            & > .option-list--option-hover { background: $surface; }
            &:focus > .option-list--option-highlighted { background: $primary-muted; color: $text-primary; }
        }
        & #keys { color: $text-muted; }
    }
    """

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        """The card."""
        with Center(), Vertical(id="card"):
            yield Static(Content.assemble(("◆ ", "$accent"), "Atlas"), id="name")
            yield Static("Answers from language models, streamed live and metered.", id="tagline")
            yield Static(id="who")
            yield Static("Try one of these:", id="try")
            yield OptionList(*(Option(Content.assemble(("→ ", "$accent"), text)) for text in EXAMPLES), markup=False)
            yield Static(
                Content("   ").join(
                    Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in self._keys
                ),
                id="keys",
            )

    def show_target(self, target: str, *, mock: bool, problem: str = "") -> None:
        """Say who answers, or why nobody does."""
        name = Content.styled(one_line(target), "bold")
        if problem:
            text = Content.styled(one_line(problem), "$text-warning")
        elif mock:
            text = Content.assemble(name, (" rehearses answers: no model is asked", "$text-warning"))
        else:
            text = Content.assemble(name, (" answers", "$foreground-muted"))
        self.query_one("#who", Static).update(text)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """An example was taken."""
        event.stop()
        self.post_message(ExampleChosen(EXAMPLES[event.option_index]))
