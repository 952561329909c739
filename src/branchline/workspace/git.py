"""The one git wrapper: guarded settings, a small environment, argument lists, git's own words in errors."""

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from typing import Final, NamedTuple, Self

from branchline.errors import GitError, RepositoryError
from branchline.proc.run import Completed, run
from branchline.workspace.guard import Guard, folders, switched_off

MIN_GIT: Final = (2, 38)
"""The first git that merges without a worktree (`merge-tree --write-tree`)."""
GIT_TIMEOUT: Final = 1800.0
"""Seconds one git command may take: a checkout of a very large repository is slow, a hung one must still end."""
GIT_LIMIT: Final = 256 * 1024 * 1024

ABSENT: Final = ""
"""As the old value of a ref: it must not exist."""
NOT_STARTED: Final = 127
OWN_WORKTREES: Final = "/.branchline/worktrees/"
RUN_REFS: Final = "refs/heads/branchline/"
BASE_REFS: Final = "refs/branchline/base/"
SALVAGE_REFS: Final = "refs/branchline/salvage/"

# What a repository's configuration must not be able to do: start programs, rewrite what we asked for, hide a change from
# us, run in the background. Fsync: an object must be on the disk before a ref that names it is.
_GUARDS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.trustCtime=true",
    "core.checkStat=default",
    "core.pager=cat",
    "core.editor=true",
    "core.askPass=",
    "core.safecrlf=false",
    "core.quotePath=false",
    "core.fsync=committed,reference",
    "core.fsyncMethod=batch",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "log.showSignature=false",
    "merge.verifySignatures=false",
    "merge.autoStash=false",
    "rebase.autoStash=false",
    "rerere.enabled=false",
    "branch.autoSetupMerge=false",
    "submodule.recurse=false",
    "protocol.ext.allow=never",
    "color.ui=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "advice.addEmbeddedRepo=false",
    "advice.detachedHead=false",
    "advice.graftFileDeprecated=false",
)
_PREFIX: Final = ("git", *(word for setting in _GUARDS for word in ("-c", setting)))

# HOME and the configuration files are there for the identity; GIT_DIR, GIT_INDEX_FILE and the like never pass.
_PASSED: Final = (
    "HOME",
    "PATH",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "EMAIL",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
)
_FIXED: Final = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_SEQUENCE_EDITOR": "true",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "0",
    "GIT_MERGE_AUTOEDIT": "no",
    # A commit is what it is: a worker must not be able to have us read another in its place.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
}

