"""The citations in an answer: `[n]`, the passage that it points to, and whether what is quoted stands there.

A passage is a mapping as `client.retrieve_only` gives it and the history keeps it: `content`, and `metadata` with at
least `source`.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from atlas_tui.text import counted, one_line

Document = Mapping[str, Any]

# A number in brackets; not a link `[1](…)`, a definition `[1]:` or a footnote `[^1]`.
_CITATION = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?![(:])")
_CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)|(?P<ticks>`+)[^`].*?(?P=ticks)", re.M | re.S
)
_QUOTES = [("“", "”"), ("„", "“"), ("«", "»"), ("»", "«"), ('"', '"')]
_QUOTE = re.compile("|".join(f"{left}([^{left}{right}\n]{{3,1500}}){right}" for left, right in _QUOTES))
_BLOCK_QUOTE = re.compile(r"(?:^[ ]{0,3}>[^\n]*\n?)+", re.M)
_ELLIPSIS = re.compile(r"\s*(?:\[\s*)?(?:…|\.{3,})(?:\s*\])?\s*")
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
    return Evidence(citations, tuple(_quotations(prose, citations, texts)))


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
    return re.compile(rf"(?:(?<![^\W_])|(?<=_))(?:{'|'.join(map(re.escape, stems))})\w*", re.IGNORECASE)


def _without_code(text: str) -> str:
    """The text with code blanked out, every other character at its place."""
    return _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)


def _citations(text: str, count: int) -> Iterator[Citation]:
    for match in _CITATION.finditer(text):
        for digits in re.findall(r"\d+", match[1]):
            number = int(digits)
            yield Citation(number, match.start(), match.end(), 1 <= number <= count)


def _quotations(text: str, citations: Sequence[Citation], texts: Sequence[str]) -> Iterator[Quotation]:
    blocks = [
        (match.start(), match.end(), re.sub(r"(?m)^ {0,3}> ?", "", match[0])) for match in _BLOCK_QUOTE.finditer(text)
    ]
    inline = [
        (match.start(), match.end(), next(filter(None, match.groups())))
        for match in _QUOTE.finditer(text)
        if not any(start <= match.start() < end for start, end, _ in blocks)
    ]
    found = sorted(blocks + inline)
    for at, (start, end, quoted) in enumerate(found):
        until = found[at + 1][0] if at + 1 < len(found) else len(text)
        numbers = _numbers_of(text, start, end, until, citations)
        words = _CITATION.sub("", quoted).strip()
        if numbers and len(words.split()) >= _FEWEST_WORDS:
            chosen = [texts[number - 1] for number in numbers if 1 <= number <= len(texts)]
            yield Quotation(words, start, end, numbers, any(_stands_in(words, passage) for passage in chosen))


def _numbers_of(text: str, start: int, end: int, until: int, citations: Sequence[Citation]) -> tuple[int, ...]:
    """The numbers in a quotation or, if it has none, the first ones behind it."""
    inside = tuple(each.number for each in citations if start <= each.start < end)
    if inside:
        return inside
    break_at = text.find("\n\n", end - 1)
    limit = min(until, end + _NEAR, break_at if break_at >= 0 else len(text))
    behind = [each for each in citations if end <= each.start < limit]
    # `"…" [1][2]`: brackets that stand side by side belong together.
    together: list[Citation] = []
    for each in behind:
        if together and each.start > together[-1].end and text[together[-1].end : each.start].strip():
            break
        together.append(each)
    return tuple(each.number for each in together)


def _stands_in(quoted: str, passage: str) -> bool:
    """Every part of a quotation, which may leave something out by `…`, stands in the passage, in this order."""
    at = 0
    for part in filter(None, map(_plain, _ELLIPSIS.split(quoted))):
        at = passage.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def _plain(text: str) -> str:
    """The text as it is compared: its words, without case, marks of Markdown, and what stands around a sentence."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = folded.translate(str.maketrans("“”„«»‘’‚‐‑–—", '"""""\'\'\'----'))
    words = re.sub(r"[#>|]+", " ", re.sub(r"[*_`]+", "", folded)).split()
    return " ".join(words).strip(" .,;:!?\"'")
