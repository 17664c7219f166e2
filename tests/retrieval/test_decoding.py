"""Bytes become the text that somebody wrote, whatever wrote them."""

from __future__ import annotations

import pytest

from atlas_tui.retrieval.reading import Unreadable
from atlas_tui.retrieval.reading.decoding import decode


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_all_give_the_same_text(encoding: str) -> None:
    text = "Zwölf Boxkämpfer jagen Viktor.\r\nNaïve café"
    assert decode(text.encode(encoding)) == text.replace("\r\n", "\n")


def test_a_few_bad_bytes_do_not_spoil_the_rest() -> None:
    text = decode("Größe über alles ".encode() + b"\xff\xfe\x80 ende")
    assert text.startswith("Größe über alles \ufffd")
    assert text.endswith(" ende")


@pytest.mark.parametrize(
    ("text", "encodings"),
    [
        ("これは日本語のテキストです。検索できるはずです。東京都", "shift-jis euc-jp iso2022-jp"),
        ("设置文件中的超时时间。北京的天气很好，我们去公园散步吧", "gbk gb18030"),
        ("這是中文文本。應該可以搜尋。臺北的天氣很好", "big5"),
        ("이것은 한국어 텍스트입니다. 검색할 수 있어야 합니다", "euc-kr"),
        ("Это русский текст. Его можно найти, Москва", "cp1251 koi8-r"),
        ("Αυτό είναι ελληνικό κείμενο. Ο καιρός", "cp1253 iso8859-7"),
        ("Größe über alles: 25°C ± 3°, «été», Straße", "cp1252"),
        (
            "Die Größe der Brücke über die Straße wurde geändert. Schlüssel fehlen natürlich",
            "cp850",
        ),
        ("Książka została odłożona na półkę. Proszę podać nazwę pliku, który ma być usunięty", "cp1250 iso8859-2"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy, což není možné", "cp1250 iso8859-2"),
        ("Şimdi değiştirilen dosyaları gösterir, çıkış için tuşa basın", "cp1254"),
        ("זהו טקסט בעברית. אפשר למצוא אותו בחיפוש", "cp1255"),
        ("هذا نص باللغة العربية. يمكن العثور عليه بالبحث", "cp1256"),
        ("นี่คือข้อความภาษาไทย สามารถค้นหาได้", "cp874"),
    ],
)
def test_other_scripts_are_known_by_what_they_give(text: str, encodings: str) -> None:
    for around in ("", "Some words of English before it, "):
        for encoding in [*encodings.split(), "utf-16"]:
            assert decode(f"{around}{text}\n".encode(encoding)) == f"{around}{text}\n", encoding


@pytest.mark.parametrize(
    "text",
    ["25 °C", "“It’s late,” she said. – ‘Yes.’ …", "© 2020 José’s café in Zürich: £5, €9.99", "½ cup, ×3 § 4"],
)
def test_a_few_signs_between_words_are_western(text: str) -> None:
    assert decode(f"The quick brown fox.\n{text}\n".encode("cp1252")).endswith(f"{text}\n")


def test_one_line_without_end_is_looked_at_where_it_is_foreign() -> None:
    data = b"word " * 1_000_000 + "Это русский текст. Его можно найти".encode("cp1251")
    assert decode(data).endswith("Это русский текст. Его можно найти")


@pytest.mark.parametrize("data", [b"\x7fELF\0\0\1", bytes(range(256)) * 40, b"text" + b"\0" * 20])
def test_what_is_no_text_is_binary(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^binary$"):
        decode(data)
