"""The books: whether reservations, attempts and history agree, read past all of our code."""

from collections import defaultdict

from tests.sim.arena import Arena
from tests.sim.broken import BrokenError, Key

# What the last event of a reservation says it is.
_FITTING: dict[str, set[str]] = {
    "reserved": {"waiting"},
    "moved": {"waiting", "done"},
    "dialed": {"calling"},
    "not_dialed": {"waiting"},
    "outcome": {"done", "waiting"},
    "result": {"done", "waiting", "calling"},
    "cancelled": {"cancelled"},
    "expired": {"expired"},
    "done": {"done"},
}

_STANDING = """
SELECT r.vdn, r.id, r.kind, r.state, r.version, r.tries, r.look_at, a.state, a.desk
FROM reservation AS r LEFT JOIN attempt AS a
  ON a.vdn = r.vdn AND a.reservation_id = r.id AND a.state <> 'ended'
"""
_TRIED = """
SELECT vdn, reservation_id, COUNT(*) FROM attempt
WHERE placing_at IS NOT NULL AND outcome IS NOT 'withdrawn' GROUP BY vdn, reservation_id
"""
_EVENTS = """
SELECT version, what FROM event WHERE vdn = ? AND subject = ? AND version > ? ORDER BY version
"""
_OPEN = """
SELECT id, state, look_at, held_by, verdict, fail_code FROM reservation
WHERE kind = 'automatic' AND (
  state = 'calling'
  OR state = 'waiting' AND (look_at IS NULL OR look_at <= ? OR verdict IS NULL)
  OR state = 'expired' AND (verdict IS NULL OR held_by IS NULL)
)
"""
_OLD = "SELECT id, state, holder FROM attempt WHERE state <> 'ended' AND claimed_at < ?"
_LIVE = "SELECT id, state, holder FROM attempt WHERE state <> 'ended'"
_OPEN_ENDED = "SELECT id FROM attempt WHERE outcome IS NULL OR ended_at IS NULL"


class Audit:
    """Reads the books again and again; what has not changed is not read twice."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._version = 0
        self._read_up_to: defaultdict[Key, int] = defaultdict(int)

    def check(self) -> None:
        """Insist that what stands fits together."""
        ((version,),) = self._arena.look("PRAGMA data_version")
        if version == self._version:
            return
        self._version = version
        tried = {(vdn, id_): count for vdn, id_, count in self._arena.look(_TRIED)}
        seen: set[Key] = set()
        for vdn, id_, kind, state, count, tries, look_at, live, desk in self._arena.look(_STANDING):
            key = (vdn, id_)
            if key in seen:
                raise BrokenError(f"{key} has more than one live attempt")
            seen.add(key)
            if tries != tried.get(key, 0):
                raise BrokenError(f"{key} says {tries} tries, and has {tried.get(key, 0)}")
            if (kind == "manual") != (desk is not None) and live:
                raise BrokenError(f"{key} is {kind}, and its live attempt is at desk {desk}")
            _check_state(key, kind, state, look_at, live)
            if count != self._read_up_to[key]:
                self._read_events(key, state, count)

    def check_old(self, before: int) -> None:
        """Insist that no attempt is live that was claimed before an instant."""
        if old := self._arena.look(_OLD, before):
            raise BrokenError(f"live for hours: {old}")

    def check_end(self, now: int) -> None:
        """Insist that nothing is left hanging, and that who is not called is told why."""
        if stuck := self._arena.look(_OPEN, now):
            raise BrokenError(f"neither ended nor held by anything: {stuck}")
        if live := self._arena.look(_LIVE):
            raise BrokenError(f"still live at the end: {live}")
        if open_ended := self._arena.look(_OPEN_ENDED):
            raise BrokenError(f"ended with no outcome: {open_ended}")

    def _read_events(self, key: Key, state: str, count: int) -> None:
        events = self._arena.look(_EVENTS, *key, self._read_up_to[key])
        versions = [version for version, _ in events]
        if versions != list(range(self._read_up_to[key] + 1, count + 1)):
            raise BrokenError(f"{key} is at version {count}, and its new events are {events}")
        if state not in _FITTING[events[-1][1]]:
            raise BrokenError(f"{key} is {state}, and what happened last was {events[-1][1]}")
        self._read_up_to[key] = count


def _check_state(key: Key, kind: str, state: str, look_at: int | None, live: str | None) -> None:
    """Insist that a reservation is in one place: with an attempt, or to be looked at, or closed."""
    is_dialed = live in ("placing", "placed")
    if is_dialed != (state == "calling"):
        raise BrokenError(f"{key} is {state}, and its live attempt is {live}")
    if kind == "manual" and look_at is not None:
        raise BrokenError(f"{key} is manual, and the dialer has to do with it")
    if kind == "automatic" and state == "waiting" and (look_at is None) != (live == "claimed"):
        raise BrokenError(f"{key} waits, to be looked at {look_at}, with an attempt {live}")
    if state != "waiting" and look_at is not None:
        raise BrokenError(f"{key} is {state}, and is to be looked at {look_at}")
