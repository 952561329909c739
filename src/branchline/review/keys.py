"""The keys of the review: each asks for what it needs and makes one change of the draft, or says why it cannot be."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from branchline.errors import UsageError
from branchline.graph import change
from branchline.model.plan import DraftGraph, Finding


class Dropped(Exception):  # noqa: N818 - no fault: the person thought better of it
    """An empty answer, or the end of the input, to what a key asked for."""


class Line:
    """What a person typed behind a key, word by word; what is missing is asked for."""

    def __init__(self, typed: Sequence[str], reader: Callable[[str], str]) -> None:
        self.left = list(typed)
        self._reader = reader

    def word(self, question: str) -> str:
        """The next word; raises Dropped when there is none, asked or not."""
        if not self.left:
            self.left = self._asked(question).split()
        return self.left.pop(0)

    def rest(self, question: str) -> str:
        """All that is left, as one text; raises Dropped as `word`."""
        text, self.left = " ".join(self.left), []
        return text or self._asked(question)

    def _asked(self, question: str) -> str:
        try:
            line = self._reader(question).strip()
        except EOFError:
            line = ""
        if not line:
            raise Dropped
        return line


Change = Callable[[DraftGraph, Line], DraftGraph]


class Key(NamedTuple):
    """One key: what it does in words, and the change it makes."""

    words: str
    change: Change


def made(key: Key, draft: DraftGraph, line: Line) -> DraftGraph:
    """The draft as a key changes it; raises UsageError where it cannot be, and Dropped where the person says nothing."""
    changed = key.change(draft, line)
    if line.left:
        raise UsageError(f"{' '.join(line.left)!r} is too much here, so nothing was changed")
    return changed


def drop(draft: DraftGraph, line: Line) -> DraftGraph:
    """`d`: leave a task out, with all below it."""
    return change.drop(draft, line.word("Drop which task? "))


def merge(draft: DraftGraph, line: Line) -> DraftGraph:
    """`m`: give the work of two tasks to one worker."""
    first = change.leaf_named(draft, line.word("Merge into which task? ")).id
    return change.merge(draft, first, line.word(f"Merge which task into {first}? "))


def cut(draft: DraftGraph, line: Line) -> DraftGraph:
    """`c`: let a task no longer wait for one that it waits for by the form of the plan only."""
    task = change.task_named(draft, line.word("Cut an implied edge into which task? "))
    found = change.implied(draft, task.id)
    if not found:
        above = next((each for each in change.above(draft, task.id) if change.implied(draft, each)), "")
        hint = f"; {above}, which it belongs to, waits for {', '.join(change.implied(draft, above))}" if above else ""
        raise UsageError(f"no implied edge leads to {task.id}{hint}")
    only = len(found) == 1 and not line.left
    return change.cut(draft, found[0] if only else line.word(f"{task.id} after which: {', '.join(found)}? "), task.id)


def worker(names: Sequence[str]) -> Change:
    """`w`: have a task, or all below it, done by another of these workers."""

    def changed(draft: DraftGraph, line: Line) -> DraftGraph:
        task = change.task_named(draft, line.word("Another worker for which task? "))
        name = line.word(f"Worker of {task.id}: {', '.join(names)}; or - for that of its role? ")
        if name not in (*names, "-"):
            raise UsageError(f"there is no worker {name!r}; there are {', '.join(names)}")
        return change.changed(draft, task.id, worker=None if name == "-" else name, model=None)

    return changed


def split(act: Callable[[DraftGraph, str], DraftGraph]) -> Change:
    """`s`: have a task split now; `act` does it to the one of that id."""
    return lambda draft, line: act(draft, change.leaf_named(draft, line.word("Split which task? ")).id)


Mend = tuple[str, Callable[[DraftGraph, str, str], DraftGraph]]
"""What is asked first, if anything, and what makes of a draft, a task's id and the answer."""


def mend(findings: Callable[[DraftGraph], Iterable[Finding]], mends: Mapping[str, Mend]) -> Change:
    """`f`: mend one of the `findings` of a task, by its code."""

    def changed(draft: DraftGraph, line: Line) -> DraftGraph:
        task = change.task_named(draft, line.word("Mend a finding of which task? ")).id
        codes = dict.fromkeys(each.code for each in findings(draft) if each.task == task and each.code in mends)
        if not codes:
            raise UsageError(f"{task} has no finding that can be mended here; `edit` can change anything")
        if len(codes) > 1 or line.left[:1] == list(codes):
            code = line.word(f"Mend which: {', '.join(codes)}? ")
        else:
            code = next(iter(codes))
        if code not in codes:
            raise UsageError(f"{task} has no finding {code!r} that can be mended here; it has {', '.join(codes)}")
        question, act = mends[code]
        return act(draft, task, line.rest(question) if question else "")

    return changed


PLAIN: Final[Mapping[str, Key]] = {
    "m": Key("merge two tasks into one", merge),
    "d": Key("drop a task and all below it", drop),
    "c": Key("cut an implied edge: a task waits no longer", cut),
}
"""The keys that need nothing but the draft."""
