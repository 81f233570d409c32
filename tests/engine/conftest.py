"""Databases, the nursery of workers and worlds for the engine's tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.engine import processes, world
from tests.engine.databases import Databases, PostgresDatabases, SqliteFiles
from tests.engine.processes import BooksProcess, Nursery

Worlds = Callable[..., world.World]


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    folder = tmp_path_factory.mktemp("nursery")
    with processes.nursery(folder, {"ML_PLUGINS": "tests.toy.system", "DATABASE_URL": "sqlite://:memory:"}) as one:
        yield one


def _migrated(made: Any, nursery: Nursery, folder: Path) -> Any:
    log = folder / "migrate.log"
    worker = nursery.start("tests.engine.acts:migrate", {}, env={"DATABASE_URL": made.template_url}, log=log)
    assert worker.wait(120) == 0, log.read_text()
    made.seal_template()
    return made


@pytest.fixture(scope="session")
def sqlite_databases(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    folder = tmp_path_factory.mktemp("sqlite")
    made: Databases = _migrated(SqliteFiles(folder), nursery, folder)
    return made


@pytest.fixture(scope="session")
def postgres_databases(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    made: Databases = _migrated(PostgresDatabases(), nursery, tmp_path_factory.mktemp("postgres"))
    return made


def databases_of(request: pytest.FixtureRequest) -> Databases:
    """What the parameter of the fixture says: sqlite or postgres."""
    made: Databases = request.getfixturevalue(f"{request.param}_databases")
    return made


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Each test that asks for it runs on both."""
    return databases_of(request)


@pytest.fixture
def worlds(databases: Databases, nursery: Nursery, tmp_path: Path) -> Iterator[Worlds]:
    """Makes worlds, as many as a test wants."""
    with ExitStack() as stack:
        made: list[world.World] = []

        def make(**waits: float) -> world.World:
            folder = tmp_path / f"world{len(made)}"
            folder.mkdir()
            books = stack.enter_context(BooksProcess(folder / "books.sqlite3"))
            made.append(world.make(databases, nursery, books, folder, waits))
            return made[-1]

        yield make


@pytest.fixture
def toy(worlds: Worlds) -> world.World:
    return worlds()
