"""One shop per test."""

from collections.abc import Iterator

import pytest

from standins.stripe import serve
from tests.stripe.bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    shop, server = serve(seed="bench", webhooks="manual")
    yield Bench(shop, server)
    server.stop()
