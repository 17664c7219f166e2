"""The citations in an answer: `[n]`, the passage that it points to, and whether what is quoted stands there.

A passage is a mapping as `client.retrieve_only` gives it and the history keeps it: `content`, and `metadata` with at
least `source`.
"""

from __future__ import annotations

import os
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from atlas_tui.text import counted, one_line

Document = Mapping[str, Any]

# Numbers in brackets: `[1]`, `[1, 3]`, `[1-3]`. A definition `[1]: …` begins its line, and is matched without numbers;
# a link `[1](…)`, a footnote `[^1]` and an index `x[0]` are no citations either.
_CITATION = re.compile(
    r"^ {0,3}\[\d{1,3}\]:|"
    r"\[(?!(?<=\w\[)0\])(?:passages? )?(?P<numbers>\d{1,3}(?:\s*[-–,;]\s*\d{1,3})*)\](?!\()",
    re.IGNORECASE | re.MULTILINE,
)
_RANGE = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?")
_LONGEST_RANGE = 20
_CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)|(?P<ticks>`+)[^`].*?(?P=ticks)", re.M | re.S
)
# Lines may end in a quotation, paragraphs not. 5" are inches, and ’ in a word is an apostrophe.
_BREAK = r"\n(?![ \t]*\n)"
_QUOTE = re.compile(
    "|".join(
        f"{left}((?:[^{left}{right}\n]|{_BREAK}){{3,}}){right}"
        for left, right in ("“”", "„“", "«»", "»«", "「」", "『』")
    )
    + rf"|‘((?:[^‘’\n]|’(?=[^\W_])|{_BREAK}){{3,}})’"
    + rf'|(?<!\w)"(?=\S)((?:[^"\n]|{_BREAK}){{3,}})(?<=\S)"(?!\w)'
)
_BLOCK_QUOTE = re.compile(r"(?:^[ ]{0,3}>[^\n]*\n?)+", re.M)
_ATTRIBUTION = re.compile(r"\n[ \t]*(?:—|–|--)[^\n]*\s*\Z")
_ELLIPSIS = re.compile(r"\s*(?:\[\s*)?(?:…|\.{3,})(?:\s*\])?\s*")
_INITIAL = re.compile(r"\[(\w)\](?=\w)")
"""`[T]he`, for a "the" that has come to begin a sentence."""
_NAMED = re.compile(
    r"(?:\A|[.!?:]\s|\n)[-*\s]*\Z|\b(?:to|in|from|per|by|as|of|passages?|sources?|documents?)\s\Z", re.I
)
"""What stands before a citation that is a part of its sentence: `according to [1], "…"`, `[1] says "…"`."""
_AND = re.compile(r"[\s,;]*(?:(?:and|or|und|oder|et|ou|y|o|e)\b)?\s*", re.IGNORECASE)
_ALONE = re.compile(r"\s*(?:\[[\d ,;–-]+\][ \t]*)+\.?[ \t]*(?:\n|\Z)")
_SENTENCE_END = re.compile(r"[.!?](?=\s)|\n[ \t]*\n")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
"""Of a script in which words do not stand alone."""
_SEVERAL = 5
"""Characters of such a script that are several words."""
_ENDINGS = re.compile(r"(?:ings?|ed|es|s|ies|y|e|ly|ations?|ers?)$")
_FEWEST_WORDS = 2
"""Words in quotation marks that are a quotation; one alone is a name or a term."""
_NEAR = 240
"""Characters within which, and in the same paragraph, a citation belongs to the quotation before it."""


