"""What the coordinator asks of the user's repository; it changes nothing there but refs of our own, and `land`."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from branchline.errors import GitError, RepositoryError, WaitingError
from branchline.proc.run import run as run_process
from branchline.workspace import landing, snapshot
from branchline.workspace.diff import state_of
from branchline.workspace.git import (
    ABSENT,
    MIN_GIT,
    RUN_REFS,
    SALVAGE_REFS,
    Git,
    base_ref,
    from_ref_part,
    is_name,
    salvage_folder,
    short,
    task_ref,
    tip_ref,
)
from branchline.workspace.landing import SHOWN, LandResult
from branchline.workspace.lentref import take_in
from branchline.workspace.prepare import require_ignored
from branchline.workspace.worktree import WHOLE, Worktree, folder_of, prepared_of, scratch_of, unfinished

_FILLED: Final = frozenset({"whole", "lost"})
_TRAILERS: Final = "".join(
    f"%x1f%(trailers:key=Branchline-{key},valueonly,separator=%x2C)" for key in ("Run", "Task", "Attempt")
)


class Merged(NamedTuple):
    """One commit of the integration branch that brought a task in."""

    commit: str
    task: str
    attempt: int
    subject: str


class Repository:
    """The user's repository: `root` is the top folder of the checkout, `git` stands in it."""

    __slots__ = ("git", "ignored", "root")

    def __init__(self, git: Git, root: Path, *, ignored: bool = False) -> None:
        self.git = git
        self.root = root
        self.ignored = ignored

    @classmethod
    def open(
        cls,
        start: Path,
        environ: Mapping[str, str] | None = None,
        programs: Sequence[str] = (),
        *,
        ignored: bool = False,
    ) -> Self:
        """Return the repository that holds `start`; raises RepositoryError: no folder, no repository, bare, in .git.

        `programs` are the filters and merge drivers of its own configuration that may run (`filter.lfs`); `ignored` says
        that files which git ignores are work too: saved before anything is removed.
        """
        if not start.is_dir():
            raise RepositoryError(f"{start} is not a folder")
        git = Git(start, environ, programs=programs)
        words = ("--is-bare-repository", "--is-inside-git-dir", "--is-inside-work-tree")
        done = git.run("rev-parse", *words, ok=(0, 128))
        said = done.err.decode(errors="replace").strip()
        if done.code and "not a git repository" not in said:
            raise RepositoryError(f"git refuses {start}: {said}")
        if done.code:
            raise RepositoryError(
                f"{start} is not in a git repository; run `git init` and commit, or use `execute --in-place`"
            )
        bare, inside, _ = done.out.decode().split()
        if bare == "true":
            raise RepositoryError(f"{start} is a bare repository: there are no files to work on; clone it and go there")
        if inside == "true":
            raise RepositoryError(f"{start} is inside the .git folder; go to the folder that holds your files")
        root = Path(git.text("rev-parse", "--path-format=absolute", "--show-toplevel"))
        return cls(git.at(root), root, ignored=ignored)

    def head(self) -> str:
        """Return the commit of HEAD, or "" when there is none yet."""
        return self.git.resolve("HEAD")

    def branch(self) -> str:
        """Return the short name of the checked-out branch, or "" when HEAD is detached."""
        return short(self.git.branch())

    def check_ready(self, ignore: Sequence[str] = (), brought: Sequence[str] = ()) -> None:
        """Raise RepositoryError, in words, when no run can start here.

        A git that is too old, no commit, no identity, a branch in the way, a merge or rebase in progress, files that need
        a filter that may not run, tracked files modified, a path of `[workspace] copy` and `symlink` (`brought`) that git
        would commit.
        `ignore` are paths relative to the root (plans); they and stored graphs never count as modified, untracked files
        neither.
        """
        version = self.git.text("version")
        if tuple(map(int, re.findall(r"\d+", version)[:2])) < MIN_GIT:
            least = ".".join(map(str, MIN_GIT))
            raise RepositoryError(f"{version} is too old to merge without touching files; install {least} or newer")
        if not self.head():
            raise RepositoryError("the repository has no commit yet; commit something first (an empty commit will do)")
        self._check_identity()
        if self.git.run("show-ref", "--verify", "--quiet", "refs/heads/branchline", ok=(0, 1)).code == 0:
            raise RepositoryError("the repository has a branch called `branchline`, where our own are kept; rename it")
        begun = unfinished(self.git)
        if begun:
            raise RepositoryError(f"a {begun[0]} is in progress in {self.root}; finish it first, or use --in-place")
        words = landing.filtered(self.git, self.git.fields("ls-files", "-z"))
        if words:
            raise RepositoryError(words)
        require_ignored(self.git, brought)
        files = landing.dirty(self.git, ignore)
        if files:
            shown = "".join(f"\n  {name}" for name in files[:SHOWN])
            more = f"\n  and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
            raise RepositoryError(
                f"files with changes that are not committed; workers would not see them:{shown}{more}\n"
                "commit them, or work in your own checkout with --in-place",
                files=files,
            )

    def tracks(self, name: str) -> bool:
        """Say whether git tracks a file; `name` is relative to the root."""
        return self.git.run("ls-files", "--error-unmatch", "--", name, ok=(0, 1, 128)).code == 0

    def identity(self) -> tuple[str, str]:
        """Return the name and the mail address that git would put on a commit; empty ones when it knows none."""
        said = self.git.text("var", "GIT_AUTHOR_IDENT", ok=(0, 1, 128))
        name, _, rest = said.partition(" <")
        return name, rest.partition("> ")[0]

    def start_run(self, run: str, base: str) -> None:
        """Make the integration branch of a run at a commit; again with the same base: nothing happens."""
        ref = tip_ref(run)
        commit = self.git.resolve(base)
        if not commit:
            raise RepositoryError(f"{base!r} is no commit of this repository")
        common = self.git.common()
        git = self.git.at(self.git.cwd, locks=[common / base_ref(run), common / ref])
        git.run("update-ref", base_ref(run), commit)
        if git.move(ref, commit, ABSENT, "branchline: start of the run"):
            return
        if not self.git.contains(self.git.resolve(ref), commit):
            raise RepositoryError(f"the branch {short(ref)} is there already and does not hold {commit[:12]}")

    def tip(self, run: str) -> str:
        """Return the commit of a run's integration branch, or "" when there is none."""
        return self.git.resolve(tip_ref(run))

    def holds(self, run: str) -> bool:
        """Say whether the commit that is checked out holds all that a run has merged."""
        return self.git.contains(self.head(), self.tip(run))

    def hold_tip(self, run: str, commit: str, merging: Collection[tuple[str, int]] = ()) -> str:
        """Put a run's integration branch back to `commit` when anyone but us has moved it, or taken it away.

        Call it while no merge is under way. Merges of `merging`, pairs of task and attempt, on top of `commit` stay:
        their job was killed before they were recorded. Returns the salvage ref that keeps what was there, or "" when
        nothing had been moved.
        """
        tip, git = self.tip(run), self.git.at(self.git.cwd, locks=[self.git.common() / tip_ref(run)])
        if tip == commit or (tip and merging and self._is_merge_of(run, merging, commit, tip)):
            return ""
        return put_back(git, run, commit, tip)

    def _is_merge_of(self, run: str, merging: Collection[tuple[str, int]], before: str, tip: str) -> bool:
        commits = self.git.text("rev-list", "--first-parent", f"{before}..{tip}").split()
        found = [(row.commit, (row.task, row.attempt)) for row in self.merged(run, before)]
        first = commits and self.git.text("rev-parse", "--verify", "--quiet", f"{commits[-1]}^1", ok=(0, 1)) == before
        whole = [commit for commit, _ in reversed(found)] == commits and all(who in merging for _, who in found)
        return bool(first and whole)

    def worktree(self, run: str, task: str) -> Path:
        """Return where a task's worktree stands or would stand."""
        return folder_of(self.root, run, task)

    def merged(self, run: str, base: str) -> list[Merged]:
        """Return the commits that brought tasks to a run's tip since `base`, oldest first."""
        return merged(self.git, run, base, self.tip(run))

    def salvage(self, run: str, task: str, attempt: int | str) -> str:
        """Keep everything of a task's worktree under a salvage ref and return its name.

        "" when there is nothing that the tip does not have already. Index, branch and files stay as they are. Raises
        GitError when something cannot be read.
        """
        return salvage_worktree(self.git, self.root, run, task, str(attempt), ignored=self.ignored)

    def salvage_list(self, run: str = "", task: str = "") -> list[snapshot.Salvage]:
        """Return the salvage refs of a task, of a run, or all."""
        return snapshot.salvages(self.git, run, task)

    def left_over(self) -> list[tuple[str, str]]:
        """Return the runs and tasks that have a worktree or a branch, in the order of their names."""
        folders = (self.root / snapshot.OWN / "worktrees").glob("*/*")
        found = {(path.parent.name, path.name.removeprefix(".gone-")) for path in folders if path.is_dir()}
        for ref in self.git.text("for-each-ref", "--format=%(refname)", RUN_REFS).splitlines():
            run, kind, *task = ref.removeprefix(RUN_REFS).split("/")
            found |= {(from_ref_part(run), from_ref_part(task[0]))} if kind == "task" and len(task) == 1 else set()
        return sorted((run, task) for run, task in found if is_name(run) and is_name(task))

    def would_lose(self, run: str, task: str) -> str:
        """Say in words what of a task's worktree and branch is neither merged nor saved; "" for nothing."""
        tree = Worktree(self.git, self.worktree(run, task))
        take_in(self.git, tree.admin(), task_ref(run, task))
        health = tree.health()
        branch, tip = (ref.commit for ref in self.git.refs(task_ref(run, task), tip_ref(run)))
        standing = health in _FILLED
        clean = self._clean_head(tree, health)
        heads = [clean or tree.head() or branch or tip, branch]
        content = ""
        if standing and not clean:
            content = snapshot.tree_of(_standing(tree, health), heads[0], ignored=self.ignored)
        if self._is_safe(run, task, content, heads, tip):
            return ""
        where = tree.path if standing else f"the branch {short(task_ref(run, task))}"
        return f"the worktree of task {task} holds work that is neither merged nor saved: {where}"

    def remove_worktree(self, run: str, task: str) -> None:
        """Take a task's worktree and branch away; raises WaitingError unless all of it is merged or salvaged.

        Ignored files go with it, unless they are work: then they are saved now. Without a worktree only the branch is
        looked at.
        """
        if self.ignored:
            self.salvage(run, task, "ignored")
        words = self.would_lose(run, task)
        if words:
            raise WaitingError(
                f"{words}\nsave it first: branchline salvage save {task}", path=str(self.worktree(run, task))
            )
        Worktree(self.git, self.worktree(run, task)).discard()
        prepared_of(self.root, run, task).unlink(missing_ok=True)
        branch = self.git.resolve(task_ref(run, task))
        if branch:
            self.git.drop(task_ref(run, task), branch)

    def remove_scratch(self, run: str) -> bool:
        """Take away where a run's merges were tried, once no merge is under way; True when there was anything."""
        scratch = scratch_of(self.root, run)
        there = os.path.lexists(scratch)
        Worktree(self.git, scratch).discard()
        locks = (scratch.with_name(".merge.lock"), scratch.with_name(".verify.lock"))
        for path in (*locks, prepared_of(self.root, run, "x").parent, scratch.parent):
            if path.is_dir():
                with suppress(OSError):  # another task's worktree or answer is in it still
                    path.rmdir()
            else:
                path.unlink(missing_ok=True)
        return there

    def land(self, run: str, ignore: Sequence[str] = (), message: str = "") -> LandResult:
        """Bring a run's tip to the branch that is checked out, as `landing.land` says."""
        return landing.land(self.git, run, ignore, message)

    def _clean_head(self, tree: Worktree, health: str) -> str:
        """The commit of a worktree that holds nothing else, "" for any other; this is what most are when they go."""
        if health != "whole" or self.ignored or not snapshot.shows_all(tree.git):
            return ""
        _, head, files = state_of(tree.git)
        return "" if files else head

    def _is_safe(self, run: str, task: str, content: str, heads: Sequence[str], tip: str) -> bool:
        def held(commits: Sequence[str]) -> bool:
            return all(
                any(self.git.contains(each, head) for each in commits if each) for head in dict.fromkeys(heads) if head
            )

        if not content and held([tip]):
            return True
        saved = [row.commit for row in self.salvage_list(run, task)]
        if not held([tip, *saved]):
            return False
        return content in {"", *(self.git.text("rev-parse", f"{commit}^{{tree}}") for commit in (heads[0], *saved))}

    def _check_identity(self) -> None:
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            if self.git.run("var", who, ok=(0, 1, 128)).code:
                raise RepositoryError(
                    "git does not know who you are; say it once with "
                    "`git config --global user.name NAME` and `git config --global user.email ADDRESS`"
                )


