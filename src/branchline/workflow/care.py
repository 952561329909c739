"""Show what Branchline does, on the bundled plan; prove on this machine that it keeps its promises."""

import tempfile
from pathlib import Path

from branchline.care.selftest import selftest as prove
from branchline.errors import RepositoryError, UsageError
from branchline.files import read_text
from branchline.proc import run as run_process
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags
from branchline.workflow.plan import Reading, decompose
from branchline.workflow.run import execute

SAMPLES = (
    Path(__file__).resolve().parents[1] / "_plans",
    Path(__file__).resolve().parents[3] / "plans",
)
"""Where the bundled plan stands: in the wheel, and in a checkout."""


def demo(console: Console, *, keep: str) -> Answer:
    """Decompose and execute the bundled plan with the scripted worker in a repository made for it."""
    samples = next(folder for folder in SAMPLES if (folder / "demo.md").is_file())
    root = _folder(console, keep)
    _repository(root, read_text(samples / "demo.md"), console)
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


def _folder(console: Console, keep: str) -> Path:
    if not keep:
        return Path(tempfile.mkdtemp(prefix="branchline-demo-")).resolve()
    root = (console.directory / keep).resolve()
    if root.exists() and any(root.iterdir()):
        raise UsageError(f"{root} is not empty; name a new folder")
    root.mkdir(parents=True, exist_ok=True)
    return root


def _repository(root: Path, plan: str, console: Console) -> None:
    """A repository with one commit: the plan. Its identity is its own, so that none need be configured."""
    (root / "plans").mkdir()
    (root / "plans" / "demo.md").write_text(plan, encoding="utf-8")
    for words in (
        ("init", "--quiet"),
        ("config", "user.name", "Branchline demo"),
        ("config", "user.email", "demo@branchline.invalid"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "a plan"),
    ):
        done = run_process(("git", *words), cwd=root, env=console.env, timeout=60.0, limit=1 << 16)
        if done.code:
            raise RepositoryError(f"git {words[0]} failed in {root}: {done.err.decode(errors='replace').strip()}")
