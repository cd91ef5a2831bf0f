"""Campaigns: seen by those who may pause them, added, changed and deleted by administrators."""

import re
from html import unescape
from typing import Any

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.campaigns.campaign import CallerNumber, Campaign, Window
from callkeeper.core.campaigns.dial_settings import DialSettings, Retry
from callkeeper.core.campaigns.policies import IvrFlow
from tests.console.visitor import (
    ADMINISTRATOR,
    SUPERVISOR,
    Visitor,
    at_work,
    promise,
    unlike_any,
)
from tests.house import HOUR, VDN, House

CAMPAIGNS = f"/console/{VDN}/campaigns"
NEW = f"{CAMPAIGNS}/new"


@pytest.fixture(scope="module")
def keeper(house: House) -> Visitor:
    return at_work(house, "keeper", ADMINISTRATOR)


@pytest.fixture(scope="module")
def supervisor(house: House) -> Visitor:
    return at_work(house, "super", SUPERVISOR)


def typed(page: Visitor) -> dict[str, str]:
    """Return what stands in the fields of a campaign's form."""
    markup = page.seen.text
    found = {
        name: unescape(value)
        for name, value in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', markup)
        if name not in ("find", "begins")
    }
    numbers = re.search(r'<textarea id="numbers"[^>]*>([^<]*)<', markup)
    device = re.search(r'<option value="(\d)" selected', markup)
    if numbers:
        found["numbers"] = unescape(numbers[1])
    return found | ({"device": device[1]} if device else {})


def known(house: House, id_: int) -> Campaign:
    found = house.store.campaigns.get(VDN, id_)
    assert found is not None
    return found


def added(house: House, keeper: Visitor, **fields: str) -> Campaign:
    """Return a campaign that was added as a draft, by a form with some fields changed."""
    form = typed(keeper.look(NEW)) | {"name": unlike_any(), "end_day": "2026-12-24"} | fields
    page = keeper.send(NEW, form)
    assert page.status == 303, page.text
    return known(house, int(page.seen.headers["location"].rpartition("/")[2]))


ALL: dict[str, str] = {
    "description": "spring, 王芳",
    "device": "3",
    "begin_day": "2026-11-29",
    "begin_time": "08:30",
    "end_day": "2026-12-31",
    "end_time": "18:00",
    "zone": "Asia/Shanghai",
    "w1_begin": "09:00",
    "w1_end": "12:00",
    "w2_begin": "14:00",
    "w2_end": "00:00",
    "s1_begin": "10:00",
    "s1_end": "11:00",
    "numbers": "10086\r\n4008 2",
    "ringing": "25",
    "goes_to": "ivr win-back",
    "calls_max": "7",
    "busy_times": "2",
    "busy_seconds": "600",
}


def test_a_campaign_is_all_that_was_typed_and_the_form_shows_it_again(
    house: House, keeper: Visitor
) -> None:
    name = unlike_any()
    new = added(house, keeper, **ALL, name=name)
    assert (new.name, new.description, new.device_type) == (name, "spring, 王芳", 3)
    assert new.begin_at == 1_795_912_200_000  # 2026-11-29 00:30 in UTC
    assert new.end_at == 1_798_711_200_000  # 2026-12-31 10:00 in UTC
    assert new.workday_windows == (Window(540, 720, 1), Window(840, 1440, 2))
    assert new.special_day_windows == (Window(600, 660, 1),)
    assert new.caller_numbers == (CallerNumber("10086"), CallerNumber("4008", 2))
    assert (new.alerting_seconds_max, new.goes_to) == (25, "ivr win-back")
    assert new.policies.ivr_flow == IvrFlow(code="win-back")
    settings = DialSettings("Asia/Shanghai", 7, (Retry("busy", 2, 600),))
    assert (new.dial_settings, new.status) == (settings, "draft")
    shown = typed(keeper.look(f"{CAMPAIGNS}/{new.id}"))
    expected = {name: value for name, value in ALL.items() if name != "device"}
    assert {each: shown[each] for each in expected} == expected | {"numbers": "10086\n4008 2"}


