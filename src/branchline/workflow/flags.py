"""What a run was asked to do, as it is kept with the run and taken up again with it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from branchline.config import Settings
from branchline.engine import Policy
from branchline.errors import UsageError
from branchline.graph.adjacency import Adjacency
from branchline.model.run import RunRow
from branchline.schedule.routing import Routing

AUTO: Final = "auto"
"""The strategy that is chosen by what each is expected to take; a run keeps the one that was chosen."""
SERVERS: Final = "OpenCode servers"
"""The resource of which there is as much as the servers of the settings have slots together."""


class Flags(NamedTuple):
    """The flags of `execute` and `pulse`; None and empty mean: not given."""

    strategy: str | None = None
    jobs: int | None = None
    optimise: str | None = None
    worker: str = ""
    model: str = ""
    variant: str = ""
    agent: str = ""
    minimum: str | None = None
    budget: str | None = None
    task_budget: str | None = None
    in_place: bool = False
    inline: bool = False
    fail_fast: bool = False
    batch: bool = False
    only: tuple[str, ...] = ()
    phase: str = ""
    confirm: str = "plan"
    detach: bool = False
    wait: bool = False
    dry_run: bool = False
    new: bool = False
    yes: bool = False

    def settings(self) -> dict[str, Any]:
        """The flags that are settings, under their dotted names."""
        strategy = None if self.strategy == AUTO else self.strategy
        named = {"strategy": strategy, "jobs": self.jobs, "optimise": self.optimise, "land.minimum": self.minimum}
        named |= {"budget": self.budget, "task_budget": self.task_budget}
        return {name: value for name, value in named.items() if value is not None}


AGENT_STAGGER = 1.0
KEPT = (
    "strategy", "jobs", "optimise", "worker", "model", "variant", "agent", "minimum", "budget", "task_budget", "in_place",
    "inline", "batch",
)  # fmt: skip
"""Flags that a run keeps: whoever goes on with it need not say them again."""


def to_text(flags: Flags, directory: Path, policy: Policy) -> str:
    """The kept flags as canonical JSON, with the folder that relative programs were named in and the policy's limits."""
    kept = {name: getattr(flags, name) for name in KEPT if getattr(flags, name)}
    return json.dumps({"directory": str(directory), "flags": kept, **limits_of(policy)}, sort_keys=True)


def limits_of(policy: Policy) -> dict[str, Any]:
    """What `status` and `why` need to know of a run's limits."""
    found: dict[str, Any] = {"slots": policy.slots, **policy.routing.kept()}
    found |= {"only": sorted(policy.only)} if policy.only else {}
    return found | ({"terms": policy.terms._asdict()} if policy.terms else {})


def with_limits(text: str, policy: Policy, sandbox: str) -> str:
    """A run's kept settings with the limits of the policy in force now, and in words the sandbox of its workers."""
    kept = {name: value for name, value in json.loads(text).items() if name in ("directory", "flags")}
    return json.dumps(kept | limits_of(policy) | {"sandbox": sandbox}, sort_keys=True)


def with_flags(settings: Settings, flags: Flags) -> Settings:
    """The settings with the model, variant and agent that the flags give every worker."""
    workers = {
        name: w.but(model=flags.model or w.model, variant=flags.variant or w.variant, agent=flags.agent or w.agent)
        for name, w in settings.workers.items()
    }
    return settings.but(workers=workers)


def overlaid(run: RunRow, flags: Flags) -> tuple[Flags, Path | None]:
    """The flags of a run's former start with those given now on top, and the folder of the former one.

    Raises UsageError for `--in-place` when the run works in worktrees: what it merged is not in the checkout.
    """
    stored: Mapping[str, Any] = json.loads(run.settings)
    if flags.in_place and not run.in_place:
        raise UsageError(
            f"run {run.run} of {run.plan} works in worktrees and cannot go on in place: leave out --in-place, or bring "
            "its work to your branch with `branchline land` and start a new run with --in-place --new",
            run=run.run,
        )
    given = {name: getattr(flags, name) for name in KEPT if getattr(flags, name)}
    former = {name: value for name, value in stored["flags"].items() if name not in given}
    directory = Path(stored["directory"]) if "worker" in former else None
    return flags._replace(**former), directory


