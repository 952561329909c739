"""Repositories of unusual shapes: each works, its checkout untouched to the byte, or is refused in words."""

import subprocess
from pathlib import Path

import pytest

from branchline.errors import RepositoryError
from branchline.workspace.diff import changed_files
from branchline.workspace.landing import dirty
from branchline.workspace.repository import Repository
from test_workspace import RUN, Place

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
FILL = {"setup": ["git -c protocol.file.allow=always submodule update --init --quiet"]}


def git(folder: Path, *words: str) -> str:
    argv = ["git", "-c", "protocol.file.allow=always", *words]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout


def origin(folder: Path, *init: str) -> Path:
    """A repository with two commits, folders and a name that is hard."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main", *init)
    for name in ("plan.md", "src/a.txt", "docs/deep/ü b.txt", "top.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
        git(folder, "add", "--all")
        git(folder, "commit", "-q", "-m", name)
    return folder


def place_at(root: Path) -> Place:
    """A run in a repository that is there."""
    place = Place.__new__(Place)
    place.root = root
    place.write(".branchline/.gitignore", "*\n")
    place.base = place.git("rev-parse", "HEAD").strip()
    place.repository = Repository.open(root)
    place.repository.check_ready()
    place.repository.start_run(RUN, place.base)
    return place


def everything(root: Path) -> dict[str, bytes]:
    """Every byte of a checkout and of what git keeps for it alone: files, index, HEAD, configuration, stash."""
    own = Path(git(root, "rev-parse", "--absolute-git-dir").strip())
    common = Path(git(root, "rev-parse", "--path-format=absolute", "--git-common-dir").strip())
    parts = [path for path in root.rglob("*") if not {".git", ".branchline"} & set(path.relative_to(root).parts)]
    kept = [own / name for name in ("HEAD", "index", "info/sparse-checkout", "config.worktree")]
    kept += [common / name for name in ("config", "info/exclude", "shallow", "packed-refs", "logs/refs/stash")]
    return {str(path): path.read_bytes() for path in [*parts, *kept] if path.is_file()}


def changed(place: Place) -> list[str]:
    return changed_files(place.repository.git, place.base, place.tip())


def whole_road(place: Place) -> None:
    """Two tasks, one of which is begun again; all of it merged and landed, and the checkout untouched until then."""
    before = everything(place.root)
    assert place.bring_in("1.1", "new ü.txt", "new\n")["ok"]
    place.job("setup", "1.2")
    place.write("lost?.txt", "no\n", place.tree("1.2"))
    saved = place.job("setup", "1.2", 2)["salvage"]
    assert place.shown(saved, "lost?.txt") == "no\n"
    place.write("src/a.txt", "changed\n", place.tree("1.2"))
    assert place.job("check", "1.2", 2, checks=[{"run": "cat docs/deep/*b.txt top.txt"}])["files"] == ["src/a.txt"]
    assert place.job("merge", "1.2", 2, checks=[{"run": "cat docs/deep/*b.txt top.txt"}])["ok"]
    for task in ("1.1", "1.2"):
        place.repository.remove_worktree(RUN, task)
    assert changed(place) == ["new ü.txt", "src/a.txt"], "nothing but the work"
    assert everything(place.root) == before
    assert place.repository.land(RUN).moved
    assert (place.root / "src/a.txt").read_text() == "changed\n"
    assert dirty(place.repository.git) == []


def test_a_shallow_clone(tmp_path: Path) -> None:
    origin(tmp_path / "origin")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path}/origin", "clone ü")
    whole_road(place_at(tmp_path / "clone ü"))


def test_a_partial_clone_fetches_what_it_lacks(tmp_path: Path) -> None:
    git(origin(tmp_path / "origin"), "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--sparse", f"file://{tmp_path}/origin", "partial")
    git(tmp_path / "partial", "sparse-checkout", "set", "src")
    whole_road(place_at(tmp_path / "partial"))


def test_a_checkout_beside_a_bare_repository(tmp_path: Path) -> None:
    origin(tmp_path / "origin")
    git(tmp_path, "clone", "-q", "--bare", str(tmp_path / "origin"), "bare.git")
    git(tmp_path / "bare.git", "worktree", "add", "-q", str(tmp_path / "checkout"), "main")
    whole_road(place_at(tmp_path / "checkout"))
    with pytest.raises(RepositoryError, match="bare repository"):
        Repository.open(tmp_path / "bare.git")


@pytest.mark.parametrize("how", ["--cone", "--no-cone"])
def test_a_sparse_checkout_stays_sparse_and_loses_nothing(tmp_path: Path, how: str) -> None:
    root = origin(tmp_path / "origin")
    git(root, "sparse-checkout", "init", how)
    git(root, "sparse-checkout", "set", "src")
    assert not (root / "docs").exists()
    place = place_at(root)
    place.job("setup", "1.3")
    assert (place.tree("1.3") / "docs/deep/ü b.txt").exists(), "a worker sees all of it"
    place.write("docs/x", "x", place.tree("1.3"))
    git(place.tree("1.3"), "add", "--all")
    git(place.tree("1.3"), "commit", "-q", "-m", "by the worker's own git")
    assert place.job("check", "1.3")["files"] == ["docs/x"]
    whole_road(place)
    assert not (root / "docs").exists()
    assert place.shown("HEAD", "docs/deep/ü b.txt") == "docs/deep/ü b.txt\n"


def test_a_sparse_checkout_of_the_old_kind(tmp_path: Path) -> None:
    root = origin(tmp_path / "origin")
    git(root, "config", "core.sparseCheckout", "true")
    (root / ".git/info/sparse-checkout").write_text("/src/\n/plan.md\n")
    git(root, "read-tree", "-m", "-u", "HEAD")
    assert not (root / "top.txt").exists()
    whole_road(place_at(root))


def test_submodules_stay_what_they_are(tmp_path: Path) -> None:
    origin(tmp_path / "library")
    root = origin(tmp_path / "main")
    git(root, "submodule", "add", "-q", str(tmp_path / "library"), "lib ü")
    git(root, "commit", "-q", "-m", "library")
    place = place_at(root)
    link = place.git("ls-tree", "HEAD", "lib ü")
    whole_road(place)
    assert place.git("ls-tree", "HEAD", "lib ü") == link
    assert (root / "lib ü" / "top.txt").exists()


def with_library(folder: Path) -> Place:
    """A repository with a submodule, which `setup` has filled in a worktree."""
    origin(folder / "library")
    root = origin(folder / "main")
    git(root, "submodule", "add", "-q", str(folder / "library"), "lib")
    git(root, "commit", "-q", "-m", "library")
    place = place_at(root)
    assert place.job("setup", **FILL)["ok"]
    return place


def test_a_submodule_that_setup_fills_is_there_for_the_checks(tmp_path: Path) -> None:
    place = with_library(tmp_path)
    place.write("x.txt", "x\n", place.tree())
    assert place.job("check", checks=[{"run": "cat lib/top.txt"}], **FILL)["files"] == ["x.txt"]
    assert place.job("merge", checks=[{"run": "cat lib/top.txt"}], **FILL)["ok"]
    assert changed(place) == ["x.txt"]


def test_a_merged_worktree_does_not_go_while_work_stands_in_it_that_git_status_does_not_tell(tmp_path: Path) -> None:
    place = with_library(tmp_path)
    git(place.tree() / "lib", "commit", "-q", "--allow-empty", "-m", "nowhere else")
    assert place.bring_in("1.2", "x.txt", "x\n")["ok"]
    place.write("x.txt", "hidden\n", place.tree("1.2"))
    git(place.tree("1.2"), "update-index", "--assume-unchanged", "x.txt")
    for task in ("1.1", "1.2"):
        assert "neither merged nor saved" in place.repository.would_lose(RUN, task)
    place.repository.salvage(RUN, "1.2", 1)
    place.repository.remove_worktree(RUN, "1.2")


def test_large_file_pointers_pass_unchanged(tmp_path: Path) -> None:
    root = origin(tmp_path / "origin")
    (root / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (root / "big.bin").write_text(POINTER)
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "pointer")
    place = place_at(root)
    whole_road(place)
    assert place.shown("HEAD", "big.bin") == POINTER


def test_a_checkout_that_is_a_submodule_itself(tmp_path: Path) -> None:
    origin(tmp_path / "library")
    root = origin(tmp_path / "main")
    git(root, "submodule", "add", "-q", str(tmp_path / "library"), "lib")
    git(root / "lib", "switch", "-q", "main")
    whole_road(place_at(root / "lib"))


def test_other_hashes(tmp_path: Path) -> None:
    whole_road(place_at(origin(tmp_path / "long", "--object-format=sha256")))


def test_line_ends_that_git_changes(tmp_path: Path) -> None:
    root = origin(tmp_path / "origin")
    (root / ".gitattributes").write_text("*.txt text eol=crlf\n")
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "line ends")
    git(root, "rm", "-q", "--cached", "-r", ".")
    git(root, "reset", "-q", "--hard")
    place = place_at(root)
    assert place.bring_in("1.1", "src/a.txt", "changed\n")["ok"]
    assert changed(place) == ["src/a.txt"]
    assert place.shown(place.tip(), "src/a.txt") == "changed\n"
