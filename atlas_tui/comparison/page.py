"""A comparison as one page that needs nothing else: the summary, the races, and the texts side by side.

No script, no font, no picture from anywhere; the page's own policy forbids what might slip through. On a phone the
columns stand below each other, and the tables scroll by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from atlas_tui import markup
from atlas_tui.comparison.race import RaceRow
from atlas_tui.comparison.report import (
    RACE_HEAD,
    SUMMARY_HEAD,
    agreed,
    placed,
    race_cells,
    summary_cells,
    title,
)
from atlas_tui.comparison.results import Answer, Question, Results
from atlas_tui.text import clean, counted, one_line, redact

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --dim: #777; --soft: #8881; --good: #1a7f37; --bad: #c33; }
@media (prefers-color-scheme: dark) { :root { --dim: #999; --good: #4ac26b; --bad: #f77; } }
* { box-sizing: border-box; }
body { max-width: 100rem; margin: 1.5rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.3rem; } section > h2, summary > h2 { font-size: 1.1rem; overflow-wrap: anywhere; }
summary > h2 { display: inline; } summary { cursor: pointer; margin: .4rem 0; }
.dim, footer, .figures { color: var(--dim); font-size: .85rem; }
.scroll { overflow-x: auto; margin: .8rem 0; }
.race { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
.race td, .race th { border-bottom: 1px solid var(--line); padding: .3rem .7rem; text-align: right; }
.race td, .race th { white-space: nowrap; vertical-align: top; } .race .within { display: block; font-size: .8rem; }
.race .word { text-align: left; } .race td.state { white-space: normal; min-width: 6rem; }
.best { color: var(--good); font-weight: 600; } .bad { color: var(--bad); }
.bar { display: block; width: 10rem; height: .6rem; margin: .45em 0; background: var(--soft); }
.bar { border-radius: .3rem; overflow: hidden; }
.bar i { display: block; float: left; height: 100%; background: #58a; } .bar i:first-child { background: #8888; }
.texts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
.texts article { border: 1px solid var(--line); border-radius: .6rem; padding: .2rem 1rem 1rem; min-width: 0; }
.texts article > h3 { font-size: .95rem; overflow-wrap: anywhere; }
footer { margin-top: 1.5rem; }
@media (max-width: 40rem) {
  .race .head { display: none; } .race, .race tbody { display: block; } .bar { width: 100%; }
  .race tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); column-gap: 1rem; padding: .6rem 0; }
  .race tr { border-bottom: 1px solid var(--line); } .race tr:last-child { border: 0; }
  .race td { display: flex; justify-content: space-between; gap: 0 .4rem; border: 0; padding: .1rem 0; }
  .race td[data-name]::before { content: attr(data-name); color: var(--dim); }
  .race td.target, .race td.bars, .race td.state { grid-column: 1 / -1; }
  .race td.target { order: -1; font-weight: 600; white-space: normal; overflow-wrap: anywhere; }
  .race td.target::before { display: none; } .race td.state { text-align: right; }
}
.plain { white-space: pre-wrap; overflow-wrap: anywhere; }
.plain { background: var(--soft); border-radius: .6rem; padding: .8rem; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
_BEST = {2: "ttft", 3: "total", 4: "rate", 7: "cost"}
"""The cells of a race's row whose figure can be the best."""
_LEFT = {"": "bars", "target": "word target", "state": "word state"}
"""The class of a column; those without one are figures."""


def to_html(results: Results) -> str:
    """The page, light or dark as the reader's system is."""
    return "\n".join(_page(results)) + "\n"


def _page(results: Results) -> Iterator[str]:
    questions = results.questions
    name = title(questions[0].prompt) if len(questions) == 1 else f"{len(questions)} prompts"
    head = escape(f"Comparison: {name}")
    yield '<!doctype html>\n<html lang="und">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{head}</title>\n<style>{_STYLE}{markup.STYLE}</style>\n</head>\n<body>\n<h1>{head}</h1>"
    names = ", ".join(escape(one_line(target)) for target in results.targets)
    yield f'<p class="dim">{names} · {len(results.answers)} answers</p>'
    if results.unasked:
        yield f'<p class="bad">{results.unasked} answers were not asked for.</p>'
    if len(results.answers) > len(results.targets):
        yield from _table(SUMMARY_HEAD, (map(_figure, summary_cells(summary)) for summary in results.summaries))
    for question in questions:
        yield from _question(results, question, alone=len(questions) == 1)
    yield "<footer>Compared by Atlas.</footer>\n</body>\n</html>"


