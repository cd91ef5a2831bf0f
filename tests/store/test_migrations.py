"""Migrations: replay equals fresh, once however many ask, and all or nothing."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from callkeeper.core.refusal import DatabaseFailed
from callkeeper.store.engine.migrate import Migration, migrations
from callkeeper.store.engine.session import StatementFailed
from callkeeper.store.engine.statements import Engine
from tests.private_postgres import PrivatePostgres
from tests.store.orders import Opener

SCHEMA = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name",
    "postgres": """
        SELECT 'column', table_name || '.' || column_name, ordinal_position::text,
          concat_ws(' ', data_type, is_nullable, column_default, collation_name)
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'index', indexname, tablename, indexdef FROM pg_indexes
        WHERE schemaname = 'public'
        UNION ALL SELECT 'constraint', conname, conrelid::regclass::text,
          pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'options', relname, relkind::text, array_to_string(reloptions, ' ')
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
        ORDER BY 1, 2, 3, 4
    """,
}
LATER = [
    Migration(9998, "9998_later.sql", ["ALTER TABLE agent ADD COLUMN shift TEXT"]),
    Migration(
        9999,
        "9999_last.sql",
        [
            "CREATE TABLE async_store (number INTEGER NOT NULL)",
            "CREATE INDEX desk_n ON async_store (number)",
        ],
    ),
]
BROKEN = Migration(
    9999, "9999_broken.sql", ["CREATE TABLE half (number INTEGER)", "CREATE NONSENSE"]
)
START = """
import sys
from pathlib import Path
from callkeeper.installation.database import open_store
from callkeeper.settings import Settings
sys.stdin.readline()
store = open_store(Settings(data_dir=Path(sys.argv[1]), database=sys.argv[2] or None))
print(store.schema_version())
store.close()
"""


@pytest.fixture
def empty(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Opener]]:
    """Whatever makes one more empty database of the engine."""
    numbers = count(1)
    with ExitStack() as stack:

        def make() -> Opener:
            url = None
            if engine == "postgres":
                server: PrivatePostgres = request.getfixturevalue("postgres")
                url = server.new_database()
            return stack.enter_context(Opener(tmp_path / f"data{next(numbers)}", url))

        yield make


def all_of(engine: str) -> list[Migration]:
    return migrations(cast("Engine", engine))


def schema(opener: Opener, engine: str) -> list[Any]:
    return opener.look(SCHEMA[engine])


def test_replaying_step_by_step_equals_all_at_once(
    engine: str, empty: Callable[[], Opener]
) -> None:
    steps = [*all_of(engine), *LATER]
    stepwise, at_once = empty(), empty()
    for last in range(1, len(steps) + 1):
        ran = stepwise.open().session.migrate(steps[:last])
        assert ran == [steps[last - 1].name]
    assert at_once.open().session.migrate(steps) == [step.name for step in steps]
    assert schema(stepwise, engine) == schema(at_once, engine)
    assert len(schema(at_once, engine)) > len(steps)


def test_numbers_are_in_order_and_without_gaps(engine: str) -> None:
    numbers = [step.number for step in all_of(engine)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_both_engines_have_the_same_migrations() -> None:
    assert [s.name for s in all_of("sqlite")] == [s.name for s in all_of("postgres")]


def test_migrating_again_does_nothing(engine: str, empty: Callable[[], Opener]) -> None:
    opener = empty()
    assert opener.open().store.migrate() == [step.name for step in all_of(engine)]
    before = schema(opener, engine)
    assert opener.open().store.migrate() == []
    assert schema(opener, engine) == before


def test_each_migration_is_told_of_before_it_runs(engine: str, empty: Callable[[], Opener]) -> None:
    opener = empty()
    told: list[tuple[int, int, str]] = []
    ran = opener.open().store.migrate(lambda *each: told.append(each))
    names = [name.removesuffix(".sql") for name in ran]
    assert told == [(done, len(ran), name) for done, name in enumerate(names)]
    opener.open().store.migrate(lambda *each: told.append(each))
    assert len(told) == len(all_of(engine))


def test_many_threads_at_once_migrate_once(engine: str, empty: Callable[[], Opener]) -> None:
    opener = empty()
    stores = [opener.open().store for _ in range(8)]
    with ThreadPoolExecutor(len(stores)) as threads:
        ran = list(threads.map(lambda store: store.migrate(), stores))
    assert sorted(ran) == [[]] * 7 + [[step.name for step in all_of(engine)]]


def test_many_processes_at_once_migrate_once(
    engine: str, empty: Callable[[], Opener], tmp_path: Path
) -> None:
    opener = empty()
    arguments = [sys.executable, "-c", START, str(opener.data_dir), opener.url or ""]
    pipe = subprocess.PIPE
    starting = [
        subprocess.Popen(arguments, stdin=pipe, stdout=pipe, text=True, cwd=tmp_path)
        for _ in range(4)
    ]
    for process in starting:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in starting]
    newest = all_of(engine)[-1].number
    assert said == [str(newest)] * 4
    assert opener.look("SELECT COUNT(*) FROM schema_version") == [(len(all_of(engine)),)]


def test_a_schema_newer_than_the_program_is_left_alone(
    engine: str, empty: Callable[[], Opener]
) -> None:
    opener = empty()
    opener.open().session.migrate([*all_of(engine), *LATER])
    before = schema(opener, engine)
    store = opener.open().store
    assert store.migrate() == []
    assert store.schema_version() == 9999
    assert schema(opener, engine) == before


def test_a_migration_that_fails_half_way_leaves_nothing(
    engine: str, empty: Callable[[], Opener]
) -> None:
    opener = empty()
    session = opener.open().session
    before = schema(opener, engine)
    assert before == [] or opener.has_citus()  # which has views of its own
    with pytest.raises((DatabaseFailed, StatementFailed)):
        session.migrate([*all_of(engine), BROKEN])
    assert schema(opener, engine) == before
    assert session.migrate() == [step.name for step in all_of(engine)]


def test_one_that_fails_later_leaves_the_schema_before_it(
    engine: str, empty: Callable[[], Opener]
) -> None:
    opener = empty()
    session = opener.open().session
    session.migrate()
    before = schema(opener, engine)
    with pytest.raises((DatabaseFailed, StatementFailed)):
        session.migrate([*all_of(engine), BROKEN])
    assert schema(opener, engine) == before