def test_a_campaign_that_is_saved_as_it_is_stays_as_it_is(house: House, keeper: Visitor) -> None:
    old = added(house, keeper, **ALL)
    page = f"{CAMPAIGNS}/{old.id}"
    assert keeper.send(page, typed(keeper.look(page))).status == 303
    new = known(house, old.id)
    fields = [each for each in Campaign.__struct_fields__ if each not in ("version", "changed_at")]
    assert [getattr(new, each) for each in fields] == [getattr(old, each) for each in fields]


def test_a_change_is_in_the_history_and_among_the_deeds(house: House, keeper: Visitor) -> None:
    campaign = added(house, keeper)
    page = f"{CAMPAIGNS}/{campaign.id}"
    form = typed(keeper.look(page)) | {"description": "later", "calls_max": "3"}
    assert keeper.send(page, form).status == 303
    new = known(house, campaign.id)
    assert (new.description, new.dial_settings.calls_max) == ("later", 3)
    events = house.store.history.of(VDN, f"campaign/{campaign.id}")
    assert [(each.what, each.by_whom) for each in events] == [
        (what, "person keeper") for what in ("added", "revised", "arranged")
    ]
    told = [
        (each.by_whom, each.what)
        for each in house.store.deeds.latest(9)
        if each.subject == f"campaign {campaign.id}"
    ]
    assert told == [
        ("person keeper", f"campaign_{what}") for what in ("arranged", "revised", "added")
    ]
    assert (
        f"dial settings changed campaign {campaign.id}" in keeper.look(f"/console/{VDN}/deeds").text
    )


SLIPS: list[tuple[dict[str, str], str, str]] = [
    ({"name": ""}, "name", "the name is empty"),
    ({"name": "x" * 101}, "name", "at most 100 fit"),
    ({"name": "a\x00"}, "name", "is not allowed"),
    ({"description": "a;b"}, "description", "is not allowed"),
    ({"zone": "Mars/Base"}, "zone", "there is no time zone"),
    ({"begin_day": "2026-13-01"}, "begin_day", "is no date"),
    ({"begin_day": "2026-11-01"}, "begin_day", "before today 00:00 UTC"),
    ({"begin_time": "25:00"}, "begin_time", "is no time"),
    ({"end_day": ""}, "end_day", "is no date"),
    ({"end_day": "2026-11-28", "end_time": "00:00"}, "end_day", "would not end after it begins"),
    (
        {"end_day": "2027-03-28", "end_time": "02:30", "zone": "Europe/Berlin"},
        "end_time",
        "forward",
    ),
    ({"w1_begin": "x"}, "workday_windows", "is no time"),
    ({"w1_begin": ""}, "workday_windows", "is no time"),
    ({"w1_begin": "21:00"}, "workday_windows", "must begin before it ends"),
    ({"w2_begin": "10:00", "w2_end": "11:00"}, "workday_windows", "overlap"),
    ({"s1_begin": "10:00"}, "special_day_windows", "is no time"),
    ({"numbers": "10086 6"}, "numbers", "must read NUMBER"),
    ({"numbers": "call me"}, "numbers", "is not allowed"),
    ({"numbers": "1\n1"}, "numbers", "is there more than once"),
    ({"ringing": "x"}, "ringing", "is no whole number"),
    ({"ringing": "121"}, "ringing", "must lie in"),
    ({"goes_to": "nowhere"}, "goes_to", "must read ivr CODE or skill ID"),
    ({"calls_max": "-1"}, "calls_max", "is no whole number"),
    ({"calls_max": "0"}, "calls_max", "may have 1 to"),
    ({"busy_times": "x", "busy_seconds": "60"}, "retries", "is no whole number"),
    ({"busy_times": "1"}, "retries", "is no whole number"),
    ({"busy_times": "99", "busy_seconds": "60"}, "retries", "try again 1 to"),
]


