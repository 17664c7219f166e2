"""Markdown as plain text."""

from __future__ import annotations

import pytest

from atlas_tui.tui.screens.plain import plain


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Some *text* with `code` and [a link](http://x).", "Some text with code and a link.\n"),
        ("# Title\n\nBody\nsecond line", "Title\n\nBody\nsecond line\n"),
        ("- one\n- **two**\n  - three\n\nend", "- one\n- two\n  - three\n\nend\n"),
        ("3. three\n4. four", "3. three\n4. four\n"),
        ("1. a\n   - b\n2. c", "1. a\n  - b\n2. c\n"),
        ("```python\nif x:\n    y\n```\nafter", "if x:\n    y\n\nafter\n"),
        ("| a | b |\n|---|---|\n| 1 | *2* |\n\nend", "a\tb\n1\t2\n\nend\n"),
        ("> quoted\n> text", "quoted\ntext\n"),
        ("~~gone~~ & &amp; <b>", "gone & & <b>\n"),
        ("", ""),
    ],
)
def test_marks_go_and_words_stay(markdown: str, text: str) -> None:
    assert plain(markdown) == text
