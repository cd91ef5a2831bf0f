"""How the engines go about the statements: by index, and a result in place."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import cast

import psycopg
import pytest

from callkeeper.core.reservations.changes import Result
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.store.engine.statements import Engine, queries
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import claim, due, end, ending, placing
from tests.store.orders import NOW, Opened, Opener, booked, booking, carry_out, order
from tests.store.test_statements import PARTS, variants
from tests.waiting import until

SMALL = "a row for each dispatcher of the last day"
# What is read as a whole, and why it may be.
WHOLE = {
    "access_keys": "the operator's list of keys",
    "people": "the operator's list of people",
    "roles": "the same",
    "ties": "the same",
    "is_any_person": "it ends at the first row",
    "dispatchers": SMALL,
    "transfers": SMALL,
    "forget_dispatchers": SMALL,
    "unsettled": "the operator's, once after a restore",
    "wake_from_ahead": "its index holds what a rule holds only; asked when a clock is set",
    "count_desk_calls": "the same of calls that agents asked for",
    "live_attempts": "of dispatchers, who are few; of attempts those that are live",
    "count_live_attempts": "its index holds live attempts only, as many as there are calls",
}

# What a statement names for itself: the tables of its WITH, the page that is joined, and what
# stands in its FROM.
_OWN = re.compile(r"(\w+)(?: \(\w+\))? AS (?:MATERIALIZED |NOT MATERIALIZED )?\(")
_INNER = re.compile(r"^\) AS (\w+)", re.MULTILINE)
_JOINED = re.compile(r"(\w+) AS (\w+)")

Plan = Callable[[str], list[str]]

pytestmark = pytest.mark.of_one_machine("EXPLAIN shows the plans of a single PostgreSQL")


@pytest.fixture
def plan(store: SqlStore, engine: str, database: str | None, tmp_path: Path) -> Iterator[Plan]:
    """Whatever makes an engine tell, line by line, how it would go about a statement."""
    assert store.schema_version() > 0
    if engine == "sqlite":
        with closing(sqlite3.connect(tmp_path / "data" / DATABASE_FILE)) as file:

            def explain(text: str) -> list[str]:
                names = dict.fromkeys(re.findall(r":([a-z_]+)", text))
                return [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {text}", names)]

            yield explain
    else:
        with psycopg.connect(database or "", autocommit=True) as connection:
            # Tables this small would be read whole; and a NULL must not make a plan of nothing.
            for habit in ("seqscan", "mergejoin", "hashjoin"):
                connection.execute(f"SET enable_{habit} = off".encode())
            connection.execute("SET plan_cache_mode = force_generic_plan")

            def prepare(text: str) -> list[str]:
                names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
                numbered = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", text)
                connection.execute(f"PREPARE it AS {numbered}".encode())
                values = f"({', '.join(['NULL'] * len(names))})" if names else ""
                rows = connection.execute(f"EXPLAIN EXECUTE it{values}".encode()).fetchall()
                connection.execute("DEALLOCATE it")
                return [row[0] for row in rows]

            yield prepare


def read_whole(text: str, lines: list[str]) -> list[str]:
    """Return the lines of a plan that read a whole table, leaving out a statement's own tables."""
    own = set(_OWN.findall(text)) | set(_INNER.findall(text))
    called = {f"{alias} LEFT-JOIN" for table, alias in _JOINED.findall(text) if table in own}
    harmless = own | called | {"CONSTANT ROW", "item"}  # the one that a statement is run for
    found = []
    for line, below in pairwise([*lines, ""]):
        scan = re.match(r"SCAN (.*)", line) or re.search(r"Seq Scan on (\w+)", line)
        own_part = scan and (scan[1] in harmless or scan[1].startswith("(subquery-"))
        if scan and not own_part and "VIRTUAL TABLE" not in line:
            found.append(line)
        # PostgreSQL would rather walk through a whole index than through a table.
        if re.search(r"Index (Only )?Scan ", line) and "Index Cond:" not in below:
            found.append(line)
    return found


