"""One reservation on its page: its result, another time, another note, or none at all."""

import re
from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from callkeeper.core.people.person import Role
from tests.console.visitor import FORM, Visitor, at_work, path, promise, standing, unlike_any
from tests.house import HOUR, VDN, House

MINUTE = 60_000


@pytest.fixture
def ann(agent: Visitor) -> Visitor:
    """Return agent ann, by no clock of her own until a test gives her one."""
    return agent.send("/console/me", {"name": "Ann", "language": "", "zone": ""})


def test_a_result_is_filed_in_the_persons_name_and_the_list_is_shown(
    house: House, ann: Visitor
) -> None:
    id_ = promise(house, -5 * MINUTE)
    page = ann.look(path(id_))
    version = page.hidden("version")
    form = {"version": version, "form": FORM, "end": "00537", "business": "10/11", "at": "11:58"}
    filed = ann.send(path(id_, "result"), form)
    assert (filed.status, filed.seen.headers["location"]) == (
        303,
        f"/console/{VDN}/today?filed={id_}",
    )
    new = standing(house, id_)
    assert (new.state, new.fail_code, new.agent) == ("done", "00537", "ann")
    assert (new.business_result, new.business_sub_result) == ("10", "11")
    assert new.begin_at == house.now() - 2 * MINUTE
    event = house.store.history.of(VDN, id_)[-1]
    assert (event.what, event.by_whom) == ("result", "person ann")
    shown = ann.look(path(id_)).text
    assert "busy (00537)" in shown
    assert "Sold: Not now" in shown
    assert "result filed, busy, Sold: Not now, agent ann · person ann" in shown


def test_the_second_of_two_who_file_is_told_and_keeps_what_was_typed(
    house: House, ann: Visitor
) -> None:
    id_ = promise(house, -5 * MINUTE)
    version = ann.look(path(id_)).hidden("version")
    ann.send(path(id_, "result"), {"version": version, "form": FORM, "end": "00000"})
    late = ann.send(
        path(id_, "result"), {"version": version, "form": FORM, "end": "00603", "at": "11:34"}
    )
    assert late.status == 409
    assert "changed the reservation meanwhile" in late.text
    assert 'value="11:34"' in late.seen.text
    assert 'value="00603" checked' in " ".join(late.seen.text.split())
    assert standing(house, id_).fail_code == "00000"
    again = {"version": late.hidden("version"), "form": FORM, "end": "00603"}
    assert ann.send(path(id_, "result"), again).status == 303
    assert standing(house, id_).fail_code == "00603"


def test_a_call_that_is_still_to_come_has_no_result(house: House, ann: Visitor) -> None:
    id_ = promise(house, -5 * MINUTE)
    form = {
        "version": ann.look(path(id_)).hidden("version"),
        "form": FORM,
        "end": "00000",
        "at": "12:01",
    }
    refused = ann.send(path(id_, "result"), form)
    assert refused.status == 422
    assert "12:01 is still to come" in refused.text
    assert standing(house, id_).state == "waiting"


