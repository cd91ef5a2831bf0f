"""Short ids: a reservation by some digits of its id, as people read them off a list.

An id has 30 digits, of which the first tell when it was made and the last are as good as chance.
Its first digits are found by the primary key. Its last ones are looked for among the reservations
nearest in time, so many before now and so many after it: there is no index of them, for it would
cost every create.
"""

import re
from collections.abc import Iterable

from callkeeper.core.instants import Instant
from callkeeper.core.refusal import NoSuchReservation, ParameterWrong, Refusal
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.reservations import Reservations, Sought
from callkeeper.store.port.store import Store
from callkeeper.usecases.promises import FIRST, LAST, LOOKED_THROUGH

ID_DIGITS = 30
SHORT = 8
SHORT_MIN = 4

_DIGITS = re.compile(r"[0-9]+")
_SHOWN = 5


class AmbiguousId(ParameterWrong):
    """The id stands for several reservations."""


def short_id(id_: str) -> str:
    """Return what lists show of an id."""
    return id_[-SHORT:]


def is_short(text: str) -> bool:
    """Whether a text may be a part of an id, and is no whole one."""
    return SHORT_MIN <= len(text) < ID_DIGITS and _DIGITS.fullmatch(text) is not None


def reservations_of(
    store: Store,
    vdn: int | None,
    text: str,
    now: Instant,
    *,
    looked_through: int = LOOKED_THROUGH,
) -> list[Reservation]:
    """Return the reservations that an id, or the short one of one in a VDN, stands for.

    A whole id may stand in several VDNs if somebody brought it there by hand, and may then be as
    short as a part of one; where a VDN is named, no other's is meant. Raise
    NoSuchReservation, or AmbiguousId.
    """
    if vdn is not None and (own := store.reservations.get(vdn, text)):
        return [own.reservation]
    whole = store.reservations.with_id(text)
    if vdn is None and whole:
        return whole
    if not is_short(text):
        raise _others(text) if whole else _none(text)
    if vdn is None:
        raise ParameterWrong(
            "{id} is a short id, which is looked for in one VDN: give --vdn, or set CALLKEEPER_VDN",
            about="vdn",
            id=text,
        )
    having = _having(store.reservations, vdn, text, now, looked_through)
    if whole and not having:
        raise _others(text)
    return [_the_one(text, vdn, having, 2 * looked_through)]


def _others(text: str) -> NoSuchReservation:
    """Return the refusal of what another VDN has; of whom it calls nothing is told."""
    return NoSuchReservation(
        "reservation {id} is another VDN's; name that one with --vdn, or none", id=text
    )


def _none(text: str) -> Refusal:
    if _DIGITS.fullmatch(text) and len(text) < SHORT_MIN:
        return ParameterWrong(
            "{id} is too short for an id; give at least {least} digits of it",
            about="id",
            id=text,
            least=SHORT_MIN,
        )
    return NoSuchReservation("there is no reservation {id!r} in any VDN", id=text)


def _having(
    reservations: Reservations, vdn: int, digits: str, now: Instant, count: int
) -> dict[str, Reservation]:
    past, ahead = Sought(vdn, FIRST, now - 1), Sought(vdn, now, LAST)
    begin = reservations.reach(past, count, backwards=True)
    end = reservations.reach(ahead, count)
    near = Sought(vdn, FIRST if begin is None else begin + 1, LAST if end is None else end - 1)
    found = reservations.ending_with(near, digits, _SHOWN + 1)
    found += reservations.beginning_with(vdn, digits, _SHOWN + 1)
    return {each.id: each for each in found}


def _the_one(text: str, vdn: int, found: dict[str, Reservation], nearest: int) -> Reservation:
    if not found:
        raise NoSuchReservation(
            "no reservation of VDN {vdn} begins with {id}, and none of the {count} nearest in time "
            "ends with it; give the whole id",
            vdn=vdn,
            id=text,
            count=nearest,
        )
    if len(found) > 1:
        raise AmbiguousId(
            "{id} stands for several reservations: {ids}; give more digits",
            about="id",
            id=text,
            ids=told(found),
        )
    return next(iter(found.values()))


def told(ids: Iterable[str]) -> str:
    """Return some ids for a sentence, and whether there are more."""
    several = list(ids)
    return ", ".join(several[:_SHOWN]) + (", …" if len(several) > _SHOWN else "")
