"""Words of other languages than English by their stems: `Häuser` is found where `Haus` is asked for.

The full-text index itself knows the endings of English alone. So a chunk in one of these languages is given the stems
of its words besides, each behind a letter that stands for the language and in no text, and a question the same.
Stems are Snowball's, as the package PyStemmer has them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST, _LONGEST = 3, 40
"""Letters of a word that may have an ending."""
_ENOUGH, _ENOUGH_SHARE = 2, 0.04
"""Frequent words of a language, and their share of a chunk's different words, that make it one of that language, if it
has fewer of every other."""
_PRIVATE = 0xE000
"""The first letter of the area that Unicode leaves to private use: the index takes it for one."""
_FREQUENT = {
    "": "the of and to in is that for it with as on are be this was or by from at an not you your if we can which has",
    "german": "der die das und ist nicht ein eine einen mit den dem des von für auf sich auch werden wird sie im zu",
    "french": "le la les des est une dans pour que qui ne pas sur avec par plus sont ce cette vous nous être du au aux",
    "spanish": "el los las una que para con por está son se del como más pero este esta es al lo su sus si hay muy",
    "italian": "il gli che di è per una con non sono della nel questo questa più come anche si dei delle alla ha lo",
    "portuguese": "os as um uma que não para com por são da do dos das em no na mais como este esta ao pelo você é",
    "dutch": "het een van en niet dat voor met zijn op aan wordt worden ook naar bij deze dit kan er maar uit om ze",
    "swedish": "och att det som en är av för med den till inte ett kan om från har på vid eller när så de du",
    "danish": "og at det som en er af for med den til ikke et kan om fra har på ved eller når efter",
    "norwegian": "og at det som en er av for med den til ikke et kan om fra har på ved eller når etter",
    "finnish": "ja on ei että se ovat joka kun tai mutta myös voi sen olla hän niin kuin jos tämä mukaan ole",
    "russian": "и в не на что с по для это как от из к но или при все его быть если вы так есть может",
    "polish": "nie się na że jest do to jak po od dla przez są oraz lub przy jego który może być tym tylko także ze",
    "czech": "se na je že to pro jako ale při která který jsou nebo být jeho také podle jen není od až byl tak může",
    "hungarian": "az és hogy nem egy is ez csak van meg vagy már mint kell ha még el de lehet amely ezt azt volt",
    "romanian": "și este nu în pentru care cu sunt din pe mai sau fi al ale această acest prin după fost dar se ca",
    "turkish": "ve bir bu için ile olarak da de daha olan gibi çok ne var değil ama veya kadar sonra en her o ya",
    "greek": "και το να του την της με για είναι από που στο ένα δεν τα των στην θα ή ως σε οι αν τον",
}
"""Words that stand in nearly every text. English is there to be told apart."""
_LANGUAGES: dict[str, list[str]] = {}
for _language, _words in _FREQUENT.items():
    for _each in _words.split():
        _LANGUAGES.setdefault(_each, []).append(_language)
_MARKS = {language: chr(_PRIVATE + place) for place, language in enumerate(_FREQUENT) if language}


def stems(text: str) -> list[str]:
    """The stems of a chunk's words, each once, and the mark of its language; none where that is English or unknown."""
    text = text.lower()
    language = _most_frequent(set(text.split()))
    if not language:
        return []
    words = {word for word in _WORD.findall(text) if _SHORTEST <= len(word) <= _LONGEST}
    return [_MARKS[language], *_marked(list(words), language)]


def asked(word: str, languages: Iterable[str]) -> list[str]:
    """What `stems` has given chunks in these languages for the word of a question."""
    word = word.lower()
    if not (_SHORTEST <= len(word) <= _LONGEST and _WORD.fullmatch(word)):
        return []
    return [stem for each in languages for stem in _marked([word], each)]


def marks() -> dict[str, str]:
    """The mark that every chunk in a language has, by language."""
    return _MARKS


def _most_frequent(words: set[str]) -> str:
    """The language of which most of these words are; empty for English, and where two have as many."""
    counts = Counter(language for word in words & _LANGUAGES.keys() for language in _LANGUAGES[word])
    (language, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return language if most >= max(_ENOUGH, _ENOUGH_SHARE * len(words)) and most > next_most else ""


def _marked(words: list[str], language: str) -> list[str]:
    from Stemmer import Stemmer  # type: ignore[import-not-found]

    return [_MARKS[language] + stem for stem in dict.fromkeys(Stemmer(language).stemWords(words))]
