"""Numbers as people write them before an item or a heading: `3`, `three`, `三`, `III`; each in digits."""

_DIGITS = "一二三四五六七八九十"
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Numbers that headings write out: `Step one: Pack`."""
_ROMAN = {"I": 1, "V": 5, "X": 10}


def counted(text: str) -> str:
    """Write a number word, or a Chinese numeral up to 99, in digits; anything else stays as it is."""
    if text.lower() in WORDS:
        return str(WORDS.index(text.lower()) + 1)
    if not text or any(char not in _DIGITS for char in text):
        return text
    tens, ten, ones = text.rpartition("十")
    value = (_DIGITS.index(tens[-1]) + 1 if tens else 1) * 10 if ten else 0
    return str(value + (_DIGITS.index(ones[-1]) + 1 if ones else 0))


def numbered(mark: str) -> str:
    """Give the number that stands before an item, Roman numerals in digits too; nothing for `-` and its like."""
    if mark and set(mark) <= _ROMAN.keys():
        values = [_ROMAN[char] for char in mark]
        return str(sum(one if one >= other else -one for one, other in zip(values, [*values[1:], 0], strict=True)))
    number = counted(mark)
    return number if number.isdigit() else ""
