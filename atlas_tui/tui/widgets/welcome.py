"""What an empty chat shows: what this is, who answers, and three prompts to begin with."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from atlas_tui.text import one_line
from atlas_tui.tui.messages import ExampleChosen
from atlas_tui.tui.widgets import figures

EXAMPLES = (
    "Explain hash maps, with an example in Python",
    "Compare TCP and UDP in a table",
    "What should I know before I write a parser?",
)


class Welcome(Vertical):
    """The first thing that anyone sees."""

    DEFAULT_CSS = """
    Welcome {
        align: center middle;
        height: 1fr;
        & > * { width: 66; max-width: 100%; height: auto; padding: 0 2; }
        & > OptionList {
            width: 62;
            max-width: 92%;
            margin: 0 2 1 2;
            & > .option-list--option-highlighted { background: transparent; color: $foreground; text-style: none; }
            & > .option-list--option-hover { background: $surface; }
            &:focus > .option-list--option-highlighted { background: $primary-muted; color: $text-primary; }
        }
        &.-low > OptionList { margin: 0 2; }
    }
    """

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._head = Static()
        self._keys = keys
        self._who = Content("")
        self._low = False

    def compose(self) -> ComposeResult:
        """Head, examples, keys."""
        yield self._head
        yield OptionList(*(Option(Content.assemble(("→ ", "$accent"), text)) for text in EXAMPLES), markup=False)
        words = (Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in self._keys)
        yield Static(Content("   ").join(words).stylize_before("$foreground-muted"))

    def show_target(self, target: str, *, mock: bool, problem: str = "") -> None:
        """Say who answers, or why nobody does."""
        name = Content.styled(figures.target(target), "bold")
        if problem:
            self._who = Content.styled(one_line(problem), "$text-warning")
        elif mock:
            self._who = Content.assemble(name, (" rehearses answers: no model is asked", "$text-warning"))
        else:
            self._who = Content.assemble(name, (" answers", "$foreground-muted"))
        self._draw()

    def fit(self, low: bool) -> None:
        """Leave out what a low terminal has no room for."""
        self._low = low
        self.set_class(low, "-low")
        self._draw()

    def _draw(self) -> None:
        name = Content.assemble(("◆ ", "$accent"), ("Atlas", "bold"))
        lines = [name, self._who]
        if not self._low:
            tagline = Content.styled("Answers from language models, streamed live and metered.", "$foreground-muted")
            lines = [name, tagline, Content(""), self._who, Content("")]
            lines.append(Content.styled("Try one of these:", "$foreground-muted"))
        self._head.update(Content("\n").join(lines))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """An example was taken."""
        event.stop()
        self.post_message(ExampleChosen(EXAMPLES[event.option_index]))
