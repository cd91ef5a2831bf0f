"""The phones of agents whose calls this dispatcher makes, and how each of them stands."""

from collections.abc import Iterator
from typing import Literal

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.dialer.line.line import DeskAnswered, DeskEnded

Stage = Literal[
    "taken",  # to be rung
    "ringing",  # the line was asked to ring it
    "placed",  # it was answered, and the customer's call is one of the live calls, or was
    "over",  # to be hung up, whatever it does
]


class Desk:
    """An agent's phone, from when their call was taken until it is hung up. Times are in ticks.

    ``is_up`` and ``ended`` are what the line told of it; ``is_asked``: it is being asked just now.
    ``stops``: somebody asked to end the call.
    """

    def __init__(self, attempt: Attempt, stage: Stage, ticks: int) -> None:
        self.attempt = attempt
        self.stage: Stage = stage
        self.since = ticks
        self.acted_at: int | None = None  # since this stage began
        self.looked_at: int | None = None
        self.is_asked = False
        self.is_up = stage == "placed"
        self.ended: DeskEnded | None = None
        self.is_gone = False
        self.stops = attempt.hang_up_at is not None

    def enter(self, stage: Stage, ticks: int) -> None:
        """Go on to another stage."""
        self.stage, self.since, self.acted_at = stage, ticks, None

    def hear(self, event: DeskAnswered | DeskEnded) -> None:
        """Note what the line told of it."""
        if isinstance(event, DeskAnswered):
            self.is_up = True
        else:
            self.ended, self.is_gone = event, True


class Desks:
    """All of them, by attempt id."""

    def __init__(self) -> None:
        self._desks: dict[str, Desk] = {}

    def __len__(self) -> int:
        return len(self._desks)

    def __iter__(self) -> Iterator[Desk]:
        return iter(list(self._desks.values()))

    def take_up(self, attempt: Attempt, stage: Stage, ticks: int) -> Desk:
        """Answer for an agent's phone from now on."""
        desk = self._desks[attempt.id] = Desk(attempt, stage, ticks)
        return desk

    def get(self, attempt_id: str) -> Desk | None:
        """Return the phone of an attempt of ours."""
        return self._desks.get(attempt_id)

    def let_go(self, attempt_id: str) -> None:
        """Answer for it no more."""
        self._desks.pop(attempt_id, None)
