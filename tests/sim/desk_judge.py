"""The judge of calls that agents ask for: the sixth promise, by the PBX's own book.

No customer rings before the agent has answered, or goes on ringing when the agent has hung up.
"""

from collections import Counter

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.desk_call import Asking
from tests.sim.broken import BrokenError
from tests.sim.pbx import Pbx

# How long a customer's phone may ring on, while nothing goes wrong: somebody looks a few times in
# so long, and has to hear of it first.
_RINGS_ON_MS = 1_000


class DeskJudge:
    """Remembers which attempts agents asked for."""

    def __init__(self, pbx: Pbx, counts: Counter[str]) -> None:
        self._pbx = pbx
        self._counts = counts
        self._wishes: dict[str, Asking] = {}
        self._begun: list[Attempt] = []

    def wished(self, asking: Asking) -> None:
        """Note that somebody asked for a call."""
        self._wishes[asking.attempt_id] = asking

    def begun(self, attempt: Attempt) -> None:
        """Judge that a customer is to be rung."""
        wish = self._wishes.get(attempt.id)
        if wish is None or wish.asked_by != attempt.asked_by:
            raise BrokenError(f"{attempt.id} is dialed, and nobody asked for it")
        self._check_answered(attempt)
        self._begun.append(attempt)

    def check_hours(self, attempt: Attempt, word: str | None, *, is_open: bool) -> None:
        """Insist that who is called outside the hours was asked for so; ``word``: the history's.

        What the system dials nobody asked for, and no rule of people's is about.
        """
        wish = self._wishes.get(attempt.id)
        by = None
        if wish is not None and not is_open:
            by = {"allow": "rule", "ask": "person" if wish.anyway else None}.get(wish.hours_rule)
        if by is None and not is_open:
            raise BrokenError(f"{attempt.id} begins outside its campaign's hours")
        if word != by:
            raise BrokenError(f"{attempt.id} was dialed by {by} at its hour, not by {word}")
        self._counts[f"dialed outside the hours, by {by}"] += by is not None

    def asked(self, attempt: Attempt) -> None:
        """Judge that the line is asked for the customer's call."""
        self._check_answered(attempt)
        self._counts["asked for an agent"] += 1

    def check_end(self) -> None:
        """Insist that no customer rang on for an agent who was gone."""
        for attempt in self._begun:
            call, desk = self._pbx.book.get(attempt.id), self._pbx.desks[attempt.id]
            if desk.is_there or (call is not None and call.is_there):
                raise BrokenError(f"{attempt.id} has a channel left")
            if call is None or call.rang_until is None or desk.rang_until is None:
                continue
            rang_on_ms = call.rang_until - max(desk.rang_until, call.made_at)
            self._counts["rang when the agent left"] += rang_on_ms > 0
            if self._pbx.fate.is_quiet and rang_on_ms > _RINGS_ON_MS:
                raise BrokenError(f"{attempt.id} rang on for {rang_on_ms} ms without its agent")

    def _check_answered(self, attempt: Attempt) -> None:
        desk = self._pbx.desks.get(attempt.id)
        if desk is None or desk.answered_at is None:
            raise BrokenError(f"{attempt.id} rings a customer before its agent has answered")
