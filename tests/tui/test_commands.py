"""The table of actions: complete, without clashes, and rebound as the user says."""

from __future__ import annotations

import pytest

from atlas_tui.errors import ConfigError
from atlas_tui.tui import actions, commands
from atlas_tui.tui.actions import Action, Scope
from atlas_tui.tui.keys import show_key, types_text
from atlas_tui.tui.screens.chat.rooms import ACTIONS as ROOMS


def test_every_action_can_be_run_and_every_key_is_its_own() -> None:
    keys = commands.resolve_keys()
    for action in actions.ACTIONS:
        assert keys[action.id], action.id
        if {"app", "chat"} & set(action.on):
            assert [room for room in ROOMS if hasattr(room, action.id)] != [], action.id
            assert len([room for room in ROOMS if hasattr(room, action.id)]) == 1, action.id
    slashes = [action.slash for action in actions.ACTIONS if action.slash]
    assert len(slashes) == len(set(slashes))
    assert all(actions.BY_SLASH[action.slash] is action for action in actions.ACTIONS if action.slash)


def test_a_key_means_one_thing_wherever_it_is_pressed() -> None:
    keys = commands.resolve_keys()
    for action in actions.ACTIONS:
        for other in actions.ACTIONS:
            shared = set(keys[action.id]) & set(keys[other.id])
            if action is not other and shared:
                assert not action.together(other)
                assert all(types_text(key) for key in shared)


@pytest.mark.parametrize(
    ("here", "there", "together"),
    [
        (("chat",), ("compare",), False),
        (("chat", "compare"), ("compare",), True),
        (("app",), ("conversations",), True),
        (("prompt",), ("compare",), True),
        (("chat",), ("prompt",), True),
        (("prompt",), ("conversations",), False),
    ],
)
def test_which_actions_a_key_could_be_taken_for(
    here: tuple[Scope, ...], there: tuple[Scope, ...], together: bool
) -> None:
    one, other = Action("one", "x", "One", "Group", on=here), Action("other", "x", "Other", "Group", on=there)
    assert one.together(other) == other.together(one) == together


def test_an_action_of_another_screen_may_have_the_letter_but_not_the_chord() -> None:
    adopt = Action("adopt", "b", "Adopt", "Comparison", on=("compare",))
    table = (*actions.ACTIONS, adopt)
    assert commands.resolve_keys(actions=table)["adopt"] == commands.resolve_keys()["branch"]
    with pytest.raises(ConfigError, match=r"gives Ctrl\+O to both 'go_on' and 'adopt'"):
        commands.resolve_keys({"adopt": "ctrl+o"}, table)


FRAGILE = ("shift+enter", "alt+enter")
"""What some terminals send as something else."""


def test_every_action_has_a_key_that_arrives_in_every_terminal() -> None:
    for names in commands.resolve_keys().values():
        assert any(key not in FRAGILE for key in names)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"retry": "ctrl+q"}, "gives Ctrl+Q to both 'retry' and 'quit'"),
        ({"retry": "f5,f6"}, "gives F6 to both 'retry' and 'fall_back'"),
        ({"retry": "?"}, "gives ? to both 'retry' and 'help'"),
        ({"retrry": "f5"}, "no action 'retrry': did you mean 'retry'?"),
        ({"xyzzy": "f5"}, "no action 'xyzzy': use one of send,"),
        ({"retry": "ctrl+shiftt"}, "there is no key 'ctrl+shiftt'"),
        ({"retry": "cmd+r"}, "there is no key 'cmd+r'"),
        ({"retry": ""}, "there is no key ''"),
        ({"retry": "f5,,f12"}, "there is no key ''"),
    ],
)
def test_a_wrong_binding_is_an_error_that_names_it(overrides: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        commands.resolve_keys(overrides)
    assert words in str(caught.value)


def test_a_binding_replaces_the_defaults() -> None:
    keys = commands.resolve_keys({"retry": "F11, %", "quit": "ctrl+x"})
    assert keys["retry"] == ("f11", "percent_sign")
    assert keys["quit"] == ("ctrl+x",)


@pytest.mark.parametrize(
    ("key", "long", "short"),
    [
        ("ctrl+r", "Ctrl+R", "^R"),
        ("f5", "F5", "F5"),
        ("y", "y", "y"),
        ("Y", "Y", "Y"),
        ("left_square_bracket", "[", "["),
        ("escape", "Esc", "Esc"),
        ("ctrl+shift+pageup", "Ctrl+Shift+PgUp", "Ctrl+Shift+PgUp"),
    ],
)
def test_keys_are_written_as_people_do(key: str, long: str, short: str) -> None:
    assert show_key(key) == long
    assert show_key(key, short=True) == short


def test_the_footer_offers_what_makes_sense() -> None:
    keys = commands.resolve_keys()
    words = {state: [word for _, word, _ in commands.hints(state, keys)] for state in ("empty", "running", "failed")}
    assert words["running"][0] == "stop"
    assert "retry" in words["failed"]
    assert "retry" not in words["empty"]
    without = commands.hints("failed", keys, without=frozenset({"fall_back"}))
    assert "fall back" not in [word for _, word, _ in without]


def test_the_table_for_the_readme_has_every_action() -> None:
    table = commands.markdown_table()
    for action in actions.ACTIONS:
        assert f"`{action.id}`" in table
        assert action.text in table
