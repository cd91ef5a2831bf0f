"""All connections of a server, and which of them gives way when there are too many."""

from typing import Protocol


class Connection(Protocol):
    """One of them."""

    def give_way(self) -> None:
        """Close at once, for another connection."""


class Connections:
    """There may be ``most``. Each waits for a request, or is being answered."""

    def __init__(self, most: int) -> None:
        self._most = most
        # In both, longest first.
        self._waiting: dict[Connection, None] = {}
        self._answered: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._waiting) + len(self._answered)

    def add(self, newcomer: Connection) -> None:
        """Take one in; if that is one too many, the one that has waited the longest gives way.

        When all others are being answered it is the one that has been for the longest: who does
        not read answers, or has sent a great many requests at once, keeps nobody out either.
        """
        if len(self) >= self._most:
            next(iter(self._waiting or self._answered)).give_way()
        self._waiting[newcomer] = None

    def wait(self, one: Connection) -> None:
        """Note that one waits for a request; the second call changes nothing."""
        self._answered.pop(one, None)
        self._waiting.setdefault(one)

    def answer(self, one: Connection) -> None:
        """Note that one is being answered; the second call changes nothing."""
        self._waiting.pop(one, None)
        self._answered.setdefault(one)

    def forget(self, one: Connection) -> None:
        """Leave one out that is closed."""
        self._waiting.pop(one, None)
        self._answered.pop(one, None)
