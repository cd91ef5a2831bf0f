"""VDNs that move between installations: all their rows, whatever columns these have.

Statements are made for each table alike, so that no column can be forgotten; a test holds that no
table is.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import msgspec

from callkeeper.core.transfer import Transfer
from callkeeper.store.engine.session import Session
from callkeeper.store.port.transfers import Record

_READ = 500  # rows at once
_REMOVED = 2_000


class _Table(NamedTuple):
    """Which of a table's rows are a VDN's, and what tells them apart beside the VDN."""

    key: tuple[str, ...] = ()
    chosen: str = "r.vdn = :vdn"
    numbers: str | None = None  # the column that the database fills
    is_kept: bool = False  # where the VDN is forgotten


# In the order in which they come in.
TABLES = {
    "person": _Table(
        ("login",), "r.login IN (SELECT o.login FROM role AS o WHERE o.vdn = :vdn)", is_kept=True
    ),
    "role": _Table(("login",)),
    "access_key": _Table(("ak",)),
    "house_rules": _Table(),
    "agent": _Table(("account",)),
    "business_result": _Table(("parent", "code")),
    "campaign_counter": _Table(),
    "campaign": _Table(("id",)),
    "reservation": _Table(("id",)),
    "event": _Table(("subject", "version")),
    "idempotency": _Table(("idempotency_key",)),
    "attempt": _Table(("id",)),
    "deed": _Table(("number",), numbers="number"),
}
# What stays where it is, and why.
LEFT = {
    "tie": "it goes with its person",
    "campaign_day": "triggers keep it",
    "agent_day": "triggers keep it",
    "outstanding": "triggers keep it",
    "desk_call": "no call is on when a VDN leaves",
    "presence": "who is there is told anew within seconds",
    "session": "whoever is signed in signs in anew",
    "link": "it is good for a day, and names the address of this installation",
    "feed": "its address is this installation's",
    "guess": "it is of nobody's VDN",
    "dispatcher": "it is this installation's",
    "line": "it is this installation's",
    "probe": "it is this installation's",
    "schema_version": "it is this installation's",
    "transfer": "it tells of this installation",
}


class TransferRows:
    """The verbs about VDNs that move."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._columns: dict[str, list[str]] = {}

    def all(self) -> list[Transfer]:
        """Return all that there are, by VDN."""
        return [Transfer(*row) for row in self._session.rows("transfers")]

    def of(self, vdn: int) -> Transfer | None:
        """Return how a VDN stands."""
        rows = self._session.rows("transfer", vdn=vdn)
        return Transfer(*rows[0]) if rows else None

    def put(self, transfer: Transfer) -> None:
        """Have a VDN stand so from now on; whoever was writing in it has ended."""
        self._session.close_gates()
        self._put(transfer)

    def end(self, vdn: int) -> None:
        """Have a VDN served as if it had never moved."""
        self._session.rows("end_transfer", vdn=vdn)

    def calls(self, vdn: int) -> int:
        """Return how many calls of a VDN are on."""
        return int(self._session.rows("count_calls_of_vdn", vdn=vdn)[0][0])

    def is_empty(self, vdn: int) -> bool:
        """Whether no table has a row of a VDN."""
        self._learn()
        return not any(
            self._session.rows(f"read_{table}", vdn=vdn, limit=1)
            for table, of in TABLES.items()
            if not of.is_kept
        )

    def rows(self, vdn: int) -> Iterator[tuple[str, Record]]:
        """Yield every row that a VDN has, with its table."""
        self._learn()
        for table, of in TABLES.items():
            names = self._columns[table]
            after: dict[str, object] = {}
            while page := self._session.rows(f"read_{table}", vdn=vdn, limit=_READ, **after):
                for row in page:
                    yield table, self._whole(table, dict(zip(names, row, strict=True)))
                if not of.key or len(page) < _READ:
                    break
                last = dict(zip(names, page[-1], strict=True))
                after = {f"after_{name}": last[name] for name in of.key}

    def write(self, old: Transfer, rows: Sequence[tuple[str, Record]]) -> Transfer | None:
        """Add rows of a VDN that arrives; return how it stands then, None if it stood otherwise."""
        self._learn()
        at = {"vdn": old.vdn, "id": old.id, "lines": old.lines}
        if not self._session.rows("begin_writing", **at):
            return None
        for table, group in groupby(rows, itemgetter(0)):
            records = [record for _, record in group]
            if table == "person":
                self._add_people(records)
            else:
                self._session.each(_write(table), records)
        new = msgspec.structs.replace(old, lines=old.lines + len(rows))
        self._put(new)
        return new

    def remove(self, vdn: int) -> bool:
        """Remove some of the rows that a VDN has; return whether there may be more."""
        self._learn()
        for table, of in reversed(TABLES.items()):
            if not of.is_kept and self._session.rows(f"remove_{table}", vdn=vdn, limit=_REMOVED):
                return True
        return False

    def _put(self, transfer: Transfer) -> None:
        fields = {name: getattr(transfer, name) for name in Transfer.__struct_fields__}
        self._session.rows("put_transfer", **fields)

    def _whole(self, table: str, record: Record) -> Record:
        """Return a row with what goes with it: a person's account at a single sign-on."""
        if table != "person":
            return record
        ties = self._session.rows("tie_of", login=record["login"])
        return record | {"tie": list(ties[0][1:3]) if ties else None}

    def _add_people(self, people: Sequence[Record]) -> None:
        for person in people:
            if self._session.rows("person", login=person["login"]):
                continue
            self._session.each(_write("person"), [person])
            if person["tie"] is not None:
                issuer, subject = person["tie"]
                self._session.rows("put_tie", issuer=issuer, subject=subject, login=person["login"])

    def _learn(self) -> None:
        """Make the statements, once, from the columns that the tables have."""
        if self._columns:
            return
        found = {
            table: [str(row[0]) for row in self._session.rows("columns_of", table=table)]
            for table in TABLES
        }
        self._session.learn("".join(_statements(table, found[table]) for table in TABLES))
        self._columns = found


def _write(table: str) -> str:
    return f"write_{table}"


def _statements(table: str, columns: Sequence[str]) -> str:
    of = TABLES[table]
    key = ", ".join(f"r.{name}" for name in of.key)
    after = ", ".join(f":after_{name}" for name in of.key)
    read = ", ".join(f"r.{name}" for name in columns)
    added = [name for name in columns if name != of.numbers]
    items = ", ".join(f"item.{name}" for name in added)
    inner = ", ".join(("vdn", *of.key)) if "vdn" in columns else ", ".join(of.key)
    # ruff: noqa: S608 - the names are our own schema's
    text = f"-- name: read_{table}\nSELECT {read} FROM {table} AS r\nWHERE {of.chosen}\n"
    if of.key:
        text += f"AND ({key}) > ({after}) -- if after_{of.key[0]}\nORDER BY {key}\n"
    text += "LIMIT :limit\n"
    text += f"-- name: write_{table}\nINSERT INTO {table} ({', '.join(added)})\n"
    text += f"SELECT {items} FROM {{items of {table}}} AS item\n"
    if not of.is_kept:
        text += f"-- name: remove_{table}\nDELETE FROM {table}\nWHERE vdn = :vdn AND ({inner}) IN\n"
        text += f"(SELECT {inner} FROM {table} WHERE vdn = :vdn LIMIT :limit)\nRETURNING vdn\n"
    return text
