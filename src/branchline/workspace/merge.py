"""The merge of one task: joined with what is there without a file, its boxes ticked, its checks run in a scratch worktree."""

import fcntl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from branchline.files import read_json
from branchline.model.run import PHASE, RECHECK
from branchline.planfile import writeback
from branchline.workspace.checks import passed, run_checks, with_globs
from branchline.workspace.diff import Change, changes
from branchline.workspace.git import Git, base_ref, short
from branchline.workspace.prepare import forget, prepare, tear_down
from branchline.workspace.repository import Merged, merged
from branchline.workspace.snapshot import OWN
from branchline.workspace.spec import PlanBoxes, Spec
from branchline.workspace.worktree import WHOLE, Worktree, verify_of

_MAX_OTHERS: Final = 20
_MAX_PATHS: Final = 500
"""A change of more files than this is taken to touch what every task did: so many do not go on a command line."""
_PLAIN_FILES: Final = frozenset({"100644", "100755"})
_ATTRIBUTES: Final = ":(glob)**/.gitattributes"


def check_at(spec: Spec, commit: str) -> list[dict[str, Any]]:
    """Run a spec's checks at a commit, in a worktree that is made for it and taken away, and return what was found."""
    git = spec.git()
    place = verify_of(Path(spec.root), spec.run)
    place.parent.mkdir(parents=True, exist_ok=True)
    with alone(place.with_name(".verify.lock")):
        try:
            tree = scratch_at(git, place, commit, spec)
            return run_checks(spec, place, commit, "verify-", lambda: tree.reset(commit, nested=True))
        finally:
            tear_down(spec, place, "verify-teardown-")
            Worktree(git, place).discard()


class Car(NamedTuple):
    """The merge of one task in a train; `commit` is the tip as it would be with this task and all before it."""

    spec: Spec
    task_commit: str
    commit: str
    tree: str = ""
    ticked: bool = False
    empty: bool = False
    changed: Sequence[Change] = ()


def couple(git: Git, spec: Spec, onto: str) -> Car | dict[str, Any]:
    """Merge a task's commit onto another, ticked in the plan; the answer if that fails. No file and no ref changes."""
    commit = git.resolve(spec.commit or spec.branch)
    if not commit:
        return no("git", f"there is nothing to merge: {short(spec.commit or spec.branch)} is missing")
    joined = _join(git, spec, onto, commit)
    if not isinstance(joined, str):
        return joined
    empty = git.contains(onto, commit)
    tree = _ticked(git, spec, spec.plan, joined) if spec.plan else joined
    words = [word for parent in ([onto] if empty else [onto, commit]) for word in ("-p", parent)]
    message = _message(spec).encode("utf-8", "surrogateescape")
    new = git.text("commit-tree", *words, "-F", "-", tree, data=message)
    return Car(spec, commit, new, tree, tree != joined, empty, changes(git, onto, new))


