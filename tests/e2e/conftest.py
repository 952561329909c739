"""The world of a test from outside."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from worlds import Live, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A small repository; whatever is left running in it is ended."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def _lives() -> dict[Live, Path]:
    """Where each world is that has lived, as it was then."""
    return {}


@pytest.fixture
def lived(tmp_path_factory: pytest.TempPathFactory, _lives: dict[Live, Path]) -> Iterator[Callable[[Live], World]]:
    """Give a world in which something has happened: once for the process of pytest, and laid in its place for each test.

    The place is the same each time, for worktrees and the store name it.
    """
    made: list[World] = []

    def give(live: Live) -> World:
        if live not in _lives:
            place = tmp_path_factory.mktemp("lived") / "world"
            made.append(World(place))
            live(made[0])
            made.pop().close()
            _lives[live] = place
            place.rename(place.with_name("kept"))
        place = _lives[live]
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run(["cp", "-a", place.with_name("kept"), place], check=True)
        made.append(World(place))
        return made[0]

    yield give
    for each in made:
        each.close()
