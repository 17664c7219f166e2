"""Citations and quotations in an answer, held against the passages that were sent with the prompt."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_tui.citations import Evidence, check, place_of, sources

GUIDE = {
    "content": "Set `retries` to 3. The default is *five attempts*,\nwhich suits most servers.",
    "metadata": {"source": "guide.md", "first_line": 10, "last_line": 12},
}
PAPER = {
    "content": "Light is scattered by air: “Rayleigh scattering” grows with the fourth power.",
    "metadata": {"source": "paper.pdf", "page": 3},
}
BOTH = [GUIDE, PAPER]


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        ("So it is [1].", [1]),
        ("Both say so [1][2], and [2, 1].", [1, 2, 2, 1]),
        ("None: [x], [1a], [ 1 ], [], [1.5]", []),
        ("A link [1](https://a.example), a note [^1], a definition\n[1]: https://a.example", []),
        ("In code `a[1]` and\n```python\nb[2]\n```\nbut here [2]", [2]),
        ("A fence that never ends\n```\na[1]", []),
        ("A year [2024] is none of a thousand passages.", []),
        ("All of them [1-3], two [1–2, 2], and [Passage 2]", [1, 2, 3, 1, 2, 2, 2]),
        ("No range: [0-9] [100-200] [3-1]; no definition: as [1]: says", [1]),
        ("An index x[0] is none, [0] is a wrong one", [0]),
    ],
)
def test_what_is_a_citation(answer: str, numbers: list[int]) -> None:
    assert [citation.number for citation in check(answer, BOTH).citations] == numbers


def test_a_citation_without_a_passage_is_marked() -> None:
    evidence = check("Right [2], wrong [3] and [0].", BOTH)
    assert [citation.known for citation in evidence.citations] == [True, False, False]
    assert evidence.missing == (0, 3)
    assert str(evidence) == "1 passage cited · no passage [0], [3]"


@pytest.mark.parametrize(
    ("answer", "verified"),
    [
        ('It says "the default is five attempts" [1].', True),
        ("It says “The default is five attempts, which suits most servers.” [1]", True),
        ("Es heißt „which suits most servers“ [1].", True),
        ('"Set retries to 3 … suits most servers" [1]', True),
        ('"suits most servers ... Set retries to 3" [1]', False),
        ('"the default is six attempts" [1]', False),
        ('"the default is five attempts" [2]', False),
        ('"the default is five attempts" [2][1]', True),
        ('"the default is five attempts" [7]', False),
        ("> The default is five attempts,\n> which suits most servers. [1]", True),
        ("> The default is none\n\n[1] said so", None),
        ("> The default is five attempts\n\nAnd so on.", None),
        ('"five" [1] is one word', None),
        ('"the default is five attempts" stands nowhere', None),
        ('"quoted words here"\n\nAnother paragraph [1]', None),
        ('"Set `retries` to 3" [1]', True),
        ('"five attempts,\nwhich suits" [1] is cut by a line', True),
        ('"five attempts — which suits—most servers" [1]', False),
        ("‘The default isn’t five attempts’ [1]", False),
        ("‘set retries to 3’ [1]", True),
        ("\"by air: 'rayleigh scattering' grows\" [2]", True),
        ('"[L]ight is scattered" [2]', True),
        ('"light is [not] scattered" [2]', False),
        ('"which suits most\u00ad servers\u200b." [1]', True),
        ('Boards of 5" and 6" fit [1]', None),
        ('According to [1], "the default is five attempts".', True),
        ('[1]: "the default is six attempts"', None),
        ('So [1]: "the default is six attempts"', False),
        ('It is five [1], which the word "most servers" tells.', None),
        ("> The default is five attempts\n> — guide.md [1]", True),
        ("> The default is five attempts\n\n[1]", True),
    ],
)
def test_a_quotation_is_looked_up_where_it_is_said_to_stand(answer: str, verified: bool | None) -> None:
    quotations = check(answer, BOTH).quotations
    assert [quotation.verified for quotation in quotations] == ([] if verified is None else [verified])


def test_each_quotation_has_the_number_behind_it() -> None:
    evidence = check('First "set retries to 3" [1], then "grows with the fourth power" [2].', BOTH)
    assert [(each.numbers, each.verified) for each in evidence.quotations] == [((1,), True), ((2,), True)]
    assert str(evidence) == "2 passages cited · 2 quotations verified"


def test_a_number_is_meant_for_all_that_is_counted_up_before_it() -> None:
    evidence = check('Both "set retries to 3" and "five attempts" [1] are there, and "six of them" [1].', BOTH)
    assert [(each.numbers, each.verified) for each in evidence.quotations] == [
        ((1,), True),
        ((1,), True),
        ((1,), False),
    ]


def test_what_looks_like_a_citation_may_be_quoted() -> None:
    code = {"content": "def f(x):\n    return x[0] + x[1] - 1", "metadata": {"source": "f.py"}}
    answer = 'It has "return x[0] + x[1] - 1" [1], not "return x[0] + x[1] -2" [1].'
    assert [(each.numbers, each.verified) for each in check(answer, [code]).quotations] == [((1,), True), ((1,), False)]


def test_dashes_and_list_marks_do_not_count_and_signs_do() -> None:
    listed = {"content": "- stays below -5 degrees\n- or in 10–20 minutes — as it is", "metadata": {"source": "a.md"}}
    for words, verified in [("-5 degrees or in 10-20 minutes—as it is", True), ("stays below 5 degrees", False)]:
        (quotation,) = check(f'"{words}" [1]', [listed]).quotations
        assert quotation.verified is verified


def test_an_answer_of_nothing_but_quotations_takes_no_square_of_the_time() -> None:
    for answer in (
        '"a b" and ' * 20_000 + "[1]",
        '[1] "a b" ' * 20_000,
        "> a b\n\n[1] x\n\n" * 10_000,
        '"' * 200_000 + "[1]",
    ):
        begun = process_time()
        check(answer, BOTH)
        assert process_time() - begun < 2


def test_the_places_are_those_in_the_answer() -> None:
    answer = 'Well, "set retries to 3" [1] it is.'
    evidence = check(answer, BOTH)
    (citation,), (quotation,) = evidence.citations, evidence.quotations
    assert answer[citation.start : citation.end] == "[1]"
    assert answer[quotation.start : quotation.end] == '"set retries to 3"'


def test_without_passages_brackets_are_only_brackets() -> None:
    assert check('"the default is five attempts" [1]', []) == Evidence()
    assert str(Evidence()) == ""


def test_places() -> None:
    assert sources(BOTH) == ["[1] guide.md:10-12", "[2] paper.pdf, page 3"]
    assert place_of({"metadata": {"source": "a\x1b]0;x\x07\nb", "first_line": 4, "last_line": 4}}) == "a␛]0;x␇ b:4"
    assert place_of({}) == "unknown"


@given(st.text(alphabet='[]()0123456789,^:"“”>`~.\n aß中…', max_size=200))
def test_any_answer_can_be_checked(answer: str) -> None:
    evidence = check(answer, BOTH)
    for citation in evidence.citations:
        assert answer[citation.start] + answer[citation.end - 1] == "[]"
        assert citation.known == (citation.number in (1, 2))
    for quotation in evidence.quotations:
        assert 0 <= quotation.start < quotation.end <= len(answer)
        assert quotation.numbers
