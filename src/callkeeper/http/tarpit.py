"""Tarpit: how fast those are dealt with who have not shown yet who they are.

An access key's id is sent in clear, so whoever knows it can send in its name what has to be read
and checked before it is found to be forged. A turn bounds that: what is refused costs one, what
proves right costs none. While turns are short they go round among the keys that are named, and for
each key round among the addresses that name it. So a flood in the name of one key slows that key,
most of all for those who share an address with the flood, and nobody else. Where a name is typed,
as a login is, and a flood invents as many as it likes, turns go round by address first.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from ipaddress import IPv6Address

from starlette.requests import ClientDisconnect
from starlette.types import Scope

from callkeeper.clock import monotonic
from callkeeper.core.refusal import TooManyRequests

PER_SECOND = 500
AT_ONCE = 100  # after a rest: an integrator whose signature is not right yet is nobody's enemy
BYTES_MAX = 32 * 1024 * 1024  # of all bodies that wait for a turn

# In whose name turns are taken, beside the keys that there are; no key is called so.
NOBODY = ""  # no key that there is
PAGES = "/"  # who looks at a page that needs no signature

LOST = "lost"  # in the state of a request: a future that is done once its connection is lost

_Turn = asyncio.Future[None]


class Visit:
    """One request on its way in: in whose name it comes, and whether it has paid for a turn."""

    __slots__ = ("_is_paid", "_scope", "_tarpit", "_whose", "name")

    def __init__(self, tarpit: "Tarpit", scope: Scope, name: str, whose: "_Whose") -> None:
        self._tarpit = tarpit
        self._scope = scope
        self._whose = whose
        self._is_paid = False
        self.name = name

    async def pay(self, size: int = 0) -> None:
        """Wait for a turn and pay for it, with a body of ``size`` bytes in hand; only once.

        Raise TooManyRequests if too much waits in this name already; nothing is paid then.
        """
        if not self._is_paid:
            await self._tarpit.take(self._scope, self._whose, size)
            self._is_paid = True

    def prove(self) -> None:
        """Note that the request is right, and give back what was paid."""
        if self._is_paid:
            self._is_paid = False
            self._tarpit.give_back()


class Tarpit:
    """Gives turns to those who are not known yet, at a bounded pace."""

    def __init__(
        self, *, per_second: float = PER_SECOND, at_once: int = AT_ONCE, bytes_max: int = BYTES_MAX
    ) -> None:
        self._interval_seconds = 1 / per_second
        self._burst_seconds = (at_once - 1) * self._interval_seconds
        self._rested_at_seconds = 0.0  # when as many may be given at once as ever
        self._doubted: set[str] = set()
        self._queues = _Queues()
        self._capacity = _Capacity(bytes_max)
        self._next: asyncio.Handle | None = None

    def visit(self, scope: Scope, name: str = NOBODY) -> Visit:
        """Begin to let a request in."""
        return Visit(self, scope, name, (name, _origin(scope)))

    def visit_as(self, scope: Scope, typed: str) -> Visit:
        """Begin to let somebody in under a name that they typed: who has an address pays for it."""
        return Visit(self, scope, NOBODY, (_origin(scope), typed))

    def doubts(self, name: str) -> bool:
        """Whether a request in a key's name waits for a turn before it is looked at."""
        if name in self._doubted and self._rested_at_seconds <= monotonic() and not self._queues:
            self._doubted.clear()
        return name in self._doubted

    def doubt(self, name: str) -> None:
        """Note that a request in a key's name was forged."""
        self._doubted.add(name)

    def spend(self, turns: int = 1) -> None:
        """Take turns out of what there is; others wait the longer."""
        since_seconds = max(self._rested_at_seconds, monotonic())
        self._rested_at_seconds = since_seconds + turns * self._interval_seconds

    def give_back(self) -> None:
        """Give a turn back."""
        self._rested_at_seconds -= self._interval_seconds
        if self._queues:
            self._plan()

    async def take(self, scope: Scope, whose: "_Whose", size: int) -> None:
        """Return when it is a request's turn."""
        if not self._queues and self._wait_seconds() <= 0:
            self.spend()
            return
        self._capacity.hold(whose, size)
        turn: _Turn = asyncio.get_running_loop().create_future()
        lost: asyncio.Future[None] | None = scope.get("state", {}).get(LOST)

        def give_up(_: object) -> None:
            if not turn.done():
                turn.set_exception(ClientDisconnect())

        try:
            self._queues.add(whose, turn)
            if lost is not None:
                lost.add_done_callback(give_up)
            if self._next is None:
                self._plan()
            await turn
        finally:
            self._capacity.leave(whose, size)
            self._queues.remove(whose, turn)
            if lost is not None:
                lost.remove_done_callback(give_up)

    def _plan(self) -> None:
        """Give the next turn when there is one."""
        if self._next is not None:
            self._next.cancel()
        loop, wait = asyncio.get_running_loop(), self._wait_seconds()
        self._next = loop.call_later(wait, self._give) if wait > 0 else loop.call_soon(self._give)

    def _give(self) -> None:
        """Give one turn: the loop comes round before the next, so that others are heard."""
        self._next = None
        if self._queues and self._wait_seconds() <= 0:
            turn = self._queues.next()
            if not turn.done():  # done: it has gone
                self.spend()
                turn.set_result(None)
        if self._queues:
            self._plan()

    def _wait_seconds(self) -> float:
        return self._rested_at_seconds - self._burst_seconds - monotonic()