@pytest.mark.parametrize(("slip", "field", "says"), SLIPS, ids=lambda each: str(each)[:40])
def test_what_cannot_be_is_refused_with_what_was_typed(
    keeper: Visitor, slip: dict[str, str], field: str, says: str
) -> None:
    wanted = typed(keeper.look(NEW)) | {"name": unlike_any(), "end_day": "2026-12-24"}
    refused = keeper.send(NEW, wanted | slip)
    assert (refused.status, says in refused.text) == (422, True), refused.text
    assert 'aria-invalid="true"' in refused.seen.text
    assert refused.seen.text.count("autofocus") == 1
    shown = typed(refused)
    kept = {each: value for each, value in slip.items() if "\x00" not in value}
    assert {each: shown[each] for each in kept} == kept
    assert f'id="{field}-fault"' in refused.seen.text


def test_a_name_is_one_campaigns(house: House, keeper: Visitor) -> None:
    name = added(house, keeper).name
    form = typed(keeper.look(NEW)) | {"name": name, "end_day": "2026-12-24"}
    refused = keeper.send(NEW, form)
    assert (refused.status, "is the name of campaign" in refused.text) == (422, True)


def test_two_who_change_one_campaign_are_told_and_nothing_is_lost(
    house: House, keeper: Visitor
) -> None:
    page = f"{CAMPAIGNS}/{added(house, keeper).id}"
    form = typed(keeper.look(page))
    assert keeper.send(page, form | {"description": "first"}).status == 303
    second = keeper.send(page, form | {"description": "second", "calls_max": "9"})
    assert (second.status, "somebody changed the campaign meanwhile" in second.text) == (409, True)
    assert typed(second)["description"] == "second"
    assert "On record now Description: first Calls at once: none" in second.text
    assert known(house, int(page.rpartition("/")[2])).description == "first"
    assert keeper.send(page, typed(second)).status == 303
    assert known(house, int(page.rpartition("/")[2])).dial_settings.calls_max == 9


def test_a_slip_does_not_hide_what_a_colleague_changed_meanwhile(
    house: House, keeper: Visitor
) -> None:
    page = f"{CAMPAIGNS}/{added(house, keeper).id}"
    form = typed(keeper.look(page))
    assert keeper.send(page, form | {"description": "first"}).status == 303
    slip = keeper.send(page, form | {"name": ""})
    assert slip.status == 422
    again = keeper.send(page, typed(slip) | {"name": form["name"]})
    assert (again.status, "On record now Description: first" in again.text) == (409, True)


def test_dial_settings_that_cannot_be_leave_the_rest_as_it_was(
    house: House, keeper: Visitor
) -> None:
    old = added(house, keeper)
    page = f"{CAMPAIGNS}/{old.id}"
    form = typed(keeper.look(page)) | {"description": "new", "calls_max": "99999"}
    assert keeper.send(page, form).status == 422
    assert known(house, old.id) == old


def test_a_campaign_is_started_paused_and_then_deleted(
    house: House, keeper: Visitor, supervisor: Visitor
) -> None:
    campaign = added(house, keeper)
    page = f"{CAMPAIGNS}/{campaign.id}"
    assert supervisor.send(f"{page}/resume").status == 303
    assert known(house, campaign.id).status == "started"
    version = {"version": str(known(house, campaign.id).version)}
    refused = keeper.send(f"{page}/delete", version)
    assert (refused.status, "pause it before deleting it" in refused.text) == (422, True)
    assert "A started campaign is not deleted: pause it first." in refused.text
    assert f'action="{page}/pause"' in refused.seen.text
    assert supervisor.send(f"{page}/pause").status == 303
    again = supervisor.send(f"{page}/pause")
    assert (again.status, "is paused already" in again.text) == (422, True)
    assert keeper.send(f"{page}/delete", version).status == 409
    gone = keeper.send(f"{page}/delete", {"version": str(known(house, campaign.id).version)})
    assert gone.seen.headers["location"] == CAMPAIGNS
    assert keeper.look(page).status == 404


