"""A set for `benchmarks.ranking` that needs no data: what docstrings of Python's standard library say, to be found in
the code that they stood in.

All docstrings are taken out of some hundred modules, which then go the way of every document: reader, chunks, library.
The question is the first sentence of a function's docstring without the words of its name; the chunks that hold the
function's lines answer it. Nothing was ever tuned on it. The same Python always gives the same set, another version one
that is much like it.
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from atlas_tui.retrieval.chunking import chunk
from atlas_tui.retrieval.reading import Reader
from atlas_tui.retrieval.values import Chunk

_CHUNKS = 2500
_QUESTIONS = 400
_OTHERS = {"site-packages", "test", "tests", "idlelib", "lib2to3", "turtledemo", "ensurepip", "pydoc_data", "encodings"}
_FEWEST_WORDS = 5
"""Of a question, of three letters at least."""
_FEWEST_LINES = 4
"""Of a function, without its docstring."""
_SENTENCE = re.compile(r"(.+?)(?:[.:;](?=\s)|\n\s*\n|\Z)", re.S)
_WORD = re.compile(r"[A-Za-z]{3}")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@dataclass(frozen=True)
class Function:
    """What is asked for: a question, and the lines that answer it."""

    question: str
    first_line: int
    last_line: int


def collect() -> tuple[dict[str, list[Chunk]], list[tuple[str, set[str]]]]:
    """The chunks of each module, and the questions with the names (`name`) of the chunks that answer them."""
    root = Path(sysconfig.get_path("stdlib"))
    files = {file.relative_to(root).as_posix(): file for file in root.rglob("*.py")}
    chunks: dict[str, list[Chunk]] = {}
    asked: list[tuple[str, set[str]]] = []
    reader, total = Reader(), 0
    for source in sorted(files, key=_order):
        if total >= _CHUNKS:
            break
        if _OTHERS.intersection(source.split("/")):
            continue
        text, functions = without_docstrings(files[source].read_text("utf-8", errors="replace"))
        made = chunk(reader.read(source, text.encode()).blocks)
        if made:
            chunks[source] = made
            total += len(made)
            asked += [(each.question, _answers(source, made, each)) for each in functions]
    times = Counter(question for question, _ in asked)
    once = sorted((each for each in asked if times[each[0]] == 1), key=lambda each: _order(each[0]))
    return chunks, once[:_QUESTIONS]


def name(source: str, first_line: int | None) -> str:
    """What a chunk is called among the answers."""
    return f"{source}:{first_line}"


def without_docstrings(text: str) -> tuple[str, list[Function]]:
    """A module's text without any docstring, and those of its functions that say enough and do enough."""
    lines = text.split("\n")
    gone: set[int] = set()
    described: list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]] = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        docstring = ast.get_docstring(node)
        if docstring is None:
            continue
        at = node.body[0]
        gone.update(range(at.lineno, (at.end_lineno or at.lineno) + 1))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and at.lineno > node.lineno:
            described.append((node, docstring))
    kept = [line for number, line in enumerate(lines, 1) if number not in gone]

    def moved(line: int) -> int:
        return line - sum(1 for number in gone if number < line)

    functions = []
    for node, docstring in described:
        first, last = node.lineno, node.end_lineno or node.lineno
        question = _question(docstring, node.name)
        if question and moved(last + 1) - moved(first) >= _FEWEST_LINES and first not in gone:
            functions.append(Function(question, moved(first), moved(last + 1) - 1))
    return "\n".join(kept), functions


def _question(docstring: str, called: str) -> str:
    """The first sentence without the words of the function's name; nothing where too little is left."""
    found = _SENTENCE.match(docstring.strip())
    sentence = " ".join(found[1].split()) if found else ""
    named = {part.lower() for part in _PARTS.findall(called)} | {called.lower()}
    words = [word for word in sentence.split() if not _is_named(word, named)]
    told = sum(1 for word in words if _WORD.search(word))
    return " ".join(words) if told >= _FEWEST_WORDS and "=" not in sentence and ">>>" not in sentence else ""


def _is_named(word: str, named: set[str]) -> bool:
    """Whether a word is one of the name's, in whatever form: `parses` of `parse_args`."""
    parts = [part.lower() for part in _PARTS.findall(word)]
    return any(part == each or (len(each) > 3 and part.startswith(each)) for part in parts for each in named)


def _answers(source: str, made: list[Chunk], function: Function) -> set[str]:
    return {name(source, each.first_line) for each in made if _overlaps(each, function)}


def _overlaps(made: Chunk, function: Function) -> bool:
    first, last = made.first_line, made.last_line
    return first is not None and last is not None and first <= function.last_line and last >= function.first_line


def _order(text: str) -> int:
    """The same everywhere, and none of anybody's choosing."""
    return crc32(text.encode())


def shown(count: int = 10) -> Iterator[str]:
    """Some of the questions, with what answers them."""
    for question, answers in collect()[1][:count]:
        yield f"{question}  ->  {', '.join(sorted(answers))}"


if __name__ == "__main__":
    print("\n".join(shown()))
