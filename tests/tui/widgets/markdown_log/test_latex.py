"""Formulas that a line of characters can show, and those that it cannot."""

from __future__ import annotations

import pytest

from atlas_tui.tui.widgets.markdown_log.latex import unicode_math
from tests.tui.widgets.markdown_log.drawing import drawn


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("E = mc^2", "E = mc²"),
        (r"\alpha_1 + \beta_{ij}", "α₁ + βᵢⱼ"),
        (r"\frac{a}{b}", "a/b"),
        (r"\frac{a+1}{\sqrt{2\pi}}", "(a+1)/(√(2π))"),
        (r"\sqrt[3]{x}", "³√x"),
        (r"\sum_{i=1}^{n} x_i^2", "∑ᵢ₌₁ⁿ xᵢ²"),
        (r"e^{-x^2}", "e^(-x²)"),
        (r"\lim_{x \to \infty} f(x)", "lim_(x → ∞) f(x)"),
        (r"\mathbb{R}^n \subseteq \text{all of it}", "ℝⁿ ⊆ all of it"),
        (r"\left( \hat{x} \right)", "( x̂ )"),
        (r"90^\circ", "90°"),
        (r"\sin x \cdot \log y", "sin x · log y"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a = b\nc = d"),
        (r"\{1, 2\}", "{1, 2}"),
    ],
)
def test_simple_formulas_become_unicode(source: str, shown: str) -> None:
    assert unicode_math(source) == shown


@pytest.mark.parametrize(
    "source",
    [
        r"\begin{pmatrix} a & b \end{pmatrix}",
        r"\unknown{x}",
        r"\frac{a",
        "x^",
        "}",
        "{" * 500,
        "x" * 3_000,
        r"\sqrt[",
        "\\",
    ],
)
def test_what_a_line_cannot_show_stays_source(source: str) -> None:
    assert unicode_math(source) is None


def test_formulas_in_text_and_apart() -> None:
    assert drawn("So $a_1 \\le 2$ and \\(x^2\\), not $5 or $6.") == ["So a₁ ≤ 2 and x², not $5 or $6."]
    assert drawn("\\[\nE = mc^2\n\\]\n\n$$\n\\cases{x}\n$$") == ["  E = mc²", "", " \\cases{x}"]
    assert drawn("A list \\[like this\\] and \\(these\\).") == ["A list [like this] and (these)."]
    assert drawn("It is $$x^2$$ then") == ["It is", "x²", "then"]
