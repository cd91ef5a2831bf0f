"""The .sql files: what they hold is used, prepares on its engine, and fits the values."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import cast

import msgspec
import psycopg
import pytest

import callkeeper
from callkeeper.core.campaigns.business_result import BusinessResult
from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.people.feed import Feed
from callkeeper.core.people.session import Link, Session
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.store.engine.migrate import migrations
from callkeeper.store.engine.statements import FILES, Engine, Statements, queries
from callkeeper.store.port.access import AccessKey
from callkeeper.store.port.history import Event
from callkeeper.store.port.people import Deed
from callkeeper.store.rows.reservations import BEYOND_RESULT
from callkeeper.store.rows.store import SqlStore
from tests.private_postgres import PrivatePostgres
from tests.store.orders import Opener

TEXT = "".join(files("callkeeper.store.engine").joinpath(each).read_text("utf-8") for each in FILES)
PIECES = re.split(r"^-- name: (\w+)\n", TEXT, flags=re.MULTILINE)[1:]
TEXTS = dict(zip(PIECES[::2], PIECES[1::2], strict=True))
PARTS = set(re.findall(r"\{(\w+)\}", TEXT))
SOURCES = {file: file.read_text("utf-8") for file in Path(callkeeper.__path__[0]).rglob("*.py")}
CREATED = re.compile(r"CREATE TABLE (\w+) \((.*?)\n\)", re.DOTALL)
ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+) ")

# Asked with it, a statement is as it is run where the tables are spread.
SPREAD = frozenset({"spread"})
CLAIM = "the dispatcher's: what is due, and who is on the phone, of all VDNs"
SMALL = "its table is small and the same everywhere"
RESTORE = "the operator's, after a restore of all VDNs"
OF_NO_VDN = {
    "try_claim_lock": "it reads no table",
    "keys_due": CLAIM,
    "campaigns_due": CLAIM,
    "is_any_due": CLAIM,
    "count_due": CLAIM,
    "live_attempts": CLAIM,
    "count_live_attempts": CLAIM,
    "live_desk_calls": CLAIM,
    "count_desk_calls": CLAIM,
    "line_pace": SMALL,
    "pace_line": SMALL,
    "renew_lease": SMALL,
    "forget_dispatchers": SMALL,
    "dispatchers": SMALL,
    "lock_people": SMALL,
    "person": SMALL,
    "people": SMALL,
    "add_person": SMALL,
    "update_person": SMALL,
    "set_password": SMALL,
    "void_password": SMALL,
    "roles_of": SMALL,
    "roles": SMALL,
    "password_of": SMALL,
    "link": SMALL,
    "tied": SMALL,
    "tie_of": SMALL,
    "ties": SMALL,
    "put_tie": SMALL,
    "take_tie": SMALL,
    "add_link": SMALL,
    "use_link": SMALL,
    "void_links": SMALL,
    "session": SMALL,
    "sessions_of": SMALL,
    "add_session": SMALL,
    "login_of_session": SMALL,
    "mark_session": SMALL,
    "end_session": SMALL,
    "end_sessions": SMALL,
    "note_guess": SMALL,
    "forget_guesses": SMALL,
    "forget_old_guesses": SMALL,
    "house_rules_of_roles": SMALL,
    "feed": SMALL,
    "feed_of": SMALL,
    "add_feed": SMALL,
    "end_feed": SMALL,
    "seen": SMALL,
    "note_seen": SMALL,
    "come_back": SMALL,
    "is_any_person": SMALL,
    "tied_by": "a person's, whatever VDN it was done in",
    "deeds": "the operator's, of all VDNs; of one VDN where it is given",
    "access_key": SMALL,
    "access_keys": SMALL,
    "revoke_access_key": SMALL,
    "lock_access_key": SMALL,
    "limit_access_key": SMALL,
    "reservations_with_id": "the operator's, who has an id only: it names every VDN in turn",
    "vdns_with_reservations": "it finds out which VDNs there are, to ask of each in turn",
    "unsettled": RESTORE,
    "due_before": RESTORE,
    "schema_version": "it is of the database",
    "write_probe": SMALL,
    "reseal_access_key": SMALL,
    "wake_from_ahead": CLAIM,
    "own_time": "it reads no table",
    "transfers": SMALL,
    "columns_of": "it is of the database",
    "database_now": "it is of the database",
}

Prepare = Callable[[str], None]


def columns(table: str, engine: Engine) -> tuple[str, ...]:
    """Return the columns that the migrations give a table, in the order they give them."""
    found: list[str] = []
    for migration in migrations(engine):
        for statement in migration.statements:
            for name, body in CREATED.findall(statement):
                if name == table:
                    words = (line.split()[0] for line in body.strip().splitlines())
                    found += (word for word in words if word.islower())
            found += (column for name, column in ADDED.findall(statement) if name == table)
    assert found, table
    return tuple(found)


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
        ("attempt_columns", Attempt),
    ],
)
def test_columns_are_the_fields_of_the_value_in_their_order(
    name: str, value: type[msgspec.Struct], engine: str
) -> None:
    text = queries(cast("Engine", engine)).get(name)
    assert _fields(re.findall(r"\w\.(\w+)", text)) == value.__struct_fields__


def _fields(names: Iterable[str]) -> tuple[str, ...]:
    """Return the fields that columns hold; some columns have the name of an earlier version."""
    named = {"terms": "policies", "practice": "dial_settings"}
    return tuple(named.get(name, name) for name in names)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("events", Event),
        ("access_key", AccessKey),
        ("access_keys", AccessKey),
        ("business_results", BusinessResult),
        ("dispatchers", Lease),
        ("session", Session),
        ("sessions_of", Session),
        ("feed_of", Feed),
        ("deeds", Deed),
    ],
)
def test_a_selection_has_the_fields_of_the_value_in_their_order(
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
        ("attempt", Attempt),
        ("dispatcher", Lease),
        ("session", Session),
        ("link", Link),
        ("deed", Deed),
    ],
)
def test_a_table_has_the_fields_of_its_value_in_their_order(
    table: str, value: type[msgspec.Struct], engine: str
) -> None:
    # PostgreSQL inserts a whole record in the order of the table.
    assert _fields(columns(table, cast("Engine", engine))) == value.__struct_fields__


@pytest.mark.parametrize(
    ("name", "value", "fixed"),
    [
        (
            "update_reservations",
            Reservation,
            "vdn id kind campaign_id called_no call_data request made_at",
        ),
        (
            "update_attempts",
            Attempt,
            """
            vdn id reservation_id campaign_id number line called_no due_at claimed_at asked_by desk
            any_hour_by desk_shows
            """,
        ),
    ],
)
def test_an_update_changes_every_column_that_a_change_may_change(
    name: str, value: type[msgspec.Struct], fixed: str
) -> None:
    changed = changed_by(name)
    assert set(changed) == set(value.__struct_fields__) - set(fixed.split())


def test_a_result_is_filed_in_all_columns_that_it_may_change_but_those_that_are_compared() -> None:
    filed, all_of_them = changed_by("file_results"), changed_by("update_reservations")
    assert sorted([*filed, *BEYOND_RESULT]) == sorted(all_of_them)


def test_a_verdict_changes_what_it_notes_and_nothing_else() -> None:
    """A hold leaves a reservation's version alone, so nothing of its promise may be written."""
    assert changed_by("note_verdicts") == ["due_at", "look_at", "held_by", "verdict"]


