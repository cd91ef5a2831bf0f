"""A PostgreSQL server, where databases of the tests come and go."""

import os
from itertools import count
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import psycopg

_HAS_STRATEGIES = 15_00_00


class NamedPostgres:
    """The server that a URL leads to, by a user who may make databases there.

    Nothing but databases of the tests' own is touched, and none of them is left. Their names tell
    the process, so that several may run at once.
    """

    def __init__(self, url: str) -> None:
        self._named = url
        self._numbers = count(1)
        self._databases: list[str] = []
        self._templates: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.drop_databases()
        self._drop(self._templates)

    def url(self, database: str | None = None) -> str:
        """Return the URL of one of its databases; by itself the one that is there at first."""
        if database is None:
            return self._named
        return urlunsplit(urlsplit(self._named)._replace(path=f"/{database}"))

    def new_template(self) -> str:
        """Return the name of a new empty database that stays for as long as the tests run."""
        name = self._create("template1")
        self._templates.append(name)
        return name

    def new_database(self, like: str = "template1", more: str = "") -> str:
        """Return the URL of a new database: empty, or as the one of a name is; ``more`` is SQL."""
        name = self._create(like, more)
        self._databases.append(name)
        return self.url(name)

    def drop_databases(self) -> None:
        """Drop all that were made but templates, whoever is connected, before they are on disk."""
        self._drop(self._databases)

    def _create(self, like: str, more: str = "") -> str:
        name = f"callkeeper_test_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            # Since 15 it would log every page of a copy; before, there was only this way.
            how = "STRATEGY FILE_COPY" if connection.info.server_version >= _HAS_STRATEGIES else ""
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like} {how} {more}".encode())
        return name

    def _drop(self, names: list[str]) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            while names:
                connection.execute(f"DROP DATABASE {names.pop()} WITH (FORCE)".encode())
