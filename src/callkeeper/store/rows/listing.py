"""Lists of reservations: which part of a range the tallies have counted, and rows → values."""

from callkeeper.core.instants import DAY_MS, Instant
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.engine.session import Row
from callkeeper.store.port.reservations import Listed

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
