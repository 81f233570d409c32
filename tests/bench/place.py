"""A directory, a database and processes of a bench, which go away with it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from portal.supervise import House, answers


@contextmanager
def place(**more: str) -> Iterator[tuple[House, dict[str, str]]]:
    with tempfile.TemporaryDirectory(prefix="ml-bench-") as directory:
        env = {
            "ML_DEVELOPMENT": "1",
            "ML_NO_DOTENV": "1",
            "ML_VAR_DIR": directory,
            "DATABASE_URL": f"sqlite:///{directory}/bench.sqlite3",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "LOG_LEVEL": "WARNING",
            **more,
        }
        house = House(lambda line: None)
        try:
            yield house, env
        finally:
            house.stop()


def manage(env: dict[str, str], *args: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *args], env={**os.environ, **env}, check=True, stdout=subprocess.DEVNULL
    )


def serve(house: House, env: dict[str, str], name: str, command: list[str], port: int, path: str = "/") -> str:
    child = house.start(name, [sys.executable, *command], env, quiet=True)
    house.wait_for(child, lambda: answers(f"http://127.0.0.1:{port}{path}"))
    return f"http://127.0.0.1:{port}"
