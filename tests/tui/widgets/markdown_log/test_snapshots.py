"""How a log looks, in a dark theme, a light one and one that leaves the terminal its colours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from tests.tui.widgets.markdown_log.log_app import LogApp, settle

ANSWER = """\
# Reading files

Python reads a file with `open`; see [the tutorial](https://docs.python.org/3/tutorial/) or *ask again*. It costs
~~much~~ **little**: $O(n)$.

1. Open it
   - as text
   - or as bytes
2. Read it

- [x] closed
- [ ] checked

```python
def lines(path: str) -> list[str]:
    \"\"\"All lines of a file.\"\"\"
    with open(path) as file:  # closes itself
        return [line.rstrip("\\n") for line in file]
```

| Mode | Means | Cost |
|:-----|:-----:|-----:|
| `r` | read | 1 |
| `w` | write, and forget what was there | 22 |

> Explicit is better than implicit.
>
> > Simple is better.

---

\\[ \\sum_{i=1}^{n} x_i^2 \\le \\frac{a+b}{2} \\]
"""


class Conversation(LogApp):
    def __init__(self, theme: str) -> None:
        super().__init__()
        self.wanted_theme = theme

    def on_mount(self) -> None:
        self.theme = self.wanted_theme
        log = self.log_
        log.add("q", "user", "How do I read a *file*?", title="You")
        log.add("a", "assistant", title="mock:mock-standard")
        log.append_reasoning("a", "The user asks about files.")
        for start in range(0, len(ANSWER), 16):
            log.append("a", ANSWER[start : start + 16])
        log.finish("a", "312 tok · 48 tok/s · $0.001234")
        log.add("b", "assistant", "A partial ans", title="mock:mock-basic")
        log.finish("b", "3 tok", "incomplete")
        log.add("n", "note", "Fell back to mock:mock-basic")
        log.add("e", "error", "The provider is overloaded", title="mock:mock-standard")


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
def test_a_conversation(theme: str, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(Conversation(theme), terminal_size=(80, 58))


def test_matches_focus_and_new_text_below(snap_compare: Callable[..., bool]) -> None:
    async def read(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LogApp)
        await settle(pilot)
        app.log_.focus_message("a")
        app.log_.find("re")
        app.log_.append("n", " and on")
        await settle(pilot)

    assert snap_compare(Conversation("textual-dark"), terminal_size=(70, 20), run_before=read)


def test_a_narrow_log(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(Conversation("textual-light"), terminal_size=(34, 60))
