"""The repository as the coordinator sees it: readiness, salvage, removal, landing; the user's checkout untouched."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.errors import GitError, RepositoryError, WaitingError
from branchline.workspace import job
from branchline.workspace.diff import changed_files
from branchline.workspace.git import Git, base_ref, environment, from_ref_part, ref_part, task_ref, tip_ref
from branchline.workspace.repository import Repository
from branchline.workspace.worktree import Worktree

RUN = "r1"
PLAN = "# Plan\n\n- [ ] 1.1 one\n- [ ] 1.2 two\n"


class Place:
    """A repository in a folder with a hard name, a run in it, and jobs as custody would start them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.write("plan.md", PLAN)
        self.write("a.txt", "one\ntwo\nthree\n")
        self.write("src/ü b.txt", "deep\n")
        self.commit("start")
        self.write(".branchline/.gitignore", "*\n")
        self.base = self.git("rev-parse", "HEAD").strip()
        self.repository = Repository.open(root)
        self.repository.start_run(RUN, self.base)

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(["git", *words], cwd=cwd or self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, name: str, text: str, folder: Path | None = None) -> Path:
        path = (folder or self.root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self, message: str, cwd: Path | None = None) -> str:
        self.git("add", "-A", cwd=cwd)
        self.git("commit", "-q", "--allow-empty", "-m", message, cwd=cwd)
        return self.git("rev-parse", "HEAD", cwd=cwd).strip()

    def tree(self, task: str = "1.1") -> Path:
        return self.repository.worktree(RUN, task)

    def tip(self) -> str:
        return self.repository.tip(RUN)

    def folder(self, purpose: str, task: str, attempt: int) -> Path:
        return self.root / ".branchline" / "runs" / RUN / task / str(attempt) / purpose

    def spec(self, purpose: str, task: str = "1.1", attempt: int = 1, **more: Any) -> Path:
        folder = self.folder(purpose, task, attempt)
        folder.mkdir(parents=True, exist_ok=True)
        data: dict[str, Any] = {
            "purpose": purpose,
            "root": str(self.root),
            "run": RUN,
            "task": task,
            "attempt": attempt,
            "worktree": str(self.tree(task)),
            "folder": str(folder),
            "env": {"PATH": os.environ["PATH"]},
            "base": self.base,
            "fresh": True,
            "on": "2026-01-31",
            "message": f"task {task}: words",
        }
        path = folder / "spec.json"
        path.write_text(json.dumps(data | more), encoding="utf-8")
        return path

    def job(self, purpose: str, task: str = "1.1", attempt: int = 1, **more: Any) -> dict[str, Any]:
        status = job.main([str(self.spec(purpose, task, attempt, **more))])
        answer = self.answer(purpose, task, attempt)
        assert status == 0, answer
        return answer

    def answer(self, purpose: str, task: str = "1.1", attempt: int = 1) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.folder(purpose, task, attempt) / "result.json").read_text())
        return data

    def start(self, path: Path) -> subprocess.Popen[bytes]:
        source = str(Path(job.__file__).parents[2])
        argv = [sys.executable, "-m", "branchline.workspace.job", str(path)]
        return subprocess.Popen(argv, env=dict(os.environ) | {"PYTHONPATH": source}, stderr=subprocess.PIPE)

    def bring_in(self, task: str, name: str, text: str, attempt: int = 1) -> dict[str, Any]:
        """Set up, write one file, check and merge."""
        assert self.job("setup", task, attempt)["ok"]
        self.write(name, text, self.tree(task))
        assert self.job("check", task, attempt)["ok"]
        return self.job("merge", task, attempt)

    def shown(self, commit: str, name: str) -> str:
        return self.git("show", f"{commit}:{name}")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "a folder – ünï 'q'")


