"""What the tests of real agents share: one stub model and one place of OpenCode servers for each process of pytest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_bench import end_servers

from stub_model import StubModel


@pytest.fixture(scope="session")
def _one_model() -> Iterator[StubModel]:
    """A stub model on a free port."""
    with StubModel() as server:
        yield server


@pytest.fixture
def model(_one_model: StubModel) -> StubModel:
    """The stub model, which remembers nothing of other tests; a server that is told of it is the same for all."""
    _one_model.forget()
    return _one_model


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the state of the user is, below which OpenCode servers are found again by whoever needs the same."""
    state = tmp_path_factory.mktemp("state")
    yield state
    end_servers(state)