def _question(results: Results, question: Question, *, alone: bool) -> Iterator[str]:
    races = results.races(question)
    if not alone:
        yield f"<details><summary><h2>{escape(title(question.prompt))}</h2></summary>"
    yield f'<section>\n<p class="plain">{escape(_safe(question.prompt))}</p>'
    if question.reference is not None:
        yield f'<p class="dim">Reference answer: {escape(_safe(question.reference))}</p>'
    for number, race in enumerate(races, 1):
        if number == 2:
            yield f"<details><summary>{counted(len(races) - 1, 'more repetition')}</summary>"
        yield from _race(race)
    if len(races) > 1:
        yield "</details>"
    yield "</section>"
    if not alone:
        yield "</details>"


def _race(race: Sequence[Answer]) -> Iterator[str]:
    rows = placed(race)
    slowest = max((row.total or 0.0 for row in rows), default=0.0)
    yield from _table(("", *RACE_HEAD), (_cells(row, slowest) for row in rows))
    if len(race) > 1:
        yield f'<p class="dim">Agreement of the whole answers: {agreed(race)}</p>'
    yield '<div class="texts">'
    for answer in race:
        yield f"<article><h3>{escape(one_line(answer.target))}</h3>"
        if reasoning := answer.response.reasoning:
            yield f'<details><summary>Reasoning</summary><p class="plain">{escape(_safe(reasoning))}</p></details>'
        yield f'<div class="answer">{markup.rendered(answer.content)}</div>'
        if answer.error:
            yield f'<p class="bad">{escape(one_line(str(answer.error["message"])))}</p>'
        if answer.matches is not None:
            yield f'<p class="dim">{"holds" if answer.matches else "does not hold"} the reference answer</p>'
        yield "</article>"
    yield "</div>"


def _cells(row: RaceRow, slowest: float) -> Iterator[str]:
    yield _bar(row, slowest)
    for number, cell in enumerate(race_cells(row)):
        best = _BEST.get(number) in row.best
        yield f'<span class="best">{escape(cell)}</span>' if best else escape(cell)


def _bar(row: RaceRow, slowest: float) -> str:
    """Time to the first token, then the rest, against the slowest."""
    total, first = row.total or 0.0, row.ttft or 0.0
    if not slowest:
        return ""
    shares = (100 * min(first, total) / slowest, 100 * max(0.0, total - first) / slowest)
    return f'<span class="bar"><i style="width:{shares[0]:.1f}%"></i><i style="width:{shares[1]:.1f}%"></i></span>'


def _figure(cell: str) -> str:
    """A figure with its interval below."""
    value, opened, interval = cell.rpartition(" (") if cell.endswith(")") and " to " in cell else (cell, "", "")
    within = f'<span class="within dim">{escape(interval.removesuffix(")"))}</span>' if opened else ""
    return f"<span>{escape(value)}{within}</span>"


def _table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """On a narrow screen each row is a card, in which the names stand before the figures."""
    kinds = [f' class="{_LEFT[name]}"' if name in _LEFT else "" for name in head]
    names = [f' data-name="{escape(name)}"' if name else "" for name in head]
    yield '<div class="scroll"><table class="race">'
    yield f'<tr class="head">{"".join(f"<th{k}>{escape(name)}</th>" for k, name in zip(kinds, head, strict=True))}</tr>'
    for row in rows:
        cells = zip(kinds, names, row, strict=True)
        yield f"<tr>{''.join(f'<td{kind}{name}>{cell}</td>' for kind, name, cell in cells)}</tr>"
    yield "</table></div>"


def _safe(text: str) -> str:
    return clean(redact(text))
