"""The stream: tells a browser when something has moved that its pages show (server-sent events).

pulse   a number for each part of a VDN; a page whose own is another one asks for its part anew
alive   nothing has moved, and the database answers
due     a call of whoever listens comes due: what is said of it, and where its page is
lost    the database is away: what a page shows is as old as it says
out     the session has ended

A stream tells each number that is not the one that it told last, whatever the watch has told
others: what moved while a browser connected is told as well.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from callkeeper.clock import jitter, monotonic
from callkeeper.console.door import Door
from callkeeper.console.figures import ConsoleFigures
from callkeeper.console.press import HEADERS
from callkeeper.console.reminder import Own, Reminder, silent_seconds
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import may
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import DatabaseFailed, NoRight, TooManyRequests
from callkeeper.core.vdn import read_vdn
from callkeeper.http.request_facts import Trace
from callkeeper.usecases.presence import Attendance
from callkeeper.usecases.watch import Watch, Watches

STREAMS_MAX = 2_000  # of a process
OF_PERSON_MAX = 20  # each browser has one
VDNS_MAX = 20  # of a stream
ALIVE_SECONDS = 15.0  # so long a proxy lets a connection be silent
CHECK_SECONDS = 5.0  # so soon whoever was signed out, or lost a role, is told no more
_RETRY_MS = (2_000, 5_000)  # differs for each, so that not all come back at once

Parts = dict[str, tuple[int, str | None]]  # by name: the VDN, and whose; None: all of it


class Streams:
    """The streams of a process. They belong to one event loop, and end when the server does.

    Whoever has one open is there, as ``attendance`` says.
    """

    def __init__(
        self, watches: Watches, attendance: Attendance, figures: ConsoleFigures, times: PageTimes
    ) -> None:
        self.watches = watches
        self.attendance = attendance
        self.times = times
        self._figures = figures
        self._wakes: set[asyncio.Event] = set()
        self._by_person: Counter[str] = Counter()
        self.is_ending = False

    async def number(
        self, person: Person, vdn: int, *, own: bool = False, told: str | None = None
    ) -> str:
        """Return the number of a VDN, or of a person's own part, before a page reads its rows.

        So what moves then is told. A page that asks by itself was ``told`` a number: if it is the
        last that this process has told, what is read now is as new as that, and nobody has to look.
        Raise NoRight.
        """
        part = parts_of(person, [vdn]).get(f"{vdn}/own" if own else str(vdn))
        if part is None:
            raise NoRight
        vdn, agent = part
        beat = self.watches.last(vdn)
        if beat is None or beat.is_lost or beat.of(agent) != told:
            beat = await self.watches.look(vdn)
        return beat.of(agent)

    def end(self) -> None:
        """End all: the server stops, and would wait for them."""
        self.is_ending = True
        for each in self._wakes:
            each.set()

    def admit(self, login: str, held: ExitStack) -> asyncio.Event:
        """Let one more be, until ``held`` closes. Raise TooManyRequests."""
        if len(self._wakes) >= STREAMS_MAX or self._by_person[login] >= OF_PERSON_MAX:
            raise TooManyRequests
        wake = asyncio.Event()
        self._wakes.add(wake)
        self._by_person[login] += 1
        self._figures.streams.inc()
        held.callback(self._forget, login, wake)
        return wake

    def _forget(self, login: str, wake: asyncio.Event) -> None:
        self._wakes.discard(wake)
        self._by_person[login] -= 1
        if not self._by_person[login]:
            del self._by_person[login]
        self._figures.streams.dec()


class StreamPage:
    """Where a browser connects."""

    def __init__(self, streams: Streams, door: Door) -> None:
        self._streams = streams
        self._door = door

    async def show(self, visit: Visit) -> Response:
        """Return the stream of what a browser shows of the VDNs that it names."""
        if visit.who is None:
            return Response(status_code=401, headers=HEADERS)
        named = (read_vdn(each) for each in visit.request.query_params.getlist("vdn")[:VDNS_MAX])
        vdns = sorted({each for each in named if each is not None})
        if not parts_of(visit.who.person, vdns):
            raise NoRight
        held = ExitStack()
        wake = self._streams.admit(visit.who.person.login, held)
        Trace.of(visit.request.scope).is_open_ended = True
        telling = _Telling(self._streams, self._door, visit, vdns, wake)
        return EventStream(telling.events(visit.who, held), held)


class EventStream(Response):
    """An answer that goes on until it is over, the browser has gone, or the server stops."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], held: ExitStack) -> None:
        super().__init__(headers=HEADERS | {"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._held = held

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send events as they come; close what is held in the end, however it ends."""
        with self._held:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            telling = asyncio.create_task(self._tell(send))
            going = asyncio.create_task(_gone(receive))
            try:
                await asyncio.wait((telling, going), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (telling, going):
                    task.cancel()
                await asyncio.wait((telling, going))
            if not telling.cancelled():
                telling.result()

    async def _tell(self, send: Send) -> None:
        async for each in self._events:
            await send({"type": "http.response.body", "body": each, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Told(NamedTuple):
    """What a stream has told: a number for each part, and whether the database was away."""

    numbers: Mapping[str, str]
    is_lost: bool


class _Telling:
    """What one stream tells."""

    def __init__(
        self,
        streams: Streams,
        door: Door,
        visit: Visit,
        vdns: list[int],
        wake: asyncio.Event,
    ) -> None:
        self._streams = streams
        self._door = door
        self._visit = visit
        self._vdns = vdns
        self._wake = wake

    async def events(self, who: SignedIn, held: ExitStack) -> AsyncIterator[bytes]:
        """Yield what there is to tell, for as long as whoever listens may hear it."""
        least, more = _RETRY_MS
        yield f"retry: {least + int(more * jitter())}\n\n".encode()
        told = _Told({}, is_lost=False)
        checked = spoken = monotonic()
        parts = parts_of(who.person, self._vdns)
        watching = held.enter_context(ExitStack())
        watches = self._watch(who.person, parts, watching)
        reminder = Reminder(self._visit, self._streams.times)
        while parts and not self._streams.is_ending:
            self._wake.clear()
            now = _now(parts, watches, told)
            saying = _saying(now, told, is_silent=monotonic() - spoken >= ALIVE_SECONDS)
            if saying:
                spoken = monotonic()
                yield saying
            told = now
            own = [] if now.is_lost else _own(parts, watches)
            for each in reminder.news(who, own):
                yield _event("due", each)
            await _wait(self._wake, silent_seconds(who, own, CHECK_SECONDS))
            if monotonic() - checked >= CHECK_SECONDS:
                checked = monotonic()
                found = await self._who(who)
                if found is None:
                    yield _event("out", {})
                    return
                who = found
                before, parts = parts, parts_of(who.person, self._vdns)
                if parts != before:
                    watching.close()
                    watches = self._watch(who.person, parts, watching)

    def _watch(self, person: Person, parts: Parts, watching: ExitStack) -> dict[int, Watch]:
        """Watch the VDNs of whose parts this tells, and no others that a browser named.

        Whoever listens is there.
        """
        over = self._streams.watches.over
        vdns = {vdn for vdn, _ in parts.values()}
        watching.enter_context(self._streams.attendance.of(person, vdns))
        return {vdn: watching.enter_context(over(vdn, self._wake.set)) for vdn in vdns}

    async def _who(self, before: SignedIn) -> SignedIn | None:
        """Return whose session it is, which a page that asks by itself does not keep alive."""
        try:
            return await self._door.who(self._visit.request, clicked=False)
        except DatabaseFailed:
            return before  # nobody can say otherwise; the watch tells that it is away


def parts_of(person: Person, vdns: list[int]) -> Parts:
    """Return of which parts of VDNs a person may know whether they move."""
    parts: Parts = {}
    for vdn in vdns:
        role = person.role_in(vdn)
        if may(person, "see_board", vdn):
            parts[str(vdn)] = (vdn, None)
        if role is not None and role.agent and may(person, "see_reservation", vdn, role.agent):
            parts[f"{vdn}/own"] = (vdn, role.agent)
    return parts


def _own(parts: Parts, watches: Mapping[int, Watch]) -> list[Own]:
    """Return how it stands where whoever listens is an agent; nothing before all have looked."""
    beats = {vdn: watch.beat for vdn, watch in watches.items() if watch.beat is not None}
    if len(beats) < len(watches):
        return []
    return [Own(vdn, agent, beats[vdn]) for vdn, agent in parts.values() if agent is not None]


def _now(parts: Parts, watches: Mapping[int, Watch], told: _Told) -> _Told:
    """Return how it stands; before the first look as it was told."""
    beats = {vdn: watch.beat for vdn, watch in watches.items()}
    numbers = dict(told.numbers)
    for name, (vdn, agent) in parts.items():
        beat = beats[vdn]
        if beat is not None and not beat.is_lost:
            numbers[name] = beat.of(agent)
    return _Told(numbers, any(watch.is_lost for watch in watches.values()))


def _saying(now: _Told, told: _Told, *, is_silent: bool) -> bytes | None:
    """Return what is to be said of how it stands, after what was told last."""
    has_moved = any(told.numbers.get(name) != each for name, each in now.numbers.items())
    if now.is_lost and not told.is_lost:
        return _event("lost", {})
    if not now.is_lost and (has_moved or told.is_lost):
        return _event("pulse", now.numbers)
    if not is_silent:
        return None
    return b": the database is away\n\n" if now.is_lost else _event("alive", {})


def _event(name: str, data: Mapping[str, str]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        pass


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
