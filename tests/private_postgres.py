"""A PostgreSQL server of the tests' own: started, stopped, killed and started again at will."""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.memory import memory
from tests.named_postgres import NamedPostgres
from tests.processes import children
from tests.waiting import until


class PrivatePostgres(NamedPostgres):
    """A server on a Unix socket in a folder of its own, removed in the end.

    FileNotFoundError when there is no PostgreSQL.
    """

    def __init__(self, port: int | None = None, *, outlives_machine: bool = True) -> None:
        """``port``: listen there on the loopback too.

        What is committed outlives the server in any case, and the machine only if so wanted.
        """
        self._port = port
        self._outlives_machine = outlives_machine
        self._bin = binaries()
        # Not below pytest's folders: those are closed to other users, and PostgreSQL is one.
        # A disk seeks long for new files where thousands were just removed, as databases here are.
        where = None if outlives_machine else memory()
        self._home = Path(tempfile.mkdtemp(prefix="callkeeper-postgres-", dir=where))
        self._data = self._home / "data"
        super().__init__(self._at("postgres"))
        self._as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            pwd.getpwnam("postgres")
            self._as_user = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self._home, "postgres", "postgres")
        self._make()

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
        if not self._outlives_machine:
            options += " -c fsync=off -c full_page_writes=off -c max_wal_size=128MB"
        if self._port is not None:
            options += f" -c listen_addresses=127.0.0.1 -c port={self._port}"
        log = self._home / "log"
        self._run("pg_ctl", "-D", str(self._data), "-o", options, "-l", str(log), "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: fast, or immediate, which is a crash."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def limit_files(self, size: int | None) -> None:
        """Let no file of it grow beyond a size in bytes; None: as large as there is room."""
        (postmaster, *_) = (self._data / "postmaster.pid").read_text("utf-8").split()
        limit = f"--fsize={'unlimited' if size is None else size}:"
        for pid in (int(postmaster), *children(int(postmaster))):
            # By its own user: a root that is less than one has no say over others' processes.
            with suppress(subprocess.CalledProcessError):  # a connection's, that has ended
                self._run("/usr/bin/prlimit", "--pid", str(pid), limit)

    def largest_file(self, database: str) -> int:
        """Return the size in bytes of the largest file of a database."""
        with psycopg.connect(database) as connection:
            sizes = connection.execute("SELECT max(pg_relation_size(oid)) FROM pg_class").fetchone()
        assert sizes is not None
        return int(sizes[0])

    def url(self, database: str | None = None) -> str:
        """Return the URL of one of its databases."""
        return self._at(database or "postgres")

    def _at(self, database: str) -> str:
        port = "" if self._port is None else f"&port={self._port}"
        return f"postgresql:///{database}?host={self._home}&user=postgres{port}"

    def dump(self, database: str) -> Path:
        """Back up a database, while it is in use, as pg_dump does; return the file."""
        file = self._home / "dump"
        self._run("pg_dump", "-Fc", "-f", str(file), database)
        return file

    def restore(self, file: Path) -> str:
        """Restore a backup, and return the URL of the database."""
        url = self.new_database()
        self._run("pg_restore", "-d", url, str(file))
        return url

    def want_passwords(self) -> None:
        """Want a password of all but its owner from now on."""
        rules = self._data / "pg_hba.conf"
        rules.write_text("local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        self._reload()

    def wait_for(self, standby: str) -> None:
        """Acknowledge nothing from now on that a standby lacks on its disk; "": wait for none."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'".encode())
        self._reload()
        with psycopg.connect(self.url(), autocommit=True) as connection:
            # It is the checkpointer who tells the others whether to wait, once it has reloaded.
            connection.execute("CHECKPOINT")

    def _reload(self) -> None:
        """Have the configuration read again, and return when every process was told to."""
        before = self._loaded_at()
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        until(lambda: self._loaded_at() > before)

    def _loaded_at(self) -> datetime:
        """Return when the server read it: it tells its processes before it lets anybody in."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            ((loaded_at,),) = connection.execute("SELECT pg_conf_load_time()")
        assert isinstance(loaded_at, datetime)
        return loaded_at

    def _make(self) -> None:
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-N")

    def _run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL's, or an absolute path, as the user that it runs as."""
        # pg_ctl's server would inherit, and hold open, any pipe of ours.
        subprocess.run(
            [*self._as_user, str(self._bin / program), *arguments],
            check=True,
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


class Standby(PrivatePostgres):
    """A copy of another server that follows it, until it takes its place."""

    name = "standby"

    def __init__(self, primary: PrivatePostgres) -> None:
        self._primary = primary
        super().__init__()

    def both(self, database: str) -> str:
        """Return the URL that leads to whichever of the two takes writes."""
        mine, other = (self.url("x").partition("host=")[2], database.partition("host=")[2])
        hosts = f"{other.partition('&')[0]},{mine.partition('&')[0]}"
        name = database.partition("?")[0]
        return f"{name}?host={hosts}&user=postgres&target_session_attrs=read-write"

    def promote(self) -> None:
        """Take the primary's place."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "promote")

    def _make(self) -> None:
        home = self._primary.url().partition("host=")[2].partition("&")[0]
        source = f"host={home} user=postgres application_name={self.name}"
        self._run("pg_basebackup", "-D", str(self._data), "-R", "-c", "fast", "-d", source)


def binaries() -> Path:
    """Return the folder of the newest PostgreSQL's programs; FileNotFoundError if none is here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    if initdb := shutil.which("initdb"):
        return Path(initdb).parent
    raise FileNotFoundError("no initdb here; apt-get install postgresql")
