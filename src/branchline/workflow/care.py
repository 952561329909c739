"""Show what Branchline does, on the bundled plan; prove on this machine that it keeps its promises; say what ails it."""

import tempfile
from contextlib import suppress
from pathlib import Path

from branchline.care.doctor import Finding, Place, examine
from branchline.care.selftest import selftest as prove
from branchline.config import load
from branchline.errors import BranchlineError, UsageError, WorkerMissingError
from branchline.files import read_text, write_new
from branchline.terminal.text import lines, many, safe
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags, overlaid
from branchline.workflow.plan import Reading, decompose
from branchline.workflow.project import (
    Project,
    check_worker,
    default_worker,
    open_project,
    role_workers,
    with_worker,
)
from branchline.workflow.run import execute
from branchline.workspace.repository import make

SAMPLES = (
    Path(__file__).resolve().parents[1] / "_plans",
    Path(__file__).resolve().parents[3] / "plans",
)
"""Where the bundled plan stands: in the wheel, and in a checkout."""


def demo(console: Console, *, keep: str) -> Answer:
    """Decompose and execute the bundled plan with the scripted worker in a repository made for it."""
    samples = next(folder for folder in SAMPLES if (folder / "demo.md").is_file())
    root = _folder(console, keep)
    write_new(root / "plans" / "demo.md", read_text(samples / "demo.md"))
    make(root, "Branchline demo", console.env)
    there = console._replace(directory=root)
    console.say(f"A repository for the demonstration: {root}\n\n$ branchline decompose plans/demo.md --yes")
    shown = decompose(there, Path("plans/demo.md"), Reading(planner="rules"), write=True, review=True, yes=True)
    console.say(f"{shown.text}\n\n$ branchline execute --worker scripted")
    flags = Flags(worker=f"scripted:{samples / 'demo.scenario.yaml'}".replace(" ", "\\ "), jobs=2)
    done = execute(there, "plans/demo.md", flags)
    where = f"\nThe merged commits: git -C '{root}' log --oneline --graph branchline/{done.data['run']}/tip"
    return done._replace(text=f"{done.text}\n{where}\nTo bring them to the branch: branchline land -C '{root}'")


def selftest(console: Console, *, seeds: int, first: int, kills: int) -> Answer:
    """Simulated histories, crash points, real kills and cuts of the log; exit status 4 when one broke a promise."""
    if min(seeds, first, kills) < 0:
        raise UsageError("--seeds, --seed and --kills are numbers from 0 on")
    proved = prove(seeds, first, kills, console.env, console.say)
    data = {**proved.counts, "wrong": proved.wrong}
    text = "\n".join(
        [*proved.words, *proved.wrong, "every promise was kept" if not proved.wrong else "NOT every promise was kept"]
    )
    return Answer(data, text, 4 if proved.wrong else 0, proved.wrong[0] if proved.wrong else "")


def doctor(console: Console) -> Answer:
    """What stands in the way of a run here, each with its fix; exit status 4 when a fault was found."""
    place, found = _place(console)
    agents, examined = examine(place)
    findings = [*found, *examined]
    faults = [finding for finding in findings if finding.level == "fault"]
    data = {
        "faults": len(faults),
        "findings": [finding._asdict() for finding in findings],
        "agents": [agent._asdict() for agent in agents],
    }
    last = f"{many(len(faults), 'fault')} found" if faults else "no fault was found"
    text = "\n".join([*map(_told, findings), "", last])
    return Answer(data, text, 4 if faults else 0, f"{faults[0].about}: {faults[0].text}" if faults else "")


def _place(console: Console) -> tuple[Place, list[Finding]]:
    """What is to be examined, with what the settings say of it; broken ones are a fault, and the defaults stand in."""
    try:
        project = open_project(console)
    except (BranchlineError, OSError) as error:
        fault = Finding("settings", "fault", str(error), "correct it; until then no command but the looking ones works")
        return Place(console.root, load(None, {}, {}), console.env, ()), [fault]
    found = [Finding("settings", "warning", words, "take it out") for words in project.settings.warnings]
    try:
        project, used, lacking = _workers(console, project)
    except WorkerMissingError as error:
        return _plain(project), [*found, Finding("workers", "fault", str(error), "one of these")]
    except (BranchlineError, OSError) as error:
        return _plain(project), [*found, Finding("settings", "fault", str(error), "correct it")]
    ok = Finding("settings", "ok", f"readable; tasks would get {', '.join(used)}")
    return Place(project.root, project.settings, project.env, used), [*found, ok, *lacking]


def _workers(console: Console, project: Project) -> tuple[Project, tuple[str, ...], list[Finding]]:
    """The project, the workers that tasks which name none would get now, and a word on roles that would get none.

    Where no agent is installed and no worker set, the one that the newest run was started with counts: it goes on with
    it. Raises SettingsError, UsageError or WorkerMissingError for a worker that cannot start, or when there is none.
    """
    roles, lacking = role_workers(project, project.settings.roles), list[Finding]()
    if without := ", ".join(role for role in project.settings.roles if role not in roles):
        project, last = _last_worker(console, project)
        roles |= {"": last} if last else {}
        if not last and "build" not in roles:
            default_worker(project)
        why = f"no agent is installed: tasks of the role {without} get none"
        why += f" in a new run (the newest one has {last})" if last else ""
        fix = "name one with --worker, or as worker = in the settings or in [roles.NAME]"
        lacking.append(Finding("workers", "warning", why, fix))
    used = tuple(dict.fromkeys(roles.values()))
    for name in used:
        check_worker(project, name)
    return project, used, lacking


def _last_worker(console: Console, project: Project) -> tuple[Project, str]:
    """The project with the worker that the newest run was started with, and its name; "" for none that can start."""
    with suppress(BranchlineError, OSError), project.looked() as store:  # a broken store is told of elsewhere
        if run := store.newest():
            flags, directory = overlaid(run, Flags())
            there, name = with_worker(project, console._replace(directory=directory or project.root), flags.worker)
            if name:
                check_worker(there, name)
            return there, name
    return project, ""


def _plain(project: Project) -> Place:
    return Place(project.root, project.settings, project.env, ())


def _told(finding: Finding) -> str:
    said = [*lines(f"{finding.about}: {finding.text}"), *([f"fix: {safe(finding.fix)}"] if finding.fix else [])]
    return f"{finding.level:8} " + f"\n{'':9}".join(said)


def _folder(console: Console, keep: str) -> Path:
    if not keep:
        return Path(tempfile.mkdtemp(prefix="branchline-demo-")).resolve()
    root = (console.directory / keep).resolve()
    if root.exists() and any(root.iterdir()):
        raise UsageError(f"{root} is not empty; name a new folder")
    root.mkdir(parents=True, exist_ok=True)
    return root