_Whose = tuple[str, str]


class _Queues:
    """Those that wait: by the name they come in, then by their address, each in turn.

    Or by their address, then by the name.
    """

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, OrderedDict[str, OrderedDict[_Turn, None]]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def add(self, whose: _Whose, turn: _Turn) -> None:
        name, origin = whose
        by_origin = self._by_name.setdefault(name, OrderedDict())
        by_origin.setdefault(origin, OrderedDict())[turn] = None

    def remove(self, whose: _Whose, turn: _Turn) -> None:
        """Take one out; nothing happens if it is not in."""
        name, origin = whose
        with suppress(KeyError):
            del self._by_name[name][origin][turn]
            self._prune(name, origin)

    def next(self) -> _Turn:
        """Take out whose turn it is."""
        name, by_origin = next(iter(self._by_name.items()))
        self._by_name.move_to_end(name)
        origin, turns = next(iter(by_origin.items()))
        by_origin.move_to_end(origin)
        turn, _ = turns.popitem(last=False)
        self._prune(name, origin)
        return turn

    def _prune(self, name: str, origin: str) -> None:
        if not self._by_name[name][origin]:
            del self._by_name[name][origin]
        if not self._by_name[name]:
            del self._by_name[name]


class _Capacity:
    """Room for what waits. Each may take as much as is left, so that there is always some left."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._held: dict[_Whose, int] = {}

    def hold(self, whose: _Whose, size: int) -> None:
        """Take capacity; raise TooManyRequests if that would be more than is left then."""
        if not size:
            return
        held = self._held.get(whose, 0)
        if held + size > self._left:
            raise TooManyRequests("too many requests of this access key wait; send it again later")
        self._held[whose] = held + size
        self._left -= size

    def leave(self, whose: _Whose, size: int) -> None:
        """Give capacity back."""
        if not size:
            return
        self._left += size
        self._held[whose] -= size
        if not self._held[whose]:
            del self._held[whose]


def _origin(scope: Scope) -> str:
    """Return the address that a request comes from; of IPv6 the network, which is one customer."""
    client = scope.get("client")
    host: str = client[0] if client else ""
    if ":" not in host:
        return host
    address = IPv6Address(host.partition("%")[0])
    return str(address.ipv4_mapped or address.packed[:8].hex())
