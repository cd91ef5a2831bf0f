"""The version before goes on working on this version's schema, and what it writes is counted.

``released/`` holds the statements of the version before the tallies (schema 2), as they were.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import pytest

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import HandBack
from callkeeper.core.dialing.desk_call import Asking
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.store.engine.statements import Engine, Statements
from callkeeper.store.port.reservations import Wanted
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import CAMPAIGN, HOUR, NOW, Opener, booked, booking, has_campaign

RELEASED = Path(__file__).with_name("released")
OLD = "".join((RELEASED / f"{name}.sql").read_text("utf-8") for name in ("queries", "ledger"))
PARTS = set(re.findall(r"\{(\w+)\}", OLD))

Run = Callable[[str, Mapping[str, Any]], None]


@pytest.fixture
def opener(tmp_path: Path, database: str | None) -> Iterator[Opener]:
    """A database of this version, with a campaign."""
    with Opener(tmp_path, database) as opener:
        opened = opener.open()
        opened.store.migrate()
        has_campaign(opened.session, 1)
        yield opener


@contextmanager
def old_program(opener: Opener, engine: Engine) -> Iterator[Run]:
    """Whatever runs a statement of the version before, for one item, as that version did."""
    old = Statements(OLD, engine)
    if engine == "sqlite":
        with closing(sqlite3.connect(opener.data_dir / DATABASE_FILE)) as file:

            def run(name: str, item: Mapping[str, Any]) -> None:
                with file:
                    file.execute(old.get(name), item)

            yield run
    else:
        with psycopg.connect(opener.url or "", autocommit=True) as connection:

            def run_all(name: str, item: Mapping[str, Any]) -> None:
                items = msgspec.json.encode([item]).decode()
                connection.execute(old.get(name).encode(), {**item, "items": items})

            yield run_all


def reservation(opener: Opener, number: int) -> Reservation:
    return booking(number).reservation(
        opener.open().store.campaigns.get(1, CAMPAIGN), ZoneInfo("UTC")
    )


def total(opener: Opener, **wanted: Any) -> int:
    return opener.open().store.reservations.find(Wanted(1, 0, 10, **wanted)).total


def test_the_writes_of_the_version_before_are_in_lists_and_their_totals(
    opener: Opener, engine: Engine
) -> None:
    with old_program(opener, engine) as run:
        for number in range(3):
            run("add_reservations", msgspec.structs.asdict(reservation(opener, number)))
        assert total(opener) == total(opener, agents=["ann"]) == 3
        moved = msgspec.structs.replace(reservation(opener, 0), version=2, agent="bob")
        run("update_reservations", msgspec.structs.asdict(moved))
        gone = msgspec.structs.replace(reservation(opener, 1), version=2, state="cancelled")
        run("update_reservations", msgspec.structs.asdict(gone))
    assert total(opener) == 2
    assert (total(opener, agents=["ann"]), total(opener, agents=["bob"])) == (1, 1)
    listed = opener.open().store.reservations.find(Wanted(1, 0, 10)).listed
    assert [each.reservation for each in listed] == [moved, reservation(opener, 2)]


def test_the_version_before_never_dials_what_an_agent_asked_for_and_frees_the_phone(
    opener: Opener, engine: Engine
) -> None:
    store = opener.open().store
    one, other = booked(store, booking(1), booking(2))
    attempt = asked_for(store, one, 1)
    assert isinstance(attempt, Attempt)
    with old_program(opener, engine) as run:
        # It takes it for a claim that nobody answers for, and hands it back to be looked at.
        ended = HandBack(1, one.id, attempt.id, NOW).apply(attempt)
        assert ended is not None
        run("update_attempts", msgspec.structs.asdict(ended))
        looked_at = msgspec.structs.replace(one, look_at=NOW)
        run("update_reservations", msgspec.structs.asdict(looked_at))
    assert store.reservations.with_id(one.id) == [one]
    assert not store.due.is_any(NOW + 1000 * HOUR)
    assert isinstance(asked_for(store, other, 2), Attempt)


def test_a_dispatcher_of_the_version_before_and_one_of_this_are_known_to_both(
    opener: Opener, engine: Engine
) -> None:
    store = opener.open().store
    with old_program(opener, engine) as run:
        before = {"name": "anna", "line": "pbx", "begun_at": NOW, "per_second": 2.5, "is_up": 1}
        for after in (0, 3_000):
            run("renew_lease", before | {"said_at": NOW + after, "lease_until": NOW + after + 9})
        told: dict[str, Any] = {"per_second": 0.5, "calls_max": 7, "outcomes": {"busy": 2}}
        newer = Lease("bert", "pbx", NOW, NOW, NOW + 9, is_up=False, **told)
        with store.transaction():
            store.leases.renew([newer])
        older = Lease("anna", "pbx", NOW, NOW + 3_000, NOW + 3_009, is_up=True, per_second=2.5)
        assert store.leases.all() == [older, newer]
        run("dispatchers", {})


def asked_for(store: SqlStore, reservation: Reservation, number: int) -> Attempt | Refusal:
    asking = Asking(
        *(1, reservation.id, f"{NOW}-{number}", "pbx", "PJSIP/1001", "person ann", NOW),
        Limits(grace_ms=HOUR),
    )
    with store.transaction():
        (outcome,) = store.desk_calls.ask([asking])
    return outcome


def test_every_statement_of_the_version_before_is_understood(
    opener: Opener, engine: Engine
) -> None:
    old = Statements(OLD, engine)
    for name in set(old.names) - PARTS:
        _explain(opener, engine, old.get(name))


def _explain(opener: Opener, engine: Engine, text: str) -> None:
    if engine == "sqlite":
        with closing(sqlite3.connect(opener.data_dir / DATABASE_FILE)) as file:
            nothing = dict.fromkeys(re.findall(r":([a-z_]+)", text))
            file.execute(f"EXPLAIN {text}", nothing).fetchall()
        return
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    numbered = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", text)
    with psycopg.connect(opener.url or "", autocommit=True) as connection:
        connection.execute(f"PREPARE it AS {numbered}".encode())
