from collections.abc import Iterator

import pytest

from standins.sage_intacct import seed_demo, serve

from .bench import Bench, posted
from .payables import vendor


@pytest.fixture
def bench() -> Iterator[Bench]:
    books, server = serve()
    yield Bench(books, server)
    server.stop()
    books.close()


@pytest.fixture
def world(bench: Bench) -> Bench:
    seed_demo(bench.books, "WORLD-DEMO", entities=True, multi_currency=True)
    bench.company = bench.books.company("WORLD-DEMO")
    return bench


@pytest.fixture
def payables(bench: Bench) -> Bench:
    """With a vendor."""
    posted(bench.client(), vendor(term="Net 30"))
    return bench
