"""Migration 0002 on a database that was in use before there was a dialer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.dial_settings import DialSettings
from callkeeper.core.dialing.triage import Claimed
from callkeeper.store.engine.migrate import Migration, migrations
from callkeeper.store.engine.statements import Engine
from callkeeper.store.rows.policies import column_of
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import claim
from tests.store.orders import HOUR, NOW, Opened, Opener, check_history

BACKSLASH = "\\"
NUL = f'"{BACKSLASH}u0000"'  # as JSON writes it
CAMPAIGNS: dict[int, tuple[int, str, str | None]] = {
    1: (3, '{"ivrParam":{"deviceSign":"66001","callCount":2}}', "ivr 66001"),
    2: (1, '{"ivrParam":{}}', None),
    3: (3, "{}", None),
    4: (2, '{"skillParam":{"skillId":12,"skillName":"s"}}', "skill 12"),
    5: (5, '{"skillParam":{"skillId":0}}', "skill 0"),
    6: (6, '{"ivrParam":{"deviceSign":"66001"},"skillParam":null}', None),
    7: (2, f'{{"retryPolicy":{{"policyJson":{NUL}}},"skillParam":{{"skillId":13}}}}', "skill 13"),
    8: (
        3,
        f'{{{NUL}:"{BACKSLASH * 2}u0000","ivrParam":{{"deviceSign":"{BACKSLASH * 2}"}}}}',
        "ivr \\",
    ),
    9: (4, '{"ivrParam":{"deviceSign":"1"},"skillParam":{"skillId":1}}', None),
}
# id: kind, state, due_at; and what look_at is to be
RESERVATIONS: dict[str, tuple[str, str, int | None, int | None]] = {
    "waiting": ("automatic", "waiting", NOW - HOUR, NOW - HOUR),
    "later": ("automatic", "waiting", NOW + HOUR, NOW + HOUR),
    "manual": ("manual", "waiting", None, None),
    "done": ("automatic", "done", None, None),
    "cancelled": ("automatic", "cancelled", None, None),
}


@pytest.fixture
def old(tmp_path: Path, engine: str, empty_database: str | None) -> Iterator[Opened]:
    """A database as the version before left it, with campaigns and reservations in use."""
    first, *_ = migrations(cast("Engine", engine))
    in_use = Migration(9000, "9000_in_use.sql", [*_campaigns(), *_reservations()])
    with Opener(tmp_path / "data", empty_database) as opener:
        opened = opener.open()
        opened.session.migrate([first, in_use])
        yield opened


def _campaigns() -> Iterator[str]:
    for id_, (device_type, terms, _) in CAMPAIGNS.items():
        yield _insert(
            "campaign",
            vdn=1,
            id=id_,
            version=1,
            name=f"campaign {id_}",
            description=None,
            status="started",
            begin_at=NOW - HOUR,
            end_at=NOW + 1000 * HOUR,
            device_type=device_type,
            caller_numbers="[]",
            alerting_seconds_max=20,
            workday_windows="[]",
            special_day_windows="[]",
            terms=terms,
            made_at=NOW,
            changed_at=NOW,
            deleted_at=None,
        )


def _reservations() -> Iterator[str]:
    for id_, (kind, state, due_at, _) in RESERVATIONS.items():
        yield _insert(
            "reservation",
            vdn=1,
            id=id_,
            version=1,
            kind=kind,
            state=state,
            campaign_id=1,
            called_no="66660001",
            agent=None,
            appoint_at=NOW,
            due_at=due_at,
            tries=0,
            request="digest",
            made_at=NOW - HOUR,
            changed_at=NOW - HOUR,
        )
        yield _insert(
            "event",
            vdn=1,
            subject=id_,
            version=1,
            happened_at=NOW - HOUR,
            what="reserved",
            by_whom="key K",
            detail="{}",
        )


def _insert(table: str, **values: Any) -> str:
    texts = ("NULL" if each is None else f"'{each}'" for each in values.values())
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(texts)})"  # noqa: S608 - our own values


def campaign(store: SqlStore, id_: int) -> Campaign:
    found = store.campaigns.get(1, id_)
    assert found is not None
    return found


def test_a_reservation_that_waits_to_be_dialed_is_looked_at_when_it_was_due(old: Opened) -> None:
    assert old.store.migrate()[0] == "0002_dialer.sql"
    looked_at = {id_: old.store.reservations.with_id(id_)[0].look_at for id_ in RESERVATIONS}
    assert looked_at == {id_: look_at for id_, (_, _, _, look_at) in RESERVATIONS.items()}


def test_nothing_else_of_a_reservation_changes(old: Opened) -> None:
    old.store.migrate()
    for id_, (kind, state, due_at, _) in RESERVATIONS.items():
        (reservation,) = old.store.reservations.with_id(id_)
        assert (reservation.kind, reservation.state) == (kind, state)
        assert (reservation.due_at, reservation.version) == (due_at, 1)
        assert (reservation.held_by, reservation.verdict) == (None, None)
        check_history(old.store, reservation)


@pytest.mark.parametrize("id_", CAMPAIGNS)
def test_where_a_campaigns_calls_go_is_read_from_its_terms(old: Opened, id_: int) -> None:
    old.store.migrate()
    device_type, terms, goes_to = CAMPAIGNS[id_]
    found = campaign(old.store, id_)
    assert found.goes_to == goes_to
    kept = {name: each for name, each in msgspec.json.decode(terms).items() if each is not None}
    assert (found.device_type, msgspec.json.decode(column_of(found.policies))) == (
        device_type,
        kept,
    )
    assert found.dial_settings == DialSettings()


def test_a_reservation_due_before_is_claimed_afterwards(old: Opened) -> None:
    old.store.migrate()
    claimed = claim(old.store)
    assert isinstance(claimed, Claimed)
    assert [each.reservation_id for each in claimed.attempts] == ["waiting"]
