"""How a reservation stands, what holds it, and when it is next eligible: in one sentence.

Read off what stands at this instant: the reservation with the dialer's last verdict, its campaign,
its live attempt, and the dispatchers that there are.
"""

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.dialing.attempt import NOBODY, Attempt
from callkeeper.core.dialing.breaker import refuses_all
from callkeeper.core.dialing.desk_call import as_it_stands
from callkeeper.core.dialing.policy import (
    CAPS,
    Dial,
    GiveUp,
    Limits,
    Verdict,
    Wait,
    foresee,
    holds_all,
    why_not_started,
)
from callkeeper.core.instants import Instant, Written, in_utc, retold
from callkeeper.core.reservations.changes import Settle
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store
from callkeeper.store.zones import zone_name, zone_of

# The rules by which the dialer closes one; by all others it was held once, and is not any more.
_GIVEN_UP = frozenset({"campaign_gone", "campaign_ended", "grace"})

_STANDING = {
    "done": "a result is on record",
    "cancelled": "on the wire it is as good as absent",
    "expired": "it was not dialed in time; a person may still file a result",
}


def outlook(
    store: Store,
    reservation: Reservation,
    limits: Limits,
    now: Instant,
    written: Written = in_utc,
) -> str:
    """Return the sentence. ``limits``: what the settings say for all campaigns."""
    # Verdicts were made for everybody.
    return retold(_outlook(store, reservation, limits, now, written), written)


def _outlook(
    store: Store, reservation: Reservation, limits: Limits, now: Instant, written: Written
) -> str:
    if reservation.state == "calling":
        return f"calling: {_on_the_phone(store, reservation, now, written)}"
    if reservation.state != "waiting":
        return f"{reservation.state}: {_closed(reservation)}"
    if reservation.kind == "automatic":
        return f"waiting: {_awaited(store, reservation, limits, now, written)}"
    return _promised(store, reservation, now, written)


def _promised(store: Store, reservation: Reservation, now: Instant, written: Written) -> str:
    """Return how a manual call stands that waits."""
    at = written(reservation.appoint_at)
    asked = _asked(store, reservation, now)
    if asked is not None:
        return f"waiting for {at}: {asked}"
    if reservation.tries > 0:
        word = str(reservation.outcome).replace("_", " ")
        last = f"try {reservation.tries} ended with {word}"
        return f"waiting for {at}: {last}; the agent calls again, or files how it ended"
    if reservation.is_overdue(now):
        return f"overdue since {at}: an agent has to ring; the system never dials a manual one"
    return f"waiting for {at}, when an agent rings; the system never dials a manual one"


def _asked(store: Store, reservation: Reservation, now: Instant) -> str | None:
    """Return how a call stands for which no agent has answered yet; None: nobody asks for one."""
    attempts = (
        as_it_stands(each, now) for each in store.attempts.of(reservation.vdn, reservation.id)
    )
    live = next((each for each in attempts if each.is_live), None)
    if live is None:
        return None
    if live.holder == NOBODY:
        return f"{live.asked_by} asks for the call, and no dialer has taken it yet"
    return f"{live.desk} rings, for {live.asked_by} asks for the call"


def _closed(reservation: Reservation) -> str:
    if reservation.outcome == "unknown":
        is_settled = reservation.held_by == Settle.what
        why = reservation.verdict if is_settled else "it may have been dialed, and no word came"
        return (
            f"its outcome is unknown ({reservation.fail_code}): {why}; "
            "a person has to look, it is not dialed again"
        )
    is_given_up = reservation.state == "expired" or reservation.held_by in _GIVEN_UP
    why = f"; {reservation.verdict}" if is_given_up and reservation.verdict else ""
    return f"{_STANDING[reservation.state]}{why}"


def _on_the_phone(store: Store, reservation: Reservation, now: Instant, written: Written) -> str:
    attempts = store.attempts.of(reservation.vdn, reservation.id)
    live = next((each for each in attempts if each.is_live), None)
    if live is None:
        return "the dialer has it"
    told = _told(live, written)
    lines = {each.line for each in store.leases.all() if each.stands(now)}
    if live.line not in lines:
        told += f"; nobody dials over line {live.line} any more to find out how it ended"
    return told


def _told(live: Attempt, written: Written) -> str:
    since = written(live.placing_at or live.claimed_at)
    if live.answered_at is not None:
        return f"attempt {live.id}, begun {since}, was answered {written(live.answered_at)}"
    if live.ringing_at is not None:
        return f"attempt {live.id}, begun {since}, rings since {written(live.ringing_at)}"
    return f"attempt {live.id}, begun {since}, has not been heard to ring"


def _awaited(
    store: Store, reservation: Reservation, limits: Limits, now: Instant, written: Written
) -> str:
    if reservation.look_at is None:
        return "a dispatcher has it and is about to dial"
    next_at = written(reservation.look_at)
    campaign = store.campaigns.get(reservation.vdn, reservation.campaign_id)
    foreseen = _foreseen(campaign, reservation, limits, now)
    if isinstance(foreseen, GiveUp) and foreseen.rule != "grace":
        return f"due {next_at}, but {foreseen.why}; it will not be dialed"
    if reservation.look_at > now and reservation.verdict is not None:
        return f"{reservation.verdict}; next eligible {next_at}"
    held = None if campaign is None or campaign.status == "started" else why_not_started(campaign)
    ruled = None if isinstance(foreseen, Dial) else foreseen.why
    if isinstance(foreseen, Wait) and foreseen.rule == "hours":
        ruled = f"{ruled}; next eligible {written(foreseen.until)}"
    if campaign and not held and reservation.look_at <= now:
        held = _full(store, campaign, limits, now)
    hindrance = "; ".join(filter(None, (held, ruled, _unattended(store, now))))
    if reservation.look_at > now:
        return f"due {next_at}" + (f", but {hindrance}" if hindrance else "")
    said = reservation.verdict if reservation.held_by not in CAPS else None
    return f"due since {next_at}; {hindrance or said or _busy(store)}"


def _foreseen(
    campaign: Campaign | None, reservation: Reservation, limits: Limits, now: Instant
) -> Verdict:
    """Return what its campaign will say of it at the instant that it is due."""
    if campaign is None:
        return GiveUp("campaign_gone", f"campaign {reservation.campaign_id} was deleted")
    zone = zone_of(campaign, limits.zone)
    if zone is None:
        name = zone_name(campaign, limits.zone)
        return Wait("status", now, f"this machine knows no time zone {name}")
    return foresee(reservation, campaign, zone, limits, now)


def _full(store: Store, campaign: Campaign, limits: Limits, now: Instant) -> str | None:
    """Return which bound lets the campaign have no other call at this instant."""
    held = holds_all(campaign, limits, store.due.busyness(campaign.vdn, campaign.id), now)
    return None if held is None else held.why


def _unattended(store: Store, now: Instant) -> str | None:
    living = [each for each in store.leases.all() if each.stands(now)]
    if not living:
        return "no dialer is running; start one: `callkeeper serve --line ...` or `callkeeper dial`"
    if not any(each.is_up for each in living):
        return f"line {living[0].line} is down; `callkeeper doctor` looks into it"
    troubles = [refuses_all(each.line, each.trouble) for each in living if each.trouble]
    return troubles[0] if len(troubles) == len(living) else None


def _busy(store: Store) -> str:
    live = store.attempts.live_by_line()
    told = ", ".join(f"line {line} has {count}" for line, count in sorted(live.items()))
    return f"it is next in turn (calls in progress: {told or 'none'})"
