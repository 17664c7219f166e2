"""Documents that are ZIP archives of XML: slides, sheets, OpenDocument, electronic books."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from atlas_tui.retrieval.reading import Block, Reader, Unreadable

OFFICE = "http://schemas.openxmlformats.org"
NAMES = (
    f'xmlns="{OFFICE}/spreadsheetml/2006/main" xmlns:p="{OFFICE}/presentationml/2006/main"'
    f' xmlns:a="{OFFICE}/drawingml/2006/main" xmlns:r="{OFFICE}/officeDocument/2006/relationships"'
)
ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table", "draw")
)


def packed(parts: dict[str, str | bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def read(name: str, parts: dict[str, str | bytes]) -> list[Block]:
    return list(Reader().read(name, packed(parts)).blocks)


def shown(blocks: list[Block]) -> list[tuple[str, str, int | None]]:
    return [(" > ".join(block.headings), block.text, block.page or block.first_line) for block in blocks]


def relations(**targets: str) -> str:
    rows = "".join(
        f'<Relationship Id="{id_}" Type="{OFFICE}/officeDocument/2006/relationships/{target.split()[0]}"'
        f' Target="{target.split()[1]}"/>'
        for id_, target in targets.items()
    )
    return f'<Relationships xmlns="{OFFICE}/package/2006/relationships">{rows}</Relationships>'


def shape(text: str, kind: str = "body") -> str:
    paragraphs = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return f'<p:sp><p:nvPr><p:ph type="{kind}"/></p:nvPr><p:txBody>{paragraphs}</p:txBody></p:sp>'


def slide(*shapes: str) -> str:
    return f"<p:sld {NAMES}>{''.join(shapes)}</p:sld>"


SLIDES: dict[str, str | bytes] = {
    "ppt/presentation.xml": f'<p:presentation {NAMES}><p:sldIdLst><p:sldId r:id="b" id="256"/>'
    f'<p:sldId id="257" r:id="a"/><p:sldId id="258" r:id="gone"/></p:sldIdLst></p:presentation>',
    "ppt/_rels/presentation.xml.rels": relations(a="slide slides/slide1.xml", b="slide /ppt/slides/slide2.xml"),
    "ppt/slides/slide1.xml": slide(
        shape("Costs", "title"),
        "<a:tbl><a:tr><a:tc><a:p><a:t>Pier</a:t></a:p></a:tc><a:tc><a:p><a:t>7 million</a:t></a:p></a:tc></a:tr>"
        "</a:tbl>",
        shape("17", "sldNum"),
    ),
    "ppt/slides/slide2.xml": slide(shape("Harbour\nplan", "ctrTitle"), shape("One\nTwo")),
    "ppt/slides/_rels/slide2.xml.rels": relations(n="notesSlide ../notesSlides/notesSlide1.xml"),
    "ppt/notesSlides/notesSlide1.xml": slide(shape("Mention the storm")),
}


class TestSlides:
    def test_they_come_in_the_order_in_which_they_are_shown_with_what_the_speaker_notes(self) -> None:
        assert shown(read("a.pptx", SLIDES)) == [
            ("Harbour plan", "Harbour", 1),
            ("Harbour plan", "plan", 1),
            ("Harbour plan", "One", 1),
            ("Harbour plan", "Two", 1),
            ("Harbour plan", "Mention the storm", 1),
            ("Costs", "Costs", 2),
            ("Costs", "Pier | 7 million", 2),
        ]


class TestSheets:
    def book(self, rows: str, *, properties: str = "") -> list[Block]:
        return read(
            "a.xlsx",
            {
                "xl/workbook.xml": f'<workbook {NAMES}>{properties}<sheets><sheet name="Ships" sheetId="1" r:id="one"/>'
                '<sheet name="Chart" sheetId="2" r:id="two"/></sheets></workbook>',
                "xl/_rels/workbook.xml.rels": relations(
                    one="worksheet worksheets/sheet1.xml", two="chartsheet worksheets/chart.xml"
                ),
                "xl/worksheets/chart.xml": "no XML at all",
                "xl/worksheets/sheet1.xml": f"<worksheet {NAMES}><sheetData>{rows}</sheetData></worksheet>",
                "xl/sharedStrings.xml": f"<sst {NAMES}><si><t>Name</t></si><si><r><t>Bu</t></r><r><t>ilt</t></r></si>"
                "<si><t>鴎</t><rPh><t>かもめ</t></rPh></si></sst>",
                "xl/styles.xml": f'<styleSheet {NAMES}><numFmts><numFmt numFmtId="170" formatCode="[Red]dd/mm/yyyy"/>'
                '<numFmt numFmtId="171" formatCode="0.0 &quot;days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/>'
                '</cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/>'
                '<xf numFmtId="22"/></cellXfs></styleSheet>',
            },
        )

    HEAD = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'

    def test_each_row_stands_under_the_names_of_its_columns(self) -> None:
        rows = '<row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3"><f>A1+1</f><v>12.5</v></c></row>'
        rows += '<row r="9"><c r="B9" t="inlineStr"><is><t>long ago</t></is></c><c r="ZZZ9" t="b"><v>1</v></c></row>'
        assert shown(self.book(self.HEAD + rows)) == [
            ("Ships", "Name: 鴎; Built: 12.5", 3),
            ("Ships", "Built: long ago; TRUE", 9),
        ]

    @pytest.mark.parametrize(
        ("style", "value", "text"),
        [
            (1, "36283", "1999-05-03"),
            (2, "36283.5", "1999-05-03 12:00"),
            (4, "0.75", "18:00"),
            (3, "36283", "36283"),
            (0, "36283", "36283"),
            (1, "1e300", "1e300"),
        ],
    )
    def test_numbers_that_are_shown_as_dates_are_dates(self, style: int, value: str, text: str) -> None:
        blocks = self.book(f'{self.HEAD}<row><c r="B2" s="{style}"><v>{value}</v></c></row>')
        assert [block.text for block in blocks] == [f"Built: {text}"]

    def test_another_epoch(self) -> None:
        rows = f'{self.HEAD}<row><c r="B2" s="1"><v>34821</v></c></row>'
        assert self.book(rows, properties='<workbookPr date1904="1"/>')[0].text == "Built: 1999-05-03"

    def test_cells_far_to_the_right_take_no_memory(self) -> None:
        rows = "".join(f'<row r="{n}"><c r="ZZZ{n}"><v>{n}</v></c></row>' for n in range(2, 20_000))
        assert len(self.book(self.HEAD + rows)) == 19_998


class TestOpenDocument:
    def test_a_text(self) -> None:
        content = f"""<office:document-content {ODF}><office:body><office:text>
            <text:tracked-changes><text:p>was deleted</text:p></text:tracked-changes>
            <text:h text:outline-level="1">Manual</text:h><text:h text:outline-level="2">Winch</text:h>
            <text:p>Grease<text:s text:c="2"/>the <text:span>winch</text:span><text:line-break/>monthly.</text:p>
            <table:table table:name="T1"><table:table-row><table:table-cell><text:p>Rope</text:p></table:table-cell>
            <table:table-cell/><table:table-cell><text:p>30 m</text:p></table:table-cell></table:table-row>
            </table:table>
            <text:p>After<office:annotation><text:p>a remark</text:p></office:annotation> it.</text:p>
            </office:text></office:body></office:document-content>"""
        assert shown(read("a.odt", {"content.xml": content})) == [
            ("Manual", "Manual", None),
            ("Manual > Winch", "Winch", None),
            ("Manual > Winch", "Grease  the winch\nmonthly.", None),
            ("Manual > Winch", "Rope | 30 m", None),
            ("Manual > Winch", "After it.", None),
        ]

    def test_sheets(self) -> None:
        content = f"""<office:document-content {ODF}><table:table table:name="Crew">
            <table:table-row><table:table-cell><text:p>Name</text:p></table:table-cell>
            <table:table-cell><text:p>Role</text:p></table:table-cell></table:table-row>
            <table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>
            <table:table-row><table:table-cell table:number-columns-repeated="1"/>
            <table:table-cell><text:p>Captain</text:p><text:p>and cook</text:p></table:table-cell>
            <table:table-cell table:number-columns-repeated="16000"/></table:table-row></table:table>
            </office:document-content>"""
        parts: dict[str, str | bytes] = {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content,
        }  # fmt: skip
        assert shown(read("a.ods", parts)) == [("Crew", "Role: Captain and cook", 5)]

    def test_slides_have_numbers(self) -> None:
        page = "<draw:page><draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame></draw:page>"
        content = f"<office:document-content {ODF}>{page.format('One')}{page.format('Two')}</office:document-content>"
        assert shown(read("a.odp", {"content.xml": content})) == [("", "One", 1), ("", "Two", 2)]


class TestBooks:
    def test_pages_come_in_the_order_of_reading(self) -> None:
        package = """<package xmlns="http://www.idpf.org/2007/opf"><manifest>
            <item id="two" href="text/two%20words.xhtml" media-type="application/xhtml+xml"/>
            <item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
            <item id="gone" href="text/gone.xhtml" media-type="application/xhtml+xml"/>
            <item id="css" href="style.css" media-type="text/css"/></manifest>
            <spine><itemref idref="one"/><itemref idref="gone"/><itemref idref="css"/><itemref idref="two"/></spine>
            </package>"""
        parts: dict[str, str | bytes] = {
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/book.opf"/></rootfiles></container>',
            "OPS/book.opf": package,
            "OPS/text/one.xhtml": "<html><body><h1>Dawn</h1><p>A whale sang &amp; dived.</p></body></html>",
            "OPS/text/two words.xhtml": '<?xml version="1.0" encoding="koi8-r"?><p>Привет</p>'.encode("koi8-r"),
            "OPS/style.css": "p {}",
        }
        assert shown(read("a.epub", parts)) == [
            ("Dawn", "Dawn", None),
            ("Dawn", "A whale sang & dived.", None),
            ("", "Привет", None),
        ]


class TestHostile:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [("a.pptx", "presentation"), ("a.xlsx", "spreadsheet"), ("a.odt", "OpenDocument"), ("a.epub", "EPUB book")],
    )
    def test_what_is_none_is_said(self, name: str, kind: str) -> None:
        for data in (b"", b"text", packed({"else": "x"}), packed(SLIDES)[:-40]):
            with pytest.raises(Unreadable, match=f"^no {kind}, or a damaged one$"):
                Reader().read(name, data)

    def test_parts_that_are_much_together_are_refused(self) -> None:
        ids = [f"i{number}" for number in range(4)]
        order = "".join(f'<p:sldId r:id="{id_}"/>' for id_ in ids)
        parts: dict[str, str | bytes] = {
            "ppt/presentation.xml": f"<p:presentation {NAMES}>{order}</p:presentation>",
            "ppt/_rels/presentation.xml.rels": relations(**{id_: f"slide slides/{id_}.xml" for id_ in ids}),
            **{f"ppt/slides/{id_}.xml": f"<p:sld {NAMES}>{' ' * 26_000_000}</p:sld>" for id_ in ids},
        }
        with pytest.raises(Unreadable, match=r"^would unpack to \d+ MB: a ZIP bomb$"):
            Reader().read("a.pptx", packed(parts, zipfile.ZIP_STORED))

    def test_entities_are_refused(self) -> None:
        content = f'<!DOCTYPE x [<!ENTITY a "bbb">]><office:document-content {ODF}><text:p>&a;</text:p>'
        with pytest.raises(Unreadable, match="defines entities"):
            read("a.odt", {"content.xml": content})

    def test_a_name_of_a_column_without_end_is_cut(self) -> None:
        text = "x" * 100_000 + ",b\n" + "1,2\n" * 1000
        assert max(len(block.text) for block in Reader().read("a.csv", text.encode()).blocks) < 100
