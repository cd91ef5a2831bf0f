"""What a campaign may be, whoever asks for it."""

from typing import Any

import pytest

from callkeeper.core.campaigns.campaign import DEVICE_TYPES, PREVIEW, CallerNumber, Window
from callkeeper.core.campaigns.changes import NewCampaign, Revision
from callkeeper.core.campaigns.plan import (
    CALLER_NUMBERS_MAX,
    DESCRIPTION_MAX,
    NAME_MAX,
    RINGING_SECONDS_MAX,
    Plan,
    ringing_seconds_min,
)
from callkeeper.core.refusal import ParameterWrong

DAY = 24 * 3_600_000


def plan(**fields: Any) -> Plan:
    given: dict[str, Any] = {
        "name": "spring",
        "device_type": PREVIEW,
        "alerting_seconds_max": 20,
        "workday_windows": (Window(480, 720), Window(720, 1440, 2)),
        "special_day_windows": (Window(480, 720),),
    }
    return Plan(**given | fields)


def test_a_plan_may_be_all_that_its_bounds_allow() -> None:
    numbers = tuple(CallerNumber(str(each)) for each in range(CALLER_NUMBERS_MAX))
    plan(name="n" * NAME_MAX, description="d" * DESCRIPTION_MAX, caller_numbers=numbers).check()
    for device_type in DEVICE_TYPES:
        for seconds in (ringing_seconds_min(device_type), RINGING_SECONDS_MAX):
            plan(device_type=device_type, alerting_seconds_max=seconds).check()


@pytest.mark.parametrize(
    ("fields", "about", "says"),
    [
        ({"name": "n" * 101}, "name", "has 101 characters, at most 100 fit"),
        ({"description": "d" * 201}, "description", "at most 200 fit"),
        ({"alerting_seconds_max": 8}, "alerting_seconds_max", "must lie in 9..120"),
        (
            {"device_type": 2, "alerting_seconds_max": 4},
            "alerting_seconds_max",
            "must lie in 5..120",
        ),
        ({"alerting_seconds_max": 121}, "alerting_seconds_max", "must lie in 9..120"),
        (
            {"caller_numbers": (CallerNumber("1"), CallerNumber("1", 2))},
            "caller_numbers",
            "'1' is there more than once",
        ),
        (
            {"workday_windows": (Window(600, 720), Window(540, 601, 2))},
            "workday_windows",
            "10:00-12:00 and 09:00-10:01 overlap",
        ),
        (
            {"special_day_windows": (Window(600, 600),)},
            "special_day_windows",
            "10:00-10:00 must begin before it ends",
        ),
        ({"workday_windows": (Window(600, 1441),)}, "workday_windows", "end by 24:00"),
        (
            {"workday_windows": tuple(Window(each, each + 1, each + 1) for each in range(4))},
            "workday_windows",
            "has 4 elements, at most 3 fit",
        ),
    ],
)
def test_a_campaign_that_may_not_be_is_neither_added_nor_revised(
    fields: dict[str, Any], about: str, says: str
) -> None:
    wanted = plan(**fields)
    with pytest.raises(ParameterWrong, match=says) as refused:
        opening(wanted).campaign(1, 0)
    assert refused.value.about == about
    with pytest.raises(ParameterWrong, match=says):
        Revision(wanted).apply(opening(plan()).campaign(1, 0), DAY)


def opening(wanted: Plan) -> NewCampaign:
    begin_at = 20_000 * DAY
    return NewCampaign(1, wanted, begin_at, begin_at + DAY, "started", "key K", begin_at, 20)


@pytest.mark.parametrize(
    ("goes_to", "queue"),
    [("skill 5", 5), ("skill five", None), ("ivr 5", None), ("skill", None), (None, None)],
)
def test_a_skill_queue_is_known_by_what_a_call_is_handed_to(
    goes_to: str | None, queue: int | None
) -> None:
    assert plan(goes_to=goes_to).skill_queue == queue
