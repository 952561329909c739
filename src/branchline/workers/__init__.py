"""one adapter per agent; a table row each

An adapter is a module with the face of `Adapter`; it is imported when a task of its kind is dispatched, not before.
"""

import importlib
import json
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from branchline.errors import SettingsError
from branchline.files import write_new
from branchline.model.run import Claim, Command, Exit, Job
from branchline.workers import record, stream
from branchline.workers.transcript import Tail, of_log

if TYPE_CHECKING:  # it is only spelled here, and a driver process imports this room
    from branchline.config import WorkerSettings

TABLE: Final[dict[str, str]] = {
    "opencode": "branchline.workers.opencode",
    "opencode-server": "branchline.workers.opencode_server",
    "claude": "branchline.workers.claude",
    "acp": "branchline.workers.acp",
    "codex": "branchline.workers.codex",
    "shell": "branchline.workers.shell",
    "scripted": "branchline.workers.scripted",
}
"""Kind of worker -> module of its adapter."""
MAX_LOG: Final = 1024 * 1024
SPEC: Final = "spec.json"
"""What an attempt was asked for, in its folder; its driver process may read it too."""
_AS_JSON: Final = json.JSONEncoder(ensure_ascii=False).encode
_PLACES: Final = ("HOME", "XDG_DATA_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME")
"""Where agents keep their logins."""


class Adapter(Protocol):
    """What dispatch asks of a worker's module.

    One with a STREAM has `Seen`, its reading of the stream's events, and may have `parts(path)`, what the end of the stream
    tells, as `stream.ending` takes it. Beside that it may have `models(argv, base) -> Command`, which asks the agent for the
    names of its models; `gauge(job) -> Gauge`, where it tells what it uses while it is at work; `subscribed(env, model) ->
    bool`, whether a subscription pays and not a key; `interactive(job, base) -> Command`, which opens the agent's own program
    on the session for a person whose environment is `base`; `walls(*, read_only) -> str`, which names a sandbox of its own
    that cannot stand in ours; `configs(job)`, the files of the attempt's configuration, whose addresses it must reach;
    `forget(folder, session)`, which deletes a session by the folder of its attempt; and for `doctor` TESTED, the version it
    was tested with, and `standing(base, given, root) -> Standing`.
    TEMPERATURE is True where it obeys `Job.temperature`, READS where `Job.reads`, ASKS where it waits for a permission that
    a person gives, SHARES where tasks can share a session.
    """

    INSTALL: str
    """The command that installs the program; empty when there is none to install."""
    PROGRAM: str
    """The program looked for on PATH when the settings give no argv; empty: none is needed, or argv must name it."""
    RESUME: bool
    """The worker can go on in an earlier session (`Job.session`)."""
    STREAM: bool
    """Its stdout goes to `events.jsonl` and its stderr to `output.log`; otherwise both go to `output.log`."""

    def prepare(self, job: Job, base: Mapping[str, str]) -> None:
        """Write what the worker needs in the attempt's folder and take away an old answer, before the intent.

        `base` is the coordinator's own environment.
        """

    def command(self, job: Job) -> Command:
        """Say what custody must start; writes nothing. `Job.env` is the environment that `sandbox` allows."""

    def claim(self, job: Job, exit: Exit) -> Claim:
        """Read what the worker left behind."""


@cache
def get(kind: str) -> Adapter:
    """Import the adapter of a kind of worker; raises SettingsError naming the nearest known kind."""
    if kind not in TABLE:
        import difflib

        near = difflib.get_close_matches(kind, TABLE, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known kinds: {', '.join(sorted(TABLE))}"
        raise SettingsError(f"there is no kind of worker {kind!r}; {hint}")
    return cast(Adapter, importlib.import_module(TABLE[kind]))


def program(worker: "WorkerSettings") -> str:
    """The program that a worker is started with; "" where it has none, as one that plays."""
    return worker.argv[0] if worker.argv and worker.kind != "scripted" else get(worker.kind).PROGRAM


def walls(kind: str, *, read_only: bool) -> str:
    """Name the sandbox of its own that an agent works in, and that cannot stand inside of another one; "" for none.

    `read_only` says that its role may not edit.
    """
    own = getattr(get(kind), "walls", None)
    return str(own(read_only=read_only)) if own else ""


def configured(kind: str, job: Job) -> list[str]:
    """Give the words of the configuration that an attempt of an agent was given."""
    own = getattr(get(kind), "configs", None)
    return [path.read_text(encoding="utf-8") for path in (own(job) if own else ()) if path.is_file()]


def forget(kind: str, folder: Path, session: str) -> None:
    """Delete an agent's session at its server, by the folder of the attempt; of a kind without servers it is a file there.

    Raises NotFoundError for a session that is gone, RemoteError or OSError for a server that is.
    """
    own = getattr(get(kind), "forget", None)
    if own:
        own(folder, session)


def tail(kind: str, folder: Path) -> Tail:
    """Give the end of a worker's transcript, by its adapter where that has a form of its own, or of its log while there
    is none; never raises for a log.
    """
    own = getattr(get(kind), "parts", None)
    found = stream.ending(own(folder / "events.jsonl")) if own else Tail()
    return found if found.lines else of_log(folder)


def gauge(kind: str, job: Job) -> stream.Gauge | None:
    """Give what reads the usage of a worker while it is at work; None for a kind that tells none."""
    own = getattr(get(kind), "gauge", None)
    return cast(stream.Gauge, own(job)) if own else None


def is_flat(worker: "WorkerSettings", base: Mapping[str, str], model: str = "") -> bool:
    """Say whether a subscription pays for a worker and not a key: by its `billing`, else by the user's logins.

    `base` is the coordinator's own environment; of its keys those count that the worker inherits by name.
    """
    if worker.billing != "auto":
        return worker.billing == "subscription"
    own = getattr(get(worker.kind), "subscribed", None)
    if own is None:
        return False
    places = {name: base[name] for name in (*_PLACES, *worker.pass_env) if name in base}
    return bool(own({**places, **worker.env}, model))


def messages(kind: str, folder: Path) -> list[str]:
    """Give all that a worker has said in an attempt, in order: the messages of its stream, or its log as one.

    Of a log of plain words the last MAX_LOG bytes count.
    """
    adapter = get(kind)
    if adapter.STREAM:
        return stream.messages(folder / "events.jsonl", adapter.Seen())  # type: ignore[attr-defined]
    log = record.tail(folder / "output.log", MAX_LOG, MAX_LOG)
    return [log] if log else []


def parse_worker(text: str) -> tuple[str, tuple[str, ...]]:
    """Split a worker as `--worker` takes it, `NAME` or `NAME:PROGRAM ARGUMENT...`, into name and argv.

    Raises SettingsError for an empty name or an open quote.
    """
    name, _, rest = text.strip().partition(":")
    if not name:
        raise SettingsError(f"--worker {text!r} names no worker; write for example opencode, or shell:PROGRAM ARGUMENT")
    try:
        return name, tuple(shlex.split(rest))
    except ValueError as error:
        raise SettingsError(f"--worker {text!r} cannot be split into words: {error}") from None


def write_spec(job: Job) -> None:
    """Write `spec.json` in the attempt's folder: all of the job but its environment."""
    write_new(f"{job.folder}/{SPEC}", _AS_JSON(job._asdict() | {"env": {}}) + "\n")
