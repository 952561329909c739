"""What stands in the way of a run on this machine, and the fix for each; nothing is started but probes, nothing is spent."""

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shutil import which
from typing import Any, Final, Literal, NamedTuple

from branchline import proc, sandbox, workers
from branchline.config import Settings, WorkerSettings
from branchline.errors import BranchlineError, RepositoryError, SettingsError
from branchline.store import Store, held
from branchline.terminal.text import many
from branchline.workers.standing import Standing
from branchline.workspace.repository import Repository

SECONDS: Final = 20.0
_BYTES: Final = 1 << 16
_VERSION: Final = re.compile(r"\d+\.\d+(?:\.\d+)?")
_INSTALLED: Final = (".venv", "venv", "vendor")
"""What an install leaves in a checkout, and checks reach by a relative path (Node looks for its packages upwards)."""
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_SANDBOX_FIX: Final = (
    "install bubblewrap (apt install bubblewrap), and let your kernel make user namespaces "
    "(sysctl kernel.unprivileged_userns_clone=1)"
)
Level = Literal["ok", "note", "warning", "fault"]


class Finding(NamedTuple):
    """One thing that was looked at; a fault keeps a run from its work, a warning only makes it worse."""

    about: str
    level: Level
    text: str
    fix: str = ""


class Place(NamedTuple):
    """What is examined: the checkout `root` with its settings, the environment, and the workers that tasks would get."""

    root: Path
    settings: Settings
    env: Mapping[str, str]
    used: Sequence[str]


class Agent(NamedTuple):
    """What was found of one worker whose program is an agent; `authenticated` None: it cannot be told without asking."""

    worker: str
    kind: str
    program: str
    installed: bool
    version: str
    tested: str
    authenticated: bool | None
    accounts: tuple[str, ...]
    used: bool


def examine(place: Place) -> tuple[list[Agent], list[Finding]]:
    """Look at everything; a thing that is broken is a finding and keeps no other from being looked at."""
    agents: list[Agent] = []
    findings = [*_git(place), *_sandbox(place), *_memory(place), *_store(place.root / ".branchline")]
    versions: dict[tuple[str, ...], str] = {}
    for name, worker in place.settings.workers.items():
        adapter = workers.get(worker.kind) if worker.kind in workers.TABLE else None
        if adapter and adapter.PROGRAM:
            agent, found = _agent(place, name, worker, adapter, versions)
            agents.append(agent)
            findings += found
        elif worker.argv and worker.kind != "scripted" and not which(worker.argv[0], path=place.env.get("PATH", "")):
            level: Level = "fault" if name in place.used else "warning"
            findings.append(Finding(f"worker {name}", level, f"its program {worker.argv[0]!r} is not there",
                                    f"install it, or correct argv in [workers.{name}]"))  # fmt: skip
    return agents, findings


def _agent(
    place: Place, name: str, worker: WorkerSettings, adapter: Any, versions: dict[tuple[str, ...], str]
) -> tuple[Agent, list[Finding]]:
    """Whether an agent is there, in a version that was tested, with somebody who pays, and without rules that ask."""
    used, about = name in place.used, f"worker {name}"
    bad: Level = "fault" if used else "warning"
    argv = worker.argv or (adapter.PROGRAM,)
    there, tested = which(argv[0], path=place.env.get("PATH", "")), getattr(adapter, "TESTED", "")
    found: list[Finding] = []
    if there and argv not in versions:
        versions[argv] = _version(place, (*argv, "--version"))
    version = versions.get(argv, "")
    if not there:
        level: Level = "fault" if used else "note"
        found.append(Finding(about, level, f"{argv[0]} is not installed", adapter.INSTALL))
    elif not version[:1].isdigit():
        found.append(Finding(about, bad, f"{there} --version: {version or 'it says no version'}", adapter.INSTALL))
    elif tested and version.split(".")[:2] != tested.split(".")[:2]:
        text = f"version {version}, but {tested} is what was tested: what it prints may be read wrongly"
        found.append(Finding(about, "warning", text, f"{adapter.INSTALL}@{tested}"))
    else:
        found.append(Finding(about, "ok", f"version {version}"))
    standing, told = _standing(place, worker, adapter, about, bad)
    told = told if there else [each for each in told if each.level == "ok"]
    authenticated = None if standing is None else bool(standing.accounts)
    accounts = standing.accounts if standing else ()
    agent = Agent(name, worker.kind, there or argv[0], bool(there), version, tested, authenticated, accounts, used)
    return agent, [*found, *told]


