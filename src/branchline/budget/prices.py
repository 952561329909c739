"""The list prices of models as they were published, and what a use of tokens costs by them."""

from collections.abc import Mapping
from typing import Final

from branchline.model.money import Amount

DATED: Final = "2026-11-26"
"""When this table was last compared with its sources; `[prices]` in the settings overrides it."""
WINDOW: Final = 200_000
ANSWER: Final = 32_000
"""Tokens of the longest context and of the longest answer that a turn is taken to have."""
_LIST: Final = """
claude-fable-5      10     50    1.00   12.50
claude-fable-5-1    10     50    0.25   12.50
claude-fable-5-2     8     40    0.20   10.00
claude-opus-5-5      4     20    0.20    5.00
claude-opus-5        5     25    0.50    6.25
claude-opus-4       15     75    1.50   18.75
claude-opus-4-5      5     25    0.50    6.25
claude-opus-4-6      5     25    0.50    6.25
claude-opus-4-7      5     25    0.50    6.25
claude-opus-4-8      5     25    0.50    6.25
claude-sonnet-5      2     10    0.20    2.50
claude-sonnet-5-5    2     10    0.10    2.50
claude-sonnet-4      3     15    0.30    3.75
claude-3-7-sonnet    3     15    0.30    3.75
claude-haiku-5-5     0.50   2.50 0.05    0.625
claude-haiku-4       1      5    0.10    1.25
claude-3-5-haiku     0.80   4    0.08    1.00
opus                 5     25    0.50    6.25
sonnet               3     15    0.30    3.75
haiku                1      5    0.10    1.25
gpt-6-astra         10     50    1.00   12.50
gpt-6-sol            2     10    0.20    2.50
gpt-6-luna           0.10   0.50 0.01    0.125
gpt-6.1-sol          2     10    0.10    2.50
gpt-6.1-terra        1      5    0.05    1.25
gpt-5.6              4     20    0.40    5.00
gpt-5.6-terra        2     12    0.20    2.50
gpt-5.6-luna         0.20   1.20 0.02    0.25
gpt-5.5              5     30    0.50    5.00
gpt-5.5-pro         30    180   30.00   30.00
gpt-5.4              2.50  15    0.25    2.50
gpt-5.4-mini         0.75   4.50 0.075   0.75
gpt-5.4-nano         0.20   1.25 0.02    0.20
gpt-5.4-pro         30    180   30.00   30.00
gpt-5.3              1.75  14    0.175   1.75
gpt-5.2              1.75  14    0.175   1.75
gpt-5.2-pro         21    168   21.00   21.00
gpt-5.1-codex-mini   0.25   2    0.025   0.25
gpt-5                1.25  10    0.125   1.25
gpt-5-mini           0.25   2    0.025   0.25
gpt-5-nano           0.05   0.40 0.005   0.05
gpt-5-pro           15    120   15.00   15.00
gemini-3.5-flash     1.50   9    0.15    1.50
gemini-3.1-pro       4     18    0.40    4.00
gemini-2.5-pro       2.50  15    0.25    2.50
gemini-2.5-flash     0.30   2.50 0.03    0.30
"""
"""US dollars for a million tokens: read, written, taken from a cache, put into one.

Compared row by row with what LiteLLM 1.110.2 and genai-prices 0.2.3, both on PyPI, ship. Of prices by length it is that of
a prompt of 250,000 tokens; longer ones may cost more. A name without a version has the highest price it may stand for.
"""
_KINDS: Final = ("input", "output", "cache_read", "cache_write")
Price = Mapping[str, float]
PRICES: Final[Mapping[str, Price]] = {
    name: dict(zip(_KINDS, map(float, numbers), strict=True))
    for name, *numbers in (line.split() for line in _LIST.strip().splitlines())
}
"""Beginning of a model's name -> its price; the longest that fits counts."""


def price_of(model: str, own: Mapping[str, Price] = {}, *, listed: bool = True) -> Price | None:
    """The price of a model, by the user's `own` table first (`provider/model` or `model`); None: nobody knows it."""
    bare = model.rpartition("/")[2]
    for table in (own, PRICES) if listed else (own,):
        fitting = [name for name in table if name and (model.startswith(name) or bare.startswith(name))]
        if fitting:
            return table[max(fitting, key=len)]
    return None


def cost(usage: Mapping[str, int], price: Price) -> float:
    """US dollars for a use of tokens; reasoning is written, and a cache costs what input costs where nothing is said."""
    fallback = {"reasoning": "output", "cache_read": "input", "cache_write": "input"}
    return sum(
        count * price.get(kind, price.get(fallback.get(kind, ""), 0.0)) / 1_000_000 for kind, count in usage.items()
    )


def bill(model: str, usage: Mapping[str, int], told: float, own: Mapping[str, Price]) -> float:
    """US dollars for a use of tokens: by the user's `own` table, else as it was `told`, else by the list, else nothing."""
    if not any(usage.values()):
        return told
    price = price_of(model, own, listed=False) or (None if told else price_of(model))
    return cost(usage, price) if price else told


def largest_turn(price: Price | None) -> Amount:
    """The most that one turn uses: a whole window that is put into the cache anew, and the longest answer."""
    known = price or PRICES["claude-sonnet-4"]
    return Amount(cost({"cache_write": WINDOW, "output": ANSWER}, known), WINDOW + ANSWER)
