"""one frozen Settings, merged once: defaults < file < environment < flag

Every setting is declared once, below and in `tables`, with its default and its kind; what is not declared is an error that
names the nearest one. The meaning of the settings stands in DESIGN section 6.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from branchline.config import kinds
from branchline.config.kinds import Kind, duration
from branchline.config.layers import PASSED, Given, from_environment, from_flags, read_file, warnings
from branchline.config.tables import (
    NETWORKS,
    SANDBOX,
    STRATEGIES,
    WORKER_KINDS,
    ConductSettings,
    DecomposeSettings,
    GateSettings,
    GithubSettings,
    InstanceSettings,
    LandSettings,
    MaskSettings,
    NetSettings,
    PulseSettings,
    RoleSettings,
    ServeSettings,
    Table,
    TierSettings,
    WorkerSettings,
    WorkspaceSettings,
    declared,
    setting,
)
from branchline.errors import SettingsError
from branchline.model.money import Limit

__all__ = [
    "ConductSettings",
    "DecomposeSettings",
    "GateSettings",
    "GithubSettings",
    "InstanceSettings",
    "LandSettings",
    "MaskSettings",
    "NetSettings",
    "PulseSettings",
    "RoleSettings",
    "ServeSettings",
    "Settings",
    "TierSettings",
    "WorkerSettings",
    "WorkspaceSettings",
    "duration",
    "load",
]


class Settings(Table):
    """All settings of one command; lengths of time in seconds, memory in MB; `stagger` None is automatic.

    `max_processes` and `max_memory` bound one worker in its sandbox; 0 is no bound, None three quarters of the machine.
    """

    strategy: str = setting("depth-first", kinds.choice(*STRATEGIES))
    jobs: int = setting(4, kinds.whole(1, 10_000))
    concurrency: int = setting(4, kinds.whole(0, 10_000))
    optimise: float = setting(0.2, kinds.seconds)
    timeout: float = setting(3600.0, kinds.seconds)
    silence: float = setting(600.0, kinds.seconds)
    on_hung: str = setting("retry", kinds.choice("ask", "resume", "retry"))
    grace: float = setting(10.0, kinds.seconds)
    stagger: float | None = setting(None, kinds.automatic(kinds.seconds))
    retries: int = setting(1, kinds.whole(0, 100))
    backoff: float = setting(30.0, kinds.pause)
    diagnose: bool = setting(False, kinds.flag)
    on_failure: str = setting("stop-branch", kinds.choice("stop-branch", "stop-run"))
    log_limit: int = setting(64, kinds.whole(0, 1_000_000))
    output_limit: int = setting(1024, kinds.whole(0, 1_000_000))
    worker: str = setting("", kinds.text)
    model: str = setting("", kinds.text)
    variant: str = setting("", kinds.text)
    agent: str = setting("", kinds.text)
    allowed_models: tuple[str, ...] = setting((), kinds.words)
    memory_per_worker: int = setting(512, kinds.whole(0, 10_000_000))
    memory_reserve: int = setting(6144, kinds.whole(0, 10_000_000))
    max_workers: int = setting(0, kinds.whole(0, 10_000))
    sandbox: str = setting("auto", SANDBOX)
    network: str = setting("auto", kinds.choice(*NETWORKS))
    max_processes: int = setting(1024, kinds.whole(0, 1_000_000))
    max_memory: int | None = setting(None, kinds.automatic(kinds.whole(0, 10_000_000)))
    scoped_tokens: bool = setting(False, kinds.flag)
    prefer_oauth: bool = setting(False, kinds.flag)
    resources: Mapping[str, int] = setting({}, kinds.mapping(kinds.whole(0)))
    budget: Limit = setting(Limit(), kinds.limit)
    task_budget: Limit = setting(Limit(), kinds.limit)
    start_budget: Limit = setting(Limit(0.25, 100_000), kinds.limit)
    turn_budget: Limit = setting(Limit(), kinds.limit)
    budget_lease: float = setting(30.0, kinds.seconds)
    prices: Mapping[str, Any] = setting({}, kinds.mapping(kinds.price))
    github: GithubSettings = declared(GithubSettings(), table=GithubSettings)
    net: NetSettings = declared(NetSettings(), table=NetSettings)
    gate: GateSettings = declared(GateSettings(), table=GateSettings)
    land: LandSettings = declared(LandSettings(), table=LandSettings)
    tiers: TierSettings = declared(TierSettings(), table=TierSettings)
    mask: MaskSettings = declared(MaskSettings(), table=MaskSettings)
    pulse: PulseSettings = declared(PulseSettings(), table=PulseSettings)
    serve: ServeSettings = declared(ServeSettings(), table=ServeSettings)
    decompose: DecomposeSettings = declared(DecomposeSettings(), table=DecomposeSettings)
    conduct: ConductSettings = declared(ConductSettings(), table=ConductSettings)
    workspace: WorkspaceSettings = declared(WorkspaceSettings(), table=WorkspaceSettings)
    workers: Mapping[str, WorkerSettings] = declared({}, named=WorkerSettings)
    roles: Mapping[str, RoleSettings] = declared({}, named=RoleSettings)
    instances: Mapping[str, InstanceSettings] = declared({}, named=InstanceSettings)
    warnings: tuple[str, ...] = declared(())

    def worker_named(self, name: str) -> WorkerSettings:
        """Return a worker by name, an adapter also without settings; raises SettingsError naming the nearest."""
        if name in self.workers:
            return self.workers[name]
        if name in WORKER_KINDS:
            return WorkerSettings(kind=name)
        raise SettingsError(f"no worker is called {name!r}{_nearest(name, [*self.workers, *WORKER_KINDS])}")

    def allows(self, model: str) -> bool:
        """Say whether `allowed_models` (names, or patterns) has a model; without a list all are allowed."""
        from fnmatch import fnmatchcase

        return not self.allowed_models or any(fnmatchcase(model, allowed) for allowed in self.allowed_models)

    def check_model(self, model: str, where: str) -> None:
        """Raise SettingsError, naming the nearest, for a model that is not allowed."""
        if not self.allows(model):
            said = (
                f"the model {model!r} is not in allowed_models"
                if model
                else "no model is named, but allowed_models are"
            )
            raise SettingsError(f"{where}: {said}{_nearest(model, self.allowed_models)}")

    def servers_of(self, kind: str) -> tuple[tuple[str, str, str, str, int], ...]:
        """Give the servers that a worker of this kind may use, as `Job.instances` has them."""
        rows = self.instances.items() if kind == "opencode-server" else ()
        return tuple((name, own.url, own.username, own.password_env, own.slots) for name, own in rows)

    def role_named(self, name: str) -> RoleSettings:
        """Return a role by name; raises SettingsError naming the nearest."""
        if name not in self.roles:
            raise SettingsError(f"no role is called {name!r}{_nearest(name, self.roles)}; add [roles.{name}]")
        return self.roles[name]


_BUILT_IN: Final[dict[tuple[str, ...], Any]] = {
    **{("workers", name, "kind"): name for name in WORKER_KINDS},
    ("roles", "build", "permissions"): "edit",
    ("roles", "research", "permissions"): "read-only",
    ("roles", "brainstorm", "permissions"): "read-only",
}
_SHARED: Final[tuple[str, ...]] = ("model", "variant", "agent")
"""Settings of the top that a role has where it says nothing of its own."""
_Values = dict[tuple[str, ...], Any]


def load(root: Path | None, env: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """Merge the defaults, the settings file of the checkout `root`, the environment and the flags (dotted names).

    Raises SettingsError naming file and line, variable or flag: not TOML, unknown (with the nearest known one), or of
    the wrong kind.
    """
    values: _Values = dict(_BUILT_IN)
    if source := read_file(root) if root else None:
        for path, value in _leaves(source.tree, Settings):
            _put(values, Given(path, value, source.where(path), False))
    for given in from_environment(env):
        _put(values, given)
    for name in (name for name in PASSED if env.get(name)):
        for worker in PASSED[name]:
            path = ("workers", worker, "pass_env")
            values[path] = (*values.get(path, ()), name)
    for given in from_flags(flags):
        _put(values, given)
    return _build(values, warnings(env))


def _leaves(tree: Mapping[str, Any], table: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value of a tree with its path; a table that is a value of one setting is one leaf."""
    for name, value in tree.items():
        meta, here = _holds(table, name), (*path, name)
        if "table" in meta and isinstance(value, dict):
            yield from _leaves(value, meta["table"], here)
        elif "named" in meta and isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, dict):
                    yield ((*here, key), None)
                    yield from _leaves(item, meta["named"], (*here, key))
                else:
                    yield ((*here, key), item)
        else:
            yield here, value