def _version(place: Place, argv: tuple[str, ...]) -> str:
    done = proc.run(argv, cwd=place.root, env=place.env, timeout=SECONDS, limit=_BYTES)
    if done.timed_out:
        return f"no answer within {SECONDS:g} s"
    said = (done.out + b"\n" + done.err).decode("utf-8", "replace")
    found = _VERSION.search(said)
    return found[0] if found and done.code == 0 else f"exit {done.code}: {' '.join(said.split())[:200]}"


def _standing(
    place: Place, worker: WorkerSettings, adapter: Any, about: str, bad: Level
) -> tuple[Standing | None, list[Finding]]:
    look = getattr(adapter, "standing", None)
    if look is None:
        return None, []
    try:
        given = sandbox.environment(worker, place.env, place.root / ".branchline" / "home")
        standing: Standing = look(place.env, given, place.root)
    except (BranchlineError, OSError) as error:
        return Standing(), [Finding(about, bad, str(error), "mend that file: no attempt can be started with it")]
    return standing, [
        *_accounts(standing, given, worker, about, bad),
        *_rules(standing, about),
        *_modes(standing, about),
    ]


def _accounts(
    standing: Standing, given: Mapping[str, str], worker: WorkerSettings, about: str, bad: Level
) -> Iterator[Finding]:
    yield from (Finding(about, bad, text, fix) for text, fix in standing.troubles)
    if standing.accounts:
        yield Finding(about, "ok", f"authenticated: {', '.join(standing.accounts)}")
    kept = [name for name in standing.keys if name not in given]
    if kept and not standing.accounts:
        fix = f'[workers.{about.removeprefix("worker ")}] pass_env = ["{kept[0]}"]'
        yield Finding(about, bad, f"{', '.join(kept)} is in your environment and reaches no worker", fix)
    elif not standing.accounts and not standing.troubles:
        fix = f"log in with {worker.kind} itself, or name the variable of a key in pass_env of [{about.replace(' ', 's.')}]"
        yield Finding(about, bad, "not authenticated: neither a login nor a key that reaches it was found", fix)


def _rules(standing: Standing, about: str) -> Iterator[Finding]:
    for rule in standing.asks:
        text = f"{rule}: it asks, and headless nobody answers; Branchline's own workers run on the rules of their role"
        yield Finding(about, "warning", text, "say allow or deny there if anything else starts this agent headless")


def _modes(standing: Standing, about: str) -> Iterator[Finding]:
    for path in standing.secrets:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue
        if mode & 0o077:
            yield Finding(
                about, "warning", f"{path} holds keys and others may read it (mode {mode:o})", f"chmod 600 {path}"
            )


def _git(place: Place) -> Iterator[Finding]:
    said = _version(place, ("git", "--version"))
    if not said[:1].isdigit():
        yield Finding("git", "fault", f"git does not run: {said}", "install git, for example: apt install git")
        return
    yield Finding("git", "ok", f"git {said}")
    try:
        repository = Repository.open(place.root, place.env, place.settings.workspace.programs)
        repository.check_ready((), (*place.settings.workspace.copy, *place.settings.workspace.symlink))
        yield Finding("repository", "ok", f"{place.root} is ready for a run")
        if (repository.git.common() / "reftable").is_dir():
            yield Finding(
                "repository", "note", sandbox.IN_TABLE, "git refs migrate --ref-format=files (git 2.46 or newer)"
            )
        yield from _left_behind(place, repository)
    except RepositoryError as error:
        yield Finding("repository", "warning", str(error), "do as it says, or use `execute --in-place`")
    except (BranchlineError, OSError) as error:
        yield Finding("repository", "fault", str(error), "git itself must work here first: try `git status`")