def changed_by(name: str) -> list[str]:
    """Return the columns that an update sets, and insist that each is set to its own value."""
    (setting,) = re.findall(r"SET \((.*?)\)", TEXTS[name], re.DOTALL)
    names = re.findall(r"\w+", setting)
    assert re.findall(r"item\.(\w+)", TEXTS[name].split("WHERE")[0]) == names
    return names


@pytest.mark.parametrize(
    ("name", "value", "later"),
    [
        ("add_reservations", Reservation, "outcome seen_at"),
        ("add_events", Event, ""),
        ("add_business_results", BusinessResult, "retired_at"),
        (
            "add_attempts",
            Attempt,
            """
            placing_at placed_at ringing_at answered_at ended_at outcome fail_code cause
            cause_text sip_code asked_by desk hang_up_at any_hour_by desk_shows
            """,
        ),
    ],
)
def test_a_value_is_added_with_every_field_that_it_begins_with_in_their_order(
    name: str, value: type[msgspec.Struct], later: str
) -> None:
    begins_with = [each for each in value.__struct_fields__ if each not in later.split()]
    (into,) = re.findall(r"INSERT INTO \w+ \((.*?)\)", TEXTS[name], re.DOTALL)
    assert re.findall(r"\w+", into) == begins_with
    selected = TEXTS[name].split("SELECT")[1].split("FROM")[0]
    assert re.findall(r"item\.(\w+)", selected) == begins_with