def _holds(table: type[Table], name: str) -> Mapping[str, Any]:
    return table.settings[name].holds if name in table.settings else {}


def _find(path: tuple[str, ...]) -> tuple[Kind | None, bool]:
    """Return the kind of the setting at a path and whether the path is that of a table."""
    table: Any = Settings
    rest = list(path)
    while rest:
        meta = _holds(table, rest.pop(0))
        if "kind" in meta:
            return (meta["kind"] if not rest else None), False
        table = meta.get("table") or meta.get("named")
        if table is None:
            return None, False
        if "named" in meta and rest:
            rest.pop(0)
    return None, True


def _put(values: _Values, given: Given) -> None:
    """Convert one given value and keep it; a named table that is given without any value is kept as a name."""
    path = _spelled(values, given.path) if given.loose else given.path
    kind, is_table = _find(path)
    dotted = ".".join(path)
    if kind is None:
        if is_table and len(path) == 2 and given.value is None:
            values.setdefault(path, None)
            return
        if is_table:
            raise SettingsError(f"{given.where}: {dotted} is a table, not a value")
        _put_inner(values, given, path)
        return
    try:
        values[path] = kind(given.value, given.loose)
    except ValueError as error:
        shown = f", not {given.value!r}" if len(repr(given.value)) <= 60 else ""
        raise SettingsError(f"{given.where}: {dotted} {error}{shown}") from None