def policy_of(settings: Settings, flags: Flags, adjacency: Adjacency, *, isolated: bool) -> Policy:
    """The engine's policy; in place there is one slot unless `-j` says otherwise (DESIGN, section 10)."""
    if flags.inline and (flags.jobs or 1) > 1:
        raise UsageError(f"-j {flags.jobs}: with --inline one agent does all tasks, one after the other; leave -j out")
    slots = settings.jobs if isolated or flags.jobs is not None else 1
    if slots < 0:
        raise UsageError(f"-j {slots}: the number of workers cannot be negative")
    return Policy(
        slots=min(slots, settings.max_workers or slots),
        strategy=settings.strategy,
        batch=flags.batch,
        retries=settings.retries,
        backoff=settings.backoff,
        minimum=settings.land.minimum,  # type: ignore[arg-type]
        isolated=isolated,
        fail_fast=flags.fail_fast or settings.on_failure == "stop-run",
        only=chosen_leaves(flags, adjacency),
        on_hung=settings.on_hung,
        train=settings.land.batch,
        routing=_routing_of(settings, flags),
    )


def _routing_of(settings: Settings, flags: Flags) -> Routing:
    served = sum(instance.slots for instance in settings.instances.values())
    return Routing(
        lanes=lanes_of(settings),
        stagger=stagger_of(settings),
        resources=dict(settings.resources) | ({SERVERS: served} if served else {}),
        takes=takes_of(settings),
        models=models_of(settings),
        # A model that is named for this run goes before those of the tiers.
        tiers={} if flags.model else settings.tiers.models(),
        grade=settings.tiers.default,
        escalate=settings.tiers.escalate,
        plain=frozenset(name for name, worker in settings.workers.items() if worker.kind == "shell"),
    )


def takes_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Worker -> what each of its tasks takes: room on the servers of the settings, and the session that it shares."""
    named = {"branch": ("session of {branch}",), "run": ("session of the run",)}
    found = {
        name: ((SERVERS,) if settings.servers_of(worker.kind) else ()) + named.get(worker.session, ())
        for name, worker in settings.workers.items()
    }
    return {name: taken for name, taken in found.items() if taken}


def lanes_of(settings: Settings) -> dict[str, str]:
    """Worker/role -> the provider that the worker's or the role's model names, where one does."""
    models = {
        f"{w}/{r}": worker.model or role.model
        for w, worker in settings.workers.items()
        for r, role in settings.roles.items()
    }
    return {name: model.partition("/")[0] for name, model in models.items() if "/" in model}


def models_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Worker/role -> its model and the fallback models of the role, where there is any."""
    return {
        f"{w}/{r}": (worker.model or role.model, *role.fallback_models)
        for w, worker in settings.workers.items()
        for r, role in settings.roles.items()
        if worker.model or role.model or role.fallback_models
    }


def stagger_of(settings: Settings) -> dict[str, float]:
    """Worker -> seconds between two starts; automatic: 1 s for agents, none for programs and players (DESIGN, section 6)."""
    plain = {name for name, worker in settings.workers.items() if worker.kind in ("shell", "scripted")}
    if settings.stagger is None:
        return {name: AGENT_STAGGER for name in settings.workers if name not in plain}
    return dict.fromkeys(settings.workers, settings.stagger) if settings.stagger else {}


def chosen_leaves(flags: Flags, adjacency: Adjacency) -> frozenset[str]:
    """The leaves that `--only` and `--phase` leave; empty means all. Raises UsageError for an unknown id."""
    wanted = list(flags.only)
    if flags.phase:
        roots = adjacency.children.get("", [])
        if not flags.phase.isdigit() or not 1 <= int(flags.phase) <= len(roots):
            raise UsageError(f"--phase {flags.phase}: the plan has phases 1 to {len(roots)}")
        wanted.append(roots[int(flags.phase) - 1])
    unknown = [name for name in wanted if name not in adjacency.parent]
    if unknown:
        raise UsageError(f"--only: there is no task {', '.join(unknown)}; `branchline review` lists them")
    return frozenset(leaf for name in wanted for leaf in adjacency.leaves_under(name))


def flags_argv(flags: Flags) -> list[str]:
    """The words that stand for these flags on a command line, without plan, `--confirm`, `--detach` and `--dry-run`."""
    words: list[str] = []
    said = flags._replace(confirm="", detach=False, dry_run=False, only=())
    for name, value in said._asdict().items():
        if value not in (None, "", ()) and value is not False:
            option = "-j" if name == "jobs" else f"--{name.replace('_', '-')}"
            words += [option] if value is True else [option, str(value)]
    return [*words, *(["--only", *flags.only] if flags.only else [])]
