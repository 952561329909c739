"""OpenCode, one process per task: `opencode run --format json`, the prompt on stdin.

Exit 0 is not success: a refused tool, an empty answer and a cut answer all end with 0. What is believed is the stream
of events, and even that is only a claim.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from branchline.errors import SettingsError
from branchline.model.run import Claim, Command, Exit, Job
from branchline.workers import opencode_config, opencode_events, private, record, stream
from branchline.workers.standing import Standing, asking

INSTALL: Final = "npm install -g opencode-ai"
TESTED: Final = "1.18.33"
PROGRAM: Final = "opencode"
RESUME: Final = True
STREAM: Final = True
TEMPERATURE: Final = True
READS: Final = True
DEFAULT_AGENT: Final = "build"
Seen = opencode_events.Seen
parts = opencode_events.parts
SWITCHES: Final = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_CLAUDE_CODE": "1",
    "OPENCODE_DISABLE_TERMINAL_TITLE": "1",
    # The configuration of a repository is a stranger's: it could add MCP servers and loosen the permissions below.
    "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
}


def prepare(job: Job, base: Mapping[str, str]) -> None:
    """Write the agent's configuration and credentials for this attempt, made from those of the user of `base`."""
    record.clear(job)
    user = opencode_config.read_user(base)
    config = opencode_config.build(user, job.read_only, lean=job.lean, reads=job.reads)
    if job.temperature is not None:
        opencode_config.warm(config, job.agent or DEFAULT_AGENT, job.temperature)
    private.write(_config(job), json.dumps(config, indent=1, ensure_ascii=False) + "\n")
    if job.env.get("HOME"):
        data = opencode_config.folder(job.env, "XDG_DATA_HOME", ".local/share")
        opencode_config.copy_credentials(base, data, opencode_config.providers_of(job.model, config))
        opencode_config.settle(opencode_config.folder(job.env, "XDG_CONFIG_HOME", ".config"))


def command(job: Job) -> Command:
    """Start `opencode run`; raises SettingsError for a model that names no provider."""
    check_model(job)
    argv = [*(job.argv or (PROGRAM,)), "run", "--format", "json"]
    argv += ["-s", job.session] if job.session else ["--title", f"{job.run} {job.task}"]
    for flag, value in (("-m", job.model), ("--variant", job.variant), ("--agent", job.agent)):
        argv += [flag, value] if value else []
    env = {**record.environment(job), **SWITCHES, "OPENCODE_CONFIG": str(_config(job))}
    return Command(tuple(argv), env, job.prompt_file)


def check_model(job: Job) -> None:
    """Raise SettingsError for a model that names no provider."""
    if job.model and "/" not in job.model.strip("/"):
        known = ", ".join(f"{name}/{job.model}" for name in opencode_config.providers(_config(job)))
        raise SettingsError(
            f"model {job.model!r} of task {job.task} names no provider, and the wrong one bills another account; "
            f"write PROVIDER/{job.model}" + (f", for example {known}" if known else "")
        )


def interactive(job: Job, base: Mapping[str, str]) -> Command:
    """Open OpenCode on the session, with the person's full configuration and the data of the task, where the session is."""
    argv = [*(job.argv or (PROGRAM,)), *(["-s", job.session] if job.session else [])]
    return Command(tuple(argv), {**base, "XDG_DATA_HOME": job.env["XDG_DATA_HOME"]})


def models(argv: tuple[str, ...], base: Mapping[str, str]) -> Command:
    """Ask OpenCode which models the user's configuration has; one `provider/model` a line."""
    return Command((*(argv or (PROGRAM,)), "models"), {**base, **SWITCHES})


def standing(base: Mapping[str, str], given: Mapping[str, str], root: Path) -> Standing:
    """Say whose logins OpenCode has and which rules ask; `given` is what of the environment reaches the worker.

    Raises InputError for a configuration that cannot be read.
    """
    config = opencode_config.read_user(base)
    secret = opencode_config.folder(base, "XDG_DATA_HOME", ".local/share") / "auth.json"
    logins = private.read_object(secret, "OpenCode")
    accounts = [f"{name} ({stream.mapping(login).get('type', 'login')})" for name, login in logins.items()]
    own = stream.mapping(config.get("provider"))
    accounts += [f"{name} (your configuration)" for name in own if name not in logins]
    keys = tuple(sorted(name for name in base if name.endswith("_API_KEY")))
    accounts += [f"{name} (passed)" for name in keys if name in given]
    # The one way for a rule to reach the worker: what `prepare` writes has no other.
    ruled = opencode_config.rules_of(given.get("OPENCODE_PERMISSION", ""))
    stops = [f"OPENCODE_PERMISSION: {rule or 'everything'} asks" for rule in asking(ruled)]
    return Standing(
        tuple(accounts),
        keys,
        (secret,) if logins else (),
        tuple(opencode_config.asking_rules(base, root)),
        tuple((stop, "take it out, or say allow or deny: nobody answers a worker's terminal") for stop in stops),
    )


def claim(job: Job, exit: Exit) -> Claim:
    """Read the stream of events: done needs exit 0, a last step that stopped, a final text and no refused tool."""
    folder = Path(job.folder)
    seen = stream.read(folder / "events.jsonl", Seen())
    log = record.tail(folder / "output.log")
    bad = opencode_events.fault(seen, record.ended(exit), log) or _not_as_asked(job, log)
    return stream.claim(job, exit, _said(seen), bad)


def gauge(job: Job) -> stream.Gauge:
    """Read the usage and the cost of each step."""
    seen = opencode_events.Seen()
    return stream.Gauge(lambda: Path(job.folder) / "events.jsonl", seen, lambda: _said(seen))


def configs(job: Job) -> list[Path]:
    """Name the configuration of the attempt."""
    return [_config(job)]


def subscribed(env: Mapping[str, str], model: str) -> bool:
    """Say whether OpenCode is logged in to the model's provider (any, where none is named) without a key."""
    found = opencode_config.logins(env)
    provider = model.partition("/")[0] if "/" in model else ""
    return found.get(provider) == "oauth" if provider else set(found.values()) == {"oauth"}


def _said(seen: opencode_events.Seen) -> stream.Said:
    return stream.Said(seen.text, seen.session, seen.tokens, seen.usage, seen.cost)


def _not_as_asked(job: Job, log: str) -> Claim | None:
    """Read on stderr what no event tells: a session that is gone, and an agent OpenCode replaced by its default one."""
    if job.session and "Session not found" in log:
        said = f"OpenCode does not know the session {job.session} any more"
        return stream.failed(said, "session")
    if job.agent and f'agent "{job.agent}"' in log and "Falling back" in log:
        said = f"OpenCode does not know the agent {job.agent!r} and took its default one"
        return stream.failed(said, "agent")
    return None


def _config(job: Job) -> Path:
    return Path(job.folder) / "opencode.json"
