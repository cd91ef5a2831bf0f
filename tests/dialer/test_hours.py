"""When it is dialed: at its time, within its hours, late within its grace, and else never."""

from typing import Any

import msgspec
import pytest

from callkeeper.core.campaigns.changes import CampaignChange, CampaignOrder, Pause, Resume
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.reservations.reservation import Booking, Reservation
from callkeeper.processes.dial import limits
from callkeeper.settings import load
from tests.dialer.faults import Exchange, act, enter
from tests.dialer.stage import LEAD, MINUTE, Stage
from tests.store.orders import CAMPAIGN, HOUR, NOW, booked, booking, check_history, has_campaign

GRACE = 30 * MINUTE
A_MINUTE = '[{"begin":480,"end":481}]'
NINE = '[{"begin":540,"end":1020}]'  # NOW is 8:00 UTC, 9:00 in Berlin


def begun_at(stage: Stage, reservation: Reservation) -> int | None:
    """Return when the only attempt of a reservation was begun."""
    (attempt,) = stage.attempts(reservation)
    return attempt.placing_at


def change(stage: Stage, how: CampaignChange, campaign_id: int = CAMPAIGN) -> None:
    """Change a campaign now."""
    with stage.store.transaction():
        orders = [CampaignOrder(1, campaign_id, how, "key K", stage.clock.now())]
        (outcome,) = stage.store.campaigns.change(orders)
    assert not isinstance(outcome, Exception), outcome


def test_it_is_dialed_its_lead_before_the_appointed_time_and_not_earlier(stage: Stage) -> None:
    reservation = stage.due(1, appoint_at=NOW + LEAD + 2 * MINUTE)
    stage.run(stage.dialer(), seconds=180)
    assert begun_at(stage, reservation) == NOW + 2 * MINUTE


def test_a_call_due_while_nobody_dialed_is_dialed_late_within_its_grace(
    stage: Stage,
) -> None:
    reservation = stage.due(1)
    stage.clock.move(LEAD + GRACE)
    stage.run(stage.dialer(), seconds=10)
    assert begun_at(stage, reservation) == NOW + LEAD + GRACE
    assert stage.standing(reservation).fail_code == "00000"


def without_a_lead(number: int, **fields: Any) -> Booking:
    return msgspec.structs.replace(booking(number, kind="automatic", **fields), lead_ms=0)


@pytest.mark.parametrize("looked_ms", [0, 1, 999])
def test_with_the_least_lead_and_the_least_grace_a_call_is_made(
    stage: Stage, looked_ms: int
) -> None:
    """No dispatcher looks in the very millisecond, whether at a time or at an opening."""
    has_campaign(stage.session, 1, 8, workday_windows=NINE)
    least = load({"grace_seconds": 60, "lead_seconds": 0}, {})
    at_its_time, at_the_opening = booked(
        stage.store,
        without_a_lead(1, appoint_at=NOW + MINUTE),
        without_a_lead(2, appoint_at=NOW + MINUTE, campaign_id="8"),
    )
    dialer = stage.dialer(limits=limits(least))
    stage.clock.move(looked_ms)
    stage.run(dialer, seconds=3700, step_ms=1000)
    for each, due_at in ((at_its_time, NOW + MINUTE), (at_the_opening, NOW + HOUR)):
        begun = begun_at(stage, each)
        assert begun is not None
        assert due_at <= begun < due_at + 1000


def test_beyond_its_grace_it_expires_with_a_reason_and_an_event(stage: Stage) -> None:
    reservation, dora = stage.due(1), stage.dialer()
    stage.clock.move(LEAD + GRACE + 1)
    stage.run(dora, seconds=10)
    expired = stage.standing(reservation)
    assert (expired.state, expired.held_by, expired.tries) == ("expired", "grace", 0)
    assert expired.verdict == "it is 30 min late, and the grace is 30 min"
    assert stage.attempts(reservation) == []
    event = stage.store.history.of(1, reservation.id)[-1]
    assert (event.what, event.by_whom) == ("expired", "dialer dora")
    assert msgspec.json.decode(event.detail) == {"rule": "grace", "why": expired.verdict}
    check_history(stage.store, expired)


def test_the_grace_is_the_operators(stage: Stage) -> None:
    reservation, dora = stage.due(1), stage.dialer(limits=Limits(grace_ms=0))
    stage.clock.move(LEAD + 1)
    stage.run(dora, seconds=1)
    assert stage.standing(reservation).state == "expired"


