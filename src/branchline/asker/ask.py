"""Asking until the answer is right: errors go back to the model twice, and a provider that is busy is asked again."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

from branchline.asker.answers import Answers
from branchline.asker.talk import Planner, Question, Reply, Turn, Usage, failure, value_of
from branchline.errors import InputError, PlannerError
from branchline.files import canonical, digest
from branchline.prompts import one_line, render
from branchline.schema import Shape

REPAIRS: Final = 2
"""How often errors go back to the model (DESIGN, section 7)."""
TRIES: Final = 3
AGAIN: Final = frozenset({"network", "timeout", "busy", "rate_limited"})
"""Causes of a failure that another try may mend; nothing but these says anything about the next question."""
_PAUSE: Final = 1.0
_LONGEST: Final = 60.0
"""Seconds that one pause may last; a provider that wants more is not waited for."""

Check = Callable[[Any], Sequence[str]]
"""What is wrong with an answer of the right shape; nothing when all is well."""


def _nothing(_: Any) -> Sequence[str]:
    return ()


class Asker:
    """One planner, the answers that are known, and the meter of what was asked.

    `around` tells what the project looks like; it is called once, before the first request.
    """

    def __init__(
        self,
        planner: Planner,
        answers: Answers,
        sleep: Callable[[float], None],
        dice: Callable[[], float],
        around: Callable[[], str] = str,
    ) -> None:
        self.planner, self.answers = planner, answers
        self.usage = Usage()
        self._sleep, self._dice = sleep, dice
        self._around = functools.cache(around)

    def ask(self, question: Question, shape: Shape, check: Check = _nothing) -> Any:
        """Ask one question and return its answer, valid and checked.

        An answer that is known costs no request. Raises PlannerError whose `cause` is that of the last try, or `invalid`
        when the answer is still wrong after two repairs.
        """
        key = self._key(question, shape)
        known = self.answers.get(key)
        if known is not None and not isinstance(found := _read(known, shape, check), list):
            self.usage = self.usage._replace(known=self.usage.known + 1)
            return found
        turns: list[Turn] = [("user", question.text)]
        faults: list[str] = []
        for _ in range(REPAIRS + 1):
            reply = self._send(question, shape, turns)
            found = _read(value_of(reply.text), shape, check)
            if not isinstance(found, list):
                self.answers.put(key, found)
                return found
            faults = found
            repair = render({"faults": faults}, "planner_repair.md.j2")
            turns += [("assistant", reply.text.strip() or "(nothing)"), ("user", repair)]
        words = one_line("; ".join(faults[:3]), 600)
        raise failure("invalid", f"its answer was still wrong after {REPAIRS} repairs: {words}")

    def _key(self, question: Question, shape: Shape) -> str:
        asked = [self.planner.name, self.planner.model, question.fixed, question.text, shape.schema]
        return digest(canonical(asked).encode("utf-8", "surrogatepass"))

    def _send(self, question: Question, shape: Shape, turns: Sequence[Turn]) -> Reply:
        """Send one request, again with a pause that doubles while the provider is busy."""
        if self.planner.send is None:
            raise failure("credentials", self.planner.why)
        question = question._replace(around=self._around())
        tried = 0
        while True:
            tried += 1
            self.usage = self.usage._replace(requests=self.usage.requests + 1)
            try:
                reply = self.planner.send(question, shape, turns)
            except PlannerError as error:
                self.usage = self.usage.plus(self.planner.billed(error.details["used"]))
                pause = max(error.details["after"], _PAUSE * 2 ** (tried - 1) * (0.5 + self._dice() / 2))
                if error.details["cause"] not in AGAIN or tried == TRIES or pause > _LONGEST:
                    raise
                self._sleep(pause)
            else:
                self.usage = self.usage.plus(self.planner.billed(reply.usage))
                return reply


def _read(value: Any, shape: Shape, check: Check) -> Any:
    """The answer, or the list of what is wrong with it."""
    try:
        answer = shape.read(value)
    except InputError as error:
        return list(error.details["faults"])
    return list(check(answer)) or answer
