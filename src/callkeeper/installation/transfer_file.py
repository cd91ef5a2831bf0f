"""The file in which a VDN travels: JSON lines, each a row, with what proves that it is whole.

The first line says what it is, the last one counts the rows of each table and sums their digests.
Whoever has no sealing key of the installation that made it can change nothing in it unnoticed.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.transfer import TransferRefused
from callkeeper.installation.sealing import Seal
from callkeeper.store.port.transfers import Record

FORMAT = 1  # of the file; the columns of its rows are those of its schema
LINE_MAX = 8 * 1024 * 1024  # bytes; no row is as long

T = TypeVar("T", bound=msgspec.Struct)

_PURPOSE = "vdn export"
# What another installation gives a row anew, and whom it may know already.
_NOT_COMPARED = {"deed": ("number",), "access_key": ("sealed_secret",)}
_NOT_COUNTED = ("person",)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is: of which export, of which VDN, and which columns its rows have."""

    callkeeper_vdn: int
    id: str
    format: int
    schema: int
    made_at: Instant


class Sums(msgspec.Struct, frozen=True):
    """How many rows each table has, and the sum of their digests, whatever order they are in."""

    rows: dict[str, int]
    digests: dict[str, str]


class _Tail(msgspec.Struct, frozen=True):
    sums: Sums
    proof: str


def sums_of(rows: Iterable[tuple[str, Record]]) -> Sums:
    """Return the sums of rows."""
    adding = _Sum()
    for table, record in rows:
        adding.add(table, record)
    return adding.sums


def write(target: Path, head: Head, rows: Iterable[tuple[str, Record]], seal: Seal) -> Sums:
    """Write a file that must not be there yet, for the owner's eyes only; return its sums.

    It has its name when it is whole. What a killed process left of one is written over.
    """
    draft = target.with_name(f"{target.name}.unfinished")
    with suppress(FileNotFoundError):
        draft.unlink()
    adding, digest = _Sum(), sha256()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for line in _lines(head, rows, adding):
            digest.update(line)
            file.write(line)
        sums = adding.sums
        digest.update(_encoded(sums))
        file.write(_encoded(_Tail(sums, seal.seal_for(_PURPOSE, digest.hexdigest()))))
        file.flush()
        os.fsync(file.fileno())
    os.link(draft, target)  # not over another one
    draft.unlink()
    return sums


class TransferFile:
    """A file that came from an installation, of whose secrets ``seal`` is."""

    def __init__(self, path: Path, seal: Seal) -> None:
        self._path = path
        self._seal = seal

    def check(self) -> tuple[Head, Sums]:
        """Read all of it, and return what it is; raise TransferRefused if it is not whole."""
        digest = sha256()
        last = first = b""
        with self._path.open("rb") as file:
            for line in _bounded(file):
                digest.update(last)
                first = first or line
                last = line
        head = _decoded(first, Head)
        if head.format != FORMAT:
            raise _not_whole()
        tail = _decoded(last, _Tail)
        digest.update(_encoded(tail.sums))
        if self._seal.open_for(_PURPOSE, tail.proof) != digest.hexdigest():
            raise TransferRefused(
                "the file was changed, or another installation's sealing key made it: name that "
                "one's sealing.key with --sealed-with"
            )
        return head, tail.sums

    def rows(self) -> Iterator[tuple[str, Record]]:
        """Yield its rows, with their tables."""
        with self._path.open("rb") as file:
            lines = _bounded(file)
            next(lines)
            line = next(lines)
            for following in lines:
                table, record = msgspec.json.decode(line)
                yield table, record
                line = following


class _Sum:
    """Sums that grow row by row."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._digests: Counter[str] = Counter()

    def add(self, table: str, record: Mapping[str, object]) -> None:
        if table in _NOT_COUNTED:
            return
        left = _NOT_COMPARED.get(table, ())
        compared = {name: value for name, value in record.items() if name not in left}
        text = msgspec.json.encode(compared, order="sorted")
        self._counts[table] += 1
        self._digests[table] += int.from_bytes(sha256(text).digest(), "big")

    @property
    def sums(self) -> Sums:
        digests = {name: f"{each % 2**256:064x}" for name, each in self._digests.items()}
        return Sums(dict(self._counts), digests)


def _lines(head: Head, rows: Iterable[tuple[str, Record]], adding: _Sum) -> Iterator[bytes]:
    yield _encoded(head)
    for table, record in rows:
        adding.add(table, record)
        yield _encoded((table, record))


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _bounded(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(LINE_MAX):
        if not line.endswith(b"\n"):
            raise _not_whole()
        yield line


def _decoded(line: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise _not_whole() from error


def _not_whole() -> TransferRefused:
    return TransferRefused("this is no whole file of `callkeeper vdn export` of this version")
