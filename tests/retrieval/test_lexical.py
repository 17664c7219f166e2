"""Words: what a question is asked for, and that no identifier is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas_tui.citations import found_words
from atlas_tui.retrieval.lexical import split, terms
from atlas_tui.retrieval.library import Collection, Library
from atlas_tui.retrieval.values import Chunk, SourceState


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    library = Library(tmp_path / "library.sqlite3")
    yield library.collection("code")
    library.close()


def put(collection: Collection, **texts: str) -> None:
    collection.replace_many(
        (SourceState(name, len(text), 0, ""), [Chunk(text, "Guide > Setup" if name == "guide" else "")])
        for name, text in texts.items()
    )


def state(source: str) -> SourceState:
    return SourceState(source, 0, 0, "")


def found(collection: Collection, question: str, k: int = 10, within: list[str] | None = None) -> list[str]:
    return [
        chunk.source for chunk in collection.chunks(hit.id for hit in collection.lexical(question, k, within=within))
    ]


def asked(question: str) -> set[str]:
    return {term.match.strip('"').lower() for term in terms(question)}


def test_stop_words_are_left_out_unless_there_is_nothing_else() -> None:
    assert asked("What is the purpose of the observer?") == {"purpose", "observer"}
    assert asked("What is it?") == {"what", "is", "it"}
    assert asked("?!") == set()
    assert asked("How do I use `use` and IN?") == {"use", "in"}
    assert asked("WHAT IS THE PURPOSE") == {"purpose"}


def test_identifiers_are_asked_whole_and_in_parts() -> None:
    assert asked("StdMapObserver") == {"stdmapobserver", "std", "map", "observer"}
    assert asked("run_target") == {"run_target", "run", "target"}
    assert asked("HTTPServer") == {"httpserver", "http", "server"}
    assert split("a plain sentence, SIGNALS_PTR and getHTTPResponse2") == "get HTTP Response2"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("std map observer", "pub struct StdMapObserver {"),
        ("StdMapObserver", "let observer = std_map_observer(4)"),
        ("run_target", "fn run_target(&mut self)"),
        ("runTarget", "fn run_target(&mut self)"),
        ("is_on", "def is_on(self): ..."),
        ("foxes jumping", "the quick fox jumped"),
        ("Größe", "die GRÖSSE und die Größe"),
        ("naive", "a naïve approach"),
        ("世界", "你好世界"),
        ("数据库连接", "如何配置数据库的连接"),
        ("검색을", "문서 검색 기능"),
        ("검색", "문서를 검색했습니다"),
    ],
)
def test_what_is_meant_is_found(collection: Collection, question: str, text: str) -> None:
    put(collection, wanted=text, other="nothing that anyone asks for")
    assert found(collection, question) == ["wanted"]


@pytest.mark.parametrize(
    ("question", "text", "why"),
    [
        ("Where is getUserName?", "def getUserName(self)", ["getUserName"]),
        ("Where is getUserName?", "every user has a name", ["User", "Name"]),
        ("user_names and ids", "the ids of a user", ["ids", "user"]),
        ("东京的数据库连接在哪里", "如何配置数据库的连接", ["数据库", "连接"]),
        ("数据库", "如何配置数据库的连接", ["数据库"]),
    ],
)
def test_why_it_was_found_is_what_stands_there(
    collection: Collection, question: str, text: str, why: list[str]
) -> None:
    put(collection, one=text)
    (hit,) = collection.lexical(question, 1)
    assert sorted(collection.matched(question, [hit.id])[hit.id]) == sorted(why)
    pattern = found_words({"content": text, "why": why})
    assert pattern is not None
    assert {match[0].lower() for match in pattern.finditer(text)} == {word.lower() for word in why}


def test_headings_and_paths_count(collection: Collection) -> None:
    put(collection, guide="Unpack it.", other="Something else.", **{"src/connection_pool.rs": "fn main() {}"})
    assert found(collection, "How does setup work?") == ["guide"]
    assert found(collection, "connection pool") == ["src/connection_pool.rs"]
    assert found(collection, "ConnectionPool") == ["src/connection_pool.rs"]


def test_the_rarer_word_decides_and_all_words_are_best(collection: Collection) -> None:
    put(
        collection,
        common="alpha and text without it",
        both="alpha beside gamma in a text",
        rare="gamma and text without it",
        more="alpha once more, a text",
        **{f"other{number}": "something else" for number in range(10)},
    )
    assert found(collection, "alpha gamma")[:2] == ["both", "rare"]
    hits = collection.lexical("alpha gamma", 10)
    assert all(0 < hit.score <= 1 for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    words = collection.matched("What about gamma, or alpha?", [hit.id for hit in hits[:2]])
    assert list(words.values()) == [["gamma", "alpha"], ["gamma"]]


def test_only_the_wanted_sources(collection: Collection) -> None:
    put(collection, **dict.fromkeys(("docs/a.md", "docs/sub/b.md", "docs2/c.md", "src/d[1].py"), "the same words"))
    assert set(found(collection, "words", within=["docs"])) == {"docs/a.md", "docs/sub/b.md"}
    assert set(found(collection, "words", within=["docs/"])) == {"docs/a.md", "docs/sub/b.md"}
    assert set(found(collection, "words", within=["*.md"])) == {"docs/a.md", "docs/sub/b.md", "docs2/c.md"}
    assert found(collection, "words", within=["docs/a.md"]) == ["docs/a.md"]
    assert found(collection, "words", within=["src/d[1].py"]) == ["src/d[1].py"]
    assert set(found(collection, "words", within=["docs2", "docs/sub"])) == {"docs2/c.md", "docs/sub/b.md"}
    assert found(collection, "words", within=[]) == []
    assert found(collection, "words", within=["' OR 1 --"]) == []


HOSTILE = [
    '"',
    '" OR *',
    "NEAR(a b, 5)",
    "text: title: -place {text title} : x",
    "a AND OR NOT ^ + b*",
    "(((((",
    "'; DROP TABLE chunks; --",
    "nul \0 inside",
    "lone \ud800 surrogate \udfff",
    "\x1b[31mred\u202e",
    "%s %d {} $1 :k ?1 :collection",
    "\U0001f600 " * 50,
    "a" * 100_000,
    "many words " + " ".join(f"word{number}" for number in range(15_000)),
    "x_" * 50_000,
    "aB" * 50_000,
    "世界" * 50_000,
    "(" * 100_000,
]


@pytest.mark.parametrize("question", HOSTILE, ids=range(len(HOSTILE)))
def test_no_question_does_harm(collection: Collection, question: str) -> None:
    put(collection, one="a text with word7 in it", two="and another b")
    hits = collection.lexical(question, 5)
    assert collection.matched(question, [hit.id for hit in hits]).keys() == {hit.id for hit in hits}
    assert collection.ids() == {1, 2}


def test_the_question_under_a_pasted_page_counts(collection: Collection) -> None:
    put(collection, wanted="the flux capacitor", **{f"other{number}": f"line{number} of a log" for number in range(20)})
    page = " ".join(f"line{number} and noise{number}" for number in range(5000))
    question = f"{page}\nWhat is a flux capacitor?"
    hits = collection.lexical(question, 50)
    wanted = min(collection.ids(["wanted"]))
    assert wanted in [hit.id for hit in hits]
    assert collection.matched(question, [wanted])[wanted] == ["flux", "capacitor"]


def test_no_document_does_harm(collection: Collection) -> None:
    collection.replace_many(
        (SourceState(f"{number}\n\ud800", 0, 0, ""), [Chunk(text, text[:50])]) for number, text in enumerate(HOSTILE)
    )
    assert len(collection.ids()) == len(HOSTILE)
    assert found(collection, "inside") == ["7\n�"]
    assert found(collection, "word14999") == ["13\n�"]
    collection.remove(collection.sources())
    assert collection.lexical("word14999", 5) == []
    assert collection.ids() == set()


identifiers = st.one_of(
    st.from_regex(r"[a-z]{1,6}(_[a-z0-9]{1,6}){0,4}", fullmatch=True),
    st.from_regex(r"[A-Za-z][a-zA-Z0-9_]{0,20}", fullmatch=True),
    st.lists(st.sampled_from(["is", "The", "on", "do", "IT", "Get", "use", "HTTP", "map", "x1"]), min_size=1).flatmap(
        lambda words: st.sampled_from(["_", "", "."]).map(lambda joint: joint.join(words))
    ),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(identifiers, min_size=1, max_size=6, unique=True), st.data())
def test_an_identifier_always_finds_its_place(collection: Collection, names: list[str], data: st.DataObject) -> None:
    """Alone or in a question, with stop words in it or out of nothing else."""
    wanted = data.draw(st.sampled_from(names))
    collection.remove(collection.sources())
    put(collection, **{f"f{number}": f"fn {name}(a, b) {{ return }}" for number, name in enumerate(names)})
    place = f"f{names.index(wanted)}"
    assert place in found(collection, wanted, 100)
    assert place in found(collection, f"`{wanted}`", 100)
    assert place in found(collection, f"What does {wanted} do?", 100)
    assert place in found(collection, f"What does `{wanted}` do to numbers?", 100)


def test_much_is_ranked_as_little_would_be(collection: Collection) -> None:
    """Where a word stands in more chunks than are scored, the rarer ones lead to those that have it too."""
    texts = [Chunk(f"common text number{number} of many") for number in range(25_000)]
    texts[20_000] = Chunk("common text with a needle")
    texts[24_000] = Chunk("a needle alone, and many other things that nobody would ever want to know about")
    collection.replace(state("much"), texts)
    hits = collection.lexical("common needle text", 5)
    best = [each.chunk.text for each in collection.chunks(hit.id for hit in hits)]
    assert best[0] == texts[20_000].text
    assert best[1] == texts[24_000].text
    assert collection.chunks([collection.lexical("number17 of common", 1)[0].id])[0].chunk == texts[17]
    assert len(collection.lexical("common", 5)) == 5
    assert len(collection.lexical("common", 5, within=["much"])) == 5
    collection.replace(state("few"), [Chunk("common text"), Chunk("the needle too")])
    assert len(collection.lexical("common needle text", 5, within=["few"])) == 2
