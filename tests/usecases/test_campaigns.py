"""The use cases of campaigns where HTTP does not reach them."""

import asyncio
from pathlib import Path

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.campaigns.campaign import Campaign, Window
from callkeeper.core.campaigns.plan import Plan
from callkeeper.core.refusal import ParameterWrong
from callkeeper.installation.database import open_store
from callkeeper.settings import Settings
from callkeeper.usecases.campaigns import Campaigns
from tests.campaigns import DAY, NOW

GIVEN = 1106025109


def test_an_operator_brings_ids_along_and_the_vdns_own_go_on_from_there(tmp_path: Path) -> None:
    async def move_in() -> list[Campaign]:
        async_store = AsyncStore(open_store(Settings(data_dir=tmp_path)))
        campaigns = Campaigns(async_store, HandClock(NOW), active_max=20, skill_queues=None)
        dates = (NOW, NOW + DAY)
        try:
            added = [
                await campaigns.add(25, _plan("a"), dates, "started", "operator", id=GIVEN),
                await campaigns.add(25, _plan("b"), dates, "draft", "key K"),
            ]
            with pytest.raises(ParameterWrong, match="the id of another campaign"):
                await campaigns.add(25, _plan("c"), dates, "draft", "operator", id=GIVEN)
        finally:
            await async_store.close()
        return added

    assert [(each.id, each.name) for each in asyncio.run(move_in())] == [
        (GIVEN, "a"),
        (GIVEN + 1, "b"),
    ]


def _plan(name: str) -> Plan:
    return Plan(
        name=name,
        device_type=2,
        alerting_seconds_max=20,
        workday_windows=(Window(480, 1020),),
        special_day_windows=(),
        shown_number="10086",
    )
