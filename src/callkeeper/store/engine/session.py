"""What the verbs need of an engine: run a named statement, hold a transaction."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec

from callkeeper.core.refusal import DatabaseFailed
from callkeeper.store.engine.migrate import Migration
from callkeeper.store.file_identity import Inode
from callkeeper.store.port.progress import Tell, tell_nobody

Row = tuple[Any, ...]
Item = msgspec.Struct | Mapping[str, Any]


class SchemaMissing(DatabaseFailed):
    """The tables are not there; run `callkeeper migrate`."""


class StatementFailed(RuntimeError):  # noqa: N818 - what happened
    """A statement broke a rule of the database: our mistake, which trying again does not mend."""


class UrlWrong(ValueError):  # noqa: N818 - what happened
    """A database's URL cannot be read. It is not repeated: a password may be in it."""


class Session(Protocol):
    """A database, as one engine speaks to it; each thread has a connection of its own."""

    @property
    def file(self) -> Inode | None:
        """Which file it is, once it has been opened; None where it is no file of ours."""

    def rows(self, name: str, /, **parameters: object) -> list[Row]:
        """Run a statement and return its rows. A parameter that is None is not given."""

    def each(self, name: str, items: Sequence[Item], /, **parameters: object) -> list[Row]:
        """Run a statement for every item, in one round trip where the engine can."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction that commits at the end, or leaves nothing behind."""
        yield

    def migrate(
        self, steps: Sequence[Migration] | None = None, tell: Tell = tell_nobody
    ) -> list[str]:
        """Run the migrations that are not yet there, and return their names.

        ``steps`` are the migrations that there are, when it is not to be all of the product's.
        """

    def close(self) -> None:
        """Close every connection."""


class Undertaking(threading.local):
    """The calling thread's transaction; a step of it that fails dooms all of it.

    Some failures end a transaction on the database's side only. Whoever went on then would store
    its later steps each on its own, and acknowledge the lost ones with them.
    """

    is_open = False
    _is_doomed = False

    def begin(self) -> None:
        """Begin: from here to ``end``, failing is final."""
        self.is_open = True

    def check(self) -> None:
        """Refuse a step of a transaction that has failed."""
        if self._is_doomed:
            raise DatabaseFailed("an earlier step of this transaction failed; try again")

    def doom(self) -> None:
        """Note that a step failed. Outside a transaction each step is on its own."""
        self._is_doomed = self.is_open

    def end(self) -> None:
        """Forget the transaction, however it ended."""
        self.is_open = self._is_doomed = False


def given(parameters: Mapping[str, object]) -> frozenset[str]:
    """Return the names of the parameters that are given."""
    return frozenset(name for name, value in parameters.items() if value is not None)
