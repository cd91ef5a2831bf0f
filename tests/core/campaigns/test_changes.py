"""What becomes of a campaign, and what is refused."""

from typing import Any

import msgspec
import pytest

from callkeeper.core.campaigns.campaign import (
    CallerNumber,
    Campaign,
    Status,
    Window,
    campaign_id,
    same_kind,
)
from callkeeper.core.campaigns.changes import (
    GIVEN_ID_MAX,
    CampaignChange,
    CampaignOrder,
    Delete,
    End,
    NewCampaign,
    Pause,
    Resume,
    Revision,
    SetSpecialHours,
    check_name,
)
from callkeeper.core.campaigns.plan import Plan
from callkeeper.core.campaigns.policies import Policies
from callkeeper.core.refusal import (
    CampaignBeginsTooEarly,
    CampaignEnded,
    CampaignNameTaken,
    CampaignStarted,
    DoNotGoTogether,
    NoSuchCampaign,
    ParameterWrong,
    Refusal,
    StateForbids,
    TooManyIvrCampaigns,
    TooManySkillCampaigns,
)

DAY = 24 * 3_600_000
MIDNIGHT = 20_000 * DAY
NOW = MIDNIGHT + DAY // 3
END = NOW + 10 * DAY


def plan(**fields: Any) -> Plan:
    given: dict[str, Any] = {
        "name": "spring",
        "device_type": 2,
        "alerting_seconds_max": 20,
        "workday_windows": (Window(480, 1020),),
        "special_day_windows": (),
        "policies": Policies(call_back_url="https://crm"),
        "shown_number": "10086",
    }
    return Plan(**given | fields)


def opening(**fields: Any) -> NewCampaign:
    given: dict[str, Any] = {
        "vdn": 1,
        "plan": plan(),
        "begin_at": MIDNIGHT,
        "end_at": END,
        "status": "started",
        "by": "key K",
        "at": NOW,
        "active_max": 2,
    }
    return NewCampaign(**given | fields)


def campaign(status: Status = "started", **fields: Any) -> Campaign:
    return msgspec.structs.replace(opening(status=status).campaign(5, 0), **fields)


def test_an_opened_campaign_is_what_its_plan_says() -> None:
    opened = opening(status="draft").campaign(5, 0)
    assert (opened.id, opened.version, opened.status, opened.name) == (5, 1, "draft", "spring")
    assert opened.caller_numbers == (CallerNumber("10086", 1),)
    assert (opened.begin_at, opened.end_at, opened.made_at) == (MIDNIGHT, END, NOW)


def test_a_campaign_begins_today_or_later() -> None:
    assert opening(begin_at=MIDNIGHT).campaign(1, 0).begin_at == MIDNIGHT
    with pytest.raises(CampaignBeginsTooEarly):
        opening(begin_at=MIDNIGHT - 1).campaign(1, 0)


def test_a_campaign_ends_after_it_begins() -> None:
    with pytest.raises(ParameterWrong, match="later than its begin"):
        opening(begin_at=END).campaign(1, 0)


@pytest.mark.parametrize(
    ("device_type", "refusal"),
    [
        (1, TooManyIvrCampaigns),
        (2, TooManySkillCampaigns),
        (3, TooManyIvrCampaigns),
        (5, TooManySkillCampaigns),
        (6, TooManySkillCampaigns),
    ],
)
def test_the_quota_is_of_the_campaigns_kind(device_type: int, refusal: type[Refusal]) -> None:
    wanted = opening(plan=plan(device_type=device_type))
    assert wanted.campaign(1, 1).device_type == device_type
    with pytest.raises(refusal):
        wanted.campaign(1, 2)
    assert device_type in same_kind(device_type)


def test_a_given_id_is_taken_within_bounds() -> None:
    assert opening(id=1106025109).campaign(5, 0).id == 1106025109
    assert opening(id=GIVEN_ID_MAX).campaign(5, 0).id == GIVEN_ID_MAX
    for wrong in (0, -1, GIVEN_ID_MAX + 1):
        with pytest.raises(ParameterWrong):
            opening(id=wrong).campaign(5, 0)


@pytest.mark.parametrize(
    ("status", "change", "becomes"),
    [
        ("started", Pause(), "paused"),
        ("draft", Resume(), "started"),
        ("paused", Resume(), "started"),
    ],
)
def test_a_state_that_allows_it_moves(
    status: Status, change: CampaignChange, becomes: Status
) -> None:
    old = campaign(status)
    new = change.apply(old, NOW + 1)
    assert (new.status, new.version, new.changed_at) == (becomes, old.version + 1, NOW + 1)


