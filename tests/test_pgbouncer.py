"""Behind PgBouncer: it works where sessions are pooled, and elsewhere says what is to be set."""

from contextlib import closing
from pathlib import Path

import pytest

from callkeeper.clock import SystemClock
from callkeeper.installation.database import open_seal, open_session, open_store
from callkeeper.settings import Settings
from callkeeper.usecases.keys import issue
from tests.conftest import leave_out
from tests.durability.server import ServerProcess, send
from tests.house import House
from tests.private_pgbouncer import PROGRAM, pgbouncer
from tests.private_postgres import PrivatePostgres
from tests.test_cli import Ended, run
from tests.waiting import until

IGNORING = "ignore_startup_parameters = options"
SAYS = "PgBouncer needs pool_mode = session and ignore_startup_parameters = options"


@pytest.fixture(scope="module", autouse=True)
def _there_is_one() -> None:
    if not PROGRAM.exists():
        leave_out("PgBouncer: there is none here; apt-get install pgbouncer")


def installed(postgres: PrivatePostgres, data_dir: Path) -> str:
    """Return a database with keys of several VDNs; what is asked for each is prepared at last."""
    settings = Settings(data_dir=data_dir, database=postgres.new_database())
    store = open_store(settings)
    for vdn in range(1, 9):
        issue(store, open_seal(settings), SystemClock(), vdn)
    store.close()
    return str(settings.database)


def where(data_dir: Path, url: str) -> list[str]:
    return ["--data-dir", str(data_dir), "--database", url]


def worked_with(url: str, data_dir: Path) -> None:
    """Leave prepared statements behind on the one connection that the pooler has."""
    session = open_session(Settings(data_dir=data_dir, database=url))
    for _ in range(20):
        session.rows("schema_version")
    session.close()


def told(ended: Ended, status: int) -> str:
    assert ended.status == status
    assert "Traceback" not in ended.out + ended.err
    return ended.out + ended.err


def test_a_command_behind_pooled_transactions_ends_with_what_to_set(
    tmp_path: Path, postgres: PrivatePostgres
) -> None:
    database = installed(postgres, tmp_path)
    with pgbouncer(database, mode="transaction", more=IGNORING) as url:
        worked_with(url, tmp_path)
        said = told(run("doctor", "--port", "0", *where(tmp_path, url)), 1)
        assert "BAD   tallies: the database could not do its work" in said
        assert SAYS in said


@pytest.mark.parametrize(
    ("mode", "more", "words"),
    [
        ("statement", IGNORING, "transaction blocks not allowed in statement pooling mode"),
        ("session", "", "unsupported startup parameter: options"),
    ],
)
def test_other_refusals_of_a_pooler_are_told_with_what_to_set(
    tmp_path: Path, postgres: PrivatePostgres, mode: str, more: str, words: str
) -> None:
    with pgbouncer(installed(postgres, tmp_path), mode=mode, more=more) as url:
        for command in (["migrate"], ["serve", "--tls", "off", "--port", "0"]):
            said = told(run(*command, *where(tmp_path, url)), 3)
            assert said.count("\n") == 1
            assert words in said
            assert SAYS in said


def test_a_server_behind_pooled_transactions_logs_what_to_set(
    tmp_path: Path, postgres: PrivatePostgres
) -> None:
    database = postgres.new_database()
    with (
        pgbouncer(database, mode="transaction", size=2, more=IGNORING) as url,
        ServerProcess(tmp_path, database) as server,
    ):
        server.move(url)
        server.start()

        def is_told() -> bool:
            server.readiness()
            with closing(server.connect()) as connection:
                send(connection, server.sign("list", {"offset": 0, "limit": 1}))
            return "database_lost" in server.log

        until(is_told)
        assert SAYS in server.log
        assert "Traceback" not in server.log


def test_a_server_works_behind_pooled_sessions(tmp_path: Path, postgres: PrivatePostgres) -> None:
    with (
        pgbouncer(postgres.new_database(), mode="session", size=20, more=IGNORING) as url,
        House(tmp_path, database=url) as house,
    ):
        for _ in range(20):
            house.reserve()
        assert len(house.listed()) == 20
        assert house.http.get(f"{house.url}/readyz").status_code == 200
