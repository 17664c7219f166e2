"""PDF and Word files, made on the fly."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO

_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def pdf(*pages: str | bytes, bookmarks: tuple[str, ...] = ()) -> bytes:
    """A PDF with these texts, one a page (bytes are a page's content as it stands), and a bookmark to each page."""
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids: list[int] = []
    for page in pages:
        content = page if isinstance(page, bytes) else _content(page)
        packed = zlib.compress(content)
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents %d 0 R"
            b" /Resources << /Font << /F 3 0 R >> >> >>" % len(objects)
        )
        kids.append(len(objects))
    outline = len(objects) + 1
    if bookmarks:
        first, last = outline + 1, outline + len(bookmarks)
        objects.append(b"<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count %d >>" % (first, last, len(bookmarks)))
        for number, title in enumerate(bookmarks):
            after = b" /Next %d 0 R" % (first + number + 1) if first + number < last else b""
            objects.append(
                b"<< /Title (%s) /Parent %d 0 R /Dest [%d 0 R /Fit]%s >>"
                % (title.encode(), outline, kids[number], after)
            )
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R%s >>" % (b" /Outlines %d 0 R" % outline if bookmarks else b"")
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    return _assembled(objects)


def endless_pdf() -> bytes:
    """A first page of text, and a second that takes minutes: tens of millions of letters, each drawn for itself."""
    return pdf("The first page is fine.", b"BT /F 12 Tf " + b"(a) Tj " * 9_000_000 + b"ET")


def _content(text: str) -> bytes:
    shown = " T* ".join(f"({line}) Tj" for line in text.split("\n"))
    return f"BT /F 12 Tf 14 TL 50 700 Td {shown} ET".encode("latin-1")


def _assembled(objects: list[bytes]) -> bytes:
    out = BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table))
    return out.getvalue()


def docx(body: str, *, styles: str = "", notes: str = "", before: str = "") -> bytes:
    """A Word document with this XML in its body and its footnotes, with `w:` as its prefix, and `mc:`."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        names = f'xmlns:w="{_NAMESPACE}" xmlns:mc="{_COMPATIBILITY}"'
        document = f"{before}<w:document {names}><w:body>{body}</w:body></w:document>"
        archive.writestr("word/document.xml", document)
        if notes:
            archive.writestr("word/footnotes.xml", f'<w:footnotes xmlns:w="{_NAMESPACE}">{notes}</w:footnotes>')
        if styles:
            archive.writestr("word/styles.xml", f'<w:styles xmlns:w="{_NAMESPACE}">{styles}</w:styles>')
    return out.getvalue()


def paragraph(text: str, style: str = "") -> str:
    """The XML of a paragraph."""
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def zip_bomb(megabytes: int = 200) -> bytes:
    """A small Word document that unpacks to so much."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as file:
        for _ in range(megabytes):
            file.write(b" " * 1_000_000)
    return out.getvalue()