# git cuts this line off where the name is longer than a path may be.
_UNSEEN: Final = re.compile(rb"could not open directory '([^\n]+?)(?:/?':|\n|\Z)")
_LOCK: Final = re.compile(r"[Uu]nable to create '(.+?\.lock)': File exists")
# git trips over a worktree that another git is making at this moment, and for ever over one it was killed in.
_HALF_MADE: Final = re.compile(r"failed to read (.+)/commondir")
_LOCK_BUSY: Final = re.compile(r"could not lock config file|index file open failed|unable to lock")
_BACK_OFF: Final = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Seconds between tries when another git holds a lock: about 1.3 s in all."""
_LEFT: Final = 4
"""What one killed git can have left behind: a commit holds the index, HEAD and the branch at once."""
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,79}\Z")


class Ref(NamedTuple):
    """Where a ref stands, and the folder of the checkout that has it checked out; "" for none."""

    commit: str = ""
    place: str = ""


class Git:
    """git in one folder. `locks` are folders and files that only we lock: a stale lock there is removed.

    `programs` are the filters and merge drivers of the repository's own configuration that may run.
    """

    __slots__ = ("_env", "_guard", "_settings", "_sleep", "cwd", "locks")

    def __init__(
        self,
        cwd: Path,
        environ: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        locks: Sequence[Path] = (),
        programs: Sequence[str] = (),
    ) -> None:
        self.cwd = cwd
        self._env = environment(os.environ if environ is None else environ)
        self._sleep = sleep
        self.locks = tuple(locks)
        self._guard = Guard(programs)
        self._settings: tuple[str, ...] = ()

    def at(
        self,
        cwd: Path,
        *,
        locks: Sequence[Path] = (),
        env: Mapping[str, str] | None = None,
        settings: Sequence[str] = (),
    ) -> Self:
        """Return the same git in another folder, with more of our own variables and settings (`core.abbrev=40`)."""
        other = type(self)(cwd, {}, self._sleep, (*self.locks, *locks))
        other._env = {**self._env, **(env or {})}
        other._guard = self._guard
        other._settings = (*self._settings, *(word for setting in settings for word in ("-c", setting)))
        return other

    def refused(self) -> tuple[str, ...]:
        """Return the programs that the repository's own configuration names and that are not allowed to run."""
        return self._guard.refused(self.cwd, self._env, lambda words: self._start(words, b"", {}).out)

    def run(self, *words: str, data: bytes = b"", ok: Sequence[int] = (0,)) -> Completed:
        """Run one git command; raises GitError with git's words when its exit status is not one of `ok`.

        A lock that another git holds is waited for, about a second, also where a failure is one of `ok`.
        """
        done = self._patiently(words, data)
        for _ in range(_LEFT):
            if not done.code or not (self._free_own_lock(done) or self._free_own_worktree(done)):
                break
            done = self._patiently(words, data)
        if done.timed_out or done.code not in ok:
            raise self._error(words, done)
        return done

    def text(self, *words: str, data: bytes = b"", ok: Sequence[int] = (0,)) -> str:
        """Return what a git command prints, without the last line end."""
        return _decode(self.run(*words, data=data, ok=ok).out).removesuffix("\n")

    def fields(self, *words: str, data: bytes = b"") -> list[str]:
        """Return what a git command prints with `-z`: the texts between the NUL bytes."""
        return [_decode(part) for part in self.run(*words, data=data).out.split(b"\0") if part]

    def resolve(self, name: str) -> str:
        """Return the commit that a ref or name stands for, or "" when there is none."""
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return self.text(*words, ok=(0, 1, 128))

    def branch(self) -> str:
        """Return the full name of the branch that HEAD is on, or "" when it is on none."""
        return self.text("symbolic-ref", "--quiet", "HEAD", ok=(0, 1, 128))

    def contains(self, descendant: str, ancestor: str) -> bool:
        """Say whether `ancestor` is reachable from `descendant` (every commit reaches itself)."""
        return self.run("merge-base", "--is-ancestor", ancestor, descendant, ok=(0, 1)).code == 0

    def move(self, ref: str, new: str, old: str, why: str) -> bool:
        """Set a full ref name from `old` (ABSENT: must not exist) to `new` at once; False when it was not at `old`."""
        done = self.run("update-ref", "--no-deref", "-m", why, ref, new, old, ok=(0, 1, 128))
        if done.code == 0:
            return True
        if self.resolve(ref) != old:
            return False
        raise self._error(("update-ref", ref, new, old), done)

    def refs(self, *names: str) -> list[Ref]:
        """Return where refs of full names stand, in their order, by one look at all of them."""
        form = "--format=%(refname)%00%(objectname)%00%(worktreepath)%00"
        rows = _decode(self.run("for-each-ref", form, *names).out).split("\0\n")
        found = {name: Ref(*rest) for name, *rest in (row.split("\0") for row in rows)}
        return [found.get(name, Ref()) for name in names]

    def folder(self) -> Path:
        """Return git's own folder for this checkout."""
        return self._folders()[0]

    def common(self) -> Path:
        """Return the folder of git that all worktrees share."""
        return self._folders()[1]

    def _folders(self) -> tuple[Path, Path]:
        try:
            return folders(self.cwd, self._env)
        except OSError as error:
            raise GitError(f"the folder of git for {self.cwd} cannot be read: {error}") from error

    def drop(self, ref: str, old: str) -> None:
        """Delete a full ref name that stands at `old`; never the one that a worker has made it another name for."""
        self.run("update-ref", "--no-deref", "-d", ref, old)

    def _patiently(self, words: Sequence[str], data: bytes) -> Completed:
        done = self._once(words, data)
        for pause in _BACK_OFF:
            if not done.code or not _locked(done):
                break
            self._sleep(pause)
            done = self._once(words, data)
        return done

    def _once(self, words: Sequence[str], data: bytes) -> Completed:
        if not self.cwd.is_dir():
            raise GitError(f"git {' '.join(words)}: the folder {self.cwd} is not there")
        return self._start(words, data, switched_off(self.refused()))

    def _start(self, words: Sequence[str], data: bytes, more: Mapping[str, str]) -> Completed:
        env = {**self._env, **more}
        argv = (*_PREFIX, *self._settings, *words)
        done = run(argv, cwd=self.cwd, env=env, input=data, timeout=GIT_TIMEOUT, limit=GIT_LIMIT)
        if done.code == NOT_STARTED and done.err.startswith(b"could not start"):
            raise RepositoryError(f"git is not installed, or not on the PATH: {_decode(done.err)}")
        if done.truncated:
            raise GitError(f"git {words[0]} in {self.cwd} printed more than {GIT_LIMIT} bytes")
        return done

    def _free_own_lock(self, done: Completed) -> bool:
        match = _LOCK.search(_decode(done.err))
        if match is None:
            return False
        lock = Path(os.path.realpath(self.cwd / match[1]))
        if not any(lock.is_relative_to(place) or str(lock) == f"{place}.lock" for place in self.locks):
            return False
        # Held unchanged through all our tries, in a place where only this job writes: a killed git left it.
        lock.unlink(missing_ok=True)
        return True

    def _free_own_worktree(self, done: Completed) -> bool:
        match = _HALF_MADE.search(_decode(done.err))
        if match is None:
            return False
        admin = self.cwd / match[1]
        link = admin / "gitdir"
        if not link.is_file() or OWN_WORKTREES not in _decode(link.read_bytes()):
            return False
        rmtree(admin)
        return True

    def _error(self, words: Sequence[str], done: Completed) -> GitError:
        said = _decode(done.err).strip() or _decode(done.out).strip() or "it said nothing"
        how = "took too long" if done.timed_out else f"ended with {done.code}"
        command = " ".join(("git", *words))[:300]
        return GitError(f"{command} in {self.cwd} {how}: {said[:2000]}", command=command, exit=done.code, said=said)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment a git process of ours gets, from the allow-list and the fixed values."""
    return {name: environ[name] for name in _PASSED if name in environ} | _FIXED


def is_name(name: str) -> bool:
    """Say whether an id may stand in paths and refs."""
    return _SAFE_NAME.match(name) is not None


def check_name(name: str) -> str:
    """Return a run's or task's id that may stand in paths and refs; raises RepositoryError for any other."""
    if not is_name(name):
        raise RepositoryError(f"{name!r} cannot be used as the name of a run or a task")
    return name


def ref_part(name: str) -> str:
    """Return an id as one part of a ref name: what git forbids there (`~`, `..`, a last `.` or `.lock`) as %XX."""
    part = check_name(name).replace("~", "%7E").replace("..", ".%2E")
    if part.endswith(".lock"):
        part = part[: -len(".lock")] + "%2Elock"
    return part[:-1] + "%2E" if part.endswith(".") else part


def from_ref_part(part: str) -> str:
    """Return the id that `ref_part` made into a part of a ref name."""
    return re.sub(r"%([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), part)


def tip_ref(run: str) -> str:
    """Return the full ref name of a run's integration branch."""
    return f"{RUN_REFS}{ref_part(run)}/tip"


def task_ref(run: str, task: str) -> str:
    """Return the full ref name of a task's branch."""
    return f"{RUN_REFS}{ref_part(run)}/task/{ref_part(task)}"


def base_ref(run: str) -> str:
    """Return the full ref name that remembers the commit a run began at."""
    return f"{BASE_REFS}{ref_part(run)}"


def salvage_folder(run: str, task: str) -> str:
    """Return the folder of refs that holds a task's salvage."""
    return f"{SALVAGE_REFS}{ref_part(run)}/{ref_part(task)}"


def short(ref: str) -> str:
    """Return a branch's full ref name as people write it."""
    return ref.removeprefix("refs/heads/")


def unseen(done: Completed) -> list[str]:
    """Return the folders that a git command passed over with a warning, for it could not look into them."""
    return [_decode(name) for name in _UNSEEN.findall(done.err)]


def _locked(done: Completed) -> bool:
    said = _decode(done.err)
    return any(pattern.search(said) for pattern in (_LOCK, _LOCK_BUSY, _HALF_MADE))


def _decode(data: bytes) -> str:
    # Paths are bytes to git: surrogateescape brings every one of them back unchanged.
    return data.decode("utf-8", "surrogateescape")
