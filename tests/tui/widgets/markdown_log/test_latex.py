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
        (r"\begin{aligned} a &= b \\[4pt] c &= d \\ \end{aligned}", "a = b\nc = d"),
        (r"\{1, 2\}", "{1, 2}"),
        (r"e^{i\pi} + x^{10} + 2^{ab\pi}", "e^(iπ) + x¹⁰ + 2^(abπ)"),
        (r"x_{max}", "xₘₐₓ"),
        (r"\theta_{MAP}", "θ_MAP"),
        (r"\|x\|_2 = |y|", "‖x‖₂ = |y|"),
        (r"\boxed{x = \dfrac{1}{2}}", "x = 1/2"),
        (r"A = \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", "A = [1, 2; 3, 4]"),
        (r"\begin{pmatrix} a \\ b \\ \end{pmatrix}^T", "(a; b)ᵀ"),
        (r"\left| \begin{array}{cc} a & b \\ c & d \end{array} \right|", "| a, b; c, d |"),
        (
            "|x| = \\begin{cases}\nx & \\text{if } x \\ge 0 \\\\\n-x & \\text{otherwise}\n\\end{cases}",
            "|x| = {x if x ≥ 0; -x otherwise}",
        ),
        (r"\begin{aligned} x &= \begin{bmatrix} 1 & 2 \end{bmatrix} \\ y &= 3 \end{aligned}", "x = [1, 2]\ny = 3"),
    ],
)
def test_simple_formulas_become_unicode(source: str, shown: str) -> None:
    assert unicode_math(source) == shown


@pytest.mark.parametrize(
    "source",
    [
        r"\begin{pmatrix} a & b \end{bmatrix}",
        r"\begin{pmatrix} a & b",
        r"\begin{tikzpicture} a \end{tikzpicture}",
        r"a \end{aligned}",
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


@pytest.mark.parametrize(
    "prose",
    [
        "Prices: $5-$10, US$ 3, A$7 (or US$).",
        "It is $10 a month, or 100 US$.",
        "Between US$10 and US$20, i.e. 18€ or 3$.",
        "Put $HOME/bin:$PATH first.",
        "$5/month vs. $10/month ($60/year), $1.5k",
    ],
)
def test_dollars_and_variables_are_kept(prose: str) -> None:
    assert drawn(prose) == [prose]


def test_formulas_beside_words_and_numbers() -> None:
    assert drawn("The $n$th of $k$-means, 3$\\times$ as much, ($x$), $2x + 1$, $5$.") == [
        "The nth of k-means, 3× as much, (x), 2x + 1, 5."
    ]
