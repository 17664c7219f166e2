"""A conversation as one page that needs nothing else: no script, no font, no picture from anywhere; the page's own
policy forbids whatever might slip through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from atlas_tui import markup
from atlas_tui.citations import place_of
from atlas_tui.store.summary import figures, remark, target_of
from atlas_tui.store.values import Conversation, StoredResponse
from atlas_tui.text import clean, one_line, redact

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --dim: #777; --soft: #8881; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.55 system-ui, sans-serif; }
header p, footer, .figures, summary { color: var(--dim); font-size: .85rem; }
article { margin: 1.5rem 0; }
article > h2:first-child { font-size: .85rem; margin: 0 0 .4rem; color: var(--dim); }
@media (prefers-color-scheme: dark) { :root { --dim: #999; } }
.prompt { background: var(--soft); border-radius: .6rem; padding: .8rem 1rem; }
.plain { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; font: inherit; }
.remark { border-left: .2rem solid #c63; padding-left: .6rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


def to_html(conversation: Conversation) -> str:
    """The conversation as one self-contained page, light or dark as the reader's system is."""
    return "\n".join(_page(conversation)) + "\n"


def _page(conversation: Conversation) -> Iterator[str]:
    info = conversation.info
    title = escape(one_line(info.title, 200))
    yield '<!doctype html>\n<html lang="und">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{title}</title>\n<style>{_STYLE}{markup.STYLE}</style>\n</head>\n<body>"
    cost = str(info.cost) if info.cost.known else "cost unknown"
    yield f"<header><h1>{title}</h1><p>{info.created:%Y-%m-%d %H:%M} UTC · {escape(cost)}</p></header>"
    if conversation.system_prompt:
        yield f"<article><h2>System prompt</h2>{_plain(conversation.system_prompt)}</article>"
    for turn in conversation.turns:
        yield f'<article class="prompt"><h2>You</h2>{_plain(turn.prompt)}{_sources(turn.documents)}</article>'
        for number, stored in enumerate(turn.responses, 1):
            of = f" ({number} of {len(turn.responses)})" if len(turn.responses) > 1 else ""
            yield _answer(stored, of, turn.documents)
    yield "<footer>Exported from Atlas.</footer>\n</body>\n</html>"


def _answer(stored: StoredResponse, of: str, documents: Sequence[Any]) -> str:
    response = stored.response
    parts = [f"<article><h2>{escape(target_of(response))}{of}</h2>"]
    if response.reasoning:
        parts.append(f"<details><summary>Reasoning</summary>{_plain(response.reasoning)}</details>")
    parts.append(f'<div class="answer">{markup.rendered(response.content)}</div>')
    if said := remark(stored):
        parts.append(f'<p class="remark">{escape(said)}</p>')
    parts.append(f'<p class="figures">{escape(figures(response, documents))}</p></article>')
    return "\n".join(parts)


def _plain(text: str) -> str:
    return f'<p class="plain">{escape(clean(redact(text)))}</p>'


def _sources(documents: Sequence[Any]) -> str:
    items = "".join(f"<li>{escape(place_of(each))}{_plain(str(each.get('content', '')))}</li>" for each in documents)
    return f'<details><summary>Sources</summary><ol class="sources">{items}</ol></details>' if items else ""
