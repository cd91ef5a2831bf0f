"""Calls by hand and the rules that hold for every call: hours by a clock, and numbers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.dialing.desk_call import CallRefused
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.people.house_rules import HoursRule, HouseRules, RulesOrder
from callkeeper.core.reservations.number_policy import NumberPolicy, NumberRule
from callkeeper.usecases.by_hand import HandCalls
from tests.store.calls import GRACE
from tests.store.orders import NOW, Opened, Opener, booked, booking, has_campaign
from tests.usecases.test_work import ANN

DENIED = NumberPolicy(own={1: NumberRule.parse("deny 0900")})


@pytest.fixture
def opened(tmp_path: Path, database: str | None) -> Iterator[Opened]:
    with Opener(tmp_path / "data", database) as opener:
        opened = opener.open()
        opened.store.migrate()
        yield opened


def begin(opened: Opened, numbers: NumberPolicy = DENIED, *, anyway: bool = False) -> None:
    """Have Ann say that she begins to call."""

    async def said() -> None:
        async_store = AsyncStore(opened.store)
        try:
            calls = HandCalls(async_store, HandClock(NOW), Limits(GRACE, numbers=numbers))
            await calls.begin(ANN, 1, "r00001", anyway=anyway)
        finally:
            await async_store.close()

    asyncio.run(asyncio.wait_for(said(), 60))


def told(opened: Opened) -> list[str]:
    return [each.what for each in opened.store.history.of(1, "r00001")]


@pytest.mark.parametrize("rule", ["refuse", "ask", "allow"])
@pytest.mark.parametrize("windows", ["[]", '[{"begin":0,"end":1440}]'])
def test_by_a_clock_that_this_machine_does_not_know_nobody_calls(
    opened: Opened, rule: HoursRule, windows: str
) -> None:
    zone = '{"time_zone":"Mars/Olympus"}'
    has_campaign(opened.session, 1, workday_windows=windows, dial_settings=zone)
    booked(opened.store, booking(1))
    with opened.store.transaction():
        rules = HouseRules(outside_hours=rule)
        opened.store.rules.change([RulesOrder(1, rules, 0, "operator", NOW)])
    with pytest.raises(CallRefused, match="knows no time zone Mars/Olympus") as refused:
        begin(opened, anyway=True)
    assert type(refused.value) is CallRefused  # and is not asked whether to call all the same
    assert told(opened) == ["reserved"]


def test_a_number_that_is_not_dialed_is_called_by_nobody_else_either(opened: Opened) -> None:
    has_campaign(opened.session, 1)
    booked(opened.store, booking(1, called_no="0900123456"))
    with pytest.raises(CallRefused, match="that begin with 0900 are not dialed here"):
        begin(opened)
    assert told(opened) == ["reserved"]
    begin(opened, NumberPolicy(own={2: NumberRule.parse("deny 0900")}))  # another VDN's
    assert told(opened) == ["reserved", "by_hand_began"]