@pytest.mark.parametrize(("given", "opens"), [("{}", HOUR), ('{"time_zone":"Etc/GMT-1"}', 0)])
def test_outside_its_hours_it_waits_and_is_dialed_when_they_open(
    stage: Stage, given: str, opens: int
) -> None:
    has_campaign(stage.session, 1, 8, workday_windows=NINE, dial_settings=given)
    reservation = stage.due(1, campaign_id="8")
    stage.run(stage.dialer(), seconds=2 * 3600, step_ms=MINUTE)
    assert begun_at(stage, reservation) == NOW + opens
    assert stage.standing(reservation).state == "done"


def test_waiting_for_its_hours_is_not_being_late(stage: Stage) -> None:
    has_campaign(stage.session, 1, 8, workday_windows='[{"begin":720,"end":1020}]')
    reservation = stage.due(1, campaign_id="8")
    stage.run(stage.dialer(limits=Limits(grace_ms=0)))
    waiting = stage.standing(reservation)
    assert (waiting.held_by, waiting.due_at) == ("hours", NOW + 4 * HOUR)
    assert "it opens 2027-01-15 12:00:00 UTC" in (waiting.verdict or "")
    stage.clock.move(4 * HOUR)
    stage.run(stage.dialer(limits=Limits(grace_ms=0)), seconds=10)
    assert stage.standing(reservation).fail_code == "00000"


def test_the_settings_time_zone_counts_where_a_campaign_says_nothing(stage: Stage) -> None:
    has_campaign(stage.session, 1, 8, workday_windows=NINE)
    reservation = stage.due(1, campaign_id="8")
    stage.run(stage.dialer(limits=Limits(GRACE, zone="Europe/Berlin")))
    assert begun_at(stage, reservation) == NOW


def test_a_paused_campaign_dials_as_soon_as_it_is_resumed(stage: Stage) -> None:
    reservation = stage.due(1)
    change(stage, Pause())
    dora = stage.dialer()
    stage.run(dora, seconds=130)
    assert stage.attempts(reservation) == []
    assert stage.standing(reservation).verdict == "campaign 7 is paused; resume it"
    resumed_at = stage.clock.now()
    change(stage, Resume())
    stage.run(dora, seconds=10)
    assert begun_at(stage, reservation) == resumed_at
    check_history(stage.store, stage.standing(reservation))


def test_a_draft_dials_once_it_is_started(stage: Stage) -> None:
    has_campaign(stage.session, 1, 8, status="draft")
    reservation = stage.due(1, campaign_id="8")
    dora = stage.dialer()
    stage.run(dora, seconds=5)
    assert stage.standing(reservation).held_by == "status"
    change(stage, Resume(), 8)
    stage.run(dora, seconds=10)
    assert stage.standing(reservation).fail_code == "00000"


def test_a_call_paused_too_long_expires_and_says_what_held_it(stage: Stage) -> None:
    reservation = stage.due(1)
    change(stage, Pause())
    stage.run(stage.dialer(), seconds=(LEAD + GRACE) / 1000 + 1, step_ms=5_000)
    expired = stage.standing(reservation)
    assert expired.state == "expired"
    assert expired.verdict == "campaign 7 was paused; it is over 30 min late"


def test_a_campaign_that_ended_dials_nothing_more(stage: Stage) -> None:
    has_campaign(stage.session, 1, 8, end_at=NOW + MINUTE)
    soon = stage.due(1, campaign_id="8")
    late = stage.due(2, campaign_id="8", appoint_at=NOW + LEAD + MINUTE - 1)
    stage.run(stage.dialer(), seconds=70)
    assert stage.standing(soon).fail_code == "00000"
    assert (stage.standing(late).state, stage.standing(late).held_by) == (
        "expired",
        "campaign_ended",
    )


def test_from_the_minute_that_its_hours_close_nothing_is_dialed(stage: Stage) -> None:
    has_campaign(stage.session, 1, 8, workday_windows=A_MINUTE)
    reservation = stage.due(1, campaign_id="8")
    stage.clock.move(MINUTE - 1)
    dora = stage.dialer()
    stage.run(dora)
    assert begun_at(stage, reservation) == NOW + MINUTE - 1
    other = stage.due(2, campaign_id="8")
    stage.clock.move(1)
    stage.run(dora, seconds=5)
    assert stage.attempts(other) == []
    assert stage.standing(other).held_by == "hours"


def test_hours_that_close_between_claim_and_call_are_closed(stage: Stage) -> None:
    """The claim takes so long that it is 8:01."""
    has_campaign(stage.session, 1, 8, workday_windows=A_MINUTE)
    reservation = stage.due(1, campaign_id="8")
    exchange = Exchange(stage)
    dora = enter(stage, exchange)
    dora.writer.then["due.claim"] = lambda: stage.clock.move(MINUTE)
    act(stage, dora)
    assert exchange.asked == []
    held = stage.standing(reservation)
    assert (held.held_by, held.look_at) == ("hours", NOW + 24 * HOUR)
