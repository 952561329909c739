"""How the word lists are written: an entry a phrase, entries parted by commas, one text a language."""

import unicodedata
from typing import Final

LANGUAGES: Final = ("en", "de", "fr", "es", "pt", "ru", "uk", "zh", "ja", "ko", "vi")
"""The languages each list speaks; some know a few words of others."""

Lists = dict[str, str]


def phrases(lists: Lists) -> tuple[str, ...]:
    """Give the entries of all languages, each once, in the order written, also as they are typed without accents."""
    return tuple(
        dict.fromkeys(form for text in lists.values() for entry in split(text) for form in (entry, typed(entry)))
    )


def split(text: str) -> tuple[str, ...]:
    """Part one text at its commas; white space around and inside an entry is one space."""
    return tuple(entry for part in text.split(",") if (entry := " ".join(part.split())))


def words(text: str) -> frozenset[str]:
    """Part a text of single words at its spaces; each stands also as it is typed without accents."""
    return frozenset(form for word in text.split() for form in (word, typed(word)))


def typed(entry: str) -> str:
    """Give a word in Latin letters as keyboards without accents write it: `tache` for `tâche`; any other as it is."""
    bare = "".join(char for char in unicodedata.normalize("NFD", entry) if not unicodedata.combining(char))
    return bare if bare.isascii() else entry
