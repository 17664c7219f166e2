"""Each format, read to blocks with their headings and places; and what hostile files of it come to."""

from __future__ import annotations

import ast
import json
import os
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

import atlas_tui
from atlas_tui.retrieval.reading import Block, Reader, Unreadable
from atlas_tui.retrieval.reading.hypertext import read as read_html
from tests.retrieval.files import docx, endless_pdf, paragraph, pdf, zip_bomb


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.close()


def read(name: str, data: str | bytes) -> list[Block]:
    """The blocks of a file that starts no process."""
    return list(Reader().read(name, data.encode() if isinstance(data, str) else data).blocks)


def shape(blocks: list[Block]) -> list[tuple[str, str, int | None, int | None]]:
    return [(" > ".join(block.headings), block.text, block.first_line, block.last_line) for block in blocks]


def test_a_page_names_its_encoding() -> None:
    page = '<meta charset="koi8-r"><p>Привет'.encode("koi8-r")
    assert [block.text for block in read("a.html", page)] == ["Привет"]


def test_lines_are_counted_as_editors_do() -> None:
    assert shape(read("a.txt", "a\x0cb\u2028c\n\nd"))[1] == ("", "d", 3, 3)


class TestMarkdown:
    def test_paragraphs_stand_under_their_headings(self) -> None:
        text = "---\ntitle: x\n---\n# Guide\n\nHello.\n\nMore.\n\n"
        text += "Setup `it`\n-----\ntext\n\n### [Deep](x) #\nend\n# Next\n"
        assert shape(read("a.md", text)) == [
            ("", "---\ntitle: x\n---", 1, 3),
            ("Guide", "# Guide\n\nHello.", 4, 6),
            ("Guide", "More.", 8, 8),
            ("Guide > Setup it", "Setup `it`\n-----\ntext", 10, 12),
            ("Guide > Setup it > Deep", "### [Deep](x) #\nend", 14, 15),
            ("Next", "# Next", 16, 16),
        ]

    def test_a_fence_is_one_block_and_hides_headings(self) -> None:
        text = "# A\ntext\n\n```sh\n# no heading\n\nmore\n```\nafter\n~~~\nopen"
        assert shape(read("a.md", text)) == [
            ("A", "# A\ntext", 1, 2),
            ("A", "```sh\n# no heading\n\nmore\n```", 4, 8),
            ("A", "after", 9, 9),
            ("A", "~~~\nopen", 10, 11),
        ]

    @pytest.mark.parametrize(
        ("written", "title"),
        [
            ("2.32.0 (2024-05-20)\n-------", "2.32.0 (2024-05-20)"),
            ("*All* of it\n====", "All of it"),
            ("# `http.get([options][, listener])`", "http.get([options][, listener])"),
            ("# Map<K, V> <small>new</small> <!-- x -->", "Map<K, V> new"),
            ("# [![Build](a.svg)](b) [Text][ref]", "Build Text"),
        ],
    )
    def test_headings_are_what_people_read(self, written: str, title: str) -> None:
        assert [block.headings for block in read("a.md", f"{written}\n\ntext\n")] == [(title,)]

    def test_lists_and_rules_are_no_headings(self) -> None:
        assert {block.headings for block in read("a.md", "- item\n---\n\ntwo\nlines\n---\n\n***\n#hash\n")} == {()}


def test_restructured_text_tells_levels_by_their_order() -> None:
    text = "=====\nGuide\n=====\n\nHello.\n\nSetup\n-----\nDo ``it``.\n\nMore\n~~~~\n\nx\n\nUse\n---\ny\n"
    assert shape(read("a.rst", text)) == [
        ("Guide", "=====\nGuide\n=====\n\nHello.", 1, 5),
        ("Guide > Setup", "Setup\n-----\nDo ``it``.", 7, 9),
        ("Guide > Setup > More", "More\n~~~~\n\nx", 11, 14),
        ("Guide > Use", "Use\n---\ny", 16, 18),
    ]


