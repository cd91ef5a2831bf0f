"""The dialer from the shell: look at the lines, look at a reservation's attempts."""

from callkeeper.cli.installation import existing_store
from callkeeper.cli.options import Database, DataDir, Json, MaybeVdn, ReservationId, show
from callkeeper.cli.sentence import say
from callkeeper.cli.table import Column, print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.instants import Instant, LocalTimes, span
from callkeeper.terminal import harmless
from callkeeper.usecases import lines as usecase
from callkeeper.usecases.short_ids import reservations_of


def lines(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show who dials over which line, calls in progress, and how calls ended.

    Calls, and calls a second, stand beside how many there may be. Outcomes are those since each
    dispatcher began. With --json it also shows those that are gone since yesterday.

        $ callkeeper lines
        $ callkeeper lines --json
    """
    times = local_times(time_zone)
    with existing_store(data_dir, database) as store:
        found = usecase.lines(store)
    if json:
        rows = [
            {
                "dispatcher": each.name,
                "line": each.line,
                "state": _state(each, times.now),
                "trouble": each.trouble,
                "begun_at": each.begun_at,
                "said_at": each.said_at,
                "calls_per_second": round(each.per_second, 3),
                "calls_per_second_max": each.calls_per_second_max,
                "calls_max": each.calls_max,
                "outcomes": each.outcomes,
                "down_at": each.down_at,
                "down_why": each.down_why,
            }
            for each in found.dispatchers
        ]
        value = {
            "dispatchers": rows,
            "calls_in_progress": found.calls_in_progress,
            "desk_calls_in_progress": found.desk_calls_in_progress,
        }
        show(value, as_json=True)
        return
    loads = found.loads(times.now)
    nothing = "no dispatcher is running, no call in progress"
    if print_table(_LINE, (row for each in loads for row in _line_rows(each, times)), nothing):
        say(times.note)
    for each in loads:
        if each.state in ("down", "refuses"):
            told = f"where a dispatcher of line {each.name} runs, `{each.check}` finds out why"
            say(harmless(told))


def attempts(
    id: ReservationId,  # noqa: A002 - the word for it
    *,
    vdn: MaybeVdn = None,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show every attempt to call a reservation.

    Each has its outcome and what the line reported.

        $ callkeeper attempts 4674595509
        $ callkeeper attempts 4674595509 --time-zone Asia/Shanghai
    """
    times = local_times(time_zone)
    with existing_store(data_dir, database) as store:
        tries = usecase.attempts(store, reservations_of(store, vdn, id, times.now))
    if json:
        show({"attempts": tries}, as_json=True)
        return
    is_asked = any(each.asked_by for each in tries)
    columns = (*_TRIED, *_BY) if is_asked else _TRIED
    rows = ((*_try_row(each, times), *_by_row(each)[: len(_BY) * is_asked]) for each in tries)
    if print_table(columns, rows, "no attempts: it was not dialed"):
        say(f"{times.note}; +… is how long after it was asked for")


_LINE = (
    *("line", "calls", "calls/s", "dispatcher", "state", "since"),
    Column("outcomes", is_left_out=True),
)


def _line_rows(load: usecase.LineLoad, times: LocalTimes) -> list[tuple[str, ...]]:
    """Return a row for each dispatcher of a line; what is the line's stands in its first one."""
    calls = _within(str(load.calls), load.calls_max)
    rate = _within(f"{load.per_second:.1f}", load.calls_per_second_max)
    if load.desk_calls:
        calls += f", {load.desk_calls} by agents"
    if not load.dispatchers:
        return [(load.name, calls, "", "", "nobody dials", "", "")]
    return [
        (
            *((load.name, calls, rate) if place == 0 else ("", "", "")),
            each.name,
            _told(each, times),
            times.to_minute(each.begun_at),
            ", ".join(f"{of.replace('_', ' ')} {count}" for of, count in _outcomes(each)),
        )
        for place, each in enumerate(load.dispatchers)
    ]


def _within(count: str, most: float | None) -> str:
    return count if most is None else f"{count} of {most:g}"


def _outcomes(lease: Lease) -> list[tuple[str, int]]:
    """Return how its calls ended, what was most often first."""
    return sorted((lease.outcomes or {}).items(), key=lambda each: (-each[1], each[0]))


def _told(lease: Lease, times: LocalTimes) -> str:
    """Return how a dispatcher finds its line, with why and since when."""
    if not lease.is_up:
        since = "" if lease.down_at is None else f" since {times.to_minute(lease.down_at)}"
        return f"line down{since}" + (f": {lease.down_why}" if lease.down_why else "")
    return f"refuses every call: {lease.trouble}" if lease.trouble else "up"


_TRIED = ("try", "outcome", "code", "cause", "SIP", "asked", "rang", "answered", "ended", "attempt")

# Where an agent asked for one of them.
_BY = ("by", "phone")


def _by_row(each: Attempt) -> tuple[str, ...]:
    return (each.asked_by or "", each.desk or "")


def _try_row(each: Attempt, times: LocalTimes) -> tuple[str, ...]:
    cause = " ".join(str(part) for part in (each.cause, each.cause_text) if part is not None)
    asked_at = each.placing_at
    later = (each.ringing_at, each.answered_at, each.ended_at)
    return (
        str(each.number),
        each.outcome or each.state,
        each.fail_code or "",
        cause,
        "" if each.sip_code is None else str(each.sip_code),
        "" if asked_at is None else times.to_second(asked_at),
        *("" if at is None else _after(at, asked_at, times) for at in later),
        each.id,
    )


def _after(at: Instant, asked_at: Instant | None, times: LocalTimes) -> str:
    return times.to_second(at) if asked_at is None else f"+{span(at - asked_at)}"


def _state(lease: Lease, now: Instant) -> str:
    if not lease.stands(now):
        return "gone"
    if not lease.is_up:
        return "line down"
    return "line refuses" if lease.trouble else "up"
