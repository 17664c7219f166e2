"""Other languages than English: a word is found by its stem."""

from __future__ import annotations

import pytest

from atlas_tui.retrieval.languages import marks, stems
from atlas_tui.retrieval.library import Collection
from tests.retrieval.shelf import put, texts

TEXTS = {
    "german": ("Die Häuser stehen in den Straßen der Stadt und werden nicht verkauft.", "Haus Strasse Stadt"),
    "french": ("Les fichiers sont dans le dossier, et il faut changer les réglages.", "fichier réglage dossiers"),
    "spanish": ("Los archivos están en la carpeta, y hay que cambiar los ajustes.", "archivo ajuste carpetas"),
    "italian": ("Le impostazioni sono nella cartella che non è stata trovata.", "impostazione cartelle trovato"),
    "portuguese": ("Os ficheiros estão na pasta e não foram encontrados pelo programa.", "ficheiro encontrado"),
    "dutch": ("De bestanden zijn niet gevonden en het programma wordt gesloten.", "bestand programma's"),
    "swedish": ("Filerna är inte i mappen och det går inte att ändra inställningarna.", "filer inställning"),
    "danish": ("Filerne er ikke i mappen, og det kan man ikke ændre efter installationen.", "fil installationer"),
    "norwegian": ("Filene er ikke i mappen, og det kan ikke endres etter installasjonen.", "filer installasjon"),
    "finnish": ("Tiedostot ovat kansiossa, ja asetuksia voi muuttaa jos se on auki.", "tiedosto kansio"),
    "russian": ("Настройки хранятся в файлах. Чтобы изменить их, откройте файл и найдите строку.", "настройка строки"),
    "polish": ("Ustawienia są w pliku, którego nie można otworzyć przez program.", "pliki ustawień"),
    "czech": ("Soubory jsou ve složce, která není přístupná, ale je možné ji změnit.", "soubor složka"),
    "hungarian": ("A fájlokat nem lehet megnyitni, mert az egy másik mappában van.", "fájl mappa"),
    "romanian": ("Fișierele sunt în dosar și nu pot fi deschise din program.", "fișier dosare"),
    "turkish": ("Dosyalar bu klasörde değil ve bir program için gerekli.", "dosya klasör"),
    "greek": ("Τα αρχεία είναι στον φάκελο και δεν μπορεί να τα δει το πρόγραμμα.", "αρχείο φάκελος"),
}


def found(collection: Collection, question: str) -> list[str]:
    return texts(collection, [hit.id for hit in collection.lexical(question, 5)])


def test_each_language_is_known_and_its_words_are_found_in_other_forms(collection: Collection) -> None:
    for language, (text, _) in TEXTS.items():
        assert stems(text)[0] == marks()[language], language
        put(collection, f"{language}.md", [text])
    for text, words in TEXTS.values():
        for word in words.split():
            assert text in found(collection, word), word


def test_what_was_found_is_told_in_the_words_of_the_question(collection: Collection) -> None:
    put(collection, "a.md", [TEXTS["german"][0]])
    (hit,) = collection.lexical("Welches Haus in der Strasse?", 5)
    assert collection.matched("Welches Haus, Strasse 7?", [hit.id]) == {hit.id: ["Haus", "Strasse"]}


def test_a_few_chunks_of_another_language_do_not_come_first_for_words_of_english(collection: Collection) -> None:
    put(collection, "de.md", ["Der Server und die Version werden nicht von dem System erkannt."])
    put(collection, "en.md", [f"The server of system {n} has a version that is not known." for n in range(9)])
    put(collection, "wanted.md", ["The version of the server: which server version it is, the system can tell."])
    assert found(collection, "server version of the system")[0].startswith("The version of the server")


def test_what_is_replaced_is_found_no_more(collection: Collection) -> None:
    put(collection, "a.md", [TEXTS["german"][0]])
    put(collection, "a.md", ["Nothing of the kind is to be found in it."])
    assert found(collection, "Haus") == []


@pytest.mark.parametrize(
    "text",
    [
        "The die is cast, and on the whole it is not an error of the user.",
        "def read(self, path: str) -> None:\n    for line in open(path):\n        del self.des[line]",
        "Zürich, Málaga, São Paulo and Århus are cities that can be seen on this map.",
        "| de | fr |\n| --- | --- |\n| 1 | 2 |",
        "",
        "設定は設定ファイルで変更できます。",
    ],
)
def test_what_is_english_code_or_unknown_has_no_stems(text: str) -> None:
    assert stems(text) == []


def test_a_chunk_that_has_the_marks_itself_does_no_harm(collection: Collection) -> None:
    put(collection, "a.md", [f'The {mark}haus of {mark} "\x00 OR' for mark in marks().values()])
    assert found(collection, "Haus \ue001haus") != []
    assert found(collection, '"') == []


def test_a_word_without_end_is_no_word(collection: Collection) -> None:
    text = f"Die Häuser und das {'ä' * 100_000} werden nicht verkauft."
    assert max(map(len, stems(text))) < 50
    put(collection, "a.md", [text])
    assert found(collection, "ä" * 100_000) == [text]
