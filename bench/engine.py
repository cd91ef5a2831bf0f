"""An engine to measure on, with databases of its own, and what its processes use."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bench import processes
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.settings import Settings
from tests.private_postgres import PrivatePostgres


class Engine(NamedTuple):
    """SQLite, or a PostgreSQL server of our own with its first process."""

    name: str
    version: str
    postgres: PrivatePostgres | None = None
    postmaster: int | None = None

    def new(self, folder: Path) -> Settings:
        """Return the settings of a new installation in a folder, its database empty."""
        database = self.postgres.new_database() if self.postgres else None
        return Settings(data_dir=folder / "data", database=database)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the engine's own processes; SQLite has none."""
        return processes.cpu_seconds(self.postmaster) if self.postmaster else 0.0

    def resident_mb(self) -> float:
        """Return the memory of the engine's own processes; SQLite has none."""
        return processes.resident_mb(self.postmaster, "Pss") if self.postmaster else 0.0


@contextmanager
def engine(name: str) -> Iterator[Engine]:
    """Provide an engine: ``sqlite`` or ``postgres``."""
    if name == "sqlite":
        yield Engine(name, sqlite3.sqlite_version)
        return
    with PrivatePostgres() as postgres:
        with psycopg.connect(postgres.url()) as connection:
            reported = connection.info.parameter_status("server_version") or ""
            postmaster = processes.parent(connection.info.backend_pid)
        yield Engine(name, reported.partition(" ")[0], postgres, postmaster)


def address(settings: Settings) -> str:
    """Return where a database is: a URL, or a file's name."""
    return settings.database or str(settings.data_dir / DATABASE_FILE)


def copy(database: str, name: str) -> str:
    """Copy a database that nobody uses, and return where the copy is."""
    if not is_postgres(database):
        return str(shutil.copy(database, Path(database).with_name(f"{name}.db")))
    original = database.partition(":///")[2].partition("?")[0]
    elsewhere = database.replace(f"/{original}?", "/postgres?")
    run(elsewhere, f"CREATE DATABASE {name} TEMPLATE {original}")
    return database.replace(f"/{original}?", f"/{name}?")


def is_postgres(database: str) -> bool:
    """Whether a database is PostgreSQL's."""
    return database.startswith("postgresql:")


def run(database: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements, each in a transaction of its own; return the rows of the last one."""
    rows: list[tuple[Any, ...]] = []
    if is_postgres(database):
        with psycopg.connect(database, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows
    with closing(sqlite3.connect(database, isolation_level=None)) as file:
        for statement in statements:
            rows = file.execute(statement).fetchall()
    return rows
