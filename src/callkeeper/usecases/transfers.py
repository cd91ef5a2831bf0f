"""Moving a VDN to another installation: export, import, and the ways back.

At every instant at most one installation serves it: the source stops before the first row is
written, and the destination begins when every row was found to be what was exported.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock, new_token
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import DatabaseFailed, VdnGone
from callkeeper.core.transfer import (
    UNSERVED,
    Transfer,
    TransferRefused,
    arriving,
    check_forgotten,
    check_returns,
    gone,
    leaving,
    settled,
)
from callkeeper.installation.sealing import Seal
from callkeeper.installation.transfer_file import FORMAT, Head, Sums, TransferFile, sums_of, write
from callkeeper.store.port.progress import Tell, tell_nobody
from callkeeper.store.port.store import Collision, Store
from callkeeper.store.port.transfers import Record

KNOWN_MS = 2_000  # how long a server believes what it read of where VDNs are, as it does of keys

_BATCH = 500
_TRIES = 5
_LOOK_MS = 250

T = TypeVar("T")


class Import(NamedTuple):
    """A VDN that came in; ``again``: it had been wholly in before."""

    vdn: int
    sums: Sums
    again: bool


class Served:
    """Which VDNs a server serves, as it read it no longer than two seconds ago.

    The database itself refuses what is written in others; this is so that they are told at once,
    and that nothing is read there.
    """

    def __init__(self, async_store: AsyncStore, clock: Clock) -> None:
        self._read = async_store.transfers
        self._clock = clock
        self._unserved: frozenset[int] = frozenset()
        self._read_at: int | None = None  # ticks

    async def check(self, vdn: int) -> None:
        """Refuse a VDN that was moved, or is not wholly here yet. Raise VdnGone."""
        ticks = self._clock.ticks()
        if self._read_at is None or ticks - self._read_at >= KNOWN_MS:
            self._read_at = ticks
            try:
                found: list[Transfer] = await self._read()
            except BaseException:
                self._read_at = None
                raise
            self._unserved = frozenset(each.vdn for each in found if each.state in UNSERVED)
        if vdn in self._unserved:
            raise VdnGone


def every_transfer(store: Store) -> list[Transfer]:
    """Return the VDNs that leave, are gone, arrive, or came from elsewhere, by VDN."""
    return store.transfers.all()


class Transfers:
    """The VDNs of one installation that leave it or come."""

    def __init__(
        self, store: Store, seal: Seal, clock: Clock, pause: Callable[[float], object]
    ) -> None:
        self._store = store
        self._seal = seal
        self._clock = clock
        self._pause = pause

    def export(self, vdn: int, target: Path, wait_ms: int) -> Sums:
        """Stop serving a VDN, and write all of it to a file that is not there yet.

        From the beginning no call begins; those that are on are waited for. Interrupted before it
        is gone, it is served as before; afterwards, run it again. Raise TransferRefused.
        """
        if target.exists():
            raise FileExistsError(17, "is there already; remove it, or name another", str(target))
        old = self._store.transfers.of(vdn)
        now = self._clock.now()

        def begin() -> Transfer:
            if self._store.transfers.is_empty(vdn):
                raise TransferRefused("there is nothing of VDN {vdn} here", vdn=vdn)
            begun = leaving(self._store.transfers.of(vdn), vdn, new_token(), now)
            self._store.transfers.put(begun)
            return begun

        transfer = self._carried_out(begin)
        if transfer.state == "leaving":
            try:
                self._let_go(transfer, wait_ms)
            except BaseException:
                self._carried_out(lambda: self._put_back(vdn, old))
                raise
        head = Head(
            callkeeper_vdn=vdn,
            id=transfer.id,
            format=FORMAT,
            schema=self._store.schema_version(),
            made_at=now,
        )
        return write(target, head, self._store.transfers.rows(vdn), self._seal)

    def bring_in(
        self, file: TransferFile, file_seal: Seal, *, same_people: bool, tell: Tell = tell_nobody
    ) -> Import:
        """Bring in the VDN of a file, go on where an import was cut off, and serve it.

        A second time nothing is done. ``same_people``: whoever has the login of somebody there is
        that person, and gets their roles. Raise TransferRefused.
        """
        head, sums = file.check()
        vdn, schema = head.callkeeper_vdn, self._store.schema_version()
        if head.schema != schema:
            raise TransferRefused(
                "the file has the schema {other}, and here is {schema}; bring both installations "
                "to one version first",
                other=head.schema,
                schema=schema,
            )
        transfer = self._begun(head, file, same_people=same_people)
        if transfer.state == "here":
            return Import(vdn, sums, again=True)
        whole = sum(sums.rows.values())
        rows = islice(file.rows(), transfer.lines, None)
        while batch := list(islice(rows, _BATCH)):
            tell(transfer.lines, whole, "")
            transfer = self._written(
                transfer, [self._sealed_here(each, file_seal) for each in batch]
            )
        found = sums_of(self._store.transfers.rows(vdn))
        if found != sums:
            wrong = [each for each in sums.rows if found.digests.get(each) != sums.digests[each]]
            raise TransferRefused(
                "what was stored of VDN {vdn} is not what the file has ({tables}), so it is not "
                "served; give it up with `callkeeper vdn forget`",
                vdn=vdn,
                tables=", ".join(wrong) or "rows that it does not have",
            )
        self._carried_out(lambda: self._store.transfers.put(settled(transfer)))
        return Import(vdn, sums, again=False)

    def give_back(self, vdn: int) -> None:
        """Serve a VDN again that was moved away; for where no other installation serves it."""

        def carry_out() -> None:
            check_returns(self._store.transfers.of(vdn), vdn)
            self._store.transfers.end(vdn)

        self._carried_out(carry_out)

    def forget(self, vdn: int) -> None:
        """Remove the rows of a VDN that is served elsewhere, or is not wholly here.

        One that was moved away stays refused here; one that was arriving never came.
        """
        old = check_forgotten(self._store.transfers.of(vdn), vdn)
        while self._carried_out(lambda: self._store.transfers.remove(vdn)):
            pass
        if old.state == "arriving":
            self._carried_out(lambda: self._store.transfers.end(vdn))

    def _let_go(self, transfer: Transfer, wait_ms: int) -> None:
        def let_go() -> int:
            self._store.transfers.put(gone(transfer))
            calls = self._store.transfers.calls(transfer.vdn)
            if calls:
                self._store.transfers.put(transfer)
            return calls

        until = self._clock.ticks() + wait_ms
        while calls := self._carried_out(let_go):
            if self._clock.ticks() >= until:
                raise TransferRefused(
                    "{calls} calls of VDN {vdn} are on, so it was not moved; none begins while it "
                    "is tried, so try again with a longer --wait",
                    calls=calls,
                    vdn=transfer.vdn,
                )
            self._pause(_LOOK_MS / 1000)

    def _put_back(self, vdn: int, old: Transfer | None) -> None:
        now = self._store.transfers.of(vdn)
        if now is None or now.state != "leaving":
            return
        if old is None or old.state == "leaving":
            self._store.transfers.end(vdn)
        else:
            self._store.transfers.put(old)

    def _begun(self, head: Head, file: TransferFile, *, same_people: bool) -> Transfer:
        vdn = head.callkeeper_vdn
        now: Instant = self._clock.now()

        def begin() -> Transfer:
            old = self._store.transfers.of(vdn)
            empty = self._store.transfers.is_empty(vdn)
            transfer = arriving(old, vdn, head.id, now, is_empty=empty)
            if transfer.state == "arriving" and not transfer.lines and not same_people:
                self._check_people(file)
            if transfer is not old:
                self._store.transfers.put(transfer)
            return transfer

        return self._carried_out(begin)

    def _check_people(self, file: TransferFile) -> None:
        known = []
        for table, record in file.rows():
            if table != "person":
                break  # they come first
            if self._store.people.get(record["login"]) is not None:
                known.append(record["login"])
        if known:
            raise TransferRefused(
                "somebody has the login {logins} here; if they are the same people, say so with "
                "--same-people: they keep what they have here, and get their roles in the VDN",
                logins=", ".join(known),
            )

    def _written(self, old: Transfer, rows: Sequence[tuple[str, Record]]) -> Transfer:
        new = self._carried_out(lambda: self._store.transfers.write(old, rows))
        if new is None:
            raise TransferRefused(
                "somebody else is importing VDN {vdn}, or gave it up; look, and run it again",
                vdn=old.vdn,
            )
        return new

    def _sealed_here(self, row: tuple[str, Record], file_seal: Seal) -> tuple[str, Record]:
        table, record = row
        if table != "access_key":
            return row
        ak, vdn = record["ak"], record["vdn"]
        secret = file_seal.open(record["sealed_secret"], ak, vdn)
        return table, record | {"sealed_secret": self._seal.seal(secret, ak, vdn)}

    def _carried_out(self, verb: Callable[[], T]) -> T:
        """Carry it out in one transaction; a lock that was in a circle is tried for again."""
        for _ in range(_TRIES):
            try:
                with self._store.transaction():
                    return verb()
            except Collision:
                continue
        raise DatabaseFailed
