"""Lists of reservations: which part of a range the tallies have counted, and rows → values."""

from callkeeper.core.instants import DAY_MS, Instant
from callkeeper.core.reservations.promise import Promise
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.engine.session import Row
from callkeeper.store.port.reservations import Listed, Tally

_WIDTH = len(Reservation.__struct_fields__)


def cut(begin_at: Instant | None, end_at: Instant | None) -> dict[str, int | None]:
    """Return the whole days of a range, both included, and where its parts of a day end and begin.

    Of a range within one day the head is all there is: the last whole day is before the first.
    """
    first_day = None if begin_at is None else -(-begin_at // DAY_MS)
    last_day = None if end_at is None else (end_at + 1) // DAY_MS - 1
    head_end_at = tail_begin_at = None
    if begin_at is not None and first_day is not None and begin_at % DAY_MS:
        day_ends_at = first_day * DAY_MS - 1
        head_end_at = day_ends_at if end_at is None else min(day_ends_at, end_at)
    if end_at is not None and last_day is not None and (end_at + 1) % DAY_MS:
        day_begins_at = (last_day + 1) * DAY_MS
        tail_begin_at = day_begins_at if begin_at is None or begin_at <= day_begins_at else None
    return {
        "first_day": first_day,
        "last_day": last_day,
        "head_end_at": head_end_at,
        "tail_begin_at": tail_begin_at,
    }


def listed(row: Row) -> Listed:
    """Return what a row of a list tells."""
    return Listed(Reservation(*row[:_WIDTH]), *row[_WIDTH:])


def tallied(row: Row, grace_ms: int) -> Tally:
    """Return what a row of a tally tells: of those that it counts any is as good as another."""
    hour, campaign_id, campaign_name, agent, agent_name = row[:5]
    state, is_tried, outcome, is_unfiled, fail_code = row[5:10]
    began_in_time, changed_in_time, appoint_at, promised_at, count = row[10:]

    def at(is_in_time: bool) -> Instant:  # noqa: FBT001 - what a column says
        return int(appoint_at) if is_in_time else int(appoint_at) + grace_ms + 1

    promise = Promise(
        state=state,
        appoint_at=appoint_at,
        due_at=promised_at,
        tries=int(is_tried),
        begin_at=None if began_in_time is None else at(began_in_time),
        outcome=outcome,
        business_result=None if is_unfiled else "",
        fail_code=fail_code,
        changed_at=at(changed_in_time),
    )
    return Tally(hour, campaign_id, campaign_name, agent, agent_name, promise, count)
