"""The board: what there is to do in a VDN now, what holds it, and what supervisors do about it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.people.changes import Disable, Enable, PersonOrder
from callkeeper.core.people.person import Role
from callkeeper.core.reservations.changes import Result
from callkeeper.store.port.access import AgentName
from callkeeper.store.port.reservations import Sought
from tests.console.visitor import (
    ADMINISTRATOR,
    SUPERVISOR,
    Visitor,
    at_work,
    invited,
    promise,
    rewrite,
    standing,
    unlike_any,
)
from tests.house import HOUR, TASK, VDN, House
from tests.store.orders import carry_out, order

BOARD = f"/console/{VDN}/board"
MINUTE = 60_000
ALL = Sought(VDN, 0, 2**62)
SO_IT_IS = "the system dials it no more, but a person may still call and file a result."


@pytest.fixture(scope="module")
def sue(house: House) -> Visitor:
    """A supervisor; there are agents ann, Bob and Carl."""
    names = [AgentName(VDN, each.lower(), each, house.now()) for each in ("ann", "Bob", "Carl")]
    with house.store.transaction():
        house.store.agents.name(names)
    return at_work(house, "sue", SUPERVISOR)


@pytest.fixture(autouse=True)
def nothing(house: House, clock: HandClock) -> Iterator[None]:
    """Nothing is left to do after each test, and today is counted anew."""
    yield
    for each in house.store.outstanding.seek(ALL, ("waiting", "expired", "done"), 999):
        id_ = each.reservation.id
        carry_out(house.store, order(id_, Result(fail_code="00537"), vdn=VDN, at=house.now()))
        rewrite(house, id_, "UPDATE reservation SET seen_at = 1 WHERE id = ?")
    clock.move(MINUTE)


def expired(house: House, in_ms: int = -HOUR, **fields: Any) -> str:
    """Return an automatic call that was not dialed in time."""
    id_ = promise(house, in_ms, kind="automatic", agent=None, **fields)
    rewrite(house, id_, "UPDATE reservation SET state = 'expired', held_by = 'grace' WHERE id = ?")
    return id_


def tiles(page: Visitor) -> dict[str, str]:
    """Return what each tile counts, by its words."""
    found = re.findall(r'class="tile[^>]*><strong>([^<]*)</strong> ([^<]*)<', page.seen.text)
    return {words: count for count, words in found}


def rows(page: Visitor) -> list[str]:
    return re.findall(r'<tr id="call-(\d+)"', page.seen.text)


def values(page: Visitor) -> list[str]:
    """Return what is ticked in each row."""
    return re.findall(r'name="ticked" value="([^"]+)"', page.seen.text)


def test_a_tile_counts_what_its_list_shows(house: House, sue: Visitor) -> None:
    soon, tried = promise(house, 20 * MINUTE), promise(house, -10 * MINUTE)
    rewrite(house, tried, "UPDATE reservation SET tries = 1 WHERE id = ?")
    promise(house, 2 * HOUR)
    late, broken, gone = promise(house, -MINUTE), promise(house, -3 * HOUR), expired(house)
    unknown, refused = expired(house), expired(house)
    for id_, outcome in ((unknown, "unknown"), (refused, "refused")):
        done = f"UPDATE reservation SET state = 'done', outcome = '{outcome}' WHERE id = ?"  # noqa: S608
        rewrite(house, id_, done)
    ringing = promise(house, 0, kind="automatic", agent=None)
    rewrite(house, ringing, "UPDATE reservation SET state = 'calling' WHERE id = ?")
    expected = {
        "due within the hour": {tried, soon},
        "late": {late},
        "broken": {broken, gone, refused},
        "unknown": {unknown},
        "being called": {ringing},
    }
    sue.look(BOARD)
    assert {each: tiles(sue)[each] for each in expected} == {
        each: str(len(ids)) for each, ids in expected.items()
    }
    assert rows(sue)[0] == broken
    assert set(rows(sue)) == {late, broken, gone, refused, unknown}
    lists = dict(re.findall(r'href="([^"]+show=(\w+)#calls)"', sue.seen.text))
    assert len(lists) == 5
    found = [set(rows(Visitor.look(sue, each))) for each in lists]
    assert sorted(map(sorted, found)) == sorted(map(sorted, expected.values()))


def test_each_row_says_why_and_masks_its_number(house: House, sue: Visitor) -> None:
    promise(house, -MINUTE)
    expired(house)
    text = sue.look(BOARD).text
    assert "the agent has not called yet" in text
    assert "it was not dialed in time" in text
    assert "66660001" not in sue.seen.text


def test_what_expired_says_what_held_it_last_here_and_on_its_page(
    house: House, sue: Visitor
) -> None:
    id_ = expired(house)
    rewrite(house, id_, "UPDATE reservation SET held_by = 'paused' WHERE id = ?")
    says = "not dialed in time: its campaign was paused"
    assert says in sue.look(BOARD).text
    page = sue.look(f"/console/{VDN}/reservations/{id_}").text
    assert f"Automatic call: the system dials it. It is broken and expired: {SO_IT_IS}" in page
    assert f"Why: {says}" in page
    assert "Agent automatic" in page


def test_a_page_says_which_kind_of_call_it_is_and_what_stands_against_it(
    house: House, sue: Visitor
) -> None:
    def told(in_ms: int, **fields: Any) -> str:
        return sue.look(f"/console/{VDN}/reservations/{promise(house, in_ms, **fields)}").text

    assert "Agent's call: an agent makes it" in told(-HOUR)
    assert "It is broken: its time has passed by more than the grace." in sue.text
    assert "Why: the agent has not called yet" in sue.text
    assert "It is late: its time has passed. Why: no agent has it" in told(-MINUTE, agent=None)
    assert "It waits for its time. " in told(HOUR)
    assert "Why:" not in sue.text
    assert "It waits for its time. Why: no dialer is running" in told(
        HOUR, kind="automatic", agent=None
    )


def test_what_is_of_one_agent_or_campaign_is_shown_alone(house: House, sue: Visitor) -> None:
    house.has_campaign(5, name="VIP calls")
    mine, bobs = promise(house, -MINUTE), promise(house, -MINUTE, agent="bob", campaign_id="5")
    sue.look(BOARD)
    (of_bob,) = re.findall(r'href="([^"]+agent=bob)"', sue.seen.text)
    (of_vip,) = re.findall(r'href="([^"]+campaign=5)"', sue.seen.text)
    for narrow in (of_bob, of_vip):
        assert rows(sue.look(narrow)) == [bobs]
        assert tiles(sue)["late"] == "1"
    assert "VIP calls ✕" in sue.text
    assert set(rows(sue.look(f"{BOARD}?agent=%00&campaign=x&show=kept"))) == {mine, bobs}


def test_todays_calls_are_counted_by_the_readers_day(house: House, sue: Visitor) -> None:
    broken, kept = promise(house, -2 * HOUR), promise(house, -MINUTE)
    filed = Result(fail_code="00000", begin_at=house.now())
    carry_out(house.store, order(kept, filed, vdn=VDN, at=house.now()))
    sue.look(f"{BOARD}?agent=ann")
    kept_before = int(tiles(sue)["called today"])
    assert kept_before >= 1
    assert tiles(sue)["kept today"].endswith("%")
    assert broken in rows(sue)


def test_many_are_said_to_be_seen_by_a_person(house: House, sue: Visitor) -> None:
    ids = [expired(house) for _ in range(3)]
    sue.look(BOARD)
    two = [each for each in values(sue) if not each.startswith(ids[2])]
    assert sue.send(f"{BOARD}/seen", {"ticked": two}).status == 303  # type: ignore[dict-item]
    assert "Marked as seen: 2." in sue.follow().text
    assert rows(sue) == [ids[2]]
    assert standing(house, ids[0]).seen_at == house.now()
    assert house.store.history.of(VDN, ids[0])[-1].by_whom == "person sue"


def test_all_that_are_listed_go_to_another_agent_at_once(house: House, sue: Visitor) -> None:
    ids = [promise(house, -MINUTE - each) for each in range(50)]
    form = {"listed": sue.look(BOARD).hidden("listed"), "all": "1", "agent": "bob"}
    assert sue.send(f"{BOARD}/reassign", form).status == 303
    assert "50 calls are Bob's now." in sue.follow().text
    assert {standing(house, each).agent for each in ids} == {"bob"}
    (event,) = house.store.history.of(VDN, ids[0])[1:]
    assert (event.what, event.by_whom) == ("reassigned", "person sue")


def test_what_still_waits_is_not_seen_and_that_is_told_of_each_with_what_helps(
    house: House, sue: Visitor
) -> None:
    mine, automatic = promise(house, -2 * HOUR), promise(house, -2 * HOUR, kind="automatic")
    form = {"listed": sue.look(BOARD).hidden("listed"), "all": "1"}
    text = sue.send(f"{BOARD}/seen?show=broken", form).follow().text
    assert "Left as they are: 2." in text
    assert ": it still waits: call, move or reassign it." in text
    assert ": it still waits, and the system dials it." in text
    assert "Marked as seen:" not in text
    for id_ in (mine, automatic):
        assert re.search(rf'value="{id_}\.1"[^>]* checked', sue.seen.text)
    assert 'role="alert"' in sue.seen.text


def test_calls_go_to_whom_the_vdn_calls_so_and_an_account_comes_before_any_name(
    house: House, sue: Visitor
) -> None:
    names = [("d1", "Dee"), ("d2", "Eve"), ("d3", "Eve"), ("d4", "d1")]
    with house.store.transaction():
        house.store.agents.name([AgentName(VDN, *each, house.now()) for each in names])
    invited(house, unlike_any(), Role("agent", VDN, "d5"), name="Flo")
    call = promise(house, -MINUTE)

    def give(agent: str) -> str:
        form = {"listed": sue.look(BOARD).hidden("listed"), "all": "1", "agent": agent}
        return sue.send(f"{BOARD}/reassign", form).text

    assert "'Eve' is what d2 and d3 are called" in give("Eve")
    assert "there is no agent 'Flo'" in give("Flo")  # what people call themselves is no address
    assert '<option value="d2">Eve (d2)' in sue.seen.text
    for typed in ("Dee", "d4", "d1"):
        give(typed)
        assert standing(house, call).agent == {"Dee": "d1"}.get(typed, typed)


def test_calls_go_to_somebody_who_was_just_invited_and_not_once_they_are_disabled(
    house: House, sue: Visitor
) -> None:
    login, call = unlike_any(), promise(house, -MINUTE)
    invited(house, login, Role("agent", VDN, "1077"), name="Nina New")
    form = {"listed": sue.look(BOARD).hidden("listed"), "all": "1", "agent": "1077"}
    assert '<option value="1077">Nina New' in sue.seen.text
    with house.store.transaction():
        house.store.people.change([PersonOrder(login, Disable(), "operator", house.now())])
    sue.send(f"{BOARD}/reassign", form)
    assert (sue.status, "there is no agent '1077'" in sue.text) == (422, True)
    assert '"1077">' not in sue.look(BOARD).seen.text
    with house.store.transaction():
        house.store.people.change([PersonOrder(login, Enable(), "operator", house.now())])
    sue.send(f"{BOARD}/reassign", form)
    assert "One call is Nina New's now." in sue.follow().text
    assert standing(house, call).agent == "1077"


def test_what_somebody_changed_meanwhile_and_what_is_not_fit_is_left_and_told(
    house: House, sue: Visitor
) -> None:
    mine, moved, automatic = promise(house, -MINUTE), promise(house, -MINUTE), expired(house)
    form = {"listed": sue.look(BOARD).hidden("listed"), "all": "1", "agent": "carl"}
    sue.send(f"/console/{VDN}/reservations/{moved}/note", {"version": "1", "note": "slowly"})
    text = sue.send(f"{BOARD}/reassign?agent=", form).follow().text
    assert "One call is Carl's now." in text
    assert "Left as they are: 2." in text
    assert text.count(": somebody changed it meanwhile; look at it again.") == 1
    assert text.count(": it is closed: file a result, or mark it as seen.") == 1
    assert "66660001" not in sue.seen.text
    assert len(re.findall(r'name="ticked"[^>]* checked', sue.seen.text)) == 2
    agents = [standing(house, each).agent for each in (mine, moved, automatic)]
    assert agents == ["carl", "ann", None]
    assert str(sue.seen.url).endswith("#calls")


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"agent": "bob"}, "tick the calls that it is about"),
        ({"ticked": "x", "agent": "bob"}, "tick the calls that it is about"),
        ({"ticked": "1.1"}, "say to which agent"),
        ({"ticked": "1.1", "agent": "zoe"}, "there is no agent 'zoe'"),
    ],
)
def test_who_is_refused_is_told_and_the_form_stays_filled(
    house: House, sue: Visitor, form: dict[str, str], says: str
) -> None:
    promise(house, -MINUTE)
    sue.send(f"{BOARD}/reassign", form)
    assert (sue.status, says in sue.text) == (422, True)
    assert f'name="agent" list="agents" value="{form.get("agent", "")}"' in sue.seen.text


def test_a_campaign_that_is_paused_is_told_with_its_remedy(house: House, sue: Visitor) -> None:
    promise(house, 20 * MINUTE, kind="automatic", agent=None)
    assert "No dialer is running. Automatic calls held: 1." in sue.look(BOARD).text
    for act, status, sentence in (
        ("pause", "paused", "is paused. Automatic calls held: 1."),
        ("resume", "started", "No dialer is running"),
    ):
        assert sue.send(f"{BOARD}/{act}", {"campaign": TASK}).status == 303
        assert sentence in sue.follow().text
        campaign = house.store.campaigns.get(VDN, int(TASK))
        assert campaign is not None
        assert campaign.status == status
        last = house.store.history.of(VDN, f"campaign/{TASK}")[-1]
        assert last.by_whom == "person sue"
    again = sue.send(f"{BOARD}/resume", {"campaign": TASK})
    assert (again.status, "the campaign is started already" in again.text) == (422, True)
    assert sue.send(f"{BOARD}/pause", {"campaign": "x"}).status == 422


def test_who_answers_for_no_vdn_has_no_board_and_no_way_to_it(house: House) -> None:
    for login, role, status in (
        ("abe", Role("agent", VDN, "abe"), 403),
        ("ada", ADMINISTRATOR, 200),
    ):
        visitor = at_work(house, login, role)
        assert (f'href="{BOARD}"' in visitor.look("/console/help").seen.text) == (status == 200)
        assert visitor.look(BOARD).status == status


def test_of_one_agent_all_that_waits_can_be_given_away_not_only_what_is_due(
    house: House, sue: Visitor
) -> None:
    soon, far = promise(house, MINUTE), promise(house, 72 * HOUR)
    page = sue.look(f"{BOARD}?agent=ann&show=open")
    assert (rows(page), "Show all that waits" in page.text) == ([soon], True)
    page = sue.look(f"{BOARD}?agent=ann&show=all")
    assert (rows(page), "All that waits: ann" in page.text) == ([soon, far], True)
    form = {"listed": page.hidden("listed"), "all": "1", "agent": "bob"}
    assert sue.send(f"{BOARD}/reassign?agent=ann&show=all", form).status == 303
    assert {standing(house, each).agent for each in (soon, far)} == {"bob"}


def test_a_campaign_that_is_paused_holds_agents_too_and_that_is_told_with_its_remedy(
    house: House, sue: Visitor
) -> None:
    id_ = promise(house, -MINUTE)
    assert sue.send(f"{BOARD}/pause", {"campaign": TASK}).status == 303
    page = sue.follow()
    assert "is paused. Calls for which no agent can have the line ring: 1." in page.text
    assert f'action="{BOARD}/resume"' in page.seen.text
    page = sue.look(f"/console/{VDN}/reservations/{id_}")
    assert "Why: the agent has not called yet; its campaign is paused" in page.text
    assert sue.send(f"{BOARD}/resume", {"campaign": TASK}).status == 303
    assert "is paused" not in sue.follow().text


def test_the_page_of_a_call_does_with_it_what_the_board_does(house: House, sue: Visitor) -> None:
    mine, closed = promise(house, 72 * HOUR), expired(house)
    page = sue.look(f"/console/{VDN}/reservations/{mine}")
    assert "Mark as seen" not in page.text
    form = {"ticked": page.hidden("ticked"), "agent": "Bpb"}
    assert "there is no agent 'Bpb'" in sue.send(f"{BOARD}/reassign", form).text
    assert "the call that you came from" in sue.text
    (still,) = (each for each in values(sue) if each.startswith(mine))
    form = {"ticked": still, "agent": "Bob"}
    assert sue.send(f"{BOARD}/reassign", form).status == 303
    assert (standing(house, mine).agent, "Bob's now" in sue.follow().text) == ("bob", True)
    page = sue.look(f"/console/{VDN}/reservations/{closed}")
    assert "Give it to agent" not in page.text
    assert sue.send(f"{BOARD}/seen", {"ticked": page.hidden("ticked")}).status == 303
    assert standing(house, closed).seen_at is not None
    assert "Mark as seen" not in sue.look(f"/console/{VDN}/reservations/{closed}").text
    agent = at_work(house, unlike_any(), Role("agent", VDN, "bob"))
    assert "Give it to agent" not in agent.look(f"/console/{VDN}/reservations/{mine}").text


HELD = "UPDATE reservation SET look_at = appoint_at + 7200000 WHERE id = ?"


@pytest.mark.parametrize(
    ("says", "is_told"),
    [
        ("UPDATE reservation SET held_by = 'hours' WHERE id = ?", True),
        ("UPDATE reservation SET held_by = 'retry' WHERE id = ?", True),
        ("UPDATE reservation SET held_by = 'line' WHERE id = ?", False),
    ],
)
def test_the_page_of_a_call_that_is_held_says_when_it_is_made_at_the_earliest(
    house: House, sue: Visitor, says: str, *, is_told: bool
) -> None:
    id_ = promise(house, -MINUTE, kind="automatic", agent=None)
    for each in (HELD, says):
        rewrite(house, id_, each)
    page = sue.look(f"/console/{VDN}/reservations/{id_}")
    assert ("The system calls at 2026-11-28 1" in page.text) is is_told