def fingerprint(root: Path) -> dict[str, Any]:
    """Everything of the user's that must stay as it is, to the byte and the nanosecond."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout

    files = [
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {".git", ".branchline"} & set(path.relative_to(root).parts)
    ]
    own = [line for line in git("for-each-ref").splitlines() if "branchline/" not in line]
    folder = root / ".git"
    kept = {name: (folder / name).read_bytes() for name in ("HEAD", "index", "config", "info/exclude")}
    kept |= {name: (folder / name).exists() for name in ("MERGE_HEAD", "ORIG_HEAD", "AUTO_MERGE", "logs/refs/stash")}
    seen = {str(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in files}
    return {"refs": own, "files": seen, "kept": kept, "index time": (folder / "index").stat().st_mtime_ns}


def identity_less(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    place.git("config", "user.useConfigOnly", "true")


# ---- opening and readiness


def test_open_finds_the_root_from_below_and_names_head_and_branch(place: Place) -> None:
    repository = Repository.open(place.root / "src")
    assert repository.root == place.root
    assert repository.head() == place.base
    assert repository.branch() == "main"
    repository.check_ready()


def test_detached_head_has_no_branch_and_is_ready(place: Place) -> None:
    place.git("checkout", "-q", "--detach")
    assert place.repository.branch() == ""
    place.repository.check_ready()
    assert "git switch -c" in place.repository.land(RUN).advice


def test_open_refuses_in_words(tmp_path: Path, place: Place) -> None:
    outside, bare = tmp_path / "outside", tmp_path / "bare"
    outside.mkdir()
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    for start, words in (
        (outside, "not in a git repository"),
        (bare, "bare repository"),
        (place.root / ".git", "inside the .git folder"),
        (tmp_path / "nowhere", "not a folder"),
    ):
        with pytest.raises(RepositoryError, match=words):
            Repository.open(start)


def test_no_commit_yet(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    repository = Repository.open(tmp_path)
    assert (repository.head(), repository.branch()) == ("", "main")
    with pytest.raises(RepositoryError, match="no commit yet"):
        repository.check_ready()


def test_no_identity(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    identity_less(monkeypatch, place)
    with pytest.raises(RepositoryError, match=r"user\.email"):
        Repository.open(place.root).check_ready()


def test_git_missing(place: Place, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not installed"):
        Repository.open(place.root, {"PATH": str(tmp_path)})


def test_a_git_that_cannot_merge_without_files_is_named(place: Place, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text(
        f'#!/bin/sh\nfor word; do [ "$word" = version ] && exec echo git version 2.34.1; done\n"{shutil.which("git")}" "$@"'
    )
    old.chmod(0o755)
    with pytest.raises(RepositoryError, match=r"git version 2\.34\.1 is too old.*install 2\.38 or newer"):
        Repository.open(place.root, {**os.environ, "PATH": f"{old.parent}:{os.environ['PATH']}"}).check_ready()


def test_dirty_lists_the_tracked_files_and_the_two_choices(place: Place) -> None:
    place.write("untracked.txt", "x")
    place.write("plan.md", PLAN + "more\n")
    place.write("plans/x.graph.json", "{}")
    place.git("add", "-N", "plans/x.graph.json")
    place.repository.check_ready(["./plan.md"])
    place.write("src/ü b.txt", "changed")
    (place.root / "a.txt").unlink()
    with pytest.raises(RepositoryError, match="--in-place") as caught:
        place.repository.check_ready(["plan.md"])
    assert caught.value.details["files"] == ["a.txt", "src/ü b.txt"]
    assert "commit them" in str(caught.value)


def test_a_merge_in_progress_is_named(place: Place) -> None:
    place.git("checkout", "-q", "-b", "other")
    place.write("a.txt", "other\n")
    place.commit("other")
    place.git("checkout", "-q", "main")
    place.write("a.txt", "main\n")
    place.commit("main")
    subprocess.run(["git", "merge", "other"], cwd=place.root, capture_output=True, check=False)
    with pytest.raises(RepositoryError, match="merge is in progress"):
        place.repository.check_ready()


# ---- refs and names


def test_start_run_again_is_nothing_and_a_foreign_tip_is_an_error(place: Place) -> None:
    place.repository.start_run(RUN, place.base)
    other = place.commit("later")
    with pytest.raises(RepositoryError, match="there already"):
        place.repository.start_run(RUN, other)
    with pytest.raises(RepositoryError, match="no commit"):
        place.repository.start_run("r2", "nonsense")
    assert place.tip() == place.base


def test_a_branch_called_branchline_is_in_the_way(place: Place) -> None:
    place.git("update-ref", "-d", tip_ref(RUN))
    place.git("branch", "branchline")
    with pytest.raises(RepositoryError, match="rename it"):
        place.repository.check_ready()


@pytest.mark.parametrize("name", ["t1~2", "a..b", "a...b", "x.", "x.lock", "x..", "t1.2", "A-b_c", "a....lock"])
def test_every_id_makes_a_legal_ref(name: str, place: Place) -> None:
    assert from_ref_part(ref_part(name)) == name
    place.git("check-ref-format", task_ref(RUN, name))


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,30}", fullmatch=True))
@settings(deadline=None, max_examples=100)
def test_ref_parts_are_legal_and_go_back(name: str) -> None:
    part = ref_part(name)
    assert from_ref_part(part) == name
    assert not part.endswith((".", ".lock"))
    assert not any(bad in part for bad in ("..", "~", "/", " "))


@pytest.mark.parametrize("name", ["", "../x", "-x", "a/b", "a b", "a\n", ".merge", "x" * 200])
def test_other_names_are_refused(name: str, place: Place) -> None:
    with pytest.raises(RepositoryError):
        place.repository.worktree(RUN, name)


# ---- the wrapper


def test_the_environment_is_an_allow_list() -> None:
    env = environment({"GIT_DIR": "/x", "GIT_INDEX_FILE": "/y", "SECRET": "z", "HOME": "/h", "GIT_EDITOR": "evil"})
    assert env["HOME"] == "/h"
    assert env["GIT_EDITOR"] == "true"
    assert not {"GIT_DIR", "GIT_INDEX_FILE", "SECRET"} & set(env)


def test_an_error_has_the_command_and_gits_words(place: Place) -> None:
    with pytest.raises(GitError, match=r"git rev-parse nonsense(?s:.*)unknown revision"):
        Git(place.root).run("rev-parse", "nonsense")


def test_a_lock_of_another_git_is_waited_for(place: Place) -> None:
    lock = place.root / ".git" / "index.lock"
    lock.write_text("")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            lock.unlink()

    Git(place.root, sleep=sleep).run("add", "a.txt")
    assert len(pauses) == 3


def test_a_lock_that_stays_is_an_error_unless_it_is_our_own(place: Place) -> None:
    lock = place.root / ".git" / "index.lock"
    lock.write_text("")
    git = Git(place.root, sleep=lambda _: None)
    with pytest.raises(GitError, match=r"index\.lock"):
        git.run("add", "a.txt")
    git.at(place.root, locks=[place.root / ".git" / "index"]).run("add", "a.txt")
    assert not lock.exists()


@pytest.mark.parametrize("ref", [base_ref("r2"), tip_ref("r2")])
def test_locks_that_a_killed_start_left_do_not_stop_the_next_one(place: Place, ref: str) -> None:
    lock = place.root / ".git" / f"{ref}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("")
    place.repository.start_run("r2", place.base)
    assert (place.repository.tip("r2"), lock.exists()) == (place.base, False)


def test_move_is_compare_and_swap(place: Place) -> None:
    git, ref = place.repository.git, "refs/branchline/test"
    later = place.commit("later")
    assert git.move(ref, place.base, "", "test")
    assert not git.move(ref, later, "", "test")
    assert not git.move(ref, place.base, later, "test")
    assert git.move(ref, later, place.base, "test")
    assert git.resolve(ref) == later


# ---- differences


def test_changed_files(place: Place) -> None:
    place.git("mv", "a.txt", "é\tc.txt")
    place.write("new.txt", "1\n2\n")
    (place.root / "bin").write_bytes(b"\0\1\2")
    later = place.commit("later")
    assert changed_files(place.repository.git, place.base, later) == ["a.txt", "bin", "new.txt", "é\tc.txt"]
    assert changed_files(place.repository.git, later, later) == []


# ---- salvage


def dirty_tree(place: Place) -> Path:
    place.job("setup")
    tree = place.tree()
    place.write("committed.txt", "c", tree)
    place.commit("worker", cwd=tree)
    place.write("a.txt", "changed\n", tree)
    place.write("new ü.txt", "n", tree)
    place.write("deep/er/x", "x", tree)
    place.write(".branchline/prompt.md", "ours", tree)
    (tree / "link").symlink_to("/etc/passwd")
    (tree / "plan.md").unlink()
    return tree


def files_of(place: Place, ref: str) -> set[str]:
    return set(place.git("ls-tree", "-r", "-z", "--name-only", ref).split("\0")) - {""}


def test_salvage_keeps_everything_and_disturbs_nothing(place: Place) -> None:
    tree = dirty_tree(place)
    before = place.git("status", "--porcelain", cwd=tree), place.git("ls-files", "-s", cwd=tree)
    ref = place.repository.salvage(RUN, "1.1", 1)
    assert ref == "refs/branchline/salvage/r1/1.1/1"
    assert files_of(place, ref) == {"a.txt", "committed.txt", "deep/er/x", "link", "new ü.txt", "src/ü b.txt"}
    assert place.shown(ref, "a.txt") == "changed\n"
    assert (place.git("status", "--porcelain", cwd=tree), place.git("ls-files", "-s", cwd=tree)) == before
    assert place.git("merge-base", "--is-ancestor", task_ref(RUN, "1.1"), ref) == ""


def test_salvage_again_is_the_same_ref_and_other_content_another(place: Place) -> None:
    tree = dirty_tree(place)
    first = place.repository.salvage(RUN, "1.1", 1)
    assert place.repository.salvage(RUN, "1.1", 1) == first
    place.write("more", "m", tree)
    second = place.repository.salvage(RUN, "1.1", 1)
    assert second == first + "-2"
    assert [row.attempt for row in place.repository.salvage_list(RUN)] == ["1", "1-2"]
    assert [row.task for row in place.repository.salvage_list()] == ["1.1", "1.1"]
    assert place.repository.salvage_list("r2") == []


def test_nothing_to_salvage(place: Place) -> None:
    assert place.repository.salvage(RUN, "1.1", 1) == ""
    place.job("setup")
    assert place.repository.salvage(RUN, "1.1", 1) == ""
    assert place.repository.salvage_list() == []


def test_salvage_of_commits_alone_is_the_commit(place: Place) -> None:
    place.job("setup")
    place.write("x", "x", place.tree())
    commit = place.commit("worker", cwd=place.tree())
    assert place.git("rev-parse", place.repository.salvage(RUN, "1.1", 1)).strip() == commit


def test_salvage_keeps_a_head_that_left_its_branch(place: Place) -> None:
    place.job("setup")
    tree = place.tree()
    place.write("on-branch", "1", tree)
    on_branch = place.commit("on the branch", cwd=tree)
    place.git("checkout", "-q", "--detach", place.base, cwd=tree)
    place.write("off-branch", "2", tree)
    off_branch = place.commit("off the branch", cwd=tree)
    ref = place.repository.salvage(RUN, "1.1", 1)
    for commit in (on_branch, off_branch):
        place.git("merge-base", "--is-ancestor", commit, ref)
    shutil.rmtree(tree)
    assert place.repository.salvage(RUN, "1.1", 2)


def test_salvage_sees_what_the_index_was_told_not_to_see(place: Place) -> None:
    place.job("setup")
    tree = place.tree()
    place.git("update-index", "--assume-unchanged", "a.txt", cwd=tree)
    place.git("update-index", "--skip-worktree", "plan.md", cwd=tree)
    place.write("a.txt", "hidden\n", tree)
    place.write("plan.md", "hidden too\n", tree)
    ref = place.repository.salvage(RUN, "1.1", 1)
    assert place.shown(ref, "a.txt") == "hidden\n"
    assert place.shown(ref, "plan.md") == "hidden too\n"


def test_salvage_sees_a_change_of_the_same_size_and_time_whatever_the_configuration_trusts(place: Place) -> None:
    place.job("setup")
    file = place.tree() / "a.txt"
    place.git("config", "core.checkStat", "minimal")
    place.git("config", "core.trustCtime", "false")
    os.utime(file, (1, 1))
    place.git("update-index", "--refresh", cwd=place.tree())
    file.write_text(file.read_text().replace("two", "owt"))
    known = file.stat().st_ctime_ns // 10**9  # as a float it would be rounded up to the next second now and then
    while file.stat().st_ctime_ns // 10**9 == known:  # git does not tell two changes of one second apart by this
        os.utime(file, (1, 1))
    assert place.shown(place.repository.salvage(RUN, "1.1", 1), "a.txt") == "one\nowt\nthree\n"
    assert place.job("check")["files"] == ["a.txt"]


@pytest.mark.parametrize("bend", ["echo rubbish > index", "rm index", ": > index"])
def test_a_worktree_whose_index_is_gone_or_rubbish_is_worked_with_like_any_other(place: Place, bend: str) -> None:
    place.write(".gitignore", "*.log\n")
    place.write("kept.log", "tracked all the same\n")
    place.git("add", "--force", "kept.log", ".gitignore")
    place.git("commit", "-qm", "a log")
    place.git("update-ref", f"refs/heads/branchline/{RUN}/tip", "HEAD")
    for task, purpose, attempt in (("1.1", "check", 1), ("1.2", "setup", 2)):
        place.job("setup", task)
        place.write("new.txt", task, place.tree(task))
        admin = place.git("rev-parse", "--absolute-git-dir", cwd=place.tree(task)).strip()
        subprocess.run(["sh", "-c", bend], cwd=admin, check=True)
        assert place.job(purpose, task, attempt)["ok"]
    assert place.answer("check")["files"] == ["new.txt"]
    assert place.shown("refs/branchline/salvage/r1/1.2/1", "new.txt") == "1.2"
    assert place.shown("refs/branchline/salvage/r1/1.2/1", "kept.log") == "tracked all the same\n"


def test_a_commit_is_what_it_is_whatever_a_worker_has_put_in_its_place(place: Place) -> None:
    place.job("setup")
    place.write("evil.txt", "unseen\n", place.tree())
    place.git("add", "--all", cwd=place.tree())
    place.git("commit", "-qm", "evil", cwd=place.tree())
    place.git("replace", place.tip(), "HEAD", cwd=place.tree())
    place.write(".git/info/grafts", place.git("rev-parse", "HEAD"))
    answer = place.bring_in("1.2", "new.txt", "work\n")
    assert answer["files"] == ["new.txt"]
    assert "evil.txt" not in place.git("--no-replace-objects", "ls-tree", "-r", "--name-only", place.tip())


@pytest.mark.parametrize("committed", [False, True])
def test_salvage_keeps_repositories_inside(place: Place, committed: bool) -> None:
    place.job("setup")
    inner = place.tree() / "inner"
    inner.mkdir()
    place.git("init", "-q", cwd=inner)
    place.write("f.txt", "f", inner)
    if committed:
        place.commit("inner", cwd=inner)
        place.git("-c", "advice.addEmbeddedRepo=false", "add", "inner", cwd=place.tree())
    ref = place.repository.salvage(RUN, "1.1", 1)
    assert {"inner/f.txt", "inner/dot-git/HEAD"} <= files_of(place, ref)


def test_what_git_cannot_look_into_is_neither_saved_nor_taken_for_nothing(place: Place) -> None:
    place.job("setup")
    folder = os.open(place.tree(), os.O_DIRECTORY)
    for _ in range(82):  # 4,182 letters: longer than a path may be, and each step of it a short one
        os.mkdir("d" * 50, dir_fd=folder)
        folder, former = os.open("d" * 50, os.O_DIRECTORY, dir_fd=folder), folder
        os.close(former)
    os.close(os.open("work", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    for act in (
        partial(place.repository.salvage, RUN, "1.1", 1),
        partial(place.repository.remove_worktree, RUN, "1.1"),
    ):
        with pytest.raises(GitError, match=r"cannot look into .*ddd: what is in it can be neither saved nor merged"):
            act()
    assert job.main([str(place.spec("check"))]) == 1
    assert "cannot look into" in place.answer("check")["error"]
    assert (place.tree() / ("d" * 50)).is_dir()


def test_salvage_of_a_worktree_git_has_lost(place: Place) -> None:
    tree = dirty_tree(place)
    shutil.rmtree(place.root / ".git" / "worktrees")
    ref = place.repository.salvage(RUN, "1.1", 1)
    assert "new ü.txt" in files_of(place, ref)
    place.repository.remove_worktree(RUN, "1.1")
    assert not tree.exists()


# ---- removal


def test_a_merged_worktree_goes_with_its_branch(place: Place) -> None:
    place.bring_in("1.1", "x.txt", "x")
    place.repository.remove_worktree(RUN, "1.1")
    assert not place.tree().exists()
    assert place.repository.git.resolve(task_ref(RUN, "1.1")) == ""
    place.repository.remove_worktree(RUN, "1.1")
    assert len(place.git("worktree", "list").splitlines()) == 1, "a merge that nothing checks makes none"


def test_work_that_is_nowhere_else_is_never_removed(place: Place) -> None:
    tree = dirty_tree(place)
    with pytest.raises(WaitingError, match="neither merged nor saved"):
        place.repository.remove_worktree(RUN, "1.1")
    ref = place.repository.salvage(RUN, "1.1", 1)
    place.write("later.txt", "after the salvage", tree)
    with pytest.raises(WaitingError):
        place.repository.remove_worktree(RUN, "1.1")
    (tree / "later.txt").unlink()
    place.repository.remove_worktree(RUN, "1.1")
    assert not tree.exists()
    assert place.git("rev-parse", ref)


def test_removal_killed_in_the_middle_goes_on(place: Place) -> None:
    place.bring_in("1.1", "x.txt", "x")
    place.tree().rename(place.tree().with_name(".gone-1.1"))
    place.repository.remove_worktree(RUN, "1.1")
    assert sorted(path.name for path in place.tree().parent.iterdir()) == [".merge.lock", ".prepared"]
    assert place.repository.git.resolve(task_ref(RUN, "1.1")) == ""


def test_a_branch_alone_is_looked_at_too(place: Place) -> None:
    dirty_tree(place)
    shutil.rmtree(place.tree())
    with pytest.raises(WaitingError):
        place.repository.remove_worktree(RUN, "1.1")
    assert place.repository.salvage(RUN, "1.1", 1)
    place.repository.remove_worktree(RUN, "1.1")
    assert place.repository.git.resolve(task_ref(RUN, "1.1")) == ""


def test_other_worktrees_of_the_user_stay(place: Place, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    place.git("worktree", "add", "-q", str(mine), "-b", "mine")
    place.bring_in("1.1", "x.txt", "x")
    place.repository.remove_worktree(RUN, "1.1")
    assert str(mine) in place.git("worktree", "list")


# ---- landing


def test_land_fast_forwards_the_checked_out_branch(place: Place) -> None:
    place.bring_in("1.1", "x.txt", "x")
    result = place.repository.land(RUN)
    assert (result.moved, result.commit, result.advice) == (True, place.tip(), "")
    assert (place.root / "x.txt").read_text() == "x"
    assert place.git("status", "--porcelain") == ""
    assert place.repository.land(RUN).moved


@pytest.mark.parametrize(
    ("disturb", "words"),
    [
        (lambda place: place.write("a.txt", "mine\n"), "commit or stash"),
        (lambda place: place.write("x.txt", "mine\n"), "would not fast-forward"),
        (lambda place: place.write("plan.md", "mine\n"), "would not fast-forward"),
        (lambda place: place.commit("moved on"), "git merge branchline/r1/tip"),
    ],
)
def test_land_says_what_to_do_and_touches_nothing(place: Place, disturb: Any, words: str) -> None:
    plan = {"path": "plan.md", "boxes": [[3, "one", "1.1"]]}
    place.job("setup")
    place.write("x.txt", "x", place.tree())
    place.job("check")
    assert place.job("merge", plan=plan)["ticked"]
    disturb(place)
    place.git("update-ref", "ORIG_HEAD", "HEAD")
    before = fingerprint(place.root)
    result = place.repository.land(RUN, ignore=["plan.md"])
    assert not result.moved
    assert words in result.advice
    assert fingerprint(place.root) == before


def test_land_without_a_run_or_branch(place: Place) -> None:
    with pytest.raises(RepositoryError, match="no run"):
        place.repository.land("r9")
    place.git("switch", "-q", "--orphan", "empty")
    assert "no commit yet" in place.repository.land(RUN).advice


# ---- the user's checkout


def test_a_whole_task_leaves_the_users_checkout_untouched(place: Place) -> None:
    place.write("a.txt", "stashed\n")
    place.git("stash", "-q")
    place.write("staged.txt", "s")
    place.git("add", "staged.txt")
    place.write("plan.md", PLAN + "edited\n")
    place.write("untracked", "u")
    before = fingerprint(place.root)
    stash = place.git("stash", "list")
    place.bring_in("1.1", "x.txt", "x")
    dirty = place.repository
    with pytest.raises(RepositoryError):
        dirty.check_ready()
    place.job("setup", "1.2")
    place.write("y", "y", place.tree("1.2"))
    place.repository.salvage(RUN, "1.2", 1)
    place.job("setup", "1.2", 2)
    place.repository.remove_worktree(RUN, "1.1")
    place.repository.remove_worktree(RUN, "1.2")
    place.repository.merged(RUN, place.base)
    assert fingerprint(place.root) == before
    assert place.git("stash", "list") == stash


HOOKS = """
applypatch-msg commit-msg fsmonitor-watchman post-applypatch post-checkout post-commit post-index-change post-merge
post-rewrite pre-auto-gc pre-commit pre-merge-commit prepare-commit-msg pre-rebase reference-transaction update
"""


def test_hooks_and_programs_of_the_repository_never_run(place: Place, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    evil = place.write("evil.sh", f"#!/bin/sh\necho \"$0\" >> '{proof}'\ncat\n", tmp_path)
    evil.chmod(0o755)
    (place.root / ".git" / "hooks").mkdir(exist_ok=True)
    for name in HOOKS.split():
        shutil.copy(evil, place.root / ".git" / "hooks" / name)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "diff.external", "gpg.program", "core.askPass"):
        place.git("config", key, str(evil))
    place.git("config", "commit.gpgSign", "true")
    proof.unlink(missing_ok=True)
    place.bring_in("1.1", "x.txt", "x")
    place.repository.check_ready()
    place.job("setup", "1.2")
    place.write("a.txt", "y", place.tree("1.2"))
    place.job("setup", "1.2", 2)
    changed_files(place.repository.git, place.base, place.tip())
    place.repository.remove_worktree(RUN, "1.1")
    assert place.repository.land(RUN).moved
    assert not proof.exists(), proof.read_text()


# ---- what git ignores


def test_ignored_files_are_saved_where_the_setting_says_so(place: Place) -> None:
    whole = Repository.open(place.root, ignored=True)
    place.job("setup")
    tree = place.tree()
    place.write(".gitignore", "hidden*\n", tree)
    place.write("hidden/deep.bin", "h", tree)
    place.write("hidden-too", "h2", tree)
    inner = tree / "hidden-repo"
    inner.mkdir()
    place.git("init", "-q", cwd=inner)
    place.write("inside.txt", "i", inner)
    kept = place.repository.salvage(RUN, "1.1", 1)
    assert not {"hidden/deep.bin", "hidden-too"} & files_of(place, kept)
    more = whole.salvage(RUN, "1.1", 1)
    assert {"hidden/deep.bin", "hidden-too", "hidden-repo/inside.txt"} <= files_of(place, more)
    place.write("hidden-late", "l", tree)
    whole.remove_worktree(RUN, "1.1")
    assert "hidden-late" in files_of(place, f"refs/branchline/salvage/{RUN}/1.1/ignored")


def test_a_fresh_attempt_saves_ignored_files_where_the_setting_says_so(place: Place) -> None:
    place.job("setup")
    place.write(".gitignore", "hidden*\n", place.tree())
    place.write("hidden", "h", place.tree())
    saved = place.job("setup", attempt=2, salvage_ignored=True)["salvage"]
    assert "hidden" in files_of(place, saved)


def test_worktrees_that_are_made_at_once_do_not_trip_over_each_other(place: Place) -> None:
    """git reads those of the others while it makes one, and one of them may be half made at that moment."""

    def add(name: str) -> str:
        tree = Worktree(Git(place.root), place.root / ".branchline" / "worktrees" / RUN / name)
        tree.add(place.base, task_ref(RUN, name))
        return tree.head()

    for number in range(int(20 * max(0.2, float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))))):
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(add, [f"{number}.{each}" for each in range(8)])) == {place.base}