def make(root: Path, who: str, env: Mapping[str, str]) -> None:
    """Make a folder a repository whose one commit is all that is in it; `who` commits there, so that none need be configured."""
    mail = f"{who.split()[-1].lower()}@branchline.invalid"
    for words in (
        ("init", "--quiet"),
        ("config", "user.name", who),
        ("config", "user.email", mail),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "a plan"),
    ):
        done = run_process(("git", *words), cwd=root, env=env, timeout=60.0, limit=1 << 16)
        if done.code:
            raise RepositoryError(f"git {words[0]} failed in {root}: {done.err.decode(errors='replace').strip()}")


def merged(git: Git, run: str, base: str, tip: str, paths: Sequence[str] = ()) -> list[Merged]:
    """Return the commits between two commits that brought tasks of a run in, oldest first; `paths` narrows them.

    Only the first parents are followed: a worker's own commit cannot pass for one of ours.
    """
    if not tip or not git.resolve(base):
        return []
    form = f"--format=%x1e%H{_TRAILERS}%x1f%s"
    literal = [f":(top,literal){name}" for name in paths]
    text = git.text("log", "--first-parent", "--reverse", form, f"{base}..{tip}", "--", *literal)
    rows = [[word.strip() for word in entry.split("\x1f")] for entry in text.split("\x1e") if entry.strip()]
    return [
        Merged(commit, task, int(attempt) if attempt.isdecimal() else 0, subject)
        for commit, name, task, attempt, subject in rows
        if name == run and task
    ]


