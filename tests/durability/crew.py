"""Clients that book and file results without pause, and remember what was acknowledged."""

import threading
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPException
from itertools import count
from random import Random
from time import monotonic
from typing import Any

import msgspec

from callkeeper.core.reservations.changes import Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.history import Event
from callkeeper.store.port.reservations import Wanted
from callkeeper.store.rows.store import SqlStore
from tests.durability.server import TASK, Served, send
from tests.signed import Signed
from tests.store.orders import HOUR

_DONE = "0200000"
_AGAIN_SECONDS = 0.05  # before the next connection, where one broke
_DATABASE_FAILED = "0200006"


class Filed:
    """A result that was sent, and whether the server said that it has it."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.acknowledged = False


class Promise:
    """A reservation as its client knows it. ``id`` None: the create was not acknowledged."""

    def __init__(self, vdn: int, fields: dict[str, Any], create: Signed) -> None:
        self.vdn = vdn
        self.fields = fields
        self.create = create
        self.id: str | None = None
        self.results: list[Filed] = []

    @property
    def acknowledged(self) -> int:
        """How many of its requests the server acknowledged."""
        return (self.id is not None) + sum(each.acknowledged for each in self.results)

    def check(self, store: SqlStore) -> int:
        """Insist that state and history hold what was acknowledged, exactly; count the events."""
        assert self.id is not None
        wanted = Wanted(self.vdn, 0, 2, called_no=self.fields["calledNo"])
        (standing,) = (each.reservation for each in store.reservations.find(wanted).listed)
        assert standing.id == self.id
        events = store.history.of(self.vdn, self.id)
        assert [event.version for event in events] == list(range(1, standing.version + 1))
        self._check_booking(standing, events[0])
        filed = self._check_history(
            [msgspec.json.decode(event.detail, type=Result) for event in events[1:]]
        )
        last = filed[-1] if filed else Result(agent=self.fields["userAccount"])
        # A note stands as it was booked: no client of the API files one with a result.
        last = msgspec.structs.replace(last, remark=self.fields["remark"])
        for name in Result.__struct_fields__:
            assert getattr(standing, name) == getattr(last, name), (self.id, name)
        assert standing.state == ("done" if filed else "waiting")
        return len(events)

    def _check_booking(self, standing: Reservation, first: Event) -> None:
        assert first.what == "reserved"
        assert {
            "callType": 1,
            "calledNo": standing.called_no,
            "userAccount": self.fields["userAccount"],
            "taskId": str(standing.campaign_id),
            "appointTime": standing.appoint_at,
            "remark": standing.remark,
        } == self.fields

    def _check_history(self, found: list[Result]) -> list[Result]:
        """Every acknowledged result is there, in order; of the others each may be, once."""
        left = list(found)
        for each in self.results:
            if left and left[0] == each.result:
                left.pop(0)
            else:
                assert not each.acknowledged, f"{self.id} lost {each.result}"
        assert left == [], f"{self.id} has what nobody sent, or twice: {left}"
        return found


class Client:
    """One client with reservations of its own; ``work`` runs on a thread of its own."""

    def __init__(self, server: Served, number: int, chance: Random, crew: "Crew") -> None:
        self.promises: list[Promise] = []
        self._touched: dict[int, Promise] = {}
        self._server = server
        self._number = number
        self._chance = chance
        self._crew = crew
        self._serial = count(1)
        # What is older may still be under way at a server that is lost: its order is open.
        self._begun_at = 0

    def work(self) -> None:
        """Book and file until the crew is called off or the server is gone."""
        while not self._crew.called_off.is_set():
            connection = self._server.connect()
            try:
                self._work(connection)
            except (OSError, HTTPException):
                # Killed in the middle; what was not acknowledged may be stored or not.
                if not self._crew.is_broken():
                    return
                self._begun_at = len(self.promises)
                self._crew.called_off.wait(_AGAIN_SECONDS)
            finally:
                connection.close()

    def _work(self, connection: HTTPConnection) -> None:
        while not self._crew.called_off.is_set():
            self._book(connection)
            for _ in range(self._chance.randint(0, 4)):
                recent = self.promises[self._begun_at :][-20:]
                self._file(connection, self._chance.choice(recent))

    def settle(self) -> int:
        """Send again, byte for byte, each create that was not acknowledged; count them."""
        connection = self._server.connect()
        open_ones = [each for each in self.promises if each.id is None]
        for each in open_ones:
            answer = send(connection, each.create)
            assert answer["resultCode"] == _DONE, answer
            each.id = answer["returnObject"]["appointId"]
        connection.close()
        return len(open_ones)

    def take_touched(self) -> list[Promise]:
        """Return the reservations that were touched since this was last asked."""
        touched = list(self._touched.values())
        self._touched.clear()
        return touched

    def _book(self, connection: HTTPConnection) -> None:
        number = next(self._serial)
        fields = {
            "callType": 1,
            "calledNo": f"{self._number:02d}{number:08d}",
            "userAccount": f"agent-{self._chance.randrange(50)}",
            "taskId": TASK,
            "appointTime": self._server.clock.now() + HOUR + number,
            "remark": f"Rückruf {self._number}/{number} ☎",
        }
        promise = Promise(self._server.vdn, fields, self._server.sign("create", fields))
        self.promises.append(promise)
        self._touched[id(promise)] = promise
        answer = self._send(connection, promise.create)
        if self._crew.is_done(answer):
            promise.id = answer["returnObject"]["appointId"]

    def _file(self, connection: HTTPConnection, promise: Promise) -> None:
        if promise.id is None:
            return
        number = next(self._serial)
        begin = self._server.clock.now()
        result = Result(
            agent=f"agent-{self._chance.randrange(50)}",
            caller_no=str(10_000 + number),
            fail_code=f"{number % 1000:05d}",
            call_id=f"{self._number}-{number}",
            business_result=f"r{number}",
            business_sub_result=f"s{number}",
            begin_at=begin,
            end_at=begin + number,
        )
        filed = Filed(result)
        promise.results.append(filed)
        self._touched[id(promise)] = promise
        signed = self._server.sign("updateResult", _wire(promise.id, result))
        filed.acknowledged = self._crew.is_done(self._send(connection, signed))

    def _send(self, connection: HTTPConnection, signed: Signed) -> dict[str, Any]:
        begun = monotonic()
        try:
            return send(connection, signed)
        finally:
            self._crew.longest = max(self._crew.longest, monotonic() - begun)


class Crew:
    """Some clients at work at once. ``failed`` counts answers that the database failed.

    No two clients of one server may have the same number, of which this crew's ``first`` is given.
    Clients that are ``tireless`` connect anew when a connection breaks; ``broken`` counts that.
    ``longest`` is how many seconds the slowest request took, whatever came of it.
    """

    def __init__(
        self, server: Served, seed: int, clients: int = 4, *, first: int = 1, tireless: bool = False
    ) -> None:
        self.called_off = threading.Event()
        self._unforeseen: Exception | None = None
        self.failed = self.broken = 0
        self.last_trouble = self.longest = 0.0
        self._tireless = tireless
        self.settled = 0
        self._server = server
        self._clients = [
            Client(server, n, Random(seed + n), self)  # noqa: S311 - test data
            for n in range(first, first + clients)
        ]
        self._threads: list[threading.Thread] = []
        self._answered = threading.Condition()
        self._done = 0

    @property
    def promises(self) -> Iterator[Promise]:
        """All reservations of all clients."""
        return (promise for each in self._clients for promise in each.promises)

    def begin(self) -> None:
        """Let every client work."""
        self.called_off.clear()
        self._threads = [
            threading.Thread(target=self._have_work, args=[each], daemon=True)
            for each in self._clients
        ]
        for thread in self._threads:
            thread.start()

    def await_acknowledged(self, more: int, seconds: float = 30) -> None:
        """Wait until so many more requests have been acknowledged."""
        with self._answered:
            goal = self._done + more
            assert self._answered.wait_for(lambda: self._done >= goal, seconds)

    def await_failed(self, more: int, seconds: float = 30) -> None:
        """Wait until so many more requests were answered that the database failed."""
        with self._answered:
            goal = self.failed + more
            assert self._answered.wait_for(lambda: self.failed >= goal, seconds)

    def end(self) -> None:
        """Call every client off, and wait until each has stopped; none may have failed."""
        self.called_off.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
        assert self._unforeseen is None, repr(self._unforeseen)

    def settle_and_check(self) -> None:
        """Repeat what was not answered, and check what was touched since the last time."""
        self.settled += sum(each.settle() for each in self._clients)
        check(self._server.store, (each for c in self._clients for each in c.take_touched()))

    def check_all(self) -> tuple[int, int]:
        """Check everything once more, and return how many requests were acknowledged and found."""
        store = self._server.store
        promises = list(self.promises)
        assert store.reservations.find(Wanted(self._server.vdn, 0, 1)).total == len(promises)
        found = check(store, promises)
        return sum(each.acknowledged for each in promises), found

    def _have_work(self, client: Client) -> None:
        try:
            client.work()
        except Exception as error:
            self._unforeseen = error
            raise

    def is_done(self, answer: dict[str, Any]) -> bool:
        """Say whether an answer acknowledges, and count it; anything unforeseen fails."""
        code = answer["resultCode"]
        assert code in (_DONE, _DATABASE_FAILED), answer
        with self._answered:
            if code == _DONE:
                self._done += 1
            else:
                self.failed += 1
                self.last_trouble = monotonic()
            self._answered.notify_all()
        return bool(code == _DONE)

    def is_broken(self) -> bool:
        """Count a connection that broke, and say whether its client goes on with another."""
        with self._answered:
            self.broken += 1
            self.last_trouble = monotonic()
        return self._tireless


def check(store: SqlStore, promises: Iterable[Promise]) -> int:
    """Check reservations one by one, and count their events."""
    return sum(promise.check(store) for promise in promises)


def _wire(appoint_id: str, result: Result) -> dict[str, Any]:
    return {
        "appointId": appoint_id,
        "userAccount": result.agent,
        "callerNo": result.caller_no,
        "failCode": result.fail_code,
        "callId": result.call_id,
        "busiResult": result.business_result,
        "busiSubStatus": result.business_sub_result,
        "beginTime": result.begin_at,
        "endTime": result.end_at,
    }
