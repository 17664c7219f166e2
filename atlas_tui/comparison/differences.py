"""Where two answers differ: passages that say the same stand beside each other, and what differs in them is marked.

Two passages are taken for the same by the words that they share, rare words counting more; the pairs that are kept
are the heaviest chain that runs down both answers (so nothing is shown twice or out of its order). Within a pair
`difflib` aligns words, and lines where it is code.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import combinations
from math import log
from typing import Literal

from atlas_tui.comparison.passages import WORD, Passage, passages

_ALIKE = 0.3
"""The share of common words, by weight, from which two passages are taken for versions of the same."""
_CODE_ALIKE = 0.02
"""Code blocks stand beside each other where nothing speaks against it."""
_COMMON = 40
"""A word that stands in more passages than this suggests nothing."""
_CANDIDATES = 8
_TELLING = 4
"""Letters from which a word tells what a text is about, in languages with short words that do not."""
_NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:[.,]\d+)*(?!\w*[.]\w)")
SpanKind = Literal["word", "number", "code"]


@dataclass(frozen=True, slots=True)
class Span:
    """What differs in a passage: characters `start` to `end` of its text."""

    start: int
    end: int
    kind: SpanKind
    """`number`: a figure for which the other answer has another one."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two passages that stand beside each other; one side is None where the other answer says nothing like it."""

    left: Passage | None
    right: Passage | None
    left_spans: tuple[Span, ...] = ()
    right_spans: tuple[Span, ...] = ()

    @property
    def same(self) -> bool:
        """No word differs."""
        return self.left is not None and self.right is not None and not (self.left_spans or self.right_spans)

    @property
    def code(self) -> bool:
        """Two versions of a code block that disagree."""
        return not self.same and self.left is not None and self.right is not None and self.left.kind == "code"

    @property
    def numbers(self) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The figures of both sides that disagree, or None."""
        found = _marked(self.left, self.left_spans), _marked(self.right, self.right_spans)
        return found if any(found) else None


@dataclass(frozen=True)
class Differences:
    """Two answers beside each other, in the order in which both are read."""

    pairs: tuple[Pair, ...]
    agreement: float
    """From 0 to 1, see `agreement`."""

    @cached_property
    def code(self) -> tuple[Pair, ...]:
        """The code blocks that disagree."""
        return tuple(pair for pair in self.pairs if pair.code)

    @cached_property
    def numbers(self) -> tuple[Pair, ...]:
        """The pairs in which numbers disagree."""
        return tuple(pair for pair in self.pairs if pair.numbers)


def differences(left: str, right: str) -> Differences:
    """Compare two answers in Markdown."""
    ours, theirs = passages(left), passages(right)
    chain = _aligned(ours, theirs)
    return Differences(tuple(_in_order(ours, theirs, chain)), agreement([left, right]))


def agreement(texts: Sequence[str]) -> float:
    """How much the answers say in the same words, from 0 (nothing) to 1 (all): the share of telling words that two
    of them have in common, on average over every two. A single answer agrees with itself."""
    bags = [_bag(text) for text in texts]
    shares = [_share(one, other) for one, other in combinations(bags, 2)]
    return sum(shares) / len(shares) if shares else 1.0


def _bag(text: str) -> Counter[str]:
    words = [word.casefold() for word in WORD.findall(text)]
    telling = [word for word in words if len(word) >= _TELLING or not word.isascii() or word[0].isdigit()]
    return Counter(telling or words)


def _share(one: Counter[str], other: Counter[str]) -> float:
    size = one.total() + other.total()
    return 2 * (one & other).total() / size if size else 1.0


# Which passages belong together


def _aligned(ours: Sequence[Passage], theirs: Sequence[Passage]) -> list[tuple[int, int]]:
    left = [frozenset(map(str.casefold, WORD.findall(passage.text))) for passage in ours]
    right = [frozenset(map(str.casefold, WORD.findall(passage.text))) for passage in theirs]
    count = Counter(word for words in (*left, *right) for word in words)
    total = len(left) + len(right)
    weight = {word: log(1 + total / times) for word, times in count.items()}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number, words in enumerate(right):
        for word in words:
            places[word].append(number)
    sizes = [sum(map(weight.__getitem__, words)) for words in right]
    twins = _twins(ours, theirs)
    blocks = [number for number, passage in enumerate(theirs) if passage.kind == "code"]
    found: list[tuple[int, int, float]] = []
    for number, (passage, words) in enumerate(zip(ours, left, strict=True)):
        shared: Counter[int] = Counter()
        for word in words:
            if len(places[word]) <= _COMMON:
                for place in places[word]:
                    shared[place] += 1
        size = sum(map(weight.__getitem__, words))
        likely = [place for place, _ in shared.most_common(_CANDIDATES)]
        for place in {*likely, *twins.get(number, ()), *(blocks if passage.kind == "code" else ())}:
            if not _comparable(passage, theirs[place]):
                continue
            common = sum(map(weight.__getitem__, words & right[place]))
            score = 2 * common / (size + sizes[place]) if size + sizes[place] else 1.0
            if passage.kind == "code":
                score = max(score, _CODE_ALIKE)
            if score >= (_CODE_ALIKE if passage.kind == "code" else _ALIKE):
                found.append((number, place, score))
    return _heaviest_chain(found)


def _twins(ours: Sequence[Passage], theirs: Sequence[Passage]) -> dict[int, tuple[int]]:
    """For each passage that stands in both answers word for word, its like: the second to the second, and so on."""
    seen: Counter[str] = Counter()
    places: dict[tuple[str, int], int] = {}
    for place, passage in enumerate(theirs):
        seen[passage.text] += 1
        places[passage.text, seen[passage.text]] = place
    seen.clear()
    twins = {}
    for number, passage in enumerate(ours):
        seen[passage.text] += 1
        place = places.get((passage.text, seen[passage.text]), -1)
        if place >= 0:
            twins[number] = (place,)
    return twins


def _comparable(one: Passage, other: Passage) -> bool:
    return one.kind == other.kind or (one.prose and other.prose)


def _heaviest_chain(candidates: list[tuple[int, int, float]]) -> list[tuple[int, int]]:
    """The pairs of the greatest weight together of which each lies below the one before, on both sides."""
    # `ends` holds, by rising right number, the chains that are not beaten by one that ends earlier and weighs more.
    ends: list[tuple[int, float, _Link | None]] = [(-1, 0.0, None)]
    for number, place, score in sorted(candidates, key=lambda each: (each[0], -each[1])):
        below = bisect_left(ends, place, key=lambda end: end[0]) - 1
        weight = ends[below][1] + score
        position = below + 1
        if position < len(ends) and ends[position][0] == place and ends[position][1] >= weight:
            continue
        stop = position
        while stop < len(ends) and ends[stop][1] <= weight:
            stop += 1
        ends[position:stop] = [(place, weight, _Link(number, place, ends[below][2]))]
    link = ends[-1][2]
    chain = []
    while link is not None:
        chain.append((link.left, link.right))
        link = link.before
    return chain[::-1]


@dataclass(frozen=True, slots=True)
class _Link:
    left: int
    right: int
    before: _Link | None


def _in_order(ours: Sequence[Passage], theirs: Sequence[Passage], chain: list[tuple[int, int]]) -> Iterator[Pair]:
    left = right = 0
    for number, place in [*chain, (len(ours), len(theirs))]:
        yield from (Pair(passage, None) for passage in ours[left:number])
        yield from (Pair(None, passage) for passage in theirs[right:place])
        if number < len(ours):
            yield _pair(ours[number], theirs[place])
        left, right = number + 1, place + 1


# What differs in them


def _pair(left: Passage, right: Passage) -> Pair:
    if left.text == right.text:
        return Pair(left, right)
    if left.kind == "code":
        return Pair(left, right, *_code_spans(left.text, right.text))
    return Pair(left, right, *_word_spans(left.text, right.text))


def _word_spans(left: str, right: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    clashing = _clashing_numbers(left), _clashing_numbers(right)
    common = Counter(value for _, value in clashing[0]) & Counter(value for _, value in clashing[1])
    numbers = [_without(found, common) for found in clashing]
    if not all(numbers):
        numbers = [[], []]
    words = [list(WORD.finditer(text)) for text in (left, right)]
    plain = [[match[0].casefold() for match in found] for found in words]
    spans: tuple[list[Span], list[Span]] = ([], [])
    matcher = SequenceMatcher(None, plain[0], plain[1], autojunk=False)
    for tag, *bounds in matcher.get_opcodes():
        if tag == "equal":
            continue
        for side in (0, 1):
            first, last = bounds[2 * side : 2 * side + 2]
            if first < last:
                spans[side].append(Span(words[side][first].start(), words[side][last - 1].end(), "word"))
    marked = [_with_numbers(spans[side], numbers[side]) for side in (0, 1)]
    return marked[0], marked[1]


def _clashing_numbers(text: str) -> list[tuple[Span, str]]:
    return [(Span(found.start(), found.end(), "number"), _value(found[0])) for found in _NUMBER.finditer(text)]


def _value(number: str) -> str:
    """A number in one form: `1,000` is 1000, `2.50` is 2.5, `3,5` is 3.5."""
    number = number.replace("−", "-")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", number):
        number = number.replace(",", "")
    elif re.fullmatch(r"-?\d{1,3}(\.\d{3}){2,}(,\d+)?", number):
        number = number.replace(".", "").replace(",", ".")
    elif number.count(",") == 1 and "." not in number:
        number = number.replace(",", ".")
    if number.count(".") == 1 and "," not in number:
        number = number.rstrip("0").rstrip(".")
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, dot, rest = digits.partition(".")
    return f"{sign}{whole.lstrip('0') or '0'}{dot}{rest}"


def _without(found: list[tuple[Span, str]], common: Counter[str]) -> list[Span]:
    left = common.copy()
    rest = []
    for span, value in found:
        if left[value] > 0:
            left[value] -= 1
        else:
            rest.append(span)
    return rest


def _with_numbers(words: Sequence[Span], numbers: Sequence[Span]) -> tuple[Span, ...]:
    """The spans of words, cut where a number has its own span."""
    spans = list(numbers)
    for word in words:
        start = word.start
        for number in numbers:
            if number.start < word.end and number.end > start:
                if start < number.start:
                    spans.append(Span(start, number.start, "word"))
                start = number.end
        if start < word.end:
            spans.append(Span(start, word.end, "word"))
    return tuple(sorted(spans, key=lambda span: span.start))


def _code_spans(left: str, right: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    lines = [text.split("\n") for text in (left, right)]
    starts = [_starts(each) for each in lines]
    plain = [[line.rstrip() for line in each] for each in lines]
    spans: tuple[list[Span], list[Span]] = ([], [])
    for tag, *bounds in SequenceMatcher(None, plain[0], plain[1]).get_opcodes():
        if tag == "equal":
            continue
        for side in (0, 1):
            for number in range(*bounds[2 * side : 2 * side + 2]):
                line = plain[side][number]
                if line.strip():
                    begin = starts[side][number]
                    indent = len(line) - len(line.lstrip())
                    spans[side].append(Span(begin + indent, begin + len(line), "code"))
    return tuple(spans[0]), tuple(spans[1])


def _starts(lines: Sequence[str]) -> list[int]:
    starts, start = [], 0
    for line in lines:
        starts.append(start)
        start += len(line) + 1
    return starts


def _marked(passage: Passage | None, spans: Sequence[Span]) -> tuple[str, ...]:
    return tuple(passage.text[span.start : span.end] for span in spans if span.kind == "number") if passage else ()
