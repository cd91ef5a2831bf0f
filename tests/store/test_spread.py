"""What tables that are spread by VDN refuse, which no statement may have, and how they are spread.

Citus is no package, so what it refuses is a list here; STYLE.md says how all runs on a real one.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg
import pytest

from callkeeper.core.refusal import CannotSpread
from callkeeper.core.transfer import leaving
from callkeeper.store.engine.migrate import migrations
from callkeeper.store.engine.spread import SPREAD, spread
from callkeeper.store.engine.statements import queries
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW
from tests.store.test_statements import CREATED, PARTS, variants
from tests.store.test_statements import SPREAD as IF_SPREAD

LOCK = "a lock of rows that no given VDN has"
ITEM_BY_ITEM = "rows found by an item's VDN: no lock, and an update runs in all parts of the table"
RECURSION = "a recursive WITH over rows that no given VDN has"
LATERAL = "a LATERAL over rows that no given VDN has"
JOINED = "a join of a table that is spread with one that is not"
REFUSED = [
    ("SELECT r.id FROM reservation AS r WHERE r.look_at <= %(now)s FOR UPDATE SKIP LOCKED", LOCK),
    (
        """
        UPDATE reservation AS r SET version = item.version
        FROM json_populate_recordset(NULL::reservation, %(items)s) AS item
        WHERE r.vdn = item.vdn AND r.id = item.id
        """,
        ITEM_BY_ITEM,
    ),
    (
        """
        WITH RECURSIVE found (vdn) AS (
          SELECT MIN(r.vdn) FROM reservation AS r
          UNION ALL
          SELECT (SELECT MIN(r.vdn) FROM reservation AS r WHERE r.vdn > found.vdn) FROM found
        )
        SELECT vdn FROM found
        """,
        RECURSION,
    ),
    (
        """
        SELECT r.id FROM campaign AS c
        CROSS JOIN LATERAL (
          SELECT n.id FROM reservation AS n WHERE n.campaign_id = c.id LIMIT 1
        ) AS r
        """,
        LATERAL,
    ),
    (
        """
        SELECT a.id FROM attempt AS a
        WHERE NOT EXISTS (SELECT 1 FROM dispatcher AS d WHERE d.name = a.holder)
        """,
        JOINED,
    ),
]
# Each with the text of its function.
TRIGGERS = """
SELECT t.tgname, p.prosrc FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgrelid = ANY(SELECT to_regclass(x) FROM unnest(%s::text[]) AS x)
"""
# What Citus answers, by a word of what it is asked.
CANNED: dict[str, list[tuple[Any, ...]]] = {
    "pg_extension": [(1,)],
    "create_distributed_table": [],
    "truncate_local_data": [],
    "run_command_on_workers": [(True, "SET")],
}


def test_no_statement_has_a_form_that_a_spread_table_refuses() -> None:
    statements = queries("postgres")
    for name in set(statements.names) - PARTS:
        for given in variants(name):
            assert refused(statements.get(name, given | IF_SPREAD)) is None, (name, given)


@pytest.mark.parametrize(("text", "form"), REFUSED)
def test_each_form_that_is_refused_is_known_by_a_statement_that_has_it(
    text: str, form: str
) -> None:
    assert refused(text) == form


def refused(text: str) -> str | None:
    """Return which form a statement on spread tables has that Citus refuses, or runs everywhere."""
    tables = set(re.findall(r"(?:FROM|JOIN|INTO|UPDATE) (\w+)", text))
    if not tables & set(SPREAD):
        return None
    is_of_one_vdn = bool(re.search(r"vdn\s*=\s*%\(vdn\)s", text))
    if ".vdn = item.vdn" in text:
        return ITEM_BY_ITEM
    if re.search(r"FOR (UPDATE|SHARE)", text) and not is_of_one_vdn:
        return LOCK
    if "WITH RECURSIVE" in text and not is_of_one_vdn:
        return RECURSION
    if "LATERAL" in text and not is_of_one_vdn:
        return LATERAL
    local = tables_made() - set(SPREAD)
    correlated = re.findall(r"EXISTS \(\s*SELECT 1 FROM (\w+)", text)
    joined = re.findall(r"JOIN (\w+)", text)
    return JOINED if local & {*correlated, *joined} else None


def tables_made() -> set[str]:
    """Return the tables that there are on PostgreSQL."""
    made = (each for migration in migrations("postgres") for each in migration.statements)
    return {name for statement in made for name, _ in CREATED.findall(statement)}


@pytest.mark.of_one_machine("no VDN is moved")
def test_a_database_from_which_a_vdn_was_moved_is_not_spread(store: SqlStore) -> None:
    with store.transaction():
        store.transfers.put(leaving(None, 2, "t1", NOW))
    with pytest.raises(CannotSpread) as refused:
        store.spread()
    assert "VDN" in str(refused.value) or "SQLite" in str(refused.value)


@pytest.mark.parametrize("engine", ["postgres"])
@pytest.mark.parametrize("already", [(), SPREAD])
def test_triggers_of_tables_that_are_spread_read_only_what_is_on_their_machine(
    database: str, already: Sequence[str]
) -> None:
    """Also where a migration has made some on tables that were spread before."""
    with psycopg.connect(database) as connection:
        spread(partial(as_on_citus, connection, already))
        triggers = connection.execute(TRIGGERS.encode(), [list(SPREAD)]).fetchall()
        connection.rollback()
    assert {"reservation_added", "outstanding_changed"} <= {name for name, _ in triggers}
    for name, source in triggers:
        read = re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE) (\w+)", source)
        assert set(read) & tables_made() <= set(SPREAD), name


def as_on_citus(
    connection: psycopg.Connection[Any], already: Sequence[str], text: str
) -> list[tuple[Any, ...]]:
    """Run a statement; where there is no Citus, what only that knows is answered in its place."""
    if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").rowcount:
        if "pg_dist_partition" in text:
            return [(table,) for table in already]
        canned = [rows for word, rows in CANNED.items() if word in text]
        if canned:
            return canned[0]
    cursor = connection.execute(text.encode())
    return cursor.fetchall() if cursor.description else []
