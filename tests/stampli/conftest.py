from collections.abc import Iterator

import pytest

from standins.stampli import StampliServer, serve
from tests.stampli.using import Using


@pytest.fixture
def server() -> Iterator[StampliServer]:
    it = serve()
    yield it
    it.stop()


@pytest.fixture
def using(server: StampliServer) -> Using:
    return Using(server)
