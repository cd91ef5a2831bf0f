"""The walk through all reservations of a list, while others write.

The interface has pages by offset only, and an offset counts what stands before it: of a list that
others write to, it misses rows and repeats them. So the walk goes on from the last row's time and
reads that row again: where it still stands, all before it has been read, and nothing lies between.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Protocol, Unpack

from callkeeper.client.records import Filters, Page, Reservation

PAGE_ROWS = 100

_Place = tuple[datetime | None, str]


class Ask(Protocol):
    """Gives a page of the list."""

    def __call__(self, *, offset: int, limit: int, **filters: Unpack[Filters]) -> Page:
        """Return the rows from ``offset`` on, and how many there are in all."""


def walk(ask: Ask, filters: Filters) -> Iterator[Reservation]:
    """Yield each reservation that passes the filters, once; remember their ids until it ends."""
    given: set[str] = set()
    read: set[_Place] = set()  # since filters["begin"], from which the offset counts
    offset = 0
    while True:
        page = ask(offset=offset, limit=PAGE_ROWS, **filters)
        rows = page.reservations
        if offset > 0 and not (rows and _place(rows[0]) in read):
            # Rows before it have gone, and unread ones have come to stand there.
            offset = max(0, offset - PAGE_ROWS)
            continue
        for each in rows:
            if each.id not in given:
                given.add(each.id)
                yield each
        if len(rows) < 2 or offset + len(rows) >= page.total:  # noqa: PLR2004 - one was read before
            return
        last = rows[-1].at
        if last is not None and _rises(rows):
            filters = {**filters, "begin": last}
            read = {_place(each) for each in rows if each.at == last}
            offset = len(read) - 1
        else:
            read.update(map(_place, rows))
            offset += len(rows) - 1


def _place(row: Reservation) -> _Place:
    return row.at, row.id


def _rises(rows: Sequence[Reservation]) -> bool:
    """Tell whether rows come by time, and not all at one: no page of the contract says that."""
    times = [each.at.timestamp() for each in rows if each.at is not None]
    return (
        len(times) == len(rows)
        and all(earlier <= later for earlier, later in pairwise(times))
        and times[0] < times[-1]
    )
