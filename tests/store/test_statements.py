"""queries.sql: what it holds is used, prepares on its engine, and fits the values."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import cast

import msgspec
import psycopg
import pytest

import callkeeper
from callkeeper.core.business_result import BusinessResult
from callkeeper.core.campaign import Campaign
from callkeeper.core.reservation import Reservation
from callkeeper.serve import DATABASE_FILE
from callkeeper.store.migrate import migrations
from callkeeper.store.port import AccessKey, Event
from callkeeper.store.sql import SqlStore
from callkeeper.store.statements import Engine, Statements, choose, queries

TEXT = files("callkeeper.store").joinpath("queries.sql").read_text("utf-8")
PIECES = re.split(r"^-- name: (\w+)\n", TEXT, flags=re.MULTILINE)[1:]
TEXTS = dict(zip(PIECES[::2], PIECES[1::2], strict=True))
PARTS = set(re.findall(r"\{(\w+)\}", TEXT))
SOURCES = {
    file.name: file.read_text("utf-8") for file in Path(callkeeper.__path__[0]).rglob("*.py")
}
CREATED = re.compile(r"CREATE TABLE (\w+) \((.*?)\n\)", re.DOTALL)

Prepare = Callable[[str], None]


def columns(table: str, engine: Engine) -> tuple[str, ...]:
    """Return the columns that the migrations give a table."""
    for migration in migrations(engine):
        for name, body in CREATED.findall(";".join(migration.statements)):
            if name == table:
                words = (line.split()[0] for line in body.strip().splitlines())
                return tuple(word for word in words if word.islower())
    raise LookupError(table)


def optional_in(name: str) -> set[str]:
    """Return the parameters that a statement, or a part of it, may go without."""
    inner = (optional_in(part) for part in re.findall(r"\{(\w+)\}", TEXTS[name]))
    return set(re.findall(r"-- if (\w+)", TEXTS[name])).union(*inner)


def variants(name: str) -> Iterator[frozenset[str]]:
    """Return every choice of the optional parameters that a statement may be asked with."""
    optional = sorted(optional_in(name))
    for count in range(len(optional) + 1):
        yield from map(frozenset, combinations(optional, count))


@pytest.fixture
def prepare(
    store: SqlStore, engine: str, database: str | None, tmp_path: Path
) -> Iterator[Prepare]:
    """Whatever makes the engine itself read a statement, without running it."""
    assert store.schema_version() > 0
    if engine == "sqlite":
        with closing(sqlite3.connect(tmp_path / "data" / DATABASE_FILE)) as file:

            def explain(text: str) -> None:
                names = re.findall(r":([a-z_]+)", text)
                file.execute(f"EXPLAIN {text}", dict.fromkeys(names)).fetchall()

            yield explain
    else:
        with psycopg.connect(database or "", autocommit=True) as connection:

            def prepare(text: str) -> None:
                names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
                numbered = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", text)
                connection.execute(f"PREPARE it AS {numbered}".encode())
                connection.execute("DEALLOCATE it")

            yield prepare


def test_every_statement_prepares_on_its_engine(engine: str, prepare: Prepare) -> None:
    statements = queries(cast("Engine", engine))
    for name in statements.names:
        if name not in PARTS:
            for given in variants(name):
                prepare(statements.get(name, given))


def test_every_statement_is_used() -> None:
    used = PARTS | set(re.findall(r'"(\w+)"', "".join(SOURCES.values())))
    assert set(queries("sqlite").names) - used == set()


def test_every_statement_that_is_asked_for_is_there() -> None:
    asked = re.findall(r'\.(?:rows|each)\(\s*"(\w+)"', "".join(SOURCES.values()))
    assert set(asked) <= set(queries("sqlite").names)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reservation_columns", Reservation),
        ("campaign_columns", Campaign),
    ],
)
def test_columns_are_the_fields_of_the_value_in_their_order(
    name: str, value: type[msgspec.Struct], engine: str
) -> None:
    text = queries(cast("Engine", engine)).get(name)
    assert tuple(re.findall(r"\w\.(\w+)", text)) == value.__struct_fields__


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("events", Event),
        ("access_key", AccessKey),
        ("access_keys", AccessKey),
        ("business_results", BusinessResult),
    ],
)
def test_what_is_selected_is_the_fields_of_the_value_in_their_order(
    name: str, value: type[msgspec.Struct], engine: str
) -> None:
    text = " ".join(queries(cast("Engine", engine)).get(name).split())
    assert text.startswith(f"SELECT {', '.join(value.__struct_fields__)} FROM")


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("reservation", Reservation),
        ("event", Event),
        ("access_key", AccessKey),
        ("campaign", Campaign),
        ("business_result", BusinessResult),
    ],
)
def test_a_table_has_the_fields_of_its_value_in_their_order(
    table: str, value: type[msgspec.Struct], engine: str
) -> None:
    # PostgreSQL inserts a whole record in the order of the table.
    assert columns(table, cast("Engine", engine)) == value.__struct_fields__


def test_a_result_changes_every_column_that_a_change_may_change() -> None:
    text = TEXT.split("-- name: update_reservations")[1].split("-- name:")[0]
    (changed,) = re.findall(r"SET \((.*?)\)", text, re.DOTALL)
    fixed = {"vdn", "id", "kind", "campaign_id", "called_no", "call_data", "request", "made_at"}
    assert set(re.findall(r"\w+", changed)) == set(Reservation.__struct_fields__) - fixed
    for mark, engine in ((":", "sqlite"), (r"item\.", "postgres")):
        setting = choose(text, cast("Engine", engine)).split("WHERE")[0]
        assert re.findall(rf"{mark}(\w+)", setting) == re.findall(r"\w+", changed)


def test_a_name_that_is_not_there_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Statements("-- name: one\nSELECT 1\n", "sqlite").get("two")


def test_a_line_is_for_its_engine_and_for_its_parameter() -> None:
    text = "-- name: it\nSELECT :a::int -- why\n  , 1 -- postgres\n  , :b -- if b\nFROM {t}\n"
    text += "-- name: t\nx -- sqlite\ny -- postgres\n"
    assert Statements(text, "sqlite").get("it") == "SELECT :a::int\nFROM x"
    with_b = Statements(text, "postgres").get("it", frozenset("b"))
    assert with_b == "SELECT %(a)s::int\n  , 1\n  , %(b)s\nFROM y"
