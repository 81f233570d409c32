"""The world of a story, and processes that work in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.processes import Nursery, nursery
from tests.stories.crew import Crew
from tests.story import Story, story


@pytest.fixture
def world(transactional_db: None) -> Iterator[Story]:
    with story() as it:
        yield it


@pytest.fixture(scope="session")
def cradle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Forks workers from a process that has Django and the harm plugin loaded."""
    env = {"ML_PLUGINS": "tests.stories.harm", "DATABASE_URL": "sqlite://:memory:"}
    with nursery(tmp_path_factory.mktemp("cradle"), env) as one:
        yield one


@pytest.fixture
def crew(transactional_db: None, cradle: Nursery, tmp_path: Path) -> Crew:
    return Crew(cradle, tmp_path)