def test_no_statement_reads_a_whole_table(engine: str, plan: Plan) -> None:
    statements = queries(cast("Engine", engine))
    whole = {}
    for name in set(statements.names) - PARTS:
        for given in variants(name):
            if "spread" in given:  # all parts of a table are asked at once, and read through
                continue
            text = statements.get(name, given)
            if lines := read_whole(text, plan(text)):
                whole[name] = lines
    assert set(whole) == WHOLE.keys(), whole


# By which index the dialer's statements go, what it holds being as small as the work to be done.
DIALER = [
    ("keys_due", "", "reservation_to_look_at"),
    ("is_any_due", "", "reservation_to_look_at"),
    ("count_due", "", "reservation_to_look_at"),
    ("count_awaited", "", "reservation_awaited"),
    ("count_awaited", "due_by", "reservation_awaited"),
    ("campaigns_due", "", "reservation_awaited"),
    ("due_of_campaigns", "", "reservation_awaited"),
    ("wake_reservations", "", "reservation_held"),
    ("attempts_of", "", "attempt_by_reservation"),
    ("live_attempts", "holder", "attempt_in_progress"),
    ("live_attempts", "now", "attempt_in_progress"),
    ("count_live_attempts", "", "attempt_in_progress"),
    ("live_desk_calls", "", "desk_call_of_line"),
]


@pytest.mark.parametrize(("name", "given", "index"), DIALER)
def test_the_dialer_reads_what_it_has_to_do_and_nothing_else(
    engine: str, name: str, given: str, index: str, plan: Plan
) -> None:
    text = queries(cast("Engine", engine)).get(name, frozenset({given} - {""}))
    lines = plan(text)
    assert [line for line in lines if index in line], lines


def test_from_one_campaign_to_the_next_it_is_one_look_however_much_is_due(
    engine: str, plan: Plan
) -> None:
    lines = plan(queries(cast("Engine", engine)).get("campaigns_due"))
    assert [line for line in lines if re.search(r"vdn ?= ?.* AND \(?campaign_id ?>", line)], lines
    assert [line for line in lines if re.search(r"campaign_id ?= ?.* AND \(?look_at ?<", line)], (
        lines
    )


# The pulse is asked for each second: of one VDN, what is outstanding and the calls that go on.
PULSE = [
    ("pulse_of_agents", r"SEARCH o USING PRIMARY KEY \(vdn=\? AND promised_at<\?\)"),
    ("pulse_of_calls", r"SEARCH t USING INDEX attempt_live \(vdn=\?\)"),
    ("pulse_of_campaigns", r"SEARCH o USING PRIMARY KEY \(vdn=\? AND promised_at<\?\)"),
    ("agents_there", r"SEARCH t USING PRIMARY KEY \(vdn=\?\)"),
    ("coming", r"SEARCH o USING PRIMARY KEY \(vdn=\? AND promised_at>\? AND promised_at<\?\)"),
]


@pytest.mark.parametrize(("name", "read"), PULSE)
@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_pulse_reads_what_is_outstanding_and_nothing_else(
    name: str, read: str, plan: Plan
) -> None:
    lines = plan(queries("sqlite").get(name))
    assert [line for line in lines if re.match(read, line)], lines
    assert not [line for line in lines if " reservation" in line], lines


