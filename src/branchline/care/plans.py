"""Random plans for the simulated world: at most 24 tasks with composites, edges, roles and mutexes."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

from branchline.budget import Terms
from branchline.engine import Policy
from branchline.graph.adjacency import Adjacency
from branchline.graph.frontier import Frontier
from branchline.model.money import Amount, Limit
from branchline.model.moves import LEVELS
from branchline.model.run import RunRow, TaskRow
from branchline.schedule import STRATEGIES
from branchline.schedule.routing import Routing

MOST = 24
RUN = RunRow("r1", "plan.md", "sha256:0", "running", "", "base", 0.0, None, "{}", "{}")
ROLES = ("build", "build", "build", "research")


class Sketch(NamedTuple):
    """A plan as it was drawn: `parents` of every task in natural order, `edges` between any two, `mutexes` of leaves."""

    parents: Mapping[str, str | None]
    edges: tuple[tuple[str, str], ...]
    mutexes: Mapping[str, frozenset[str]]
    roles: Mapping[str, str]
    adjacency: Adjacency
    needs: Mapping[str, tuple[str, ...]]
    rows: tuple[TaskRow, ...]
    run: RunRow = RUN


def sketch(dice: Random, most: int = MOST) -> Sketch:
    """A random plan; an edge leads from an earlier subtree to a later one, so there is no circle."""
    parents = _tree(dice, dice.randint(1, most))
    names = list(parents)
    edges = []
    for _ in range(dice.randint(0, len(names) * 3 // 2)):
        before, after = sorted(dice.sample(range(len(names)), 2)) if len(names) > 1 else (0, 0)
        if not f"{names[after]}.".startswith(f"{names[before]}."):
            edges.append((names[before], names[after]))
    inner = {parent for parent in parents.values() if parent}
    leaves = [name for name in names if name not in inner]
    shared = dice.random() < 0.5
    mutexes = {leaf: frozenset([dice.choice("abc")]) for leaf in leaves if shared and dice.random() < 0.4}
    roles = {leaf: dice.choice(ROLES) for leaf in leaves}
    hungry = dice.random() < 0.3
    needs = {leaf: ("gpu",) * dice.randint(1, 2) for leaf in leaves if hungry and dice.random() < 0.4}
    workers = ("shell", "claude")[: dice.randint(1, 2)]
    return drawn(parents, tuple(dict.fromkeys(edges)), mutexes, roles, needs, workers)


def _tree(dice: Random, count: int) -> dict[str, str | None]:
    """Ids in natural order with their parents, none deeper than 3."""
    parents: dict[str, str | None] = {}
    path: list[int] = [0]
    deep = dice.random()
    while len(parents) < count:
        roll = dice.random() * (1.0 if parents else 0.0)
        if roll > 1 - deep * 0.5 and len(path) < 4:
            path.append(1)
        else:
            while len(path) > 1 and dice.random() < 0.4:
                path.pop()
            path[-1] += 1
        parents[".".join(map(str, path))] = ".".join(map(str, path[:-1])) or None
    return parents


def drawn(
    parents: Mapping[str, str | None],
    edges: tuple[tuple[str, str], ...],
    mutexes: Mapping[str, frozenset[str]],
    roles: Mapping[str, str],
    needs: Mapping[str, tuple[str, ...]] = {},
    workers: Sequence[str] = ("shell",),
) -> Sketch:
    """The plan with what the engine needs of it: its adjacency, and the rows that a run begins with."""
    inner = set(parents.values())
    nodes = [(name, parent, "composite" if name in inner else "atomic") for name, parent in parents.items()]
    adjacency = Adjacency.build(nodes, edges)
    frontier = Frontier(adjacency)
    rows = []
    for place, (name, parent, kind) in enumerate(nodes):
        ready = kind == "atomic" and frontier.is_ready(name)
        role, worker = roles.get(name, "build"), workers[place % len(workers)]
        rows.append(TaskRow("r1", name, place, name, kind, parent, None, role, worker, "ready" if ready else "pending"))
    return Sketch(parents, edges, mutexes, roles, adjacency, needs, tuple(rows))


def policy(dice: Random, plan: Sketch) -> Policy:
    """A random policy for a plan."""
    agents = dice.random() < 0.3
    return Policy(
        terms=_terms(dice) if dice.random() < 0.2 else Terms(),
        routing=Routing(resources={"gpu": 2}, stagger={"claude": 1.0} if agents else {}),
        on_hung=dice.choice(("ask", "retry", "resume")),
        slots=dice.randint(1, 6),
        strategy=dice.choice(STRATEGIES),
        batch=dice.random() < 0.15,
        train=dice.choice((1, 3, 16)),
        retries=dice.randint(0, 3),
        minimum=dice.choice(LEVELS),
        isolated=dice.random() < 0.85,
        fail_fast=dice.random() < 0.1,
        only=frozenset(leaf for leaf in plan.adjacency.leaves if dice.random() < 0.7)
        if dice.random() < 0.1
        else frozenset(),
    )


def _terms(dice: Random) -> Terms:
    """A random budget: what a worker uses in a turn is at most a thousand tokens."""
    limit, each = Limit(tokens=dice.randrange(12_000)), Limit(tokens=dice.choice((None, dice.randrange(6000))))
    return Terms(limit, each, Amount(0, dice.randrange(4000)), {}, Amount(0, 1000))
