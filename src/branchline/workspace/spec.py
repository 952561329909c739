"""What custody hands to a job of the workspace, and the answer the job leaves in its folder."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from branchline.errors import InputError
from branchline.files import read_json, write_durable
from branchline.planfile.writeback import Place
from branchline.workspace.git import Git, task_ref, tip_ref

GUARDED: Final = ("branchline.toml", "pyproject.toml", "prompts/", ".branchline/")
"""Paths that steer Branchline itself: a change to one needs a person (DESIGN, section 6); a slash ends a folder."""
PURPOSES: Final = ("setup", "check", "merge")
RESULT: Final = "result.json"


class PlanBoxes(NamedTuple):
    """The boxes that the merge of a task ticks: `path` of the plan relative to the root, and where each stands."""

    path: str
    boxes: Sequence[Place] = ()
    dialect: str = ""


class Spec(NamedTuple):
    """One job; paths are absolute, refs full names, times in seconds.

    `env` is the whole environment of the checks, `wrap` the words put before `sh -c` (a sandbox), `author` is
    `Name <address>` or "" for the user's own identity, `in_place` says that nothing is isolated, `commit` what a merge
    brings in ("": the task's branch), `tip` what a fresh worktree begins at and a merge goes onto ("": the
    integration branch), `programs` the
    filters and merge drivers of the repository's own configuration that may run; `copy`, `symlink`, `setup`,
    `teardown` and `salvage_ignored` are those of `[workspace]`; `output_limit` is how many MB a
    file may have that a check writes, its log too (0: no limit); `by_glob` are commands for changed files by pattern;
    `join` says that a kept worktree gets what was merged meanwhile, and that no mark of a conflict may be left in it;
    `recheck` says whose checks a merge runs again (none, touched, all); `also` are the files of the specs of tasks that
    are merged together with this one;
    `read_only` says that a change is taken back unless the plan names all of its files (`named`); `masked` are the
    placeholders of the task's prompts, whose values stand in the file `vault`.
    """

    purpose: str
    root: str
    run: str
    task: str
    attempt: int
    folder: str
    worktree: str = ""
    branch: str = ""
    tip_ref: str = ""
    env: Mapping[str, str] = {}
    checks: tuple[Mapping[str, Any], ...] = ()
    check_timeout: float = 3600.0
    wrap: tuple[str, ...] = ()
    message: str = ""
    plan: PlanBoxes | None = None
    on: str = ""
    author: str = ""
    base: str = ""
    commit: str = ""
    fresh: bool = False
    in_place: bool = False
    tip: str = ""
    programs: tuple[str, ...] = ()
    copy: tuple[str, ...] = ()
    symlink: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    teardown: tuple[str, ...] = ()
    salvage_ignored: bool = False
    output_limit: int = 0
    by_glob: Mapping[str, tuple[str, ...]] = {}
    join: bool = False
    recheck: str = "none"
    also: tuple[str, ...] = ()
    read_only: bool = False
    named: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    vault: str = ""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the spec of a file; raises InputError when a key that is needed is missing."""
        data = read_json(path)
        if not isinstance(data, dict):
            raise InputError(f"{path}: a job's spec is a JSON object")
        known = {key: value for key, value in data.items() if key in cls._fields and value is not None}
        missing = [name for name in ("purpose", "root", "run", "task", "attempt", "folder") if name not in known]
        if missing:
            raise InputError(f"{path}: a job's spec needs {', '.join(missing)}")
        if known["purpose"] not in PURPOSES:
            raise InputError(f"{path}: {known['purpose']!r} is none of the purposes {', '.join(PURPOSES)}")
        plan = known.pop("plan", {})
        if plan.get("path"):
            known["plan"] = PlanBoxes(**{key: plan[key] for key in PlanBoxes._fields if key in plan})
        known |= {key: tuple(known[key]) for key, none in cls._field_defaults.items() if none == () and key in known}
        spec = cls(**known)
        return spec._replace(
            branch=_full(spec.branch) or task_ref(spec.run, spec.task), tip_ref=_full(spec.tip_ref) or tip_ref(spec.run)
        )

    def isolated(self) -> bool:
        """Say whether the work has a worktree of its own; in the user's checkout nothing is committed or put back."""
        return (
            not self.in_place and self.worktree != "" and os.path.realpath(self.worktree) != os.path.realpath(self.root)
        )

    def git(self) -> Git:
        """Return git in the user's repository, with the author's name when one is given."""
        name, _, address = self.author.rpartition(" <")
        who = {"NAME": name, "EMAIL": address.removesuffix(">")} if name else {}
        own = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        root = Path(self.root)
        return Git(root, programs=self.programs).at(root, env=own)


def write_answer(folder: Path, name: str, answer: Mapping[str, Any]) -> None:
    """Leave an answer in a job's folder so that it is whole or not there, also after a crash of the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    # ASCII only: a path that is not UTF-8 goes through as a lone surrogate.
    write_durable(folder / name, json.dumps(answer, indent=1, sort_keys=True) + "\n")


def _full(ref: str) -> str:
    return ref if not ref or ref.startswith("refs/") else f"refs/heads/{ref}"
