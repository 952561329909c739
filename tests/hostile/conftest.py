"""The world of a test from outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from worlds import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A small repository; whatever is left running in it is ended."""
    made = World(tmp_path)
    yield made
    made.close()