def _left_behind(place: Place, repository: Repository) -> Iterator[Finding]:
    own = place.settings.workspace
    for name in () if own.setup else _INSTALLED:
        if (place.root / name).is_dir() and name not in (*own.copy, *own.symlink) and not repository.tracks(name):
            yield Finding("workspace", "note", f"{name} of your checkout is in no worktree: a check that names it fails",
                          f'[workspace] symlink = ["{name}"], with {name} in .gitignore; or setup = the commands that '
                          "make it")  # fmt: skip


def _sandbox(place: Place) -> Iterator[Finding]:
    usual, reached = (place.settings.sandbox, place.settings.network), set()
    own = {f"sandbox of role {name}": (role.sandbox or usual[0], role.network or usual[1])
           for name, role in place.settings.roles.items() if role.sandbox or role.network}  # fmt: skip
    for about, (wanted, network) in {"sandbox": usual, **own}.items():
        try:
            held = sandbox.best(wanted, place.env)
            network = sandbox.network(network, held)
            held = sandbox.behind(network, held)
        except SettingsError as error:
            yield Finding(about, "fault", f"{error}; nothing starts", _SANDBOX_FIX)
            continue
        reached.add(network)
        if held.level == "strict":
            behind = "; what obeys no proxy (ssh) reaches nothing" if network == "proxy" else ""
            yield Finding(about, "ok", f"{held.words()}, network: {network}{behind}")
        elif held.level == wanted:
            yield Finding(about, "note", held.words(), 'sandbox = "auto" takes the strongest that works here')
        else:
            yield Finding(about, "warning", held.words(), _SANDBOX_FIX)
    beyond = next((name for name in _PROXIES if place.env.get(name)), "")
    if beyond and "proxy" in reached:
        yield Finding("network", "warning", f"${beyond} is set, and the proxy of the workers connects by itself, not through it",
                      f'where only that leads out: network = "host", and pass_env = ["{beyond}"] of the workers')  # fmt: skip


def _memory(place: Place) -> Iterator[Finding]:
    free, settings = proc.free_memory(), place.settings
    if free is None or not settings.memory_per_worker:
        yield Finding("memory", "note", f"memory is no limit; {settings.jobs} slots")
        return
    room = int((free - settings.memory_reserve) // settings.memory_per_worker)
    slots = max(1, min(settings.jobs, room, settings.max_workers or room))
    text = (
        f"{free:.0f} MB free, {settings.memory_reserve} MB kept back, {settings.memory_per_worker} MB a worker: "
        f"{slots} of {settings.jobs} slots now"
    )
    if room >= settings.jobs:
        yield Finding("memory", "ok", text)
    else:
        yield Finding(
            "memory", "warning", text, "memory_reserve or memory_per_worker in the settings, if that is too careful"
        )


def _store(state: Path) -> Iterator[Finding]:
    if state.is_symlink() or (state.exists() and not state.is_dir()):
        yield Finding("store", "fault", f"{state} is a link or a file; a real folder is needed there", "move it away")
        return
    place = state if state.exists() else state.parent
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding("store", "fault", f"{place} cannot be written: no run can be recorded", f"chmod u+wx '{place}'")
    path = state / "state.db"
    if not path.exists() and not path.is_symlink():
        yield Finding("store", "ok", "no run yet")
        return
    try:
        with Store.open(path, read_only=True) as store:
            store.verify()
            runs = len(store.heads())
        holder = held(state)
        busy = f"; process {holder} coordinates" if holder else ""
        yield Finding("store", "ok", f"{path} is sound: {many(runs, 'run')}{busy}")
    except (BranchlineError, OSError) as error:
        yield Finding("store", "fault", str(error), f"copy {path} and {path.name}-wal aside before anything else")
