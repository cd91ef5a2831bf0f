"""The attempts that this dispatcher answers for, and the words of the line that nobody claimed."""

from collections import OrderedDict
from collections.abc import Iterator

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Progress
from callkeeper.core.instants import Instant
from callkeeper.dialer.line.line import LineEvent

# Words on attempts of other dispatchers are kept for the day that they die: theirs is then ours.
_STRAY_MAX = 10_000
_STRAY_MS = 120_000
# How long before the end of its ringing time a call is looked up that was not heard to ring: not
# every line tells by itself of a far end that has spoken and not rung.
_LAST_LOOK_MS = 2_000


class LiveCall:
    """An attempt in our hands. ``is_asked``: the line is being asked to make the call just now.

    ``heard_since`` is how many gaps the line had when it was last certain how the call stood, with
    all of its words put down or still to come; None: that was never so while it was ours.
    When it was begun (``since``), looked at, seen there, missed and so on, is all in ticks.
    """

    def __init__(self, attempt: Attempt, ticks: int, *, is_asked: bool) -> None:
        self.attempt = attempt
        self.is_asked = is_asked
        self.has_agent_left = False  # who asked for it, and so it is hung up
        self.since = self.looked_at = self.seen_at = ticks
        self.heard_since: int | None = None
        self.missing_since: int | None = None

    @property
    def rings_until(self) -> int:
        """When the line is to stop ringing."""
        return self.since + self.attempt.alerting_seconds * 1000

    @property
    def last_look_at(self) -> int:
        """When it is to be looked up at the latest, if it was not heard to ring."""
        return self.rings_until - _LAST_LOOK_MS

    def has_all(self, gaps: int, ticks: int) -> bool:
        """Whether all was heard of it by then, so that what was not heard was not so."""
        # A look that came when it was gone does not tell how it had been.
        was_seen = ticks < self.last_look_at or self.seen_at >= self.last_look_at
        return was_seen and self.heard_since == gaps

    def hears(self, word: Progress) -> None:
        """Keep what was heard of the attempt."""
        self.attempt = word.apply(self.attempt) or self.attempt


class LiveCalls:
    """Who is on the phone, by attempt id."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}
        # The first of a kind counts, as it does for what is ours.
        self._strays: OrderedDict[str, dict[type, tuple[int, int, LineEvent]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(list(self._calls.values()))

    def take_up(self, attempt: Attempt, ticks: int, *, is_asked: bool) -> LiveCall:
        """Answer for an attempt from now on."""
        call = LiveCall(attempt, ticks, is_asked=is_asked)
        self._calls[attempt.id] = call
        return call

    def get(self, attempt_id: str) -> LiveCall | None:
        """Return an attempt that is ours."""
        return self._calls.get(attempt_id)

    def let_go(self, attempt_id: str) -> None:
        """Answer for an attempt no more."""
        self._calls.pop(attempt_id, None)

    def keep_stray(self, event: LineEvent, now: Instant, ticks: int) -> None:
        """Keep a word on an attempt that is not ours, for some time, and of so many attempts."""
        words = self._strays.setdefault(event.attempt_id, {})
        words.setdefault(type(event), (ticks, now, event))
        self._strays.move_to_end(event.attempt_id)
        while len(self._strays) > _STRAY_MAX or self._is_stale(ticks):
            self._strays.popitem(last=False)

    def strays_of(self, attempt_id: str) -> list[tuple[tuple[int, int], LineEvent]]:
        """Return, and forget, what was heard of an attempt before it was ours.

        And when: the instant, and in ticks.
        """
        words = self._strays.pop(attempt_id, {}).values()
        return [((heard_at, ticks), event) for ticks, heard_at, event in words]

    def _is_stale(self, ticks: int) -> bool:
        """Whether what was heard of least lately was heard long ago; there always is some."""
        *_, (last_at, _, _) = next(iter(self._strays.values())).values()
        return ticks - last_at > _STRAY_MS
