"""The form of a result: what an agent says of a call, and what was said of it before."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from callkeeper.console.fields import Form, hidden_instant, typed_note
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.instants import HOUR_MS, MINUTE_MS, Instant, LocalTimes, by_clock
from callkeeper.core.outcome import ANSWERED_CODE
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.by_hand import LATELY_MS, HandCall
from callkeeper.core.reservations.changes import Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.wall_time import instants_of, read_wall_time
from callkeeper.usecases.work import FoundReservation

# How a call ends that a person makes, by the platform's codes; the first is the common one.
ENDS = (ANSWERED_CODE, "00537", "00603", "00604", "00538", "00208")

# Chosen where the record has what the form does not offer: it stays. No code has a blank in it.
AS_FILED = "as filed"
# Sent of a call that the system made, that reached nobody and would be made again: it stays so.
AS_THE_LINE_SAYS = "as the line says"

# Chosen where none of the times that are offered for the next call will do.
OTHER_TIME = "other"

_TYPED = ("end", "business", "note", "again")

_QUARTER_MS = 15 * MINUTE_MS
_SOON_MS = (15 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS)
_LATER = {1: Phrase("tomorrow"), 2: Phrase("the day after tomorrow"), 7: Phrase("in a week")}


def on_record(found: FoundReservation, times: LocalTimes, by: str) -> dict[str, str]:
    """Return what the form shows before anything is typed: what was filed, or said of a call.

    How it ended is chosen only where a line has said so, or whoever would file, which is ``by``;
    ``is_told``: so it is.
    """
    reservation = found.kept.listed.reservation
    business = _business(reservation)
    offered = {f"{top.code}/{each.code}" for top, below in found.results for each in below}
    offered |= {top.code for top, _ in found.results}
    shown = {
        "business": business if business in {"", *offered} else AS_FILED,
        "note": reservation.remark or "",
        "again": "",
    } | _next_time(found, times)
    if reservation.state != "done":
        told = {"began": "", "is_told": "yes"}
        return shown | told | _heard_of(found, times, by)
    code, began = reservation.fail_code, reservation.begin_at
    shown |= {"end": code if code in ENDS else AS_FILED, "at": "", "began": "", "is_told": "yes"}
    if began is not None:
        shown |= {"at": _clock_time(began, times), "began": str(began)}
    return shown


def is_typed(form: Form, recorded: Mapping[str, str]) -> bool:
    """Whether a form has more to it than was shown; when a call began says nothing, time passes."""
    shown = {name: recorded[name] for name in _TYPED}
    typed = {name: form.get(name, said).replace("\r\n", "\n") for name, said in shown.items()}
    return typed != shown


def _heard_of(found: FoundReservation, times: LocalTimes, by: str) -> dict[str, str]:
    """Return how a call ended, and when it began, as the line or a person said; else only now."""
    heard, by_hand = last_heard(found), own_call(found, times, by)
    if by_hand is not None:  # later than all that was heard
        return {"end": ENDS[0], "at": _clock_time(by_hand.began_at, times)}
    if heard is None:
        return {"end": "", "at": _clock_time(times.now, times), "is_told": ""}
    end = heard.fail_code if heard.fail_code in ENDS else ""
    return {"end": end, "at": _clock_time(heard.placing_at or heard.claimed_at, times)}


def _next_time(found: FoundReservation, times: LocalTimes) -> dict[str, str]:
    """Return the day and time that stand where another one may be typed: tomorrow at the same."""
    day = by_clock(times.now, times.zone).date() + timedelta(days=1)
    at = _clock_time(found.kept.listed.reservation.appoint_at, times)
    return {"again_day": day.isoformat(), "again_at": at}


def last_heard(found: FoundReservation) -> Attempt | None:
    """Return the last attempt that tells how a call ended."""
    heard = [each for each in found.attempts if each.outcome not in (None, "withdrawn")]
    return heard[-1] if heard else None


def own_call(found: FoundReservation, times: LocalTimes, by: str) -> HandCall | None:
    """Return the call by hand that a result is of which somebody files now."""
    call = found.by_hand
    return call if call is not None and call.is_told_by(by, times.now) else None


def read_result(
    form: Form,
    times: LocalTimes,
    old: Reservation,
    agent: str | None,
    by_hand: HandCall | None,
    heard: Attempt | None,
) -> Result:
    """Return the result that was typed; what the form does not ask stays as it was filed.

    Where nobody chose how a call ended, it is what was ``heard``, or a business result is enough.
    Of a call ``by_hand`` it has begin and end as they were said, unless another begin was typed.
    Raise ParameterWrong.
    """
    if by_hand is not None and form.get("at") != _clock_time(by_hand.began_at, times):
        by_hand = None
    note = typed_note(form) if "note" in form else None
    business, _, sub = form.get("business", AS_FILED).partition("/")
    stays = business == AS_FILED
    return Result(
        agent=agent,
        fail_code=_ended(form, old, heard),
        business_result=None if stays else business,
        business_sub_result=None if stays else sub,
        begin_at=_began(form, times, heard) if by_hand is None else by_hand.began_at,
        end_at=None if by_hand is None else by_hand.ended_at,
        remark=None if note == (old.remark or "") else note,
    )


def presets(found: FoundReservation, times: LocalTimes) -> list[tuple[Instant, Phrase]]:
    """Return when a customer may want to be called again: soon, or at the same time another day."""
    today = by_clock(times.now, times.zone).date()
    at = by_clock(found.kept.listed.reservation.appoint_at, times.zone).time()
    offered = []
    for later_ms in _SOON_MS:
        soon = -(-(times.now + later_ms) // _QUARTER_MS) * _QUARTER_MS
        if by_clock(soon, times.zone).date() == today:
            offered.append((soon, Phrase("today, {time}", time=_clock_time(soon, times))))
    for days, words in _LATER.items():
        meant = instants_of(datetime.combine(today + timedelta(days=days), at), times.zone)
        if meant:
            time = _clock_time(meant[0], times)
            offered.append((meant[0], Phrase("{day}, {time}", day=words, time=time)))
    return offered


def read_again(form: Form, times: LocalTimes) -> Instant | None:
    """Return when the customer wants another call; None: they want none. Raise ParameterWrong."""
    again = form.get("offer") or form.get("again", "")
    if not again:
        return None
    if again != OTHER_TIME:
        return hidden_instant({"again": again}, "again")
    day, at, which = (form.get(f"again_{name}", "") for name in ("day", "at", "which"))
    try:
        return read_wall_time(day, at, times.zone, which)
    except ParameterWrong as refused:
        refused.about = f"again_{refused.about}"
        raise


def _ended(form: Form, old: Reservation, heard: Attempt | None) -> str | None:
    is_open = not old.is_dialed_by_us and old.state != "done"
    end = form.get("end", "" if is_open else AS_FILED)
    if not end and heard is not None:
        return heard.fail_code
    if not end and form.get("business", AS_FILED) not in ("", AS_FILED):
        return None
    if end == AS_THE_LINE_SAYS and old.is_dialed_by_us:
        return old.fail_code
    if end == AS_FILED:
        return None
    if end not in ENDS:
        raise ParameterWrong("choose how the call ended", about="end")
    return end


def _began(form: Form, times: LocalTimes, heard: Attempt | None) -> Instant | None:
    """Return when the call began; None for what stands on record already, to the millisecond."""
    if "at" not in form and heard is not None:
        return heard.placing_at
    at = form.get("at", "")
    filed = hidden_instant(form, "began") if form.get("began") else None
    if not at or (filed is not None and at == _clock_time(filed, times)):
        return None
    day = by_clock(times.now if filed is None else filed, times.zone).date()
    began = _at(day, form, times)
    if began <= times.now:
        return began
    began = _at(day - timedelta(days=1), form, times)
    # A time that is still to come today is yesterday's, if that is less long ago.
    if not 0 <= times.now - began < LATELY_MS:
        raise ParameterWrong(
            "{at} is still to come; say when the call began, today", about="at", at=at
        )
    return began


def _at(day: date, form: Form, times: LocalTimes) -> Instant:
    return read_wall_time(day.isoformat(), form["at"], times.zone, form.get("which", ""))


def _business(reservation: Reservation) -> str:
    """Return a business result with its sub-result as the form's choices are named."""
    codes = (reservation.business_result, reservation.business_sub_result)
    return "/".join(filter(None, codes))


def _clock_time(instant: Instant, times: LocalTimes) -> str:
    return by_clock(instant, times.zone).strftime("%H:%M")