PEOPLE = {"person", "role", "tie", "session", "link", "guess", "deed", "feed"}
EVERYWHERE = {"access_key", "dispatcher", "line", "probe", "schema_version"} | PEOPLE
KEYS = """
SELECT t.relname, array_agg(a.attname::text ORDER BY k.place), i.indisprimary
FROM pg_index AS i
JOIN pg_class AS t ON t.oid = i.indrelid AND t.relnamespace = 'public'::regnamespace
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (number, place)
JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.number
WHERE i.indisunique
GROUP BY t.relname, i.indexrelid, i.indisprimary
"""


def test_every_table_can_be_spread_by_vdn(postgres: PrivatePostgres, tmp_path: Path) -> None:
    """But for those that are small and the same everywhere."""
    url = postgres.new_database()
    with Opener(tmp_path, url) as opener:
        opener.open().store.migrate()
        keys = opener.look(KEYS)
        tables = {name for (name,) in opener.look("SELECT relname FROM pg_stat_user_tables")}
    assert {table for table, _, is_primary in keys if is_primary} == tables
    for table, names, is_primary in keys:
        if table not in EVERYWHERE:
            assert names[0] == "vdn" if is_primary else "vdn" in names, (table, names)


def test_every_statement_names_a_vdn(engine: str) -> None:
    """So that PostgreSQL's distributed form can spread the tables by it."""
    statements = queries(cast("Engine", engine))
    nameless = set()
    for name in set(statements.names) - PARTS:
        if not all(names_vdn(statements.get(name, given | SPREAD)) for given in variants(name)):
            nameless.add(name)
    assert nameless == OF_NO_VDN.keys()


def names_vdn(text: str) -> bool:
    """Whether a statement says which VDN's rows it is about, by a parameter or as it adds them."""
    inserted = re.search(r"INSERT INTO \w+ \(\s*vdn,.*SELECT\s+item\.vdn,", text, re.DOTALL)
    return bool(inserted) or bool(re.search(r":vdn|%\(vdn\)s", text))


def test_a_name_that_is_not_there_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Statements("-- name: one\nSELECT 1\n", "sqlite").get("two")


def test_items_are_rows_with_the_columns_that_are_asked_for() -> None:
    text = "-- name: it\nSELECT item.a, item.b FROM {items of t} AS item WHERE item.a > 1\n"
    rows = "(SELECT value ->> 'a' AS a, value ->> 'b' AS b FROM json_each(:items)) AS item"
    assert rows in Statements(text, "sqlite").get("it")
    rows = "json_populate_recordset(NULL::t, %(items)s) AS item"
    assert rows in Statements(text, "postgres").get("it")


def test_a_line_is_for_its_engine_and_for_its_parameter() -> None:
    text = "-- name: it\nSELECT :a::int -- why\n  , 1 -- postgres\n  , :b -- if b\nFROM {t}\n"
    text += "-- name: t\nx -- sqlite\ny -- postgres\n"
    assert Statements(text, "sqlite").get("it") == "SELECT :a::int\nFROM x"
    with_b = Statements(text, "postgres").get("it", frozenset("b"))
    assert with_b == "SELECT %(a)s::int\n  , 1\n  , %(b)s\nFROM y"
