"""The one table of actions. Bindings, footer, help screen, palette, slash commands and the README's key table are
made from it; the `[keys]` table of the configuration rebinds by id.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Scope = Literal["app", "prompt", "chat", "compare", "conversations", "passages", "documents"]
"""Where an action can be run: everywhere, in the text field of a prompt, or on one screen."""
State = Literal["empty", "idle", "running", "retrying", "failed", "transcript", "passages"]
"""What the screen is doing, which decides what the footer offers."""


class Action(NamedTuple):
    """Something a user can do."""

    id: str
    """The name in `[keys]`; a room of the screen has a method of this name."""
    keys: str
    """Keys, separated by commas; at least one arrives in every terminal."""
    text: str
    """What it does, for palette and help."""
    group: str
    """The heading in the help screen."""
    slash: str = ""
    """The slash command, or nothing where only a key makes sense."""
    argument: str = ""
    """What the slash command takes, if anything."""
    hint: str = ""
    """The word in the footer."""
    states: tuple[State, ...] = ()
    """When the footer shows it."""
    on: tuple[Scope, ...] = ("chat",)
    """The places that have it; the same action may be on several screens."""

    def together(self, other: Action) -> bool:
        """Whether both can be meant by one key that is pressed at one place."""
        here, there = set(self.on), set(other.on)
        if "app" in here | there or here & there:
            return True
        return ("prompt" in here and bool(there & _PROMPTED)) or ("prompt" in there and bool(here & _PROMPTED))


ANSWERING, ANSWERS, COMPARISON = "Asking", "Answers", "Comparison"
HISTORY, DOCUMENTS, SCREEN, PROGRAM = "Conversations", "Your own documents", "Screen", "Program"
_BOTH: tuple[Scope, ...] = ("chat", "compare")
_COMPARE: tuple[Scope, ...] = ("compare",)

ACTIONS: tuple[Action, ...] = (
    Action(
        "send", "enter", "Send the prompt", ANSWERING, hint="send", states=("empty", "idle", "failed"), on=("prompt",)
    ),
    Action("newline", "ctrl+j,shift+enter,alt+enter", "Begin a new line", ANSWERING, on=("prompt",)),
    Action(
        "stop",
        "escape",
        "Stop the answer, at once; twice in a comparison: all",
        ANSWERING,
        "/stop",
        hint="stop",
        states=("running", "retrying"),
        on=_BOTH,
    ),
    Action(
        "interrupt",
        "ctrl+c",
        "Copy, stop or clear; twice: quit",
        ANSWERING,
        on=_BOTH,
    ),
    Action(
        "retry",
        "ctrl+r,f5,r",
        "Ask again",
        ANSWERING,
        "/retry",
        hint="retry",
        states=("retrying", "failed", "transcript"),
        on=_BOTH,
    ),
    Action(
        "fall_back",
        "f6,f",
        "Ask the next fallback target, now",
        ANSWERING,
        "/next",
        hint="fall back",
        states=("retrying", "failed"),
        on=_BOTH,
    ),
    Action(
        "go_on",
        "ctrl+o,c",
        "Continue an answer that broke off",
        ANSWERING,
        "/continue",
        hint="continue",
        states=("failed",),
        on=_BOTH,
    ),
    Action("editor", "ctrl+g", "Write the prompt in $EDITOR", ANSWERING, "/editor", on=_BOTH),
    Action(
        "model",
        "f3,ctrl+l",
        "Choose provider and model",
        ANSWERING,
        "/model",
        "TARGET",
        hint="model",
        states=("empty", "idle", "failed"),
        on=_BOTH,
    ),
    Action("fallback", "F", "Choose who is asked when one fails, in which order", ANSWERING, "/fallback", "TARGET ..."),
    Action("limit", "dollar_sign", "Set what may be spent, in US dollars", ANSWERING, "/limit", "[SCOPE] DOLLARS"),
    Action("new", "ctrl+n", "Begin a new conversation", ANSWERING, "/new", hint="new", states=("idle",), on=_BOTH),
    Action(
        "copy", "y", "Copy the answer as plain text", ANSWERS, "/copy", hint="copy", states=("transcript",), on=_BOTH
    ),
    Action("copy_markdown", "Y", "Copy the answer's Markdown", ANSWERS, "/markdown", on=_BOTH),
    Action(
        "code",
        "u",
        "Copy a code block; again: the next",
        ANSWERS,
        "/code",
        hint="code",
        states=("transcript",),
        on=_BOTH,
    ),
    Action("reasoning", "ctrl+t", "Show or hide the model's reasoning", ANSWERS, "/reasoning", on=_BOTH),
    Action("attempts", "i", "Show or hide what was tried for the answer", ANSWERS, "/attempts", on=_BOTH),
    Action("previous_sibling", "left_square_bracket", "Show the answer before this retry", ANSWERS, on=_BOTH),
    Action("next_sibling", "right_square_bracket", "Show the answer after it", ANSWERS, on=_BOTH),
    Action("next_message", "n", "Go to the next message", ANSWERS, on=_BOTH),
    Action("previous_message", "p", "Go to the message before", ANSWERS, on=_BOTH),
    Action("page_up", "pageup", "Scroll one page back", ANSWERS, on=_BOTH),
    Action("page_down", "pagedown", "Scroll one page on", ANSWERS, on=_BOTH),
    Action("follow", "ctrl+end", "Go to the end and follow the answer", ANSWERS, on=_BOTH),
    Action("find", "ctrl+f", "Find in the transcript", ANSWERS, "/find", "TEXT", on=_BOTH),
    Action(
        "compare",
        "f7",
        "Compare targets side by side, and back to the chat",
        COMPARISON,
        "/compare",
        "TARGET ...",
        hint="compare",
        states=("empty", "idle", "running", "transcript"),
        on=_BOTH,
    ),
    Action(
        "others",
        "o,alt+o",
        "Ask the other targets the last prompt",
        COMPARISON,
        "/others",
        hint="ask others",
        states=("running", "transcript"),
        on=_BOTH,
    ),
    *(
        Action(f"column_{place}", f"{place}", f"Go to column {place}", COMPARISON, on=_COMPARE)
        for place in (1, 2, 3, 4)
    ),
    Action("next_column", "greater_than_sign,alt+right", "Go to the next column", COMPARISON, on=_COMPARE),
    Action("previous_column", "less_than_sign,alt+left", "Go to the column before", COMPARISON, on=_COMPARE),
    Action("expand", "x,alt+x", "Show this column alone, and back", COMPARISON, "/expand", on=_COMPARE),
    Action("pin", "P", "Keep this column in sight, and back", COMPARISON, "/pin", on=_COMPARE),
    Action("drop", "D", "Take this column away", COMPARISON, "/drop", on=_COMPARE),
    Action("together", "S", "Scroll all columns together, or each by itself", COMPARISON, "/together", on=_COMPARE),
    Action(
        "adopt",
        "a,alt+a",
        "Make this answer the common history, and back",
        COMPARISON,
        "/adopt",
        hint="adopt",
        states=("transcript",),
        on=_COMPARE,
    ),
    Action(
        "differences",
        "d,alt+d",
        "Show where two answers differ",
        COMPARISON,
        "/differences",
        hint="differences",
        states=("transcript", "idle"),
        on=_COMPARE,
    ),
    Action(
        "race",
        "t,alt+t",
        "Show or hide the race table",
        COMPARISON,
        "/race",
        "COLUMN",
        hint="race",
        states=("transcript", "idle", "running"),
        on=_COMPARE,
    ),
    Action("sort", "T", "Sort the race table by the next figure", COMPARISON, "/sort", on=_COMPARE),
    Action(
        "vote",
        "v,alt+v",
        "Say which answer is best",
        COMPARISON,
        "/vote",
        hint="vote",
        states=("transcript", "idle"),
        on=_COMPARE,
    ),
    Action("blind", "B", "Hide names and figures until the vote, and back", COMPARISON, "/blind", on=_COMPARE),
    Action("leaderboard", "L", "Show who won your votes", COMPARISON, "/leaderboard", on=_COMPARE),
    Action("merge", "m", "Have a model make one answer of all", COMPARISON, "/merge", "TARGET", on=_COMPARE),
    Action(
        "line_up",
        "l,alt+l",
        "Choose who is compared",
        COMPARISON,
        "/targets",
        hint="line-up",
        states=("empty", "transcript"),
        on=_COMPARE,
    ),
    Action("line_ups", "K", "Keep this line-up under a name, or take one", COMPARISON, "/lineup", "NAME", on=_COMPARE),
    Action(
        "conversations",
        "f2,ctrl+s",
        "Open or search earlier conversations",
        HISTORY,
        "/conversations",
        hint="conversations",
        states=("empty",),
    ),
    Action(
        "edit", "e", "Edit this prompt and send it in a branch", HISTORY, "/edit", hint="edit", states=("transcript",)
    ),
    Action("branch", "b", "Go on in a copy that ends with this turn", HISTORY, "/branch"),
    Action(
        "export",
        "E",
        "Export as .md, .html, .json; a comparison also .csv",
        HISTORY,
        "/export",
        "FILE",
        on=_BOTH,
    ),
    Action("rename", "ctrl+e,f10", "In the list: give another title", HISTORY, on=("conversations",)),
    Action("delete", "delete,ctrl+d", "In a list: delete", HISTORY, on=("conversations", "documents")),
    Action("undelete", "ctrl+z", "In the list: bring back what was deleted last", HISTORY, on=("conversations",)),
    Action("deleted", "tab", "In the list: show what is deleted, and back", HISTORY, on=("conversations",)),
    Action(
        "context",
        "f8",
        "Send passages of your documents along, or not",
        DOCUMENTS,
        "/context",
        "COLLECTION",
        hint="context",
        states=("empty",),
        on=_BOTH,
    ),
    Action(
        "passages",
        "f12,s",
        "Go to the passages, and back",
        DOCUMENTS,
        "/passages",
        hint="passages",
        states=("transcript",),
        on=_BOTH,
    ),
    Action("documents", "D", "Add, list and remove documents", DOCUMENTS, "/documents"),
    Action(
        "preview",
        "v",
        "On a passage: show it in full",
        DOCUMENTS,
        hint="view",
        states=("passages",),
        on=("passages",),
    ),
    Action(
        "exclude",
        "space,x",
        "On a passage: leave it out, or take it in",
        DOCUMENTS,
        hint="in or out",
        states=("passages",),
        on=("passages",),
    ),
    Action(
        "pin_passage",
        "p",
        "On a passage: send it with every prompt",
        DOCUMENTS,
        hint="pin",
        states=("passages",),
        on=("passages",),
    ),
    Action(
        "source",
        "e",
        "On a passage: open the document there, in $EDITOR",
        DOCUMENTS,
        hint="$EDITOR",
        states=("passages",),
        on=("passages",),
    ),
    Action(
        "search_again",
        "s",
        "On a passage: search with other words",
        DOCUMENTS,
        hint="other words",
        states=("passages",),
        on=("passages",),
    ),
    Action("copy_passage", "y", "On a passage: copy it", DOCUMENTS, on=("passages",)),
    Action("sidebar", "f4,ctrl+b", "Show or hide the sidebar", SCREEN, "/sidebar", hint="sidebar", states=("empty",)),
    Action("theme", "f9", "Choose a colour theme", SCREEN, "/theme", "NAME", on=_BOTH),
    Action(
        "palette",
        "ctrl+p,slash",
        "Search all of this",
        PROGRAM,
        hint="commands",
        states=("empty", "idle", "running", "retrying", "transcript"),
        on=("app",),
    ),
    Action(
        "help",
        "f1,question_mark",
        "Show every key",
        PROGRAM,
        "/help",
        hint="help",
        states=("empty", "idle", "running", "retrying", "failed", "transcript"),
        on=_BOTH,
    ),
    Action("quit", "ctrl+q", "Quit", PROGRAM, "/quit", hint="quit", states=("empty",), on=("app",)),
)
_PROMPTED: frozenset[Scope] = frozenset({"chat", "compare"})
"""The screens that have a prompt."""
BY_ID = {action.id: action for action in ACTIONS}
BY_SLASH = {action.slash: action for action in ACTIONS if action.slash}
_ELSEWHERE = {
    "/exit": "quit",
    "/q": "quit",
    "/bye": "quit",
    "/clear": "new",
    "/reset": "new",
    "/history": "conversations",
    "/models": "model",
    "/regenerate": "retry",
    "/save": "export",
}
"""What other programs call it: understood, but not offered."""
BY_SLASH |= {slash: BY_ID[name] for slash, name in _ELSEWHERE.items()}