@pytest.mark.parametrize(
    ("status", "change", "refusal"),
    [
        ("draft", Pause(), StateForbids),
        ("paused", Pause(), StateForbids),
        ("started", Resume(), StateForbids),
        ("started", Delete(), CampaignStarted),
    ],
)
def test_a_state_that_forbids_it_refuses(
    status: Status, change: CampaignChange, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        change.apply(campaign(status), NOW)


@pytest.mark.parametrize("status", ["draft", "started", "paused"])
def test_an_ended_one_can_only_be_deleted(status: Status) -> None:
    old = campaign(status)
    assert not old.has_ended(END - 1)
    for change in (Pause(), Resume()):
        with pytest.raises(StateForbids, match="ended"):
            change.apply(old, END)
    with pytest.raises(CampaignEnded):
        Revision(plan()).apply(old, END)
    assert Delete().apply(old, END).deleted_at == END


@pytest.mark.parametrize("status", ["draft", "started", "paused"])
def test_a_campaign_that_has_begun_ends_now_in_whole_seconds(status: Status) -> None:
    ended = End().apply(campaign(status), NOW + 999)
    assert (ended.end_at, ended.status, ended.version) == (NOW, status, 2)
    assert ended.has_ended(NOW + 999)


def test_a_campaign_that_has_just_begun_still_ends_after_its_begin() -> None:
    ended = End().apply(campaign(begin_at=NOW), NOW)
    assert ended.end_at == NOW + 1000


def test_a_campaign_that_has_not_begun_does_not_end() -> None:
    with pytest.raises(StateForbids, match=r"begins 2024-10-05 .*; pause it"):
        End().apply(campaign(begin_at=NOW + DAY), NOW)


def test_a_campaign_ends_once() -> None:
    with pytest.raises(CampaignEnded, match="the campaign ended 2024-10-0"):
        End().apply(campaign(end_at=NOW), NOW)


def test_special_hours_take_the_place_of_those_there_were() -> None:
    old = campaign(special_day_windows=(Window(0, 60),))
    new = SetSpecialHours((Window(600, 720),)).apply(old, NOW)
    assert (new.special_day_windows, new.version) == ((Window(600, 720),), 2)
    assert SetSpecialHours(()).apply(new, NOW).special_day_windows == ()


def test_special_hours_are_judged_as_all_windows_are() -> None:
    with pytest.raises(DoNotGoTogether, match="overlap"):
        SetSpecialHours((Window(0, 60), Window(30, 90))).apply(campaign(), NOW)


def test_a_revision_says_what_changes_and_the_rest_stays() -> None:
    old = campaign(description="old", policies=Policies(priority=1, call_order=2))
    new = Revision(plan(name="autumn", policies=Policies(priority=3))).apply(old, NOW)
    assert (new.name, new.description) == ("autumn", "old")
    assert new.policies == Policies(priority=3, call_order=2)
    assert (new.begin_at, new.end_at, new.status) == (MIDNIGHT, END, "started")


def test_the_device_type_is_for_life() -> None:
    with pytest.raises(DoNotGoTogether):
        Revision(plan(device_type=6)).apply(campaign(), NOW)


def test_a_begin_in_the_past_may_stay_but_not_be_chosen() -> None:
    later = NOW + 3 * DAY
    assert Revision(plan(), begin_at=MIDNIGHT).apply(campaign(), later).begin_at == MIDNIGHT
    with pytest.raises(CampaignBeginsTooEarly):
        Revision(plan(), begin_at=MIDNIGHT + 1000).apply(campaign(), later)


def test_a_begin_sent_back_in_whole_seconds_is_the_old_one() -> None:
    old = campaign(begin_at=MIDNIGHT + 1234)
    later = NOW + 3 * DAY
    assert Revision(plan(), begin_at=MIDNIGHT + 1000).apply(old, later).begin_at == old.begin_at


def test_dates_lie_in_this_century() -> None:
    first, after_last = 946_684_800_000, 4_102_444_800_000
    assert opening(end_at=after_last - 1).campaign(1, 0).end_at == after_last - 1
    assert opening(begin_at=first, at=first).campaign(1, 0).begin_at == first
    for wrong in ({"end_at": after_last}, {"begin_at": first - 1, "at": first - 1}):
        with pytest.raises(ParameterWrong, match=r"2000\.\.2099"):
            opening(**wrong).campaign(1, 0)
    with pytest.raises(ParameterWrong, match=r"2000\.\.2099"):
        Revision(plan(), end_at=after_last).apply(campaign(), NOW)


def test_the_ends_are_compared_whichever_is_sent() -> None:
    with pytest.raises(ParameterWrong):
        Revision(plan(), begin_at=END).apply(campaign(), NOW)
    with pytest.raises(ParameterWrong):
        Revision(plan(), end_at=MIDNIGHT).apply(campaign(), NOW)


def test_the_other_numbers_stay_while_the_shown_one_does() -> None:
    numbers = (CallerNumber("1", 2), CallerNumber("2", 1))
    old = campaign(caller_numbers=numbers)
    assert old.shown_number == "2"
    assert Revision(plan(shown_number="2")).apply(old, NOW).caller_numbers == numbers
    changed = Revision(plan(shown_number="1")).apply(old, NOW)
    assert changed.caller_numbers == (CallerNumber("1"),)
    listed = Revision(plan(caller_numbers=(CallerNumber("3", 4),))).apply(old, NOW)
    assert listed.caller_numbers == (CallerNumber("3", 4),)


def test_an_order_for_what_is_not_there_is_refused() -> None:
    order = CampaignOrder(1, 5, Pause(), "key K", NOW)
    deleted = campaign(deleted_at=NOW)
    for absent in (None, deleted):
        with pytest.raises(NoSuchCampaign):
            order.carry_out(absent)


def test_a_name_is_refused_when_another_holds_it() -> None:
    check_name("spring", None, 5)
    check_name("spring", 5, 5)
    with pytest.raises(CampaignNameTaken):
        check_name("spring", 4, 5)


def test_a_campaign_without_numbers_shows_none() -> None:
    assert campaign(caller_numbers=()).shown_number is None


@pytest.mark.parametrize(
    ("text", "id_"), [("1", 1), ("9" * 18, 10**18 - 1), ("0", None), ("01", None), ("1" * 19, None)]
)
def test_an_id_is_read_from_its_text(text: str, id_: int | None) -> None:
    assert campaign_id(text) == id_