def test_a_supervisor_changes_nothing_but_whether_it_runs(
    house: House, keeper: Visitor, supervisor: Visitor
) -> None:
    campaign = added(house, keeper)
    page = f"{CAMPAIGNS}/{campaign.id}"
    form = typed(keeper.look(page)) | {"description": "mine"}
    shown = supervisor.look(page)
    assert (shown.status, "Change it" in shown.text, "Delete" in shown.text) == (200, False, False)
    assert supervisor.look(NEW).status == 403
    assert supervisor.send(NEW, form | {"name": unlike_any()}).status == 403
    assert supervisor.send(page, form).status == 403
    assert supervisor.send(f"{page}/delete", form).status == 403
    assert known(house, campaign.id) == campaign


def test_a_page_tells_what_a_campaign_holds_back_and_why(house: House, keeper: Visitor) -> None:
    campaign = added(house, keeper)
    book: dict[str, Any] = {"campaign_id": str(campaign.id), "kind": "automatic", "agent": None}
    for minutes in (5, 6):
        promise(house, minutes * 60_000, **book)
    page = keeper.look(f"{CAMPAIGNS}/{campaign.id}").text
    assert f"Campaign {campaign.name} is a draft. Automatic calls held: 2." in page
    assert "2 due within the hour" in page


def test_an_ended_campaign_is_shown_and_changed_no_more(
    house: House, clock: HandClock, keeper: Visitor
) -> None:
    campaign = added(house, keeper, end_day="2026-11-28", end_time="12:30")
    page = f"{CAMPAIGNS}/{campaign.id}"
    form = typed(keeper.look(page))
    clock.move(HOUR)
    shown = keeper.look(page)
    assert "State ended" in shown.text
    assert "Change it" not in shown.text
    refused = keeper.send(page, form)
    assert (refused.status, "has ended and cannot be modified" in refused.text) == (422, True)


def test_its_week_is_drawn_in_the_zone_of_its_hours(house: House, keeper: Visitor) -> None:
    campaign = added(house, keeper, zone="Asia/Shanghai", w1_begin="09:00", w1_end="20:00")
    page = keeper.look(f"{CAMPAIGNS}/{campaign.id}").seen.text
    open_ = re.findall(r'class="open" x="(\d+)" y="\d+" width="(\d+)"', page)
    assert len(open_) == 7
    assert open_[1:] == [("540", "660")] * 6  # whole days; the first began with the campaign
    assert "Asia/Shanghai" in page


def test_campaigns_are_listed_found_by_name_and_page_by_page(house: House, keeper: Visitor) -> None:
    name = f"needle {unlike_any()}"
    campaign = added(house, keeper, name=name)
    assert name in keeper.look(f"{CAMPAIGNS}?find=needle").text
    assert f"{name} {campaign.id} draft" in keeper.text
    assert "No campaign has that" in keeper.look(f"{CAMPAIGNS}?find=haystack").text
    assert keeper.look(f"{CAMPAIGNS}?find=%00").status == 200
    assert keeper.look(f"{CAMPAIGNS}?offset=99999999999").status == 200
    assert keeper.look(f"{CAMPAIGNS}?offset=x").status == 200


@pytest.mark.parametrize("id_", ["0", "x", "%00", "9" * 30, "404"])
def test_what_is_no_campaign_leads_to_no_page(keeper: Visitor, id_: str) -> None:
    assert keeper.look(f"{CAMPAIGNS}/{id_}").status == 404
    for act in ("", "/pause", "/resume", "/delete"):
        assert keeper.send(f"{CAMPAIGNS}/{id_}{act}", {"version": "1"}).status == 404


def test_the_form_of_a_new_one_begins_now_by_the_zone_of_the_settings(keeper: Visitor) -> None:
    shown = typed(keeper.look(NEW))
    assert shown["begin_day"].startswith("2026-11-2")
    assert (shown["w1_begin"], shown["w1_end"], shown["ringing"]) == ("09:00", "20:00", "30")
