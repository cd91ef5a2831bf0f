"""A PgBouncer of the tests' own, before a PostgreSQL of theirs."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.ports import free_port
from tests.waiting import until

PROGRAM = Path("/usr/sbin/pgbouncer")
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


@contextmanager
def pgbouncer(database: str, *, mode: str, size: int = 1, more: str = "") -> Iterator[str]:
    """Run a pooler for one database, and provide the URL that goes through it.

    ``mode`` is how it pools, over ``size`` connections; ``more`` what else is set.
    """
    name = database.removeprefix("postgresql:///").partition("?")[0]
    host = database.partition("host=")[2].partition("&")[0]
    port = free_port()
    url = f"postgresql://postgres@127.0.0.1:{port}/{name}"
    told = {"name": name, "host": host, "port": port, "mode": mode, "size": size, "more": more}
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="callkeeper-pgbouncer-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # it refuses to run as root
        file = home / "pgbouncer.ini"
        file.write_text(_CONFIGURATION.format(**told), "utf-8")
        with (home / "log").open("wb") as log:
            process = subprocess.Popen([*as_user, str(PROGRAM), str(file)], stdout=log, stderr=log)

        def answers() -> bool:
            assert process.poll() is None, (home / "log").read_text("utf-8")
            with suppress(psycopg.OperationalError), psycopg.connect(url):
                return True
            return False

        try:
            until(answers)
            yield url
        finally:
            process.terminate()
            process.wait(20)