def put_back(git: Git, run: str, commit: str, tip: str) -> str:
    """Move a run's integration branch from `tip` (""; it is gone) back to `commit`; the ref that keeps what was there."""
    kept = snapshot.save_heads(git, run, "tip", "moved", [tip], commit) if tip else ""
    git.move(tip_ref(run), commit, tip or ABSENT, "branchline: put back, someone else had moved it")
    return kept or short(tip_ref(run))


def salvage_worktree(git: Git, root: Path, run: str, task: str, attempt: str, *, ignored: bool) -> str:
    """Keep everything of a task's worktree and branch under a salvage ref; its name, or "" for nothing."""
    git = git.at(git.cwd, locks=[git.common() / salvage_folder(run, task)])
    tree = Worktree(git, folder_of(root, run, task))
    take_in(git, tree.admin(), task_ref(run, task))
    branch, tip = (ref.commit for ref in git.refs(task_ref(run, task), tip_ref(run)))
    health = tree.health()
    heads = [tree.head() or branch or tip, branch]
    if health in _FILLED:
        return snapshot.salvage(_standing(tree, health), run, task, attempt, heads, tip, ignored=ignored)
    return snapshot.save_heads(git, run, task, attempt, heads, tip)


def _standing(tree: Worktree, health: str) -> Git:
    """Return git for the files of a worktree; one that git has lost is read from outside."""
    if health == "whole":
        return tree.git
    if tree.path.is_symlink() or not tree.path.is_dir():
        raise GitError(f"{tree.path} is no folder; move it away, then try again")
    env = {"GIT_DIR": str(tree.common), "GIT_WORK_TREE": str(tree.path)}
    return tree.base.at(tree.path, env=env, settings=WHOLE)


__all__ = ["SALVAGE_REFS", "LandResult", "Merged", "Repository"]