class TestHtml:
    def test_what_is_seen_is_read(self) -> None:
        text = (
            "<html><head><title>T</title><style>p {}</style></head><body>\n<nav>Menu</nav>\n<h1>Guide</h1>\n"
            "<p>A &amp; <b>B</b>\nC<script>evil()</script>\n"
            "<h2>Setup</h2><pre>x\n  y</pre><table><tr><td>1<td>2</table>"
        )
        assert shape(read("a.html", text)) == [
            ("", "T", 1, 1),
            ("Guide", "Guide", 3, 3),
            ("Guide", "A & B C", 4, 5),
            ("Guide > Setup", "Setup", 6, 6),
            ("Guide > Setup", "x\n  y", 6, 7),
            ("Guide > Setup", "1 | 2", 7, 7),
        ]

    def test_an_element_that_never_ends_hides_nothing(self) -> None:
        assert [block.text for block in read("a.html", "<nav>Menu<p>Text")] == ["Menu", "Text"]

    def test_where_there_is_a_main_part_the_rest_is_menus(self) -> None:
        words = "These are the words of the page. " * 8
        page = f"<title>T</title><ul><li>Menu</ul><main><h1>A</h1><p>{words}</main><footer>Legal</footer>"
        assert [block.text for block in read("a.html", page)] == ["A", words.strip()]

    def test_tags_that_never_end_are_given_up(self) -> None:
        clock = iter(range(0, 1000, 6))
        with pytest.raises(Unreadable, match="given up after 20 s"):
            read_html("<a " * 200_000, lambda: float(next(clock)))

    def test_a_picture_in_a_tag_and_a_tag_of_a_million_attributes_are_passed_over(self) -> None:
        text = f'<p>one</p><img src="data:{"A" * 3_000_000}"><h1 {"a=b " * 1_000_000}>two</h1><p>three</p>'
        tracemalloc.start()
        try:
            assert [block.text for block in read("a.html", text)] == ["one", "two", "three"]
            assert tracemalloc.get_traced_memory()[1] < 100_000_000
        finally:
            tracemalloc.stop()

    def test_deep_nesting_is_no_matter(self) -> None:
        assert read("a.html", "<div><b>" * 50_000 + "deep")[0].text == "deep"