def test_it_is_moved_by_the_clock_of_whoever_moves_it(house: House, ann: Visitor) -> None:
    id_ = promise(house, HOUR)
    ann.send("/console/me", {"name": "Ann", "language": "", "zone": "Asia/Shanghai"})
    form = {"version": ann.look(path(id_)).hidden("version"), "day": "2026-12-01", "at": "15:30"}
    moved = ann.send(path(id_, "move"), form)
    assert (moved.status, moved.seen.headers["location"][-len(id_) - 6 :]) == (303, f"#call-{id_}")
    expected = datetime(2026, 12, 1, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert standing(house, id_).appoint_at == expected.timestamp() * 1000


@pytest.mark.parametrize(
    ("day", "at", "says"),
    [
        ("2026-13-01", "15:30", "is no date"),
        ("2099-01-01", "25:00", "is no time"),
        ("2000-01-01", "15:30", "has passed"),
        ("0001-01-01", "00:00", "0001-01-01 does not lie in the years 2000 to 2099"),
        ("1999-12-31", "23:59", "1999-12-31 does not lie in the years 2000 to 2099"),
        ("9999-12-31", "23:59", "9999-12-31 does not lie in the years 2000 to 2099"),
        ("2027-03-28", "02:30", "does not exist on that day"),
        ("2027-10-31", "02:30", "comes twice on that day"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused_with_what_was_typed(
    house: House, ann: Visitor, day: str, at: str, says: str
) -> None:
    id_ = promise(house, HOUR)
    before = standing(house, id_)
    ann.send("/console/me", {"name": "Ann", "language": "", "zone": "Europe/Berlin"})
    form = {"version": ann.look(path(id_)).hidden("version"), "day": day, "at": at}
    refused = ann.send(path(id_, "move"), form)
    assert refused.status == 422
    assert says in refused.text
    assert f'value="{day}"' in refused.seen.text
    assert standing(house, id_) == before


@pytest.mark.parametrize(("which", "offset"), [("first", 2), ("second", 1)])
def test_a_time_that_comes_twice_is_taken_as_the_one_that_is_meant(
    house: House, ann: Visitor, which: str, offset: int
) -> None:
    campaign = f"80{offset}"  # to the end of which there are years
    house.has_campaign(int(campaign), end_at=house.now() + 20_000 * HOUR)
    id_ = promise(house, HOUR, campaign_id=campaign)
    ann.send("/console/me", {"name": "Ann", "language": "", "zone": "Europe/Berlin"})
    form = {"version": ann.look(path(id_)).hidden("version"), "day": "2027-10-31", "at": "02:30"}
    assert 'name="which"' in ann.send(path(id_, "move"), form).seen.text
    assert ann.send(path(id_, "move"), form | {"which": which}).status == 303
    moved = datetime.fromtimestamp(standing(house, id_).appoint_at / 1000, ZoneInfo("UTC"))
    assert (moved.hour, moved.minute) == (2 - offset, 30)


@pytest.mark.parametrize(
    ("day", "at", "says"),
    [
        ("2027-10-31", "02:30", "Which of the two"),
        ("2027-03-28", "02:30", "does not exist on that day"),
        ("2099-01-01", "25:00", "is no time"),
    ],
)
def test_what_is_wrong_with_another_time_is_told_where_it_was_typed_and_there_alone(
    house: House, ann: Visitor, day: str, at: str, says: str
) -> None:
    id_ = promise(house, HOUR)
    ann.send("/console/me", {"name": "Ann", "language": "", "zone": "Europe/Berlin"})
    form = {"version": ann.look(path(id_)).hidden("version"), "day": day, "at": at}
    page = ann.send(path(id_, "move"), form).seen.text
    result_form, move_form = (
        page.partition(f'action="{path(id_, act)}"')[2].partition("</form>")[0]
        for act in ("result", "move")
    )
    assert says in move_form
    assert says not in result_form
    assert f'value="{at}"' in move_form
    assert f'value="{at}"' not in result_form
    assert "<details open>" in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize(
    ("note", "says"),
    [
        ("x" * 501, "has 501 characters, at most 500 fit"),
        ("x" * 60 * 1024, "has 61440 characters, at most 500 fit"),
        ("a\0b", "at position 2 is not allowed"),
        ("a\x1b[2J", "at position 2 is not allowed"),
    ],
    ids=["501", "60 KiB", "NUL", "escape"],
)
def test_a_note_that_the_api_would_refuse_is_refused_at_its_field(
    house: House, ann: Visitor, note: str, says: str
) -> None:
    id_ = promise(house, HOUR)
    form = {"version": ann.look(path(id_)).hidden("version"), "note": note}
    refused = ann.send(path(id_, "note"), form)
    assert refused.status == 422
    assert says in unescape(refused.seen.text.partition('id="note-fault">')[2].partition("<")[0])
    assert standing(house, id_).version == 1


def test_a_note_of_lines_has_as_many_characters_as_its_reader_counts(
    house: House, ann: Visitor
) -> None:
    id_ = promise(house, HOUR)
    form = {"version": ann.look(path(id_)).hidden("version"), "note": "a\r\n" * 249 + "bc"}
    assert ann.send(path(id_, "note"), form).status == 303
    assert standing(house, id_).remark == "a\n" * 249 + "bc"


def test_a_note_and_a_deletion(house: House, ann: Visitor) -> None:
    id_ = promise(house, HOUR)
    form = {"version": ann.look(path(id_)).hidden("version"), "note": "speak <b>slowly</b>"}
    assert ann.send(path(id_, "note"), form).status == 303
    assert standing(house, id_).remark == "speak <b>slowly</b>"
    page = ann.look(path(id_))
    assert "<b>" not in page.seen.text
    assert ann.send(path(id_, "cancel"), {"version": page.hidden("version")}).status == 303
    assert standing(house, id_).state == "cancelled"
    assert ann.look(path(id_)).status == 404


@pytest.mark.parametrize("version", ["", "x", "\uff11", "-1", "1" * 19, "1" * 5_000], ids=len)
def test_a_form_that_names_no_version_changes_nothing(
    house: House, ann: Visitor, version: str
) -> None:
    id_ = promise(house, HOUR)
    assert ann.send(path(id_, "cancel"), {"version": version}).status == 422
    assert standing(house, id_).state == "waiting"


@pytest.mark.parametrize("act", ["", "result", "move", "note", "cancel"])
def test_nobody_elses_reservation_is_shown_or_changed(house: House, ann: Visitor, act: str) -> None:
    theirs = promise(house, HOUR, agent="bob")
    other = at_work(house, unlike_any(), Role("agent", 26, "bob"))
    form = {"version": "1", "day": "2099-01-01", "at": "15:00", "note": "x", "end": "00000"}
    for visitor, vdn in ((ann, VDN), (other, VDN), (other, 26)):
        there = path(theirs, act, vdn)
        answer = visitor.send(there, form) if act else visitor.look(there)
        assert answer.status == 404, (act, vdn)
        assert "66660001" not in answer.seen.text
    assert standing(house, theirs).version == 1
