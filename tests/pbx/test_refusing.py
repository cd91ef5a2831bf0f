"""An Asterisk that refuses everybody for a while: nobody's promise is used up by that."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import SystemClock
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.dialer import Dialer
from callkeeper.dialer.line.line import LineDown, LineRefused
from callkeeper.dialer.metrics import DialerMetrics
from callkeeper.store.rows.store import SqlStore
from tests.dialer.stage import LEAD, post
from tests.far_end import FarEnd
from tests.pbx.stage import call, comes_true, line_to, running
from tests.private_asterisk import PASSWORD, PrivateAsterisk
from tests.store.orders import HOUR, Opener, booked, booking, has_campaign

MANY = 20
BUSY = "00537"

Change = tuple[str, str, str, str]
PASSWORD_CHANGED: Change = (
    "ari.conf",
    f"password = {PASSWORD}",
    "password = another",
    "res_ari.so",
)
READ_ONLY: Change = ("ari.conf", "type = user", "read_only = yes\ntype = user", "res_ari.so")
TRUNK_GONE: Change = ("pjsip.conf", "[trunk](phone)", "[elsewhere](phone)", "res_pjsip.so")
CHANGES = {
    "password changed": PASSWORD_CHANGED,
    "read only": READ_ONLY,
    "trunk gone": TRUNK_GONE,
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A store whose campaign 7 dials now."""
    now = SystemClock().now()
    with Opener(tmp_path / "data", None) as opener:
        opened = opener.open()
        opened.store.migrate()
        dates = {"begin_at": now - HOUR, "end_at": now + HOUR, "made_at": now, "changed_at": now}
        has_campaign(opened.session, 1, **dates)
        yield opened.store


def due(store: SqlStore, many: int) -> list[Reservation]:
    """Book automatic reservations of numbers that are busy, due at once."""
    now = SystemClock().now()
    return booked(
        store,
        *(
            booking(n, kind="automatic", called_no=f"1390{n:05}486", appoint_at=now + LEAD, at=now)
            for n in range(many)
        ),
    )


def outcomes(store: SqlStore, promised: list[Reservation]) -> Counter[str | None]:
    """Return how many reservations have which code."""
    return Counter(store.reservations.with_id(each.id)[0].fail_code for each in promised)


async def outlive(
    asterisk: PrivateAsterisk, store: SqlStore, many: int, change: Change
) -> tuple[list[Reservation], str]:
    """Let so many calls come due while Asterisk refuses all; return them, and what was found."""
    name, old, new, module = change
    registry, clock, async_store = CollectorRegistry(), SystemClock(), AsyncStore(store)
    line = line_to(asterisk.url)
    dialer = Dialer(
        DialerContext.of(
            post(calls_per_second=20.0), async_store, line, DialerMetrics(registry), clock
        )
    )
    dialing = asyncio.create_task(dialer.run())
    try:
        await comes_true(lambda: line.is_up)
        await asyncio.to_thread(asterisk.reconfigure, name, old, new, module)
        promised = due(store, many)
        await comes_true(lambda: dialer.gate.trouble)
        found = str(dialer.gate.trouble)
        # Once the last of them was judged, all could have been used up.
        await comes_true(lambda: "refuses every call" in _verdict(store, promised[-1]))
        assert outcomes(store, promised) == {None: many}
        await asyncio.to_thread(asterisk.reconfigure, name, new, old, module)
        await comes_true(lambda: outcomes(store, promised) == {BUSY: many}, 45 + many)
    finally:
        dialing.cancel()
        await asyncio.gather(dialing, return_exceptions=True)
        await async_store.close()
    return promised, found


@pytest.mark.parametrize("what", CHANGES)
def test_no_call_is_lost_while_asterisk_refuses_everybody(
    own_asterisk: PrivateAsterisk, far_end: FarEnd, store: SqlStore, what: str
) -> None:
    before = far_end.rung()
    promised, found = asyncio.run(outlive(own_asterisk, store, MANY, CHANGES[what]))
    rung = far_end.rung() - before
    assert {rung[each.called_no] for each in promised} == {1}
    words = {"password changed": "set ari_user", "read only": "read_only"}
    assert words.get(what, "PJSIP/trunk is offline") in found or "no endpoint" in found


@pytest.mark.parametrize("what", CHANGES)
def test_a_refusal_of_asterisk_to_all_is_the_line_being_down(
    own_asterisk: PrivateAsterisk, what: str
) -> None:
    name, old, new, module = CHANGES[what]
    refused = asyncio.run(_refusal(own_asterisk, lambda: own_asterisk.reconfigure(*CHANGES[what])))
    assert type(refused) is LineDown
    own_asterisk.reconfigure(name, new, old, module)


def test_a_module_of_ari_that_is_not_loaded_is_the_line_being_down(
    own_asterisk: PrivateAsterisk,
) -> None:
    unload = "module unload res_ari_channels.so"
    refused = asyncio.run(_refusal(own_asterisk, lambda: own_asterisk.command(unload)))
    assert type(refused) is LineDown
    assert "Resource not found" in str(refused)


def _verdict(store: SqlStore, reservation: Reservation) -> str:
    return str(store.reservations.with_id(reservation.id)[0].verdict)


async def _refusal(asterisk: PrivateAsterisk, spoil: Callable[[], object]) -> LineRefused:
    async with running(line_to(asterisk.url)) as stage:
        await asyncio.to_thread(spoil)
        with pytest.raises(LineRefused) as raised:
            await stage.line.place(call("486"))
    return raised.value
