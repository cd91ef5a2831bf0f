"""Every change that a reservation can undergo: allowed, and refused."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from callkeeper.core.campaigns.business_result import BusinessResult, DefinedResults
from callkeeper.core.campaigns.campaign import Campaign, Status
from callkeeper.core.campaigns.policies import Policies
from callkeeper.core.refusal import (
    AlreadyCalled,
    NoSuchCampaign,
    NoSuchReservation,
    ParameterWrong,
    Refusal,
    TimeWrong,
)
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservations.changes import Cancel, Change, Move, Order, Result
from callkeeper.core.reservations.reservation import Booking, Reservation, Wish

UTC = ZoneInfo("UTC")
NOW = 1_747_310_400_000
HOUR = 3_600_000
LEAD = 300_000
LATER = NOW + 1000
FREE = DefinedResults()
DEFINED = DefinedResults(
    [
        BusinessResult(25, "", "10", "sold", "", NOW),
        BusinessResult(25, "10", "11", "sold twice", "", NOW),
        BusinessResult(25, "", "20", "refused", "", NOW),
    ]
)
CAMPAIGN = Campaign(
    vdn=25,
    id=7,
    version=1,
    name="seven",
    description=None,
    status="started",
    begin_at=NOW - HOUR,
    end_at=NOW + HOUR,
    device_type=3,
    caller_numbers=(),
    alerting_seconds_max=20,
    workday_windows=(),
    special_day_windows=(),
    policies=Policies(),
    made_at=NOW,
    changed_at=NOW,
    deleted_at=None,
)


def booking(**wish: Any) -> Booking:
    given: dict[str, Any] = {
        "kind": "manual",
        "called_no": "1",
        "campaign_id": "7",
        "appoint_at": NOW + HOUR,
    }
    return Booking(25, "r1", Wish(**(given | wish)), "digest", "key AK", NOW, LEAD)


def standing(**fields: Any) -> Reservation:
    """Return a reservation as it stands after whatever came before."""
    kind = fields.pop("kind", "manual")
    made = booking(kind=kind, agent="anna").reservation(CAMPAIGN, UTC)
    return msgspec.structs.replace(made, **fields)


def after(change: Change, old: Reservation | None, defined: DefinedResults = FREE) -> Reservation:
    return Order(25, "r1", change, "key AK", LATER).carry_out(old, defined)


def differences(old: Reservation, new: Reservation) -> dict[str, Any]:
    """Return what differs, but for the count and the instant of the change."""
    before, now = msgspec.structs.asdict(old), msgspec.structs.asdict(new)
    assert (now.pop("version"), now.pop("changed_at")) == (old.version + 1, LATER)
    return {name: value for name, value in now.items() if value != before[name]}


def test_a_manual_reservation_begins_waiting_and_is_never_due() -> None:
    made = booking().reservation(CAMPAIGN, UTC)
    assert (made.state, made.version, made.tries, made.due_at) == ("waiting", 1, 0, None)
    assert made.look_at is None


def test_an_automatic_reservation_is_due_its_lead_before_the_appointed_time() -> None:
    made = booking(kind="automatic").reservation(CAMPAIGN, UTC)
    assert (made.state, made.due_at) == ("waiting", NOW + HOUR - LEAD)


@pytest.mark.parametrize(
    ("ahead", "due"), [(HOUR, HOUR - LEAD), (LEAD + 1, 1), (LEAD, 0), (LEAD - 1, 0), (0, 0)]
)
def test_an_automatic_reservation_is_first_looked_at_when_it_is_due_and_never_in_the_past(
    ahead: int, due: int
) -> None:
    made = booking(kind="automatic", appoint_at=NOW + ahead).reservation(CAMPAIGN, UTC)
    assert made.due_at == made.look_at == NOW + due
    assert (made.held_by, made.verdict) == (None, None)


def test_a_reservation_for_this_very_instant_is_taken() -> None:
    assert booking(appoint_at=NOW).reservation(CAMPAIGN, UTC).appoint_at == NOW


def test_a_manual_reservation_is_taken_for_a_campaign_that_has_ended() -> None:
    ended = msgspec.structs.replace(CAMPAIGN, end_at=NOW)
    assert booking().reservation(ended, UTC).state == "waiting"


def test_a_reservation_that_cannot_be_kept_is_refused() -> None:
    ended = msgspec.structs.replace(CAMPAIGN, end_at=NOW)
    with pytest.raises(TimeWrong, match="2025-05-15 11:59:59 UTC has passed"):
        booking(appoint_at=NOW - 1).reservation(CAMPAIGN, UTC)
    with pytest.raises(NoSuchCampaign):
        booking().reservation(None, UTC)
    with pytest.raises(ParameterWrong, match="has ended"):
        booking(kind="automatic").reservation(ended, UTC)


def test_an_automatic_one_is_judged_by_the_instant_that_it_is_due_and_not_by_the_present() -> None:
    """The campaign ends in an hour: what is appointed soon after is dialed before."""
    end_at = CAMPAIGN.end_at
    last = booking(kind="automatic", appoint_at=end_at + LEAD - 1).reservation(CAMPAIGN, UTC)
    assert last.due_at == end_at - 1
    late = booking(kind="automatic", appoint_at=end_at + LEAD)
    with pytest.raises(ParameterWrong, match="before the call is due at") as refused:
        late.reservation(CAMPAIGN, UTC)
    assert refused.value.about == "appoint_at"
    assert late.reservation(CAMPAIGN, None).state == "waiting"
    manual = booking(appoint_at=end_at + HOUR)
    assert manual.reservation(CAMPAIGN, UTC).state == "waiting"


@pytest.mark.parametrize("status", ["draft", "paused"])
def test_a_campaign_that_may_be_resumed_takes_an_automatic_one(status: Status) -> None:
    standing_still = msgspec.structs.replace(CAMPAIGN, status=status)
    assert booking(kind="automatic").reservation(standing_still, UTC).state == "waiting"


def test_a_time_that_has_passed_is_refused_before_a_campaign_that_is_not_there() -> None:
    with pytest.raises(TimeWrong):
        booking(appoint_at=NOW - 1).reservation(None, UTC)


ALLOWED = [
    ("manual", "waiting", 0, Move(remark="new"), "waiting"),
    ("manual", "done", 0, Move(remark="new"), "done"),
    ("manual", "waiting", 0, Result(fail_code="00000"), "done"),
    ("manual", "done", 0, Result(fail_code="00603"), "done"),
    ("automatic", "waiting", 0, Result(fail_code="00000"), "done"),
    ("automatic", "expired", 0, Result(fail_code="00000"), "done"),
    ("automatic", "calling", 0, Result(agent="bert"), "calling"),
    ("manual", "waiting", 0, Result(), "waiting"),
    ("manual", "waiting", 0, Result(agent="bert"), "waiting"),
    ("manual", "done", 0, Result(), "done"),
    ("automatic", "waiting", 0, Result(agent="bert"), "waiting"),
    ("automatic", "expired", 0, Result(agent="bert"), "expired"),
    ("automatic", "waiting", 1, Result(), "waiting"),
    ("automatic", "waiting", 1, Result(agent="bert"), "waiting"),
    ("automatic", "waiting", 1, Result(business_result="1"), "done"),
    ("automatic", "waiting", 1, Result(fail_code="00000"), "done"),
    ("automatic", "done", 1, Result(agent="bert"), "done"),
    ("manual", "waiting", 0, Cancel(), "cancelled"),
    ("automatic", "waiting", 0, Cancel(), "cancelled"),
    ("automatic", "waiting", 1, Cancel(), "cancelled"),
    ("automatic", "expired", 0, Cancel(), "cancelled"),
]


@pytest.mark.parametrize(("kind", "state", "tries", "change", "then"), ALLOWED)
def test_a_move_that_is_allowed(
    kind: str, state: str, tries: int, change: Change, then: str
) -> None:
    assert after(change, standing(kind=kind, state=state, tries=tries)).state == then


REFUSED: list[tuple[str, str, Change, type[Refusal]]] = [
    ("automatic", "waiting", Move(remark="new"), ParameterWrong),
    ("automatic", "calling", Move(remark="new"), ParameterWrong),
    ("automatic", "done", Move(remark="new"), ParameterWrong),
    ("automatic", "expired", Move(remark="new"), ParameterWrong),
    ("manual", "done", Move(appoint_at=NOW + 2 * HOUR), ParameterWrong),
    ("manual", "waiting", Move(appoint_at=NOW - 1), ParameterWrong),
    ("manual", "done", Cancel(), AlreadyCalled),
    ("automatic", "calling", Cancel(), AlreadyCalled),
    ("automatic", "done", Cancel(), AlreadyCalled),
    ("manual", "cancelled", Move(remark="new"), NoSuchReservation),
    ("manual", "cancelled", Result(fail_code="00000"), NoSuchReservation),
    ("automatic", "cancelled", Result(fail_code="00000"), NoSuchReservation),
    ("manual", "cancelled", Cancel(), NoSuchReservation),
]


@pytest.mark.parametrize(("kind", "state", "change", "refusal"), REFUSED)
def test_a_move_that_is_refused(
    kind: str, state: str, change: Change, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal) as raised:
        after(change, standing(kind=kind, state=state))
    assert raised.type is refusal


@pytest.mark.parametrize("change", [Move(), Result(), Cancel()])
def test_a_reservation_that_is_not_there_cannot_be_changed(change: Change) -> None:
    with pytest.raises(NoSuchReservation):
        after(change, None)


def test_a_move_changes_what_it_names_and_nothing_else() -> None:
    old = standing()
    move = Move(agent="bert", appoint_at=NOW + 2 * HOUR)
    assert differences(old, after(move, old)) == {"agent": "bert", "appoint_at": NOW + 2 * HOUR}
    assert differences(old, after(Move(), old)) == {}


def test_a_move_that_sends_back_the_old_time_is_allowed_after_it_has_passed() -> None:
    overdue = standing(appoint_at=NOW - HOUR)
    assert after(Move(appoint_at=NOW - HOUR, remark="new"), overdue).remark == "new"


def test_a_result_closes_an_automatic_reservation_that_then_is_no_longer_due() -> None:
    old = standing(kind="automatic")
    assert old.due_at is not None
    assert differences(old, after(Result(fail_code="00000"), old)) == {
        "state": "done",
        "due_at": None,
        "look_at": None,
        "fail_code": "00000",
    }


TELLING = [
    Result(caller_no="10086"),
    Result(fail_code="00000"),
    Result(call_id="c1"),
    Result(business_result="10"),
    Result(business_sub_result="11"),
    Result(begin_at=NOW),
    Result(end_at=NOW),
]


@pytest.mark.parametrize("kind", ["manual", "automatic"])
@pytest.mark.parametrize("tries", [0, 1])
@pytest.mark.parametrize("result", TELLING)
def test_every_field_but_the_agent_tells_of_a_call(kind: str, tries: int, result: Result) -> None:
    old = standing(kind=kind, tries=tries if kind == "automatic" else 0)
    assert after(result, old).state == "done"


def test_a_result_that_tells_of_no_call_changes_the_agent_and_nothing_else() -> None:
    old = standing(kind="automatic")
    assert differences(old, after(Result(), old)) == {}
    assert differences(old, after(Result(agent="bert"), old)) == {"agent": "bert"}
    assert differences(old, after(Result(remark="in a hurry"), old)) == {"remark": "in a hurry"}
    assert len(TELLING) + 2 == len(Result.__struct_fields__)


def test_a_second_result_overwrites_the_first_field_by_field() -> None:
    first = after(Result(fail_code="00603", call_id="c1", begin_at=NOW), standing())
    second = after(Result(fail_code="00000", end_at=NOW + 1), first)
    assert differences(first, second) == {"fail_code": "00000", "end_at": NOW + 1}


CLOSED = {"state": "done", "due_at": None, "look_at": None}


@pytest.mark.parametrize(
    ("fields", "closed"),
    [
        ({"state": "calling", "tries": 0, "look_at": None}, {}),
        ({"state": "calling", "tries": 2, "look_at": None}, {}),
        ({"state": "waiting", "tries": 1}, CLOSED),
        ({"state": "done", "tries": 1, "due_at": None, "look_at": None}, {}),
    ],
)
def test_of_a_call_that_the_system_makes_only_what_a_person_knows_is_taken(
    fields: dict[str, Any], closed: dict[str, Any]
) -> None:
    """And what a person tells of a call closes what only waits to be tried again."""
    old = standing(kind="automatic", fail_code="34608", **fields)
    everything = Result("bert", "10086", "00000", "c1", "10", "11", NOW, NOW + 1)
    assert differences(old, after(everything, old)) == closed | {
        "agent": "bert",
        "business_result": "10",
        "business_sub_result": "11",
    }


def test_a_persons_result_on_a_held_one_keeps_what_held_it() -> None:
    old = standing(kind="automatic", held_by="status", verdict="paused", look_at=NOW)
    new = after(Result(fail_code="00000"), old)
    assert (new.look_at, new.held_by, new.verdict) == (None, "status", "paused")


def test_a_call_cannot_end_before_it_begins() -> None:
    with pytest.raises(ParameterWrong, match="before it begins"):
        after(Result(begin_at=NOW, end_at=NOW - 1), standing())
    with pytest.raises(ParameterWrong, match="before it begins"):
        after(Result(end_at=NOW - 1), standing(begin_at=NOW))
    assert after(Result(begin_at=NOW, end_at=NOW), standing()).end_at == NOW


@pytest.mark.parametrize(
    "result",
    [
        Result(business_result="99"),
        Result(business_result="10", business_sub_result="99"),
        Result(business_result="20", business_sub_result="11"),
        Result(business_sub_result="11"),
        Result(business_result="11"),
    ],
)
def test_a_business_result_that_the_vdn_did_not_define_is_refused(result: Result) -> None:
    with pytest.raises(ParameterWrong):
        after(result, standing(), DEFINED)
    assert after(result, standing(), FREE).state == "done"


def test_a_defined_business_result_and_its_sub_result_are_taken() -> None:
    old = standing()
    first = after(Result(business_result="10"), old, DEFINED)
    second = after(Result(business_sub_result="11"), first, DEFINED)
    assert (second.business_result, second.business_sub_result) == ("10", "11")


def test_a_new_business_result_clears_the_sub_result_of_the_old_one() -> None:
    old = standing(business_result="10", business_sub_result="11")
    new = after(Result(business_result="20"), old, DEFINED)
    assert (new.business_result, new.business_sub_result) == ("20", None)
    same = after(Result(business_result="10"), old, DEFINED)
    assert same.business_sub_result == "11"


def test_a_cancelled_reservation_is_no_longer_due() -> None:
    old = standing(kind="automatic")
    assert differences(old, after(Cancel(), old)) == {
        "state": "cancelled",
        "due_at": None,
        "look_at": None,
    }


@pytest.mark.parametrize(
    ("state", "overdue"),
    [("waiting", True), ("expired", True), ("calling", False), ("done", False)],
)
def test_only_a_call_that_was_not_made_is_overdue(state: str, *, overdue: bool) -> None:
    reservation = standing(state=state)
    assert reservation.is_overdue(NOW + HOUR + 1) is overdue
    assert reservation.is_overdue(NOW + HOUR) is False


def test_one_that_was_tried_and_waits_for_its_next_try_is_not_overdue() -> None:
    tried = standing(kind="automatic", tries=1, fail_code="00537", begin_at=NOW)
    assert tried.is_overdue(NOW + 2 * HOUR) is False


def test_the_id_is_thirty_digits_and_the_same_for_the_same_request() -> None:
    digest = request_digest("AK", "signature")
    assert id_for(NOW, digest) == id_for(NOW, request_digest("AK", "signature"))
    assert id_for(NOW, digest) != id_for(NOW, request_digest("AK", "another"))
    assert id_for(NOW, digest).startswith(str(NOW))
    assert len(id_for(NOW, digest)) == len(id_for(NOW, bytes(32))) == 30
    assert id_for(NOW, digest).isdecimal()
