"""A PgBouncer of the tests' own, before a PostgreSQL of theirs."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.ports import free_port
from tests.waiting import until

_PROGRAM = Path("/usr/sbin/pgbouncer")
_CONFIGURATION = """
[databases]
{name} = host={host} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
{more}
"""


class PrivatePgBouncer:
    """A pooler for one database: how it pools, over how many connections, and what it ignores.

    FileNotFoundError when there is no PgBouncer.
    """

    def __init__(self, database: str, *, mode: str, size: int = 1, more: str = "") -> None:
        if not _PROGRAM.exists():
            raise FileNotFoundError("no pgbouncer here; apt-get install pgbouncer")
        name = database.removeprefix("postgresql:///").partition("?")[0]
        host = database.partition("host=")[2].partition("&")[0]
        port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{port}/{name}"
        self._home = Path(tempfile.mkdtemp(prefix="callkeeper-pgbouncer-"))
        self._home.chmod(0o755)  # it refuses to run as root
        self._file = self._home / "pgbouncer.ini"
        told = {"name": name, "host": host, "port": port, "mode": mode, "size": size, "more": more}
        self._file.write_text(_CONFIGURATION.format(**told))

    def __enter__(self) -> Self:
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        with (self._home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*as_user, str(_PROGRAM), str(self._file)], stdout=log, stderr=log
            )
        until(self._answers)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(20)
        shutil.rmtree(self._home)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._home / "log").read_text()
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True
