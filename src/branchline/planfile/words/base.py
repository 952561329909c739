"""How the word lists are written: an entry a phrase, entries parted by commas, one text a language."""

from typing import Final

LANGUAGES: Final = ("en", "de", "fr", "es", "pt", "ru", "uk", "zh", "ja", "ko", "vi")
"""The languages each list speaks; some know a few words of others."""

Lists = dict[str, str]


def phrases(lists: Lists) -> tuple[str, ...]:
    """Give the entries of all languages, each once, in the order written."""
    return tuple(dict.fromkeys(entry for text in lists.values() for entry in split(text)))


def split(text: str) -> tuple[str, ...]:
    """Part one text at its commas; white space around and inside an entry is one space."""
    return tuple(entry for part in text.split(",") if (entry := " ".join(part.split())))


def words(text: str) -> frozenset[str]:
    """Part a text of single words at its spaces."""
    return frozenset(text.split())