@pytest.mark.parametrize("engine", ["postgres"])
@pytest.mark.parametrize("name", ["is_any_due", "count_due", "keys_due"])
def test_asking_what_is_due_does_not_read_what_waits(
    name: str, opened: Opened, database: str | None
) -> None:
    """With PostgreSQL's own habits, statistics, and the plan for whatever instant."""
    booked(opened.store, booking(0))
    with psycopg.connect(database or "", autocommit=True) as connection:
        connection.execute("""
            INSERT INTO reservation SELECT (jsonb_populate_record(r, jsonb_build_object(
              'id', 'w' || n, 'kind', 'automatic', 'look_at', r.appoint_at + n))).*
            FROM reservation AS r, generate_series(1, 20000) AS n
        """)
        connection.execute("VACUUM ANALYZE reservation")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        text = queries("postgres").get(name).replace("%(now)s", "$1").replace("%(limit)s", "$2")
        connection.execute(f"PREPARE it AS {text}".encode())
        values = "(1, 10)" if "$2" in text else "(1)"
        lines = [row[0] for row in connection.execute(f"EXPLAIN EXECUTE it{values}".encode())]
    assert [line for line in lines if "reservation_to_look_at" in line], lines


@pytest.mark.parametrize("engine", ["postgres"])
def test_an_agents_list_does_not_read_what_waits_for_others(
    opened: Opened, database: str | None
) -> None:
    booked(opened.store, booking(0))
    asked = {"vdn": 1, "agent": "a7", "begin_at": NOW, "end_at": 2**62, "limit": 201}
    with psycopg.connect(database or "", autocommit=True) as connection:
        connection.execute("""
            INSERT INTO reservation SELECT (jsonb_populate_record(r, jsonb_build_object(
              'id', 'w' || n, 'agent', 'a' || n % 100, 'appoint_at', r.appoint_at + n))).*
            FROM reservation AS r, generate_series(1, 10000) AS n
        """)
        connection.execute("VACUUM ANALYZE outstanding, reservation")
        text = queries("postgres").get("seek_outstanding", frozenset({"agent"}))
        rows = connection.execute(
            f"EXPLAIN {text}".encode(), asked | {"states": ["waiting"], "offset": 0}
        )
        lines = [row[0] for row in rows]
    assert [line for line in lines if "outstanding_by_agent" in line], lines


def test_what_is_due_is_read_in_order_without_being_sorted(engine: str, plan: Plan) -> None:
    lines = plan(queries(cast("Engine", engine)).get("keys_due"))
    assert not [line for line in lines if "TEMP B-TREE" in line or "Sort" in line], lines


BY_TIME = "reservation_by_time"
LISTS = [
    ("find_reservations", "", BY_TIME),
    ("find_reservations", "first_day last_day head_end_at tail_begin_at", BY_TIME),
    ("find_reservations", "campaign_id", "reservation_by_campaign"),
    ("find_reservations", "agents", "reservation_by_agent"),
    ("find_reservations", "agents campaign_id head_end_at", "reservation_by_agent"),
    ("find_reservations_of_number", "begin_at end_at", "reservation_by_number"),
    ("find_reservations_of_number", "agents campaign_id", "reservation_by_number"),
    ("seek", "", BY_TIME),
    ("seek", "newest kind outcomes", BY_TIME),
    ("seek", "agent newest outcomes unfiled", "reservation_by_agent"),
    ("seek", "campaign_id", "reservation_by_campaign"),
    ("seek", "agent campaign_id newest", "reservation_by_agent"),
    ("reach", "", BY_TIME),
    ("reach_back", "campaign_id", "reservation_by_campaign"),
    ("reach_back", "agent", "reservation_by_agent"),
    ("tally_promises", "agent", "reservation_by_agent"),
]


@pytest.mark.parametrize(("name", "given", "index"), LISTS)
@pytest.mark.parametrize("engine", ["sqlite"])
def test_each_filter_of_a_list_has_an_index(name: str, given: str, index: str, plan: Plan) -> None:
    lines = plan(queries("sqlite").get(name, frozenset(given.split())))
    reads = [line for line in lines if line.startswith("SEARCH r USING ")]
    assert reads, lines
    assert all(f"INDEX {index} (vdn=?" in line for line in reads), lines


