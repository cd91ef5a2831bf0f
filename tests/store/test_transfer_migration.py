"""Migration 0024 on a database that was in use, and with a program of before beside it."""

from typing import cast

import pytest

from callkeeper.core.refusal import VdnGone
from callkeeper.core.transfer import gone, leaving
from callkeeper.store.engine.migrate import migrations
from callkeeper.store.engine.statements import Engine
from tests.store.calls import begun, claim, due
from tests.store.orders import NOW, Opened, Opener, booked, booking, has_campaign

BEFORE = 23


def test_what_is_there_is_served_and_a_program_of_before_is_refused_too(
    empty: Opener, engine: str
) -> None:
    steps = migrations(cast("Engine", engine))
    before = empty.open()
    before.session.migrate([each for each in steps if each.number <= BEFORE])
    for vdn in (1, 2):
        has_campaign(before.session, vdn)
    booked(before.store, booking(1))
    now = empty.open()
    assert now.store.migrate()[0] == "0024_transfers.sql"
    assert now.store.transfers.all() == []
    booked(before.store, booking(2))
    with now.store.transaction():
        now.store.transfers.put(gone(leaving(None, 1, "x", NOW)))
    with pytest.raises(VdnGone):
        booked(before.store, booking(3))
    with now.store.transaction():
        now.store.transfers.end(1)
    booked(before.store, booking(3))


@pytest.mark.of_one_machine("no VDN is moved")
def test_no_call_begins_of_a_vdn_that_is_leaving(opened: Opened) -> None:
    store = opened.store
    attempt = begun(store)
    with store.transaction():
        store.transfers.put(leaving(None, 1, "x", NOW))
    due(store, 2, 3)
    due(store, 4, vdn=2)
    assert [each.vdn for each in claim(store).attempts] == [2]
    assert store.transfers.calls(1) == 1
    assert store.transfers.of(1) is not None
    assert attempt.vdn == 1
