"""Overtaking: whether what happened to a reservation since somebody looked is in their way.

What the line says of a call is in nobody's way: it takes away nothing that a person said, and a
person's word takes away nothing of the line's. What other people did is, and so is their call.
"""

from callkeeper.core.people.person import Person
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.history import Event
from callkeeper.store.port.store import Store

_OF_A_CALL = ("dialed", "outcome", "not_dialed")


def still_seen(store: Store, person: Person, old: Reservation, seen_version: int) -> int:
    """Return the version that a person has seen as good as now: the newest, or ``seen_version``.

    It is the newest if nothing has happened since but to a call that is their own, or the system's.
    """
    if not seen_version < old.version:
        return seen_version
    since = [each for each in store.history.of(old.vdn, old.id) if each.version > seen_version]
    is_all = len(since) == old.version - seen_version
    return old.version if is_all and all(_is_told(each, person) for each in since) else seen_version


def _is_told(event: Event, person: Person) -> bool:
    """Whether the line tells it, of a call that nobody else asked for."""
    is_theirs = event.by_whom == person.by or event.by_whom.startswith("dialer ")
    return event.what in _OF_A_CALL and is_theirs
