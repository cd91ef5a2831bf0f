"""The expert's store on SQLite: a thread with the only connection, which commits what waits."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from bench.expert_rows import Filed, Made

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 30000",
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 16000",
)
_OF = "SELECT version, agent FROM reservation WHERE vdn = ? AND id = ? AND state <> 'cancelled'"
# The agent stands in an index, which SQLite writes anew when a statement only names it.
_FILE = """
UPDATE reservation SET
  version = ?1, state = 'done', caller_no = COALESCE(?5, caller_no),
  fail_code = COALESCE(?6, fail_code), call_id = COALESCE(?7, call_id),
  business_result = COALESCE(?8, business_result),
  business_sub_result = COALESCE(?9, business_sub_result), begin_at = COALESCE(?10, begin_at),
  end_at = COALESCE(?11, end_at), changed_at = ?12, signed_at = ?13
WHERE vdn = ?2 AND id = ?3
"""
_FILE_WITH_AGENT = _FILE.replace("state = 'done'", "state = 'done', agent = ?4")
_EVENT = """
INSERT INTO event (vdn, subject, version, happened_at, what, by_whom, detail, request)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_MAKE = """
INSERT INTO reservation (
  vdn, id, version, kind, state, campaign_id, called_no, agent, appoint_at, tries, call_data,
  remark, request, made_at, changed_at
)
VALUES (?1, ?2, 1, ?3, 'waiting', ?4, ?5, ?6, ?7, 0, ?8, ?9, ?10, ?11, ?11)
ON CONFLICT (vdn, id) DO NOTHING
"""

Work = Callable[[sqlite3.Connection], bool]


class _Asked(NamedTuple):
    work: Work
    answer: "asyncio.Future[bool]"


class SqliteStore:
    """The thread, and what is asked of it. It belongs to one event loop.

    ``together_max`` is how much of what waits is committed at once, at the most.
    """

    def __init__(self, path: str, together_max: int) -> None:
        self._path = path
        self._together_max = together_max
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop

    async def open(self) -> None:
        """Begin."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def file(self, filed: Filed) -> bool:
        """Put a result and its row of history on record; False if there is no such reservation."""
        return await self._done(lambda file: _file(file, filed))

    async def make(self, made: Made) -> bool:
        """Put a reservation and its row of history on record; False if it was there before."""
        return await self._done(lambda file: _make(file, made))

    async def close(self) -> None:
        """Write what waits, and end."""
        self._asked.put(None)
        await asyncio.to_thread(self._thread.join)

    def _done(self, work: Work) -> "asyncio.Future[bool]":
        answer: asyncio.Future[bool] = self._loop.create_future()
        self._asked.put(_Asked(work, answer))
        return answer

    def _run(self) -> None:
        file = sqlite3.connect(self._path, isolation_level=None)
        for each in _PRAGMAS:
            file.execute(each)
        is_open = True
        while is_open:
            found = [self._asked.get()]
            with suppress(Empty):
                while len(found) < self._together_max:
                    found.append(self._asked.get_nowait())
            together = [each for each in found if each is not None]
            is_open = len(together) == len(found)
            outcomes = _outcomes(file, [each.work for each in together])
            # All of them at once: to wake the loop up is what costs.
            self._loop.call_soon_threadsafe(_answer, together, outcomes)
        file.close()


def _outcomes(file: sqlite3.Connection, works: Sequence[Work]) -> list[bool | sqlite3.Error]:
    """Do all in one transaction; if one cannot be done, each in its own."""
    try:
        with _transaction(file):
            return [work(file) for work in works]
    except sqlite3.Error as error:
        if len(works) == 1:
            return [error]
        return [_outcomes(file, [work])[0] for work in works]


@contextmanager
def _transaction(file: sqlite3.Connection) -> Iterator[None]:
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
        file.execute("COMMIT")
    finally:
        if file.in_transaction:
            file.execute("ROLLBACK")


def _answer(asked: Sequence[_Asked], outcomes: Sequence[bool | sqlite3.Error]) -> None:
    for each, outcome in zip(asked, outcomes, strict=True):
        if each.answer.done():  # whoever asked has gone
            continue
        if isinstance(outcome, sqlite3.Error):
            each.answer.set_exception(outcome)
        else:
            each.answer.set_result(outcome)


def _file(file: sqlite3.Connection, filed: Filed) -> bool:
    found = file.execute(_OF, (filed.vdn, filed.id)).fetchone()
    if found is None:
        return False
    version, agent = found[0] + 1, found[1]
    keeps_agent = filed.agent is None or filed.agent == agent
    values = (version, *filed[: Filed._fields.index("by_whom")])
    file.execute(_FILE if keeps_agent else _FILE_WITH_AGENT, values)
    said = (filed.by_whom, filed.detail, filed.request)
    file.execute(_EVENT, (filed.vdn, filed.id, version, filed.changed_at, "result", *said))
    return True


def _make(file: sqlite3.Connection, made: Made) -> bool:
    values = made[: Made._fields.index("by_whom")]
    if not file.execute(_MAKE, values).rowcount:
        return False
    said = (made.by_whom, made.detail, None)
    file.execute(_EVENT, (made.vdn, made.id, 1, made.made_at, "reserved", *said))
    return True