class TestCode:
    def test_python_s_definitions_are_those_of_its_own_parser(self) -> None:
        for file in Path(atlas_tui.__file__).parent.rglob("*.py"):
            text = file.read_text()
            parsed = {
                (min([node.lineno, *(each.lineno for each in node.decorator_list)]), node.name)
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            }
            found = {
                (first, block.headings[-1])
                for block in read("a.py", text)
                if block.headings
                for first in range(block.first_line or 0, (block.last_line or 0) + 1)
            }
            assert parsed <= found, file.name

    def test_a_function_has_its_decorators_comments_and_class(self) -> None:
        text = (
            '"""Module."""\nimport os\n\n\nclass A:\n    """Doc\n\ndef no(): ...\n    """\n\n    # why\n    @x\n'
            "    async def b(self,\n        c\n    ) -> None:\n        pass\n\n        return 1\n\nLIMIT = 1\n"
        )
        assert shape(read("a.py", text)) == [
            ("", '"""Module."""\nimport os', 1, 2),
            ("A", 'class A:\n    """Doc\n\ndef no(): ...\n    """', 5, 9),
            (
                "A > b",
                "    # why\n    @x\n    async def b(self,\n        c\n    ) -> None:\n        pass\n\n        return 1",
                11,
                18,
            ),
            ("", "LIMIT = 1", 20, 20),
        ]

    @pytest.mark.parametrize(
        ("name", "text", "titles"),
        [
            (
                "a.go",
                "package a\n\n// Run it\nfunc (s *S) Run(x int) {\n\tif x {\n\t}\n}\n\ntype T struct {\n}\n",
                "Run T",
            ),
            (
                "a.rs",
                "pub(crate) fn go() {\n}\n\nimpl<T> Show for A {\n    fn show(&self) {}\n}\n",
                "go Show_for_A Show_for_A/show",
            ),
            ("a.c", "static int\nf(int a,\n  int b)\n{\n}\n\nint\nmain(void)\n{\n    g();\n}\n", "main"),
            ("a.cpp", "A::A(int x) : x_(x)\n{\n}\n\nstd::vector<T> B<T>::c(int y) const\n{\n}\n", "A::A B<T>::c"),
            ("a.c", "struct a *b(int c) {\n    struct d e;\n}\nstruct f {\n    int g;\n};\n", "b f"),
            ("a.swift", "struct A: B {\n    func go() {\n    }\n}\n", "A A/go"),
            ("a.js", "A.prototype.b = function (c) {\n};\nd.e(function () {\n});\n", "A.prototype.b"),
            ("a.js", "var a = {\n  b: function () {\n  },\n  c: 1\n}\n", "b"),
            ("a.ts", "export const f = async (a: A) => {\n}\nexport class C {\n  run(a) {\n  }\n}\n", "f C C/run"),
            ("a.c", "#define X\nstatic int f(int a)\n{\n#ifdef X\n    g(a);\n#endif\n}\nvoid g(int);\n", "f"),
            ("A.java", "class A {\n    /** Doc. */\n    public int b() {\n        return c(1);\n    }\n}\n", "A A/b"),
            ("a.rb", "module M\n  def f\n    x\n  end\nend\n", "M M/f"),
            ("a.sh", "go() {\n  x\n}\n", "go"),
            ("a.sql", "CREATE TABLE IF NOT EXISTS t (\n  a int\n);\n", "t"),
        ],
    )
    def test_other_languages_by_keyword_and_indentation(self, name: str, text: str, titles: str) -> None:
        paths = ["/".join(block.headings).replace(" ", "_") for block in read(name, text) if block.headings]
        assert list(dict.fromkeys(paths)) == titles.split()

    def test_nothing_is_lost(self) -> None:
        for file in Path(atlas_tui.__file__).parent.rglob("*.py"):
            text = file.read_text()
            read_lines = "\n".join(block.text for block in read("a.py", text))
            assert [x for x in read_lines.split("\n") if x.strip()] == [x for x in text.split("\n") if x.strip()]

    @pytest.mark.parametrize("name", ["a.js", "a.py"])
    @pytest.mark.parametrize(
        "piece",
        ["/*", '"""', "(", "a ", "func ", "x\\'", '\\"', "`a\\", "a*" * 190 + "\n", "a " * 190 + "\n"],
        ids=lambda piece: repr(piece[:6]),
    )
    def test_hostile_text_takes_no_longer_than_other(self, name: str, piece: str) -> None:
        begun = time.process_time()
        read(name, piece * (1_000_000 // len(piece)))
        assert time.process_time() - begun < 3


class TestTables:
    def test_each_value_stands_under_its_column(self) -> None:
        assert shape(read("a.csv", 'name;note\nAda;"two\nlines"\n\nBob;\n')) == [
            ("", "name: Ada; note: two\nlines", 2, 3),
            ("", "name: Bob", 5, 5),
        ]

    def test_without_names_the_values_stand_alone(self) -> None:
        assert [block.text for block in read("a.csv", "1,2\n3,4\n")] == ["1 | 2", "3 | 4"]

    def test_what_is_no_table_is_text(self) -> None:
        assert read("a.csv", ",,,\n")[0].text == ",,,"
        assert read("a.csv", "just words\n\n" + "x" * 200_000 + ",y")[0].text == "just words"


class TestJson:
    def test_members_of_a_readable_file(self) -> None:
        text = json.dumps({"name": "atlas", "scripts": {"a": [1, 2]}}, indent=2)
        assert [(headings, first, last) for headings, _, first, last in shape(read("a.json", text))] == [
            ("", 1, 1),
            ("name", 2, 2),
            ("scripts", 3, 9),
        ]

    def test_one_long_line_is_taken_apart(self) -> None:
        text = json.dumps({"a": {"b": ["x" * 300, True]}, "c": "\ud800", "d": None, "e": "y" * 300})
        blocks = read("a.json", text)
        assert [block.text for block in blocks] == ["a.b: " + "x" * 300, "a.b: true", "c: \ufffd", "e: " + "y" * 300]

    def test_lines_are_records(self) -> None:
        assert shape(read("a.jsonl", '{"q": "why", "n": 1}\n\nbroken {\n')) == [
            ("", "q: why\nn: 1", 1, 1),
            ("", "broken {", 3, 3),
        ]

    @pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
    def test_bottomless_nesting_is_text(self, name: str) -> None:
        assert read(name, "[" * 200_000)

    def test_outputs_without_end_are_cut(self) -> None:
        outputs = [{"text": ["word " * 100]}] * 1000
        (code, *rest) = read(
            "a.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": "x", "outputs": outputs}]})
        )
        assert code.text == "x"
        assert sum(len(block.text) for block in rest) == 2000

    def test_a_notebook_s_cells(self) -> None:
        cells = [
            {"cell_type": "markdown", "source": ["# Title\n", "words"]},
            {"cell_type": "code", "source": "1 + 1", "outputs": [{"text": ["two"]}, {"data": {"image/png": "x"}}, 3]},
        ]
        assert [(headings, text) for headings, text, *_ in shape(read("a.ipynb", json.dumps({"cells": cells})))] == [
            ("Title > cell 1", "# Title\nwords"),
            ("Title > cell 2", "1 + 1"),
            ("Title > cell 2", "two"),
        ]
        for damaged in ("{}", "[1]", '{"cells": 3}', "["):
            with pytest.raises(Unreadable, match="no notebook"):
                read("a.ipynb", damaged)