def check_cars(
    git: Git, scratch: Path, tip: str, cars: Sequence[Car], before: Mapping[str, Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    """Run, with all of these cars on the tip, their own checks, each command once, and those of what was merged before.

    `scratch` is where, `before` as for `run_checks`. Where nothing is to be checked no file is written.
    """
    last, own = cars[-1], commands_of(cars)
    rows: list[dict[str, Any]] = []
    changed = last.changed if len(cars) == 1 else changes(git, tip, last.commit)
    whole = last.spec._replace(checks=tuple({"run": command} for command in own))
    asked = with_globs(_with_earlier(whole, git, tip, changed), [row.path for row in changed if row.how != "D"])
    if not asked.checks:
        return rows
    tree = scratch_at(git, scratch, last.commit, last.spec)
    prefix = "merged-" if len(cars) == 1 else f"merged-{len(cars)}-"
    put_back = partial(tree.reset, last.commit, nested=True)
    for car in cars:
        checks = [check for check in car.spec.checks if own[str(check["run"])] == car.spec.task]
        checks += asked.checks[len(own) :] if car is last else ()
        spec = car.spec._replace(checks=tuple(checks))
        if rows and checks:
            put_back()
        rows += run_checks(spec, tree.path, last.commit, prefix, put_back, before)
        if not passed(rows):
            break
    return rows


def commands_of(cars: Sequence[Car]) -> dict[str, str]:
    """The commands that are checks of these tasks themselves -> the first task that asks for each."""
    own: dict[str, str] = {}
    for car in cars:
        for check in car.spec.checks:
            own.setdefault(str(check["run"]), car.spec.task)
    return own


def _with_earlier(spec: Spec, git: Git, tip: str, changed: Sequence[Change]) -> Spec:
    """Return the spec with the checks of tasks merged before: of those that changed the same files, of all, or of none.

    The plan does not count: every merge ticks a box in it.
    """
    plan = spec.plan.path if spec.plan else ""
    paths = [row.path for row in changed if row.path != plan]
    if spec.recheck == "none" or not paths:
        return spec
    narrowed = paths if spec.recheck == "touched" and len(paths) <= _MAX_PATHS else ()
    before = merged(git, spec.run, spec.base or base_ref(spec.run), tip, narrowed)
    asked = {command: row.task for row in before if row.task != spec.task for command in _own_checks(spec, row)}
    for check in spec.checks:
        asked.pop(str(check["run"]), None)
    again = [{"run": command, "source": f"{RECHECK}{task}"} for command, task in asked.items()]
    return spec._replace(checks=(*spec.checks, *again))


def _own_checks(spec: Spec, row: Merged) -> list[str]:
    """Return the commands that a merge before this one was judged by, from what it was told; not those of its phase."""
    told = Path(spec.root, OWN, "runs", spec.run, row.task, str(row.attempt), "merge")
    found = sorted(told.glob("**/spec.json"), key=lambda path: path.stat().st_mtime_ns)
    checks = read_json(found[-1]).get("checks") or () if found else ()
    return [str(check["run"]) for check in checks if not str(check.get("source") or "").startswith(PHASE)]


def _join(git: Git, spec: Spec, onto: str, commit: str) -> str | dict[str, Any]:
    """Merge two commits and return the tree; the answer when that cannot be done.

    A worktree that holds nothing but the attributes of `onto` says which merge drivers are meant (`union`).
    """
    with tempfile.TemporaryDirectory(prefix="branchline-merge-") as folder:
        env = {"GIT_DIR": str(git.common()), "GIT_WORK_TREE": folder, "GIT_INDEX_FILE": f"{folder}/.index"}
        own = git.at(Path(folder), env=env, settings=WHOLE)
        own.run("checkout", "--quiet", onto, "--", _ATTRIBUTES, ok=(0, 1))  # 1: there are none
        done = own.run("merge-tree", "--write-tree", "--name-only", "-z", onto, commit, ok=(0, 1, 128))
    if done.code not in (0, 1):
        said = done.err.decode("utf-8", "replace").strip()
        return no("git", f"git could not merge {short(spec.branch)}: {said}")
    text = done.out.decode("utf-8", "surrogateescape")
    return _conflict(git, spec, onto, commit, text) if done.code else text.partition("\0")[0]


def _conflict(git: Git, spec: Spec, onto: str, commit: str, text: str) -> dict[str, Any]:
    """The answer that names both sides of a conflict; `text` is what git said of it: files up to an empty one, then words."""
    ours, theirs = short(spec.tip_ref), short(spec.branch)
    fields = text.replace(onto, ours).replace(commit, theirs).split("\0")
    end = fields.index("")
    # git calls what is in the way of one another by its side: d~branchline/r1/tip
    files = list(dict.fromkeys(name.removesuffix(f"~{ours}").removesuffix(f"~{theirs}") for name in fields[1:end]))
    others = merged(git, spec.run, git.text("merge-base", onto, commit), onto, files)[-_MAX_OTHERS:]
    rows = [{"task": row.task, "commit": row.commit, "subject": row.subject} for row in others]
    said = "".join(_messages(fields[end + 1 :])).strip()
    answer = no("conflict", f"conflict in {', '.join(files[:_MAX_OTHERS])}")
    return answer | {"conflict": {"files": files, "other": rows, "said": said}, "task_commit": commit, "tip": onto}


def _messages(fields: Sequence[str]) -> Iterator[str]:
    """Return git's words from the last part of its answer: how many paths, the paths, the kind, the words."""
    rest = iter(fields)
    for count in rest:
        yield [next(rest, "") for _ in range(int(count or 0) + 2)][-1]


def _ticked(git: Git, spec: Spec, plan: PlanBoxes, tree: str) -> str:
    """Return a tree with the task's boxes ticked; no file is opened, so a link in the repository leads nowhere."""
    mode, _, blob = git.text("ls-tree", tree, "--", f":(top,literal){plan.path}").partition("\t")[0].partition(" blob ")
    if mode not in _PLAIN_FILES:
        return tree
    try:
        text = git.run("cat-file", "blob", blob).out.decode()
    except UnicodeDecodeError:
        return tree
    new = writeback.tick(text, plan.boxes, plan.dialect, spec.on)
    if new is None or new == text:
        return tree
    made = git.text("hash-object", "-w", "--stdin", data=new.encode())
    return _replaced(git, tree, plan.path.split("/"), f"{mode} blob {made}")


def _replaced(git: Git, tree: str, parts: Sequence[str], entry: str) -> str:
    """Return a tree in which what stands at a path is another entry."""
    name, *below = parts
    rows = {key: value for value, _, key in (row.partition("\t") for row in git.fields("ls-tree", "-z", tree))}
    rows[name] = f"040000 tree {_replaced(git, rows[name].split()[2], below, entry)}" if below else entry
    listing = "".join(f"{value}\t{key}\0" for key, value in rows.items())
    return git.text("mktree", "-z", "--missing", data=listing.encode("utf-8", "surrogateescape"))


def scratch_at(git: Git, path: Path, commit: str, spec: Spec) -> Worktree:
    """Return a scratch worktree made ready for checks at a commit; nobody works in it, so it is made anew if need be."""
    tree = Worktree(git, path)
    if tree.health() == "whole":
        tear_down(spec, path, "merge-teardown-")
        tree.reset(commit, nested=True, ignored=True)
        forget(tree)
    else:
        tree.discard()
        tree.add(commit)
    tree.guard()
    prepare(spec, tree)
    return tree


def _message(spec: Spec) -> str:
    text = (spec.message or f"task {spec.task}").replace("\0", "").strip()
    trailers = f"Branchline-Run: {spec.run}\nBranchline-Task: {spec.task}\nBranchline-Attempt: {spec.attempt}\n"
    return f"{text}\n\n{trailers}"


def no(reason: str, error: str) -> dict[str, Any]:
    """The answer of a merge that did not come to be."""
    empty: dict[str, Any] = {"files": [], "checks": [], "conflict": None, "ticked": False, "empty": False, "tip": ""}
    return {"ok": False, "commit": "", "reason": reason, "error": error} | empty


def yes(commit: str) -> dict[str, Any]:
    """The answer of a merge that came to be, or was there already, with nothing said of it yet but its commit."""
    return no("", "") | {"ok": True, "commit": commit, "task_commit": ""}


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a kernel lock for the time of the block; a job that dies frees it."""
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
