"""The dialer from the shell: look at the lines, look at a reservation's attempts."""

from callkeeper.cli.installation import existing_store
from callkeeper.cli.options import Database, DataDir, Json, MaybeVdn, ReservationId, show
from callkeeper.cli.sentence import say
from callkeeper.cli.table import print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.instants import Instant, LocalTimes, span
from callkeeper.usecases import lines as usecase
from callkeeper.usecases.short_ids import reservations_of


def lines(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Show who dials over which line, and calls in progress.

    With --json it also shows those that are gone since yesterday.

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
            }
            for each in found.dispatchers
        ]
        show({"dispatchers": rows, "calls_in_progress": found.calls_in_progress}, as_json=True)
        return
    columns = ("line", "calls", "dispatcher", "state", "calls/s", "since")
    nothing = "no dispatcher is running, no call in progress"
    if print_table(columns, _line_rows(found, times), nothing):
        say(times.note)


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


def _line_rows(found: usecase.Lines, times: LocalTimes) -> list[tuple[str, ...]]:
    """Return a row for each dispatcher at work; a line and its calls stand in its first one."""
    live = found.calls_in_progress
    living = [each for each in found.dispatchers if each.stands(times.now)]
    rows: list[tuple[str, ...]] = []
    told: set[str] = set()
    for each in living:
        first = (each.line, str(live.get(each.line, 0))) if each.line not in told else ("", "")
        told.add(each.line)
        rate, since = f"{each.per_second:.1f}", times.to_minute(each.begun_at)
        state = f"refuses every call: {each.trouble}" if each.trouble else _state(each, times.now)
        rows.append((*first, each.name, state, rate, since))
    nobodys = [(line, str(calls)) for line, calls in live.items() if line not in told]
    return rows + [(*each, "", "nobody dials", "", "") for each in nobodys]


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
