"""The tables of the settings: each setting once, with its default and its kind."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple, Self

from branchline.config import kinds
from branchline.config.kinds import Kind
from branchline.model.money import TIERS

STRATEGIES: Final = ("depth-first", "breadth-first", "hybrid", "critical-path")
NETWORKS: Final = ("auto", "host", "proxy", "none")
SANDBOX: Final = kinds.switch("off", "auto", "env", "strict")
WORKER_KINDS: Final = ("opencode", "opencode-server", "claude", "codex", "acp", "shell", "scripted")


class Setting(NamedTuple):
    """What a table declares: a default, and the `kind` of a value, or the `table` or the tables that users have `named`."""

    default: Any
    holds: Mapping[str, Any]


def declared(default: Any, **holds: Any) -> Any:
    """Declare what a table has, as `Setting` says it."""
    return Setting(default, holds)


def setting(default: Any, kind: Kind) -> Any:
    """Declare a setting."""
    return declared(default, kind=kind)


class Table:
    """A table of settings: its class declares them, an instance holds their values, given by name, and never changes.

    A dataclass is the same and takes ten times as long to make, which every command would wait for.
    """

    settings: ClassVar[Mapping[str, Setting]]

    def __init_subclass__(cls) -> None:
        cls.settings = {name: vars(cls)[name] for name in cls.__annotations__}

    def __init__(self, **values: Any) -> None:
        if unknown := values.keys() - self.settings.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        vars(self).update({name: own.default for name, own in self.settings.items()} | values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of {type(self).__name__} never changes")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def but(self, **values: Any) -> Self:
        """Return the same table with other values."""
        return type(self)(**vars(self) | values)


class WorkerSettings(Table):
    """One worker: `kind` is its adapter; `timeout` in seconds, 0 is the run's; `pass_env` names what it may inherit.

    `lean` starts an agent without the MCP servers of the user's own configuration. `billing` says what pays for it;
    `readable` and `writable` are paths of the machine that its sandbox leaves open; `session` says which tasks share one,
    and `delete_sessions` that it is deleted when their work is merged.
    """

    kind: str = setting("", kinds.choice(*WORKER_KINDS))
    argv: tuple[str, ...] = setting((), kinds.arguments)
    pass_env: tuple[str, ...] = setting((), kinds.words)
    model: str = setting("", kinds.text)
    variant: str = setting("", kinds.text)
    agent: str = setting("", kinds.text)
    timeout: float = setting(0.0, kinds.seconds)
    trust_exit: bool = setting(False, kinds.flag)
    env: Mapping[str, str] = setting({}, kinds.mapping(kinds.text))
    lean: bool = setting(True, kinds.flag)
    billing: str = setting("auto", kinds.choice("auto", "key", "subscription"))
    readable: tuple[str, ...] = setting((), kinds.words)
    writable: tuple[str, ...] = setting((), kinds.words)
    session: str = setting("task", kinds.choice("task", "branch", "run"))
    delete_sessions: bool = setting(False, kinds.flag)


class RoleSettings(Table):
    """One role: empty texts mean the run's own; `model`, `variant` and `agent` are those of the top where it says none."""

    worker: str = setting("", kinds.text)
    model: str = setting("", kinds.text)
    variant: str = setting("", kinds.text)
    agent: str = setting("", kinds.text)
    fallback_models: tuple[str, ...] = setting((), kinds.words)
    permissions: str | Mapping[str, Any] = setting("edit", kinds.permissions)
    network: str = setting("", kinds.choice(*NETWORKS))
    sandbox: str = setting("", SANDBOX)
    temperature: float | None = setting(None, kinds.automatic(kinds.number(0, 2)))
    instructions: tuple[str, ...] = setting((), kinds.words)
    files: tuple[str, ...] = setting((), kinds.words)
    reads: tuple[str, ...] = setting((), kinds.words)


class GateSettings(Table):
    """The quality gate: commands for every task without a check of its own, and more for changed files that match.

    `frozen` are patterns of files that checks rest on: an attempt that changes one needs a person.
    """

    commands: tuple[str, ...] = setting((), kinds.commands)
    by_glob: Mapping[str, tuple[str, ...]] = setting({}, kinds.mapping(kinds.commands))
    frozen: tuple[str, ...] = setting((), kinds.words)


class LandSettings(Table):
    """What a task needs to be done, how many are merged together, whose checks a merge runs again, and how the result
    reaches the user's branch.
    """

    minimum: str = setting("gated", kinds.choice("checked", "gated", "unchecked"))
    batch: int = setting(16, kinds.whole(1, 1000))
    recheck: str = setting("touched", kinds.choice("touched", "all", "none"))
    mode: str = setting("fast-forward", kinds.choice("fast-forward", "merge", "pr"))


class MaskSettings(Table):
    """Whether personal data and secrets are masked; `terms` are words of the user's, `regions` countries (`HK`, `DE`)."""

    enabled: bool = setting(True, kinds.flag)
    terms: tuple[str, ...] = setting((), kinds.words)
    regions: tuple[str, ...] = setting((), kinds.countries)


