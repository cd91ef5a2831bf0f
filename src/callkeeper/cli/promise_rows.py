"""Promises as people read them: in a row of a table, in lines, and as JSON."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from callkeeper.cli.sentence import say
from callkeeper.cli.table import Column
from callkeeper.core.instants import Instant, LocalTimes, by_clock, retold, rounded_span
from callkeeper.core.reservations.promise import Answer, Keeping, promised_at
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.reservations.result_codes import in_a_word, in_words
from callkeeper.terminal import shortened
from callkeeper.usecases.promises import Day, Found, Kept
from callkeeper.usecases.short_ids import short_id

COLUMNS = (
    "when",
    "id",
    "how",
    "number",
    Column("agent", is_cut=True),
    Column("result", is_cut=True, is_left_out=True),
    Column("campaign", is_cut=True, is_left_out=True),
    Column("kind", is_left_out=True),
    Column("note", is_cut=True, is_left_out=True),
)
BROKEN_COLUMNS = (
    "when",
    "id",
    "how",
    "number",
    Column("agent", is_cut=True, is_left_out=True),
    Column("campaign", is_cut=True, is_left_out=True),
    Column("why", is_wrapped=True),
)

WORDS: dict[Keeping, str] = {
    "waiting": "waiting",
    "late": "late",
    "broken": "broken",
    "calling": "calling",
    "kept": "kept",
    "kept_late": "kept late",
    "kept_sometime": "kept sometime",
    "unknown": "unknown",
    "cancelled": "cancelled",
}

_ANSWERS: dict[Answer, str] = {
    "answered": "answered",
    "not_answered": "not",
    "not_told": "with no word of it",
}


def in_short(day: Day) -> str:
    """Return how the promises of a day were kept, and how many of the kept were answered."""
    parts = ", ".join(f"{count} {WORDS[word]}" for word, count in day.counts.items())
    if not day.answers:
        return parts
    told = ", ".join(f"{count} {_ANSWERS[word]}" for word, count in day.answers.items())
    return f"{parts}; of the {sum(day.answers.values())} kept {told}"


def rows(
    promises: Iterable[Kept], times: LocalTimes, *, show_numbers: bool
) -> Iterator[tuple[str, ...]]:
    """Yield a row for each promise."""
    for each in promises:
        reservation = each.listed.reservation
        yield (
            times.to_minute(reservation.appoint_at),
            short_id(reservation.id),
            how(each, times),
            number(reservation, show_numbers=show_numbers),
            _agent(each),
            _result_in_short(each),
            each.listed.campaign_name or str(reservation.campaign_id),
            "automatic" if reservation.kind == "automatic" else "",
            reservation.remark or "",
        )


def broken_rows(
    promises: Iterable[Kept], times: LocalTimes, *, show_numbers: bool
) -> Iterator[tuple[str, ...]]:
    """Yield a row for each promise that was broken, with its reason."""
    for each, row in zip(promises, rows(promises, times, show_numbers=show_numbers), strict=True):
        yield (*row[:5], row[6], retold(each.why, times.exactly))


def how(kept: Kept, times: LocalTimes) -> str:
    """Return how a promise stands, in a few words."""
    reservation, keeping = kept.listed.reservation, kept.keeping
    late_ms = times.now - promised_at(reservation)
    match keeping:
        case "late":
            return f"late {rounded_span(late_ms)}"
        case "broken" if reservation.state == "waiting":
            return f"broken {rounded_span(late_ms)}"
        case "kept_late":
            late_ms = (reservation.begin_at or 0) - reservation.appoint_at
            return f"kept {rounded_span(late_ms)} late"
        case "waiting":
            return f"held: {kept.held}" if kept.held else _awaited(reservation, times)
    return WORDS[keeping]


def _awaited(reservation: Reservation, times: LocalTimes) -> str:
    if reservation.tries > 0 and reservation.due_at is not None:
        return f"try {reservation.tries + 1} {times.from_now(reservation.due_at)}"
    return times.from_now(promised_at(reservation))


def facts(kept: Kept, *, show_numbers: bool) -> dict[str, Any]:
    """Return what JSON says of a promise."""
    listed = kept.listed
    reservation = listed.reservation
    code = reservation.fail_code
    return {
        "id": reservation.id,
        "short_id": short_id(reservation.id),
        "vdn": reservation.vdn,
        "kind": reservation.kind,
        "at": utc(reservation.appoint_at),
        "state": reservation.state,
        "keeping": kept.keeping,
        "why": kept.why,
        "held": kept.held,
        "number": number(reservation, show_numbers=show_numbers),
        "agent": reservation.agent,
        "agent_name": listed.agent_name,
        "campaign": reservation.campaign_id,
        "campaign_name": listed.campaign_name,
        "due": utc(reservation.due_at),
        "tries": reservation.tries,
        "result": code,
        "result_in_words": in_words(code) if code else None,
        "business_result": reservation.business_result,
        "business_result_name": kept.filed[0],
        "business_sub_result": reservation.business_sub_result,
        "business_sub_result_name": kept.filed[1],
        "began": utc(reservation.begin_at),
        "ended": utc(reservation.end_at),
        "note": reservation.remark,
        "made": utc(reservation.made_at),
        "changed": utc(reservation.changed_at),
    }


def found_facts(found: Found, *, show_numbers: bool) -> dict[str, Any]:
    """Return what JSON says of some promises, and of what was not looked at."""
    return {
        "reservations": [facts(each, show_numbers=show_numbers) for each in found.promises],
        "has_more": found.has_more,
        "looked_from": utc(found.from_at),
        "looked_to": utc(found.to_at),
    }


def tell_the_rest(found: Found, limit: int, times: LocalTimes) -> None:
    """Say below a table what is not in it, and in which zone its times are."""
    if found.has_more:
        say(f"these are {len(found.promises)}; --limit {2 * limit} shows more")
    if found.from_at is not None:
        since = times.to_minute(found.from_at)
        say(f"looked back to {since} only; --day shows an earlier day")
    if found.to_at is not None:
        say(f"looked ahead to {times.to_minute(found.to_at)} only; --day shows a later day")
    if found.promises:
        say(times.note)


def number(reservation: Reservation, *, show_numbers: bool) -> str:
    """Return the customer's number, or its end."""
    return reservation.called_no if show_numbers else shortened(reservation.called_no)


def _agent(kept: Kept) -> str:
    """Return the agent's name, or account."""
    return kept.listed.agent_name or kept.listed.reservation.agent or ""


def result(kept: Kept) -> str:
    """Return what a result says, in words: its code's, and the names of what an agent filed."""
    reservation = kept.listed.reservation
    code = reservation.fail_code
    filed = _joined(reservation.business_result, reservation.business_sub_result)
    named = _joined(*kept.filed)
    return ", ".join(
        filter(None, (in_words(code) if code else "", f"{named} ({filed})" if named else filed))
    )


def _result_in_short(kept: Kept) -> str:
    reservation = kept.listed.reservation
    code = reservation.fail_code
    filed = _joined(reservation.business_result, reservation.business_sub_result)
    return ", ".join(filter(None, (in_a_word(code) if code else "", _joined(*kept.filed) or filed)))


def _joined(*parts: str | None) -> str:
    return "/".join(filter(None, parts))


def utc(instant: Instant | None) -> datetime | None:
    """Return an instant as JSON has it."""
    return None if instant is None else by_clock(instant, UTC)
