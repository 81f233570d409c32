from collections.abc import Iterator

import pytest

from .wire import Wire, open_wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = open_wire()
    yield made.sign_in()
    made.server.stop()


@pytest.fixture
def plain_wire() -> Iterator[Wire]:
    """Not signed in."""
    made = open_wire()
    yield made
    made.server.stop()


@pytest.fixture
def entities() -> Iterator[Wire]:
    made = open_wire(entities=True)
    yield made.sign_in()
    made.server.stop()