def test_no_list_reads_all_of_a_vdns_reservations(engine: str, plan: Plan) -> None:
    """Each look at reservations is bounded by time, or by one number."""
    statements = queries(cast("Engine", engine))
    names = ("find_reservations", "seek", "reach", "reach_back", "tally_promises")
    asked = ((name, given) for name in names for given in variants(name))
    for name, given in ((name, given) for name, given in asked if "id" not in given):
        lines = plan(statements.get(name, given))
        for line, below in pairwise([*lines, ""]):
            if engine == "sqlite" and line.startswith("SEARCH r "):
                assert "appoint_at>? AND appoint_at<?" in line, (name, given, lines)
            if engine == "postgres" and " using reservation_" in line:
                assert re.search(r"appoint_at >=.*appoint_at <=", below), (name, given, lines)


@pytest.mark.parametrize("name", ["seek", "reach", "reach_back"])
def test_what_is_sought_is_read_in_order_without_being_sorted(
    engine: str, name: str, plan: Plan
) -> None:
    statements = queries(cast("Engine", engine))
    for given in variants(name):
        lines = plan(statements.get(name, given))
        assert not [line for line in lines if "TEMP B-TREE" in line or "Sort" in line], (
            given,
            lines,
        )


@pytest.mark.parametrize("engine", ["sqlite"])
def test_ends_of_ids_are_compared_in_an_index_alone(plan: Plan) -> None:
    lines = plan(queries("sqlite").get("reservations_ending"))
    assert [line for line in lines if "COVERING INDEX reservation_by_time" in line], lines


@pytest.mark.parametrize("engine", ["postgres"])
def test_a_list_is_read_by_an_index_of_reservations(plan: Plan) -> None:
    for name in ("find_reservations", "find_reservations_of_number"):
        for given in variants(name):
            lines = plan(queries("postgres").get(name, given))
            assert [line for line in lines if re.search(r"Scan (using|on) reservation_\w+", line)]


@pytest.mark.parametrize("engine", ["postgres"])
def test_a_result_that_keeps_the_agent_is_written_in_place(opened: Opened, opener: Opener) -> None:
    many = range(10)
    booked(opened.store, *(booking(number, agent="ann") for number in many))
    changes = [Result(agent="ann", fail_code="00000", call_id="c"), Result(caller_no="10086")]
    for change in changes:
        carry_out(opened.store, *(order(f"r{number:05d}", change) for number in many))
    opened.store.close()  # a connection that ends tells what it counted
    updated = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = "

    def counted() -> list[tuple[int, int]]:
        rows = opener.look(f"{updated}'reservation'")
        return rows if rows[0][0] else []

    assert until(counted) == [(20, 20)]


@pytest.mark.parametrize("engine", ["postgres"])
def test_a_table_that_begins_empty_and_is_never_analyzed_is_soon_read_by_its_key(
    opened: Opened, opener: Opener, database: str | None
) -> None:
    """Of an empty table PostgreSQL thinks that all indexes are alike, and a plan is kept."""
    with psycopg.connect(database or "", autocommit=True) as connection:
        for table in ("reservation", "attempt"):
            connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)".encode())
    store = opened.store
    for first in range(0, 5_000, 100):
        due(store, *range(first, first + 100))
        # Later each time, so that the pace leaves room for all.
        attempts = claim(store, ids=100, at=NOW + first).attempts
        assert len(attempts) == 100
        with store.transaction():
            store.attempts.begin([placing(each) for each in attempts])
        end(store, *(ending(each) for each in attempts))
    store.close()  # a connection that ends tells what it counted

    def scans() -> dict[str, int]:
        counted = dict(opener.look("SELECT indexrelname, idx_scan FROM pg_stat_user_indexes"))
        return counted if any(counted.values()) else {}

    of = until(scans)
    assert of["attempt_pkey"] > of["attempt_by_reservation"], of
    others = ("reservation_by_time", "reservation_by_agent", "reservation_by_campaign")
    for other in (*others, "reservation_by_number"):
        assert of["reservation_pkey"] > 10 * of[other], of
