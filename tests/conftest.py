"""What tests stand on: real databases, a real PBX, and the real server on a port of its own."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from callkeeper.installation.database import open_session
from callkeeper.settings import Settings as Installation
from tests.asterisks import ASTERISKS, MACHINES, NEWER, Asterisk
from tests.far_end import FarEnd
from tests.house import House
from tests.named_postgres import NamedPostgres
from tests.pbx.documented import files
from tests.ports import free_port
from tests.private_asterisk import PrivateAsterisk
from tests.private_postgres import PrivatePostgres
from tests.spread_postgres import SpreadPostgres

ENGINES = ("sqlite", "postgres")

# Whoever runs the tests may ignore these, as nohup does, and a shell of what it runs in the
# background; and all that the tests start would as well.
for _number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(_number, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests run beside each other: how long an example takes says nothing of what is tested.
settings.register_profile(
    "beside others", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("beside others")


_TOLD = "told"
# The URL of a server that is there: what needs no server of its own runs on it.
_NAMED = "CALLKEEPER_TEST_DATABASE"

# The files that take longest, each in one process: they begin first, lest one be waited for alone.
LONGEST = (
    "tests/test_types.py",
    "tests/durability/test_kill.py",
    "tests/fleet/test_fleet.py",
    "tests/sim/test_days.py",
    "tests/pbx/test_killing.py",
    "tests/test_command_lines.py",
    "tests/test_terminal_stored.py",
    "tests/test_cli_dialer.py",
    "tests/dialer/test_clocks.py",
    "tests/dialer/test_crash.py",
    "tests/api/test_outage.py",
    "tests/api/test_bad_input.py",
    "tests/api/test_campaigns.py",
    "tests/api/test_automatic.py",
    "tests/api/test_once.py",
    "tests/api/test_schemathesis.py",
    "tests/test_cli.py",
    "tests/test_packages.py",
    "tests/test_service.py",
    "tests/test_container.py",
    "tests/console/test_browser.py",
    "tests/console/test_walks.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first where several processes share the tests, file by file."""
    if hasattr(config, "workerinput"):
        places = {config.rootpath / name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests tell, whichever process they ran in."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    for report in reports:
        for name, line in report.user_properties:
            if name == _TOLD:
                terminalreporter.write_line(str(line))


def leave_out(reason: str) -> None:
    """Leave a test out with a line that says why; where nothing may be left out, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI leaves nothing out: {reason}")
    pytest.skip(reason)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say a line of figures that are to be seen at the end of a run."""
    return lambda line: record_property(_TOLD, line)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[NamedPostgres]:
    """A PostgreSQL of our own, on a socket in a temporary directory, or the one that is named."""
    with _named_postgres() or _private_postgres(outlives_machine=False) as server:
        yield server


@pytest.fixture(scope="session")
def schema(postgres_server: NamedPostgres) -> str:
    """The name there of a database with the schema."""
    name = postgres_server.new_template()
    with closing(open_session(Installation(database=postgres_server.url(name)))) as session:
        session.migrate()
        if isinstance(postgres_server, SpreadPostgres):
            session.spread()
    return name


@pytest.fixture
def postgres(
    postgres_server: NamedPostgres, request: pytest.FixtureRequest
) -> Iterator[NamedPostgres]:
    """The PostgreSQL, whose databases are gone after the test."""
    mark = request.node.get_closest_marker("of_one_machine")
    if mark and isinstance(postgres_server, SpreadPostgres):
        leave_out(f"the tables are spread: {mark.args[0]}")
    yield postgres_server
    postgres_server.drop_databases()


@pytest.fixture
def own_postgres() -> Iterator[PrivatePostgres]:
    """A PostgreSQL of one test's own, for that test to stop and to crash."""
    with _private_postgres() as server:
        yield server


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)


@pytest.fixture
def empty_database(engine: str, request: pytest.FixtureRequest) -> str | None:
    """An empty database of the engine: its URL, or None for SQLite in the data directory."""
    if engine == "sqlite":
        return None
    server: NamedPostgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def database(engine: str, request: pytest.FixtureRequest) -> str | None:
    """One that on PostgreSQL has the schema already, which takes longer to make than to copy."""
    if engine == "sqlite":
        return None
    server: NamedPostgres = request.getfixturevalue("postgres")
    return server.new_database(like=request.getfixturevalue("schema"))


@pytest.fixture(scope="session")
def far_end() -> Iterator[FarEnd]:
    """A SIPp that answers as the number says."""
    with _far_end() as running:
        yield running


@pytest.fixture(scope="session", params=ASTERISKS, ids=lambda kind: f"asterisk-{kind.version}")
def kind(request: pytest.FixtureRequest) -> Asterisk:
    """Each Asterisk that we support and that can be had, in turn."""
    assert isinstance(request.param, Asterisk)
    return request.param


@pytest.fixture(scope="session")
def asterisk(far_end: FarEnd, kind: Asterisk) -> Iterator[PrivateAsterisk]:
    """An Asterisk whose trunk leads to the far end."""
    with _asterisk(far_end, kind) as running:
        yield running


@pytest.fixture
def own_asterisk(far_end: FarEnd, kind: Asterisk) -> Iterator[PrivateAsterisk]:
    """An Asterisk of one test's own, for that test to stop and to crash."""
    with _asterisk(far_end, kind) as running:
        yield running


@pytest.fixture(scope="session")
def one_asterisk(far_end: FarEnd) -> Iterator[PrivateAsterisk]:
    """The machine's own, for what would show nothing more on another."""
    with _asterisk(far_end, MACHINES) as running:
        yield running


@pytest.fixture(scope="module")
def documented_asterisk(far_end: FarEnd, kind: Asterisk) -> Iterator[PrivateAsterisk]:
    """One with the files that docs/operating.md has, but for addresses and the password."""
    with _asterisk(far_end, kind, files=files()) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running server on SQLite, with a key for VDN 25 and a campaign."""
    with House(tmp_path / "data") as house:
        yield house


@pytest.fixture
def any_house(tmp_path: Path, database: str | None) -> Iterator[House]:
    """A running server, on each engine in turn."""
    with House(tmp_path / "data", database=database) as house:
        yield house


def _named_postgres() -> NamedPostgres | None:
    url = os.environ.get(_NAMED)
    if url is None:
        return None
    with psycopg.connect(url) as connection:
        citus = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchone()
    return SpreadPostgres(url) if citus else NamedPostgres(url)


def _private_postgres(**how: bool) -> PrivatePostgres:
    try:
        return PrivatePostgres(**how)
    except FileNotFoundError as missing:
        leave_out(f"PostgreSQL: {missing}")
        raise


def _far_end() -> FarEnd:
    try:
        return FarEnd(free_port(), keeps_all=True)
    except FileNotFoundError as missing:
        leave_out(f"Asterisk: {missing}")
        raise


def _asterisk(far_end: FarEnd, kind: Asterisk, **how: Any) -> PrivateAsterisk:
    try:
        return PrivateAsterisk(far_end.port, kind, **how)
    except FileNotFoundError as missing:
        if kind is NEWER:
            # The one thing that may be left out everywhere: a mirror may have none that installs.
            pytest.skip(f"Asterisk {kind.version}: {missing}")
        leave_out(f"Asterisk: {missing}")
        raise
