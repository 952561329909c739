"""What work costs: money and tokens, the limits that a person sets to them, and the tiers of models."""

from collections.abc import Iterable
from typing import Final, NamedTuple

TIERS: Final = ("simple", "standard", "thinking")
"""What a task asks of a model, the least first; which models that are, the settings say."""


class Amount(NamedTuple):
    """US dollars and tokens; every token counts that was read, written or taken from a cache."""

    usd: float = 0.0
    tokens: int = 0

    def plus(self, other: "Amount") -> "Amount":
        """Both together."""
        return Amount(self.usd + other.usd, self.tokens + other.tokens)

    def minus(self, other: "Amount") -> "Amount":
        """What is left; a debt is below zero."""
        return Amount(self.usd - other.usd, self.tokens - other.tokens)

    def larger(self, other: "Amount") -> "Amount":
        """The larger of both, each in its own unit."""
        return Amount(max(self.usd, other.usd), max(self.tokens, other.tokens))


class Limit(NamedTuple):
    """The most that may be spent, in one unit or in both; None is no limit in that unit."""

    usd: float | None = None
    tokens: int | None = None

    def __bool__(self) -> bool:
        """Whether there is a limit at all."""
        return self.usd is not None or self.tokens is not None

    def __str__(self) -> str:
        """The limit as it is written in the settings and on a command line."""
        parts = [] if self.usd is None else [f"{self.usd:g}usd"]
        if self.tokens is not None:
            unit, name = next(
                (u, n) for u, n in ((1_000_000, "Mtok"), (1000, "ktok"), (1, "tok")) if not self.tokens % u
            )
            parts.append(f"{self.tokens // unit}{name}")
        return ",".join(parts) or "none"

    def over(self, amount: Amount, *, touched: bool = False) -> bool:
        """Whether an amount is more than the limit in any unit; with `touched`, as much is too much."""
        pairs = ((amount.usd, self.usd), (amount.tokens, self.tokens))
        return any(most is not None and (much > most or (touched and much == most)) for much, most in pairs)

    def words(self, amount: Amount) -> str:
        """An amount beside the limit, in the units that it limits: `0.50 of 5.00 usd`."""
        parts = [] if self.usd is None else [f"{dollars(amount.usd)} of {dollars(self.usd)} usd"]
        parts += [] if self.tokens is None else [f"{amount.tokens:,} of {self.tokens:,} tokens"]
        return ", ".join(parts)

    def plain(self, amount: Amount) -> str:
        """An amount in the units that the limit limits."""
        parts = [] if self.usd is None else [f"{dollars(amount.usd)} usd"]
        return ", ".join([*parts, *([] if self.tokens is None else [f"{amount.tokens:,} tokens"])])


def dollars(amount: float) -> str:
    """A sum of money with two decimals, and two more where that would say too little."""
    text = f"{amount:.4f}"
    return text.removesuffix("00") if amount < 1 else text[:-2]


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum."""
    found = Amount()
    for amount in amounts:
        found = found.plus(amount)
    return found
