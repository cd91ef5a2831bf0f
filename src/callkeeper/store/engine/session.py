"""What the verbs need of an engine: run a named statement, hold a transaction."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter, itemgetter
from typing import Any, Protocol

import msgspec

from callkeeper.core.refusal import DatabaseFailed
from callkeeper.store.engine.migrate import Migration
from callkeeper.store.engine.statements import is_of_one_vdn
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
        """Run a statement for every item, in one round trip where the engine can.

        One that names a VDN is run once for each VDN of the items, in their order.
        """

    def learn(self, text: str) -> None:
        """Take in more statements, by their names, as the .sql files have them."""

    def close_gates(self) -> None:
        """In a transaction: have nobody else write what a VDN that is gone or arriving has.

        Whoever is writing of any VDN has ended then, and what comes later sees what this writes.
        """

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

    def spread(self) -> list[str]:
        """Spread tables that are not yet over several machines, and return which.

        Raise CannotSpread where the database has no more than one.
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


def parts(text: str, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Return what a statement is run with: all items, or where it names a VDN those of each."""
    if not is_of_one_vdn(text):
        return [{"items": _json(items)}]
    of: Callable[[Any], int] = itemgetter("vdn")
    if isinstance(items[0], msgspec.Struct):
        of = attrgetter("vdn")
    vdns = {of(item) for item in items}
    if len(vdns) == 1:  # as mostly
        return [{"items": _json(items), "vdn": vdns.pop()}]
    return [
        {"items": _json([item for item in items if of(item) == vdn]), "vdn": vdn}
        for vdn in sorted(vdns)
    ]


def _json(items: Sequence[Item]) -> str:
    return msgspec.json.encode(items).decode()


def given(parameters: Mapping[str, object]) -> frozenset[str]:
    """Return the names of the parameters that are given."""
    return frozenset(name for name, value in parameters.items() if value is not None)