def _put_inner(values: _Values, given: Given, path: tuple[str, ...]) -> None:
    """Keep a value inside a free table (`resources.gpu`), from the environment or a flag; anything else is unknown."""
    kind, _ = _find(path[:-1])
    old = values.get(path[:-1], {})
    if not given.loose or kind is None or not isinstance(old, dict):
        raise SettingsError(
            f"{given.where}: unknown setting {'.'.join(path)}{_nearest_setting('.'.join(path), _names(values))}"
        )
    try:
        values[path[:-1]] = {**old, **kind({path[-1]: given.value}, True)}
    except ValueError as error:
        raise SettingsError(f"{given.where}: {'.'.join(path)} {error}, not {given.value!r}") from None


def _spelled(values: _Values, path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path with its named table as the file or the built-in ones spell it: the environment has no `-`."""
    if len(path) < 2 or path[0] not in ("workers", "roles", "instances"):
        return path
    names = [*(known[1] for known in values if known[0] == path[0]), *(WORKER_KINDS if path[0] == "workers" else ())]
    plain = path[1].replace("-", "_").lower()
    return (path[0], next((n for n in names if n.replace("-", "_").lower() == plain), path[1]), *path[2:])


def _names(values: _Values) -> list[str]:
    """Return every name a setting may have, with the named tables that are there."""
    names: list[str] = []
    for own, (_, holds) in Settings.settings.items():
        table = holds.get("table") or holds.get("named")
        heads = sorted({p[1] for p in values if p[0] == own}) if "named" in holds else []
        prefixes = [f"{own}.{head}" for head in heads] if heads else [own]
        names += [f"{p}.{name}" for p in prefixes for name in table.settings] if table else []
        names += [own] if holds else []
    return names


def _nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one, in words, else all of them."""
    names = {name: name for name in known}
    return _did_you_mean(name, names, names)


def _nearest_setting(name: str, names: Sequence[str]) -> str:
    """The setting whose last part is most like this one's, in its own table first, else those of that table."""
    table, _, leaf = name.rpartition(".")
    beside = [full for full in names if full.rpartition(".")[0] == table] or [full for full in names if "." not in full]
    return _did_you_mean(leaf, {full.rpartition(".")[2]: full for full in (*reversed(names), *beside)}, beside)


def _did_you_mean(word: str, names: Mapping[str, str], all_of_them: Iterable[str]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(word, names, 1, 0.7)
    return f"; did you mean {names[found[0]]}?" if found else f"; known are {', '.join(sorted(all_of_them))}"


def _build(values: _Values, warned: tuple[str, ...]) -> Settings:
    top: dict[str, Any] = {"warnings": warned}
    for own, (_, holds) in Settings.settings.items():
        given = {path[1:]: value for path, value in values.items() if path[0] == own}
        if table := holds.get("table"):
            top[own] = table(**{path[0]: value for path, value in given.items()})
        elif table := holds.get("named"):
            theirs = [path for path in given if (own, *path) not in _BUILT_IN]  # in the user's order, then ours
            names = dict.fromkeys(path[0] for path in (*theirs, *given))
            shared = {key: top[key] for key in _SHARED if key in top} if table is RoleSettings else {}
            top[own] = {name: _row(table, name, given, shared) for name in names}
        elif () in given:
            top[own] = given[()]
    settings = Settings(**top)
    for name in filter(None, (settings.worker, *(role.worker for role in settings.roles.values()))):
        settings.worker_named(name)
    return settings


def _row(table: Any, name: str, given: _Values, shared: Mapping[str, Any]) -> Any:
    """One row of a named table; `shared` is what rows have that say nothing of their own."""
    own = {path[1]: value for path, value in given.items() if path[0] == name and len(path) > 1}
    values = {**shared, **own}
    if table is WorkerSettings and not values.get("kind"):
        if name not in WORKER_KINDS:
            raise SettingsError(f"worker {name!r} has no kind; set workers.{name}.kind to {' or '.join(WORKER_KINDS)}")
        values["kind"] = name
    if table is InstanceSettings and not values.get("url"):
        raise SettingsError(f"instance {name!r} has no url; set instances.{name}.url, such as http://127.0.0.1:4096")
    return table(**values)
