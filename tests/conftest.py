"""Fixtures of every room: a home that is not the user's, and a git that is nobody's."""

import itertools
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every machine: who clones this sees what its authors saw. A raised scale looks for new ones.
settings.register_profile("branchline", derandomize=float(os.environ.get("BRANCHLINE_TEST_SCALE", "1")) <= 1)
settings.load_profile("branchline")
NUMBERS = itertools.count()
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: agents wait for models, watchdogs and retries half of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real agents first: one of them takes up to a minute, which nobody is to wait for when all else is done."""
    items.sort(key=lambda item: item.get_closest_marker("real") is None)


@pytest.fixture(scope="session")
def _places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each test has its folders; pytest's own way to make one looks through all that were made before."""
    return tmp_path_factory.mktemp("places")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember of each test whether any part of it failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def tmp_path(_places: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder of the test's own, which stays when the test fails; all that the suite writes takes minutes to delete."""
    place = _places / f"{next(NUMBERS):06}"  # none begins as another one does: worlds know their processes by it
    place.mkdir()
    yield place
    if not request.node.stash[FAILED]:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(autouse=True)
def _nobody_home(_places: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Point HOME and the XDG folders at an empty folder, so that no test can touch the real ones."""
    home = _places / f"home-{next(NUMBERS)}"
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (home / "gitconfig").write_text(
        "[user]\n\tname = Test\n\temail = test@example.invalid\n[init]\n\tdefaultBranch = main\n"
    )
    # Tests are told where things are by BRANCHLINE_ names of their own, which would be unknown settings for the program.
    ours = [name for name in os.environ if name.startswith("BRANCHLINE_")]
    models = [f"{name}_{what}" for name in ("ANTHROPIC", "OPENAI") for what in ("API_KEY", "AUTH_TOKEN", "BASE_URL")]
    for name in ("NO_COLOR", "FORCE_COLOR", *models, *ours):
        monkeypatch.delenv(name, raising=False)
    yield home
    shutil.rmtree(home, ignore_errors=True)