@dataclass(frozen=True, slots=True)
class Citation:
    """One `[n]` in an answer."""

    number: int
    start: int
    """Where its bracket, which it may share with others, begins in the answer."""
    end: int
    known: bool
    """There is such a passage."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """Text in quotation marks, or a block quote, that has a citation."""

    text: str
    start: int
    end: int
    numbers: tuple[int, ...]
    """The passages that it is said to come from."""
    verified: bool
    """It stands in one of them, word for word; case, white space and the form of quotation marks do not count."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What of an answer is cited, and how well."""

    citations: tuple[Citation, ...] = ()
    quotations: tuple[Quotation, ...] = ()

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers that are cited although there is no such passage."""
        return tuple(sorted({citation.number for citation in self.citations if not citation.known}))

    def __str__(self) -> str:
        """In a few words, for the line below an answer; empty where nothing is cited."""
        if not self.citations:
            return ""
        cited = len({citation.number for citation in self.citations if citation.known})
        parts = [f"{counted(cited, 'passage')} cited"]
        verified = sum(quotation.verified for quotation in self.quotations)
        if verified:
            parts.append(f"{counted(verified, 'quotation')} verified")
        if wrong := len(self.quotations) - verified:
            parts.append(f"{counted(wrong, 'quotation')} not found")
        if self.missing:
            parts.append(f"no passage {', '.join(f'[{number}]' for number in self.missing)}")
        return " · ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """The form of `--json` and of the export."""
        return {
            "citations": [asdict(citation) for citation in self.citations],
            "quotations": [{**asdict(each), "numbers": list(each.numbers)} for each in self.quotations],
        }


def check(answer: str, documents: Sequence[Document]) -> Evidence:
    """The citations and quotations of an answer, held against the passages that were sent with its prompt."""
    if not documents or "[" not in answer:
        return Evidence()
    prose = _without_code(answer)
    citations = tuple(_citations(prose, len(documents)))
    texts = [_plain(str(document.get("content", ""))) for document in documents]
    return Evidence(citations, tuple(_quotations(answer, prose, citations, texts)))


def context_form(answer: str, documents: Sequence[Document]) -> dict[str, Any]:
    """The `context` of `--json`: the passages that were sent and, if there are any, what the answer makes of them."""
    form: dict[str, Any] = {"documents": [dict(document) for document in documents]}
    return {**form, **check(answer, documents).to_dict()} if documents else form


def sources(documents: Sequence[Document]) -> list[str]:
    """The passages as a numbered list has them: `[1] guide.md:10-24`."""
    return [f"[{number}] {place_of(document)}" for number, document in enumerate(documents, 1)]


def cited(text: str, count: int) -> tuple[Citation, ...]:
    """The citations in a piece of an answer to which so many passages were sent; those in code are none."""
    return tuple(_citations(_without_code(text), count)) if "[" in text else ()


def place_of(document: Document, *, short: bool = False) -> str:
    """Where a passage stands, as people write it: `guide.md:10-24`, `paper.pdf, page 3`; with `short`, from this
    folder or from home, as `shown` has it."""
    metadata = document.get("metadata") or {}
    source = one_line(str(metadata.get("source", "unknown")), 200)
    source = shown(source) if short else source
    first, last, page = (metadata.get(name) for name in ("first_line", "last_line", "page"))
    if first is not None:
        return f"{source}:{first}" if last in (None, first) else f"{source}:{first}-{last}"
    return source if page is None else f"{source}, page {page}"


def shown(source: str) -> str:
    """A source as briefly as it can be found: from this folder, from home, or from the root."""
    here, home = os.getcwd(), os.path.expanduser("~").rstrip(os.sep)
    if source.startswith(here.rstrip(os.sep) + os.sep):
        source = os.path.relpath(source, here)
    elif home and source.startswith(home + os.sep):
        source = "~" + source[len(home) :]
    return one_line(source)


def found_words(document: Document) -> re.Pattern[str] | None:
    """Matches the words by which a passage was found, also with another ending than the question has; None where it
    was found by its meaning alone."""
    words = [str(word) for word in document.get("why") or () if word != "meaning"]
    stems = {_ENDINGS.sub("", word) if len(word) > 5 else word for word in words}
    if not stems:
        return None
    spaced = "|".join(re.escape(stem) for stem in stems if not _UNSPACED.search(stem))
    unspaced = "|".join(re.escape(stem) for stem in stems if _UNSPACED.search(stem))
    forms = []
    if spaced:  # at the beginning of a word, or of a part of one: name, user_name, userName
        forms.append(rf"(?:(?<![^\W_])|(?<=_)|(?-i:(?<=[a-z0-9])(?=[A-Z])))(?:{spaced})\w*")
    if unspaced:
        forms.append(f"(?:{unspaced})")
    return re.compile("|".join(forms), re.IGNORECASE)


def _without_code(text: str) -> str:
    """The text with code blanked out, every other character at its place."""
    return _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)


def _citations(text: str, count: int) -> Iterator[Citation]:
    for match in _CITATION.finditer(text):
        for each in _RANGE.finditer(match["numbers"] or ""):
            first, last = int(each[1]), int(each[2] or each[1])
            if (
                first == last or 0 < first < last <= first + _LONGEST_RANGE
            ):  # `[0-9]` and `[100-200]` are something else
                for number in range(first, last + 1):
                    yield Citation(number, match.start(), match.end(), 1 <= number <= count)


@dataclass(frozen=True, slots=True)
class _Quoted:
    """Where text is quoted, and the text."""

    start: int
    end: int
    text: str
    block: bool


def _quoted(answer: str, prose: str) -> list[_Quoted]:
    """The block quotes and the quotations in the prose, with the code in them that the prose has not."""
    found: list[_Quoted] = []
    at = 0
    for block in _BLOCK_QUOTE.finditer(prose):
        found += _inline(answer, prose, at, block.start())
        at = block.end()
        found.append(_Quoted(block.start(), at, _block_text(answer[block.start() : at]), True))
    return [*found, *_inline(answer, prose, at, len(prose))]


def _inline(answer: str, prose: str, since: int, until: int) -> Iterator[_Quoted]:
    for match in _QUOTE.finditer(prose, since, until):
        start, end = match.span(match.lastindex or 0)
        yield _Quoted(match.start(), match.end(), answer[start:end], False)


def _block_text(block: str) -> str:
    """A block quote without its marks, and without a last line that says where it is from."""
    return _ATTRIBUTION.sub("", re.sub(r"(?m)^ {0,3}> ?", "", block))


def _quotations(answer: str, prose: str, citations: Sequence[Citation], texts: Sequence[str]) -> Iterator[Quotation]:
    near = _Near(prose, citations)
    quoted = _quoted(answer, prose)
    numbers: tuple[int, ...] = ()
    made: list[Quotation] = []
    for at in reversed(range(len(quoted))):
        each = quoted[at]
        after = quoted[at + 1].start if at + 1 < len(quoted) else len(prose)
        # `"…" and "…" [1]`: what is behind the last is meant for all.
        shared = numbers if _AND.fullmatch(prose, each.end, min(after, each.end + _NEAR)) else ()
        numbers = near.inside(each) or near.behind(each, after) or shared
        said = numbers or near.before(each, quoted[at - 1].end if at else 0)
        words = _CITATION.sub("", each.text).strip()
        if said and (len(words.split()) >= _FEWEST_WORDS or len(_UNSPACED.findall(words)) >= _SEVERAL):
            chosen = [texts[number - 1] for number in said if 1 <= number <= len(texts)]
            # What looks like a citation may be a part of the passage.
            verified = any(_stands_in(form, passage) for form in {words, each.text} for passage in chosen)
            made.append(Quotation(words, each.start, each.end, said, verified))
    return reversed(made)


class _Near:
    """The citations near a place in the prose."""

    def __init__(self, prose: str, citations: Sequence[Citation]) -> None:
        self._prose = prose
        self._citations = citations
        self._starts = [each.start for each in citations]

    def inside(self, quoted: _Quoted) -> tuple[int, ...]:
        """The numbers in a quotation; in a line, those that end it."""
        found = self._between(quoted.start, quoted.end)
        if not found or (not quoted.block and self._prose[found[-1].end : quoted.end - 1].strip(" .,;:!?")):
            return ()
        return tuple(each.number for each in found)

    def behind(self, quoted: _Quoted, until: int) -> tuple[int, ...]:
        """The first numbers behind a quotation in its paragraph; behind a block quote, a paragraph of numbers alone."""
        prose, end = self._prose, quoted.end
        limit = min(until, end + _NEAR)
        break_at = prose.find("\n\n", end - 1, limit)
        found = self._together(self._between(end, limit if break_at < 0 else break_at))
        if not found and quoted.block and (alone := _ALONE.match(prose, end)):
            found = self._between(end, min(alone.end(), limit))
        return tuple(each.number for each in found)

    def before(self, quoted: _Quoted, since: int) -> tuple[int, ...]:
        """The numbers that lead to a quotation in its sentence: `according to [1], "…"`."""
        found = self._between(max(since, quoted.start - _NEAR), quoted.start)
        if not found or _SENTENCE_END.search(self._prose, found[-1].end, quoted.start):
            return ()
        start, end = found[-1].start, found[-1].end
        if not self._prose.startswith(":", end) and not _NAMED.search(self._prose[max(0, start - 20) : start]):
            return ()
        return tuple(each.number for each in found if each.start == start)

    def _between(self, start: int, end: int) -> Sequence[Citation]:
        return self._citations[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def _together(self, citations: Sequence[Citation]) -> Sequence[Citation]:
        """The first ones that stand side by side: `[1][2]`."""
        for at, (one, other) in enumerate(pairwise(citations), 1):
            if self._prose[one.end : other.start].strip():
                return citations[:at]
        return citations


def _stands_in(quoted: str, passage: str) -> bool:
    """Every part of a quotation, which may leave something out by `…`, stands in the passage, in this order."""
    at = 0
    for part in filter(None, map(_plain, _ELLIPSIS.split(_INITIAL.sub(r"\1", quoted)))):
        at = passage.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\"'“”„«»‘’‚「」『』*_`]+")
_DASHES = str.maketrans("‐‑‒–—−", "------")
_BETWEEN = re.compile(r"[#>|]+|-+(?!\d)|(?<=\w)-+")  # not the sign of a number


def _plain(text: str) -> str:
    """The text as it is compared: its words, without case, quotation marks, dashes, marks of Markdown, and what stands
    around a sentence."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_DASHES)
    return " ".join(_BETWEEN.sub(" ", _UNSEEN.sub("", folded)).split()).strip(" .,;:!?")
