"""A PostgreSQL server of the tests' own: started, stopped, killed and started again at will."""

import os
import pwd
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg


class PrivatePostgres:
    """A server on a Unix socket in a folder of its own, removed in the end.

    FileNotFoundError when there is no PostgreSQL.
    """

    def __init__(self) -> None:
        self._bin = binaries()
        # Not below pytest's folders: those are closed to other users, and PostgreSQL is one.
        self._home = Path(tempfile.mkdtemp(prefix="callkeeper-postgres-"))
        self._data = self._home / "data"
        self._numbers = count(1)
        self._as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            pwd.getpwnam("postgres")
            self._as_user = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self._home, "postgres", "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-N")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop("immediate")  # what it would still write is thrown away next
        shutil.rmtree(self._home)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-c listen_addresses='' -k {self._home} -c max_connections=500"
        log = self._home / "log"
        self._run("pg_ctl", "-D", str(self._data), "-o", options, "-l", str(log), "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: fast, or immediate, which is a crash."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def url(self, database: str = "postgres") -> str:
        """Return the URL of one of its databases."""
        return f"postgresql:///{database}?host={self._home}&user=postgres"

    def new_database(self) -> str:
        """Return the URL of a new, empty database."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        # pg_ctl's server would inherit, and hold open, any pipe of ours.
        subprocess.run(
            [*self._as_user, str(self._bin / program), *arguments],
            check=True,
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def binaries() -> Path:
    """Return the folder of the newest PostgreSQL's programs; FileNotFoundError if none is here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    if initdb := shutil.which("initdb"):
        return Path(initdb).parent
    raise FileNotFoundError("no initdb here; apt-get install postgresql")