class TestWord:
    def test_headings_tables_and_pages(self) -> None:
        styles = '<w:style w:styleId="b1"><w:name w:val="heading 1"/></w:style>'
        row = "<w:tr><w:tc>" + paragraph("a") + "</w:tc><w:tc>" + paragraph("b") + "</w:tc></w:tr>"
        turned = "<w:p><w:r><w:lastRenderedPageBreak/><w:t>two</w:t></w:r></w:p>"
        body = paragraph("Top", "b1") + paragraph("A &amp; B") + f"<w:tbl>{row}</w:tbl>" + turned
        assert [(block.headings, block.text, block.page) for block in read("a.docx", docx(body, styles=styles))] == [
            (("Top",), "Top", None),
            (("Top",), "A & B", None),
            (("Top",), "a | b", None),
            (("Top",), "two", 2),
        ]

    def test_titles_and_styles_that_are_made_from_others(self) -> None:
        styles = "".join(
            f'<w:style w:styleId="{key}"><w:name w:val="{name}"/><w:basedOn w:val="{base}"/></w:style>'
            for key, name, base in [
                ("t", "Title", ""),
                ("h1", "heading 1", "t"),
                ("own", "Ours", "h1"),
                ("o", "o", "o"),
            ]
        )
        body = paragraph("Book", "t") + paragraph("Part", "own") + paragraph("Text", "o")
        assert read("a.docx", docx(body, styles=styles))[-1].headings == ("Book", "Part")

    def test_tables_in_tables_text_boxes_and_notes(self) -> None:
        inner = "<w:tbl><w:tr><w:tc>" + paragraph("in") + "</w:tc></w:tr></w:tbl>"
        table = f"<w:tbl><w:tr><w:tc>{paragraph('a')}{inner}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"
        box = f"<mc:Choice>{paragraph('box')}</mc:Choice><mc:Fallback>{paragraph('box')}</mc:Fallback>"
        drawn = f"<mc:AlternateContent>{box}</mc:AlternateContent>"
        around = f"<w:p><w:r><w:t>before </w:t></w:r>{drawn}<w:r><w:t>after</w:t></w:r></w:p>"
        blocks = read("a.docx", docx(table + around, notes=paragraph("a note")))
        assert [block.text for block in blocks] == ["a | in | b", "box", "before after", "a note"]

    def test_a_bomb_is_not_unpacked(self) -> None:
        for megabytes in (200, 20):
            with pytest.raises(Unreadable, match=f"would unpack to {megabytes} MB: a ZIP bomb"):
                read("a.docx", zip_bomb(megabytes))

    def test_entities_are_not_expanded(self) -> None:
        laughs = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
        with pytest.raises(Unreadable, match="defines entities"):
            read("a.docx", docx(paragraph("&b;"), before=laughs))

    @pytest.mark.parametrize(
        "data",
        [b"PK\3\4 no archive", docx("<w:p>"), b"", docx("x")[:-30]],
        ids=["no archive", "no end of a paragraph", "empty", "cut off"],  # an archive's own bytes hold the time
    )
    def test_a_damaged_one_is_said_to_be(self, data: bytes) -> None:
        with pytest.raises(Unreadable, match="no Word document, or a damaged one"):
            read("a.docx", data)


class TestPdf:
    def test_pages_under_their_bookmarks(self, reader: Reader) -> None:
        reading = reader.read("a.pdf", pdf("Hello there. . . . . . . 3", "An exam-\nple.", bookmarks=("One", "Two")))
        assert [(block.headings, block.text, block.page) for block in reading.blocks] == [
            (("One",), "Hello there … 3", 1),
            (("Two",), "An example.", 2),
        ]
        assert reader.read("b.pdf", pdf("Another")).blocks[0].text == "Another"

    def test_signs_for_several_letters_are_letters(self, reader: Reader) -> None:
        (block,) = reader.read("a.pdf", pdf(rb"BT /F 12 Tf 50 700 Td (con\256guration) Tj ET")).blocks
        assert block.text == "configuration"

    def test_one_that_never_ends_is_ended_and_the_next_is_read(self) -> None:
        reader = Reader(page_seconds=1)
        reader.read("0.pdf", pdf("Hello"))  # what its process imports at first is no page's time
        reading = reader.read("a.pdf", endless_pdf())
        assert [block.text for block in reading.blocks] == ["The first page is fine."]
        assert reading.notice == "only its first 1 pages are read: a page took more than 1 s"
        reader.close()
        again = Reader()
        assert again.read("b.pdf", pdf("Another")).blocks[0].text == "Another"
        again.close()

    def test_it_ends_at_once_when_nobody_waits(self, reader: Reader) -> None:
        with pytest.raises(Unreadable, match="interrupted"):
            reader.read("a.pdf", pdf(b"BT /F 12 Tf " + b"(a) Tj " * 3_000_000 + b"ET"), lambda: True)

    @pytest.mark.parametrize(
        ("data", "reason"),
        [(b"%PDF-1.4\nrubbish", "a damaged PDF"), (pdf(b""), "a PDF without text: pictures of pages, it seems")],
    )
    def test_what_has_no_text_says_why(self, reader: Reader, data: bytes, reason: str) -> None:
        with pytest.raises(Unreadable, match=reason):
            reader.read("a.pdf", data)

    def test_its_process_ends_with_it(self, reader: Reader) -> None:
        reader.read("a.pdf", pdf("Hello"))
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        if not children.exists():
            pytest.skip("no list of processes here")
        before = children.read_text().split()
        reader.close()
        assert len(children.read_text().split()) == len(before) - 1
