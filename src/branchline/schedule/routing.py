"""What a start of a task takes besides a slot: its model, the lane of its provider, its resources and its pace."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from branchline.model.money import TIERS
from branchline.model.moves import BUSY
from branchline.model.run import TaskRow

_KEPT: Final = ("lanes", "stagger", "resources", "takes", "models", "tiers")


class Routing(NamedTuple):
    """What the user decided about models, providers and resources.

    `lanes`: worker/role -> provider, where that is not the worker itself; `stagger`: worker -> seconds between its
    start and the start before; `resources`: name -> how many there are; `takes`: worker -> those of which each of its
    tasks takes one, `{branch}` in the name being the task's parent; `models`: worker/role -> its model ("" for the
    agent's own) and those it may fall back to, in the user's order. `tiers`: tier -> its models, in the user's order;
    `grades`: task -> its tier, `grade` that of the others; `escalate` gives a task that would fail a try one tier up;
    `plain` are workers that have no model. `named`: task -> the model that its plan names, before all of these.
    """

    lanes: Mapping[str, str] = {}
    stagger: Mapping[str, float] = {}
    resources: Mapping[str, int] = {}
    takes: Mapping[str, Sequence[str]] = {}
    models: Mapping[str, Sequence[str]] = {}
    tiers: Mapping[str, Sequence[str]] = {}
    grades: Mapping[str, str] = {}
    grade: str = ""
    escalate: bool = False
    plain: frozenset[str] = frozenset()
    named: Mapping[str, str] = {}

    def kept(self) -> dict[str, Any]:
        """What a run keeps of it as JSON, beside its net."""
        found = {name: dict(getattr(self, name)) for name in _KEPT if getattr(self, name)}
        return found | ({"grade": self.grade, "plain": sorted(self.plain)} if self.tiers else {})

    @classmethod
    def restored(cls, kept: Mapping[str, Any], net: Mapping[str, Any]) -> "Routing":
        """What `kept` gave, with the tiers and models that the tasks of a net have."""
        own = {name: kept[name] for name in (*_KEPT, "grade", "plain") if name in kept}
        return cls(**own, grades=net.get("tier", {}), named=net.get("model", {}))

    def tier(self, row: TaskRow) -> str:
        """The tier a task stands in: its own, or that of a model it was given since; "" when there is none."""
        own = self.grades.get(row.task, self.grade)
        if own not in self.tiers or row.worker in self.plain or row.task in self.named:
            return ""
        if not row.model:
            return own
        return next((tier for tier in self._from(own) if row.model in self.tiers[tier]), "")

    def _from(self, tier: str) -> list[str]:
        """A tier and those above it that have models."""
        return [each for each in TIERS[TIERS.index(tier) :] if each in self.tiers]

    def higher(self, row: TaskRow) -> str:
        """The model for a try one tier up; "" where the user wants none, or there is none."""
        tier = self.tier(row) if self.escalate else ""
        above = [model for each in (self._from(tier)[1:2] if tier else ()) for model in self.tiers[each]]
        return next((model for model in above if model != self.model_of(row)), "")

    def choices(self, row: TaskRow) -> Sequence[str]:
        """The models a task may have, in the user's order."""
        models = self.tiers.get(self.tier(row)) or self.models.get(f"{row.worker}/{row.role}", ())
        own = "" if row.worker in self.plain else self.named.get(row.task, "")
        return (own, *models[1:]) if own else models

    def model_of(self, row: TaskRow) -> str:
        """The model a task's worker gets; "" is the agent's own."""
        return row.model or next(iter(self.choices(row)), "")

    def lane(self, row: TaskRow) -> str:
        """The lane of a task's worker: the provider its model names, else the worker itself."""
        provider, slash, _ = self.model_of(row).partition("/")
        return provider if slash else self.lanes.get(f"{row.worker}/{row.role}", row.worker)

    def detour(self, row: TaskRow, closed: Container[str]) -> TaskRow:
        """The row of a task with the model it can start with while the lanes in `closed` are paused.

        That is its own, else the first further down the user's list that is open; the row itself when there is none.
        """
        models = self.choices(row)
        if not models or row.state in BUSY or self.lane(row) not in closed:
            return row
        own = row.model or models[0]
        further = models[models.index(own) + 1 :] if own in models else ()
        ways = (row._replace(model=model) for model in further)
        return next((way for way in ways if self.lane(way) not in closed), row)

    def needs(self, rows: Iterable[TaskRow], named: Mapping[str, Collection[str]]) -> Mapping[str, Collection[str]]:
        """The resources that tasks take: those that the graph names for them, and those of their workers."""
        if not self.takes:
            return named
        return {row.task: (*named.get(row.task, ()), *self._taken(row)) for row in rows}

    def _taken(self, row: TaskRow) -> list[str]:
        return [name.replace("{branch}", row.parent or "the plan") for name in self.takes.get(row.worker, ())]

    def interval(self, row: TaskRow) -> float:
        """How many seconds a task's worker keeps from the start before it."""
        return self.stagger.get(row.worker, 0.0)
