"""Migration 0010 on a database that was in use before a reservation kept its call's outcome."""

from collections.abc import Iterator
from typing import Any, cast

from callkeeper.store.engine.migrate import Migration, migrations
from callkeeper.store.engine.statements import Engine
from tests.store.orders import HOUR, NOW, Opener

BEFORE = 9
# id: state, tries, what held it, how its last attempt ended; and what its outcome is to be
RESERVATIONS: dict[str, tuple[str, int, str | None, str | None, str | None]] = {
    "unknown": ("done", 1, None, "unknown", "unknown"),
    "refused": ("done", 2, None, "refused", "refused"),
    "refused, to be tried again": ("waiting", 1, None, "refused", "refused"),
    "answered": ("done", 1, None, "answered", None),
    "settled": ("done", 0, "settled", None, "unknown"),
    "filed by an agent": ("done", 0, None, None, None),
    "waiting": ("waiting", 0, None, None, None),
}


def inserted(table: str, **values: Any) -> str:
    texts = ("NULL" if each is None else f"'{each}'" for each in values.values())
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(texts)})"  # noqa: S608 - our own values


def in_use() -> Iterator[str]:
    for id_, (state, tries, held_by, outcome, _) in RESERVATIONS.items():
        yield inserted(
            "reservation",
            vdn=1,
            id=id_,
            version=1,
            kind="automatic",
            state=state,
            campaign_id=1,
            called_no="66660001",
            appoint_at=NOW,
            tries=tries,
            call_id=f"call of {id_}" if tries else None,
            held_by=held_by,
            request="digest",
            made_at=NOW - HOUR,
            changed_at=NOW - HOUR,
        )
        if outcome is not None:
            yield attempt(id_, f"call of {id_}", tries, outcome)
    # An earlier try counts for nothing.
    yield attempt("answered", "an earlier call", 0, "refused")


def attempt(reservation_id: str, id_: str, number: int, outcome: str) -> str:
    return inserted(
        "attempt",
        vdn=1,
        id=id_,
        reservation_id=reservation_id,
        campaign_id=1,
        number=number,
        line="rehearsal",
        holder="dora",
        state="ended",
        called_no="66660001",
        alerting_seconds=20,
        due_at=NOW,
        claimed_at=NOW,
        ended_at=NOW,
        outcome=outcome,
    )


def test_what_was_called_before_has_the_outcome_of_its_last_call_where_that_kept_no_promise(
    empty: Opener, engine: str
) -> None:
    before = [each for each in migrations(cast("Engine", engine)) if each.number <= BEFORE]
    opened = empty.open()
    opened.session.migrate([*before, Migration(9000, "9000_in_use.sql", [*in_use()])])
    assert opened.store.migrate()[0] == "0010_outcome.sql"
    outcomes = dict(empty.look("SELECT id, outcome FROM reservation"))
    assert outcomes == {id_: outcome for id_, (*_, outcome) in RESERVATIONS.items()}
    outstanding = {id_ for (id_,) in empty.look("SELECT id FROM outstanding")}
    assert outstanding == {
        id_
        for id_, (state, *_, outcome) in RESERVATIONS.items()
        if state == "waiting" or outcome is not None
    }
