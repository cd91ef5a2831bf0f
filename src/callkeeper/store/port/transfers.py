"""What a database must do to let VDNs leave and arrive."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from callkeeper.core.transfer import Transfer

# A row, by its columns' names; a person's has their account at a single sign-on too.
Record = dict[str, Any]


class Transfers(Protocol):
    """VDNs that leave, are gone, arrive, or came."""

    def all(self) -> list[Transfer]:
        """Return all that there are, by VDN."""

    def of(self, vdn: int) -> Transfer | None:
        """Return how a VDN stands; None: it never moved, or came back."""

    def put(self, transfer: Transfer) -> None:
        """Have a VDN stand so from now on; whoever was writing in it has ended."""

    def end(self, vdn: int) -> None:
        """Have a VDN served as if it had never moved."""

    def calls(self, vdn: int) -> int:
        """Return how many calls of a VDN are on."""

    def is_empty(self, vdn: int) -> bool:
        """Whether no table has a row of a VDN."""

    def rows(self, vdn: int) -> Iterator[tuple[str, Record]]:
        """Yield every row that a VDN has, with its table, read some at a time."""

    def write(self, old: Transfer, rows: Sequence[tuple[str, Record]]) -> Transfer | None:
        """Add rows of a VDN that arrives; return how it stands then.

        A person who is there stays as they are. None: it stood otherwise, and nothing was added.
        """

    def remove(self, vdn: int) -> bool:
        """Remove some of the rows that a VDN has; return whether there may be more."""
