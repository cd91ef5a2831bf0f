"""Each way in which PostgreSQL fails is one sentence: at a start, at a check-up, in the log."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.house import House
from tests.ports import free_port
from tests.private_postgres import PrivatePostgres
from tests.test_cli import run
from tests.waiting import until

PASSWORD = "hush7Xq"


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[PrivatePostgres, str]]:
    """A server that wants passwords, where each of some roles lacks something; and its address."""
    port = free_port()
    with PrivatePostgres(port) as server:
        with psycopg.connect(server.url(), autocommit=True) as owner:
            for role in ("someone", "nobody"):
                owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'".encode())
            owner.execute("ALTER ROLE nobody CONNECTION LIMIT 0")
            owner.execute("CREATE DATABASE kept")
        server.want_passwords()
        yield server, f"127.0.0.1:{port}"


PERMISSION = "permission denied for schema public"
FAILURES = [
    ("someone:wrong", "", "password authentication failed for user"),
    (f"someone:{PASSWORD}", "/nothing", 'database "nothing" does not exist'),
    (f"someone:{PASSWORD}", "/kept?sslmode=require", "SSL"),
    (f"someone:{PASSWORD}", "/kept", PERMISSION),
    (f"nobody:{PASSWORD}", "/kept", "too many connections for role"),
    (
        f"someone:{PASSWORD}",
        "/kept?options=-c%20default_transaction_read_only%3Don",
        "it is read-only: a standby",
    ),
]
NOWHERE = [
    (f"postgresql://u:{PASSWORD}@nowhere..invalid/x", "no such host can be"),
    (f"postgresql://u:{PASSWORD}@127.0.0.1:1/x", "Connection refused"),
    (f"postgresql://u:{PASSWORD}@/x?host=/nowhere", "No such file"),
    (f"postgresql://refused:{PASSWORD}@127.0.0.1:1/refused", "Connection refused"),
]


def says_one_sentence(tmp_path: Path, url: str, says: str, *commands: str) -> None:
    for command in commands:
        ended = run(
            command,
            *("--data-dir", str(tmp_path / "data"), "--tls=off"),
            CALLKEEPER_DATABASE=url,
        )
        told = ended.out + ended.err
        bad = {"doctor": 1, "serve": 4 if says == PERMISSION else 3}
        assert ended.status == bad[command], told
        assert says in told
        assert PASSWORD not in told
        assert "Traceback" not in told
        assert command == "doctor" or told.count("\n") == 1, told


@pytest.mark.parametrize(("user", "rest", "says"), FAILURES)
def test_the_servers_words_are_told(
    tmp_path: Path, guarded: tuple[PrivatePostgres, str], user: str, rest: str, says: str
) -> None:
    url = f"postgresql://{user}@{guarded[1]}{rest or '/kept'}"
    says_one_sentence(tmp_path, url, says, "serve")
    if "permission" not in says and "read-only" not in says:  # there it can look
        says_one_sentence(tmp_path, url, says, "doctor")


@pytest.mark.parametrize(("url", "says"), NOWHERE)
def test_where_there_is_no_server_libpq_says_why(tmp_path: Path, url: str, says: str) -> None:
    says_one_sentence(tmp_path, url, says, "serve", "doctor")


def test_an_outage_is_logged_once_and_so_is_its_end(
    own_postgres: PrivatePostgres, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with House(tmp_path, database=own_postgres.new_database(), line="rehearsal") as house:
        house.reserve()
        own_postgres.stop()
        for _ in range(5):
            house.http.get(f"{house.url}/readyz")
            house.post("list", {"offset": 0, "limit": 1})
        own_postgres.start()
        until(lambda: house.http.get(f"{house.url}/readyz").status_code == 200)
        until(lambda: house.post("create", {}).json()["resultCode"] == "02000001")
    said = capfd.readouterr()
    told = (said.out + said.err).splitlines()
    lost = [each for each in told if "database_lost" in each]
    assert (len(lost), sum("database_recovered" in each for each in told)) == (1, 1), told
    assert "connection to server on socket" in lost[0]


def test_a_role_that_may_make_no_table_works_on_a_schema_that_is_there(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    database = own_postgres.new_database()
    assert run("migrate", "--data-dir", str(tmp_path), CALLKEEPER_DATABASE=database).status == 0
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("CREATE ROLE worker LOGIN")
        owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO worker")
        owner.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO worker")
    worker = database.replace("user=postgres", "user=worker")
    with psycopg.connect(worker) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE more (number INTEGER)")
    with House(tmp_path, database=worker) as house:
        house.reserve()
        assert len(house.listed()) == 1
