"""What a planner is asked and what it says, whichever way it is reached."""

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from branchline.budget import Price, bill
from branchline.errors import PlannerError
from branchline.schema import Shape

MAX_TOKENS = 16_384
"""The longest answer that is asked for: a split of five children takes a tenth of it, the rest is room to think."""
CONNECT = 10.0
"""Seconds in which a server that can be reached at all takes up the connection."""

Turn = tuple[Literal["user", "assistant"], str]
_FENCE = re.compile(r"^[ \t]*```\w*[ \t]*\n(.*?)^[ \t]*```", re.S | re.M)


class Question(NamedTuple):
    """What is asked: `fixed` is the same for all questions of its kind, so that a provider may keep it at hand.

    `around`, which the asker adds, is what the project looks like at this moment: answers are kept for the other two alone.
    """

    fixed: str
    text: str
    around: str = ""


class Usage(NamedTuple):
    """What questions have taken: requests sent, answers that were known already, tokens, and US dollars where known."""

    requests: int = 0
    known: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    usd: float = 0.0

    def plus(self, other: "Usage") -> "Usage":
        """The sum of both."""
        return Usage(*map(operator.add, self, other))


UNUSED: Final = Usage()


class Reply(NamedTuple):
    """One answer as it was given: the text of a JSON object, one hopes."""

    text: str
    usage: Usage


Send = Callable[[Question, Shape, Sequence[Turn]], Reply]
"""One request: the question, the shape of its answer, and what was said so far. Raises PlannerError."""


class Planner(NamedTuple):
    """Who is asked; without `send` nobody is, and `why` says why not.

    `prices` are the user's own, before those of the list (`budget`); None: what is asked costs no money.
    """

    name: str
    model: str = ""
    send: Send | None = None
    why: str = ""
    prices: Mapping[str, Price] | None = None

    def billed(self, used: Usage) -> Usage:
        """What was used, with its price."""
        counts = {kind: getattr(used, kind) for kind in ("input", "output", "cache_read", "cache_write")}
        return used._replace(usd=0.0 if self.prices is None else bill(self.model, counts, used.usd, self.prices))


def spoken(question: Question, turns: Sequence[Turn]) -> list[dict[str, str]]:
    """The conversation as both HTTP dialects write it; what the project looks like stands with the question."""
    first = "\n\n".join(filter(None, (turns[0][1], question.around)))
    return [{"role": role, "content": text} for role, text in (("user", first), *turns[1:])]


def failure(cause: str, words: str, after: float = 0.0, used: Usage = UNUSED) -> PlannerError:
    """An error whose `cause` says whether to try again (`ask.AGAIN`).

    `after` is the provider's own time in seconds, `used` what the answer took that is no answer.
    """
    return PlannerError(words, cause=cause, after=after, used=used)


def value_of(text: str) -> Any:
    """The JSON object in an answer: all of it, its last fence, or from its first brace to its last; None without one."""
    fences = _FENCE.findall(text)
    braces = text[text.find("{") : text.rfind("}") + 1]
    for each in (text, *fences[-1:], braces):
        try:
            found = json.loads(each)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None
