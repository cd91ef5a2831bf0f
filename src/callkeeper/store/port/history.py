"""What is asked of the store about the history, and what it answers.

Instants are UTC milliseconds.
"""

from typing import Any, Protocol

import msgspec

from callkeeper.core.instants import Instant


class Event(msgspec.Struct, frozen=True):
    """One row of the history: what happened to a subject, by whom; ``detail`` is JSON.

    ``request``: the signed request that it comes from. That of a reservation's first event stands
    with the reservation.
    """

    vdn: int
    subject: str
    version: int
    happened_at: Instant
    what: str
    by_whom: str
    detail: str
    request: str | None = None

    @property
    def told(self) -> tuple[str, str, Instant, dict[str, Any]]:
        """What, by whom, when, and its values."""
        return self.what, self.by_whom, self.happened_at, msgspec.json.decode(self.detail)


class History(Protocol):
    """The verbs about the history."""

    def of(self, vdn: int, subject: str) -> list[Event]:
        """Return the history of a subject, oldest first.

        A reservation's subject is its id, a campaign's ``campaign/`` and its id.
        """
