"""Short ids over the API: which reservation some digits of an id stand for.

The interfaces take whole ids only. So the list is asked, for the reservations nearest in time: so
many before now and so many after it. The store finds more: see usecases/short_ids.py.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from callkeeper.client import Client, Reservation, errors
from callkeeper.clock import SystemClock
from callkeeper.core.refusal import NoSuchReservation
from callkeeper.usecases.short_ids import AmbiguousId, is_short, told

PAGE_ROWS = 100
# How many reservations are asked for, on either side of now.
NEAREST = 1_000


@contextmanager
def whole_id(client: Client, text: str) -> Iterator[str]:
    """Yield the id that a text is, or is a part of, for what is asked about it.

    Where it is a part of none that is near, it may be a whole one that somebody brought in by hand:
    that is for the server to say. Raise NoSuchReservation, or AmbiguousId.
    """
    found = {each.id for each in _nearest(client) if _fits(each.id, text)} if is_short(text) else ()
    if not found:
        try:
            yield text
        except errors.NoSuchReservation as none:
            if not is_short(text):
                raise
            raise NoSuchReservation(
                "{id} is a short id, and of the {count} reservations before now and the {count} "
                "after it none that is not cancelled begins or ends with it; give the whole id, "
                "which `callkeeper show {id}` finds beside the database",
                id=text,
                count=NEAREST,
            ) from none
    elif text in found:
        yield text
    else:
        yield _the_one(found, text)


def _the_one(found: Collection[str], text: str) -> str:
    if len(found) > 1:
        raise AmbiguousId(
            "{id} stands for several reservations: {ids}; give more digits",
            about="id",
            id=text,
            ids=told(sorted(found)),
        )
    return next(iter(found))


def _fits(id_: str, digits: str) -> bool:
    return id_.endswith(digits) or id_.startswith(digits)


def _nearest(client: Client) -> Iterator[Reservation]:
    now = SystemClock().now()
    for offset in range(0, NEAREST, PAGE_ROWS):
        page = client.list(begin=now, offset=offset, limit=PAGE_ROWS)
        yield from page.reservations
        if offset + PAGE_ROWS >= page.total:
            break
    total = client.list(end=now - 1, limit=1).total
    for end in range(total, max(0, total - NEAREST), -PAGE_ROWS):
        begin = max(0, end - PAGE_ROWS)
        yield from client.list(end=now - 1, offset=begin, limit=end - begin).reservations
