"""OpenCode as a server that many tasks share: a driver of ours for each attempt, which holds the conversation.

The servers are the instances of the settings; without any, one is started for all runs of the user on this host and kept by
`opencode_keeper`. The driver prints the events of `opencode run`, so that a claim is read here as it is there.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from branchline.errors import SettingsError
from branchline.model.run import Command, Job
from branchline.workers import opencode, opencode_config, opencode_keeper, opencode_seats, private, record
from branchline.workers.opencode_seats import SEATS, seats_of

INSTALL: Final = opencode.INSTALL
PROGRAM: Final = opencode.PROGRAM
RESUME: Final = True
STREAM: Final = True
ASKS: Final = True
SHARES: Final = True
READS: Final = True

Seen = opencode.Seen
claim = opencode.claim
parts = opencode.parts
models = opencode.models
gauge = opencode.gauge
subscribed = opencode.subscribed


def prepare(job: Job, base: Mapping[str, str]) -> None:
    """Name the servers for the driver; without instances see that the host's own one runs, or comes up.

    Raises SettingsError for an instance whose password is not in `base`.
    """
    record.clear(job)
    opencode.check_model(job)
    seats = [_seat(instance, job, base) for instance in job.instances] or [{"folder": str(_own_server(job, base))}]
    private.write(Path(job.folder) / SEATS, json.dumps(seats))


def command(job: Job) -> Command:
    """Start the driver; raises SettingsError for a model that names no provider."""
    opencode.check_model(job)
    # Without `site`: a driver needs the library and this package only, and each attempt starts one.
    return record.own_process(job, "opencode_driver", flags=("-S",))


def interactive(job: Job, base: Mapping[str, str]) -> Command:
    """Open OpenCode for a person: attached to the instance that has the session, or where the host's own server kept it."""
    name, _, session = job.session.rpartition("/")
    seats = seats_of(Path(job.folder))
    seat = next((each for each in seats if each.get("name", "") == name), seats[0])
    if "folder" in seat:
        return opencode.interactive(job._replace(env=_at_home(job, Path(seat["folder"]))), base)
    argv = [
        *(job.argv or (PROGRAM,)),
        "attach",
        seat["url"],
        "--dir",
        job.worktree,
        *(["-s", session] if session else []),
    ]
    known = {"OPENCODE_SERVER_USERNAME": seat["user"], "OPENCODE_SERVER_PASSWORD": seat["password"]}
    return Command(tuple(argv), {**base, **(known if seat["password"] else {})})


def forget(folder: Path, session: str) -> None:
    """Delete a session whose work is merged or saved, by the folder of its attempt.

    Raises NotFoundError for one that is gone, and RemoteError or OSError for a server that is.
    """
    name, _, session = session.rpartition("/")
    with opencode_seats.client(seats_of(folder), name) as client:
        client.delete(client.session(session))


def walls(*, read_only: bool) -> str:  # noqa: ARG001 - the face of every adapter
    """Name what stands around the tools of a task: they run in the server, which no sandbox of ours can hold for one."""
    return "OpenCode's own rules in a shared server"


def _seat(instance: tuple[str, str, str, str, int], job: Job, base: Mapping[str, str]) -> dict[str, Any]:
    name, url, user, variable, slots = instance
    if variable and not base.get(variable):
        raise SettingsError(f"instance {name}: its password is read from ${variable}, which is not set")
    # A folder of the run beside those of its tasks, whose ids never begin with a dot.
    locks = Path(job.folder).parents[1] / f".seats-{re.sub(r'[^A-Za-z0-9_-]', '_', name)}"
    locks.mkdir(mode=0o700, exist_ok=True)
    password = base.get(variable, "") if variable else ""
    return {"name": name, "url": url, "user": user, "password": password, "slots": slots, "locks": str(locks)}


def _own_server(job: Job, base: Mapping[str, str]) -> Path:
    """The folder of the host's own server: its home outlives it, for the sessions live there.

    Runs share a server whose configuration, environment and name for git are the same; another one has its own.
    """
    old = Path(job.env["HOME"])
    gitconfig = private.read_text(old / ".gitconfig", "git")
    config = opencode_config.build(opencode_config.read_user(base), read_only=False, lean=job.lean)
    argv = job.argv or (PROGRAM,)
    meaning = json.dumps([argv, config, gitconfig, sorted(_at_home(job, Path()).items())], sort_keys=True)
    servers = Path(base.get("XDG_STATE_HOME") or Path(base.get("HOME", "/"), ".local/state"), "branchline/servers")
    folder = servers / hashlib.sha256(meaning.encode()).hexdigest()[:16]
    env = {**_at_home(job, folder), **opencode.SWITCHES, "OPENCODE_CONFIG": str(folder / "opencode.json")}

    def settle() -> None:
        for made in ("tmp", ".run"):
            (folder / "home" / made).mkdir(mode=0o700, parents=True, exist_ok=True)
        private.write(folder / "home" / ".gitconfig", gitconfig)
        private.write(folder / "opencode.json", json.dumps(config, indent=1, ensure_ascii=False) + "\n")
        data = opencode_config.folder(env, "XDG_DATA_HOME", ".local/share")
        opencode_config.copy_credentials(base, data, ())
        opencode_config.settle(opencode_config.folder(env, "XDG_CONFIG_HOME", ".config"))

    opencode_keeper.share(folder, Path(job.folder).parents[1], argv, env, settle)
    return folder


def _at_home(job: Job, folder: Path) -> dict[str, str]:
    """The environment of a task, with the home of the host's own server in place of its own."""
    old, home = job.env["HOME"], str(folder / "home")
    return {name: home + value.removeprefix(old) if value.startswith(old) else value for name, value in job.env.items()}