class PulseSettings(Table):
    """What pulse may do by itself; `confidence` in 0..1."""

    auto_approve: bool = setting(True, kinds.flag)
    confidence: float = setting(0.6, kinds.number(0, 1))


class TierSettings(Table):
    """The models of each tier, in the user's order; `default` is the tier of a task that names none.

    `escalate` lets a task that would be given up go on one tier up.
    """

    simple: tuple[str, ...] = setting((), kinds.words)
    standard: tuple[str, ...] = setting((), kinds.words)
    thinking: tuple[str, ...] = setting((), kinds.words)
    default: str = setting("", kinds.choice("", *TIERS))
    escalate: bool = setting(False, kinds.flag)

    def models(self) -> dict[str, tuple[str, ...]]:
        """Tier -> its models, of those that have any."""
        return {tier: found for tier in TIERS if (found := getattr(self, tier))}


class DecomposeSettings(Table):
    """How plans are split, and the model that is asked: a tier (`haiku`, `sonnet`, `opus`) or a model's own name.

    `base_url` and `key_env` (where the key stands in the environment) are those of the planner `openai`; `timeout` is
    for one answer; of the repository's files the names of at most `tree` are shown.
    """

    enabled: bool = setting(True, kinds.flag)
    planner: str = setting("auto", kinds.text)
    model: str = setting("haiku", kinds.text)
    max_depth: int = setting(3, kinds.whole(0, 3))
    base_url: str = setting("", kinds.text)
    key_env: str = setting("OPENAI_API_KEY", kinds.text)
    timeout: float = setting(120.0, kinds.seconds)
    tree: int = setting(200, kinds.whole(0, 10_000))


class ConductSettings(Table):
    """Which rules of conduct a worker is told; each can be switched off (SEEDS, S4.7 and S4.8)."""

    todos: bool = setting(True, kinds.flag)
    commits: bool = setting(True, kinds.flag)
    lint: bool = setting(True, kinds.flag)
    order: bool = setting(True, kinds.flag)
    subagents: bool = setting(True, kinds.flag)
    verify: bool = setting(True, kinds.flag)
    context: bool = setting(True, kinds.flag)
    decide: bool = setting(True, kinds.flag)
    block: bool = setting(True, kinds.flag)

    def rules(self) -> tuple[str, ...]:
        """The names of those that are told."""
        return tuple(name for name, told in vars(self).items() if told)


class WorkspaceSettings(Table):
    """What a new worktree gets beside the commit: files copied or linked from the checkout, commands run in it.

    `programs` are the filters and merge drivers of the repository's own configuration that git may run;
    `salvage_ignored` says that files which git ignores are saved too before a worktree goes.
    """

    copy: tuple[str, ...] = setting((), kinds.words)
    symlink: tuple[str, ...] = setting((), kinds.words)
    setup: tuple[str, ...] = setting((), kinds.commands)
    teardown: tuple[str, ...] = setting((), kinds.commands)
    programs: tuple[str, ...] = setting((), kinds.words)
    salvage_ignored: bool = setting(False, kinds.flag)


class InstanceSettings(Table):
    """One OpenCode server: where it is, where its projects lie, the variable that holds its password, its room."""

    url: str = setting("", kinds.url)
    projects_path: str = setting("", kinds.text)
    username: str = setting("opencode", kinds.text)
    password_env: str = setting("", kinds.text)
    slots: int = setting(8, kinds.whole(1, 10_000))


class GithubSettings(Table):
    """The GitHub App that makes tokens: `key` is a path, `repository` owner/name; empty: that of the remote origin."""

    app: str = setting("", kinds.text)
    key: str = setting("", kinds.text)
    installation: str = setting("", kinds.text)
    repository: str = setting("", kinds.text)
    api: str = setting("https://api.github.com", kinds.text)


class ServeSettings(Table):
    """The dashboard: the variable that holds its token, more names it may be called by (`host`, `host:port`), its limits.

    `streams` pages may follow a run at once; a request's body has at most `body` bytes; `tasks` are shown of one run.
    """

    token_env: str = setting("DASHBOARD_TOKEN", kinds.text)
    hosts: tuple[str, ...] = setting((), kinds.words)
    streams: int = setting(32, kinds.whole(1, 10_000))
    body: int = setting(65_536, kinds.whole(1, 100_000_000))
    tasks: int = setting(2_000, kinds.whole(1, 1_000_000))


class NetSettings(Table):
    """What the proxy of `network = "proxy"` lets through: tiers of hosts beside ours, what becomes of unknown ones, ports.

    `local` are ports of this machine's loopback that a worker finds on its own (a model, a database); those that an address
    in its settings names are among them. `connections` at once and `megabytes` in all bound one attempt.
    """

    tiers: Mapping[str, int] = setting({}, kinds.mapping(kinds.whole(1, 5)))
    unknown: str = setting("allow", kinds.choice("allow", "deny"))
    ports: tuple[int, ...] = setting((80, 443), kinds.numbers(1, 65535))
    local: tuple[int, ...] = setting((), kinds.numbers(1024, 65535))
    connections: int = setting(64, kinds.whole(1, 10_000))
    megabytes: int = setting(4096, kinds.whole(1, 1_000_000))
