"""Admission: who may enter and when, and how refused requests are slowed down.

    credentials ─► whose name they bear ─► body ─► proof ─► a fair share ─► work

How a request shows who sends it is a parameter; today it is a signature. Whoever has not proved it
yet, and all who could not, take turns in the tarpit.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from starlette.types import Scope

from callkeeper.core.refusal import NotAuthenticated
from callkeeper.http.fairness import FairShare
from callkeeper.http.head import Head
from callkeeper.http.large_bodies import LARGE, LargeBodies
from callkeeper.http.tarpit import NOBODY, Tarpit, Visit

HELD_BACK = frozenset({401, 413, 429})  # answers that wait for a turn: a flood can be made of them

Caller = TypeVar("Caller")
Caller_co = TypeVar("Caller_co", covariant=True)


CheckVdn = Callable[[int], Awaitable[None]]


async def serve_all(vdn: int) -> None:
    """Refuse no VDN."""


class Credentials(Protocol[Caller_co]):
    """What one request bears to show who sends it."""

    @property
    def name(self) -> str:
        """In whose name it comes; others may know that name, and send in it."""

    @property
    def is_known(self) -> bool:
        """Whether somebody had that name when it was last looked up."""

    def recall(self) -> bool:
        """Take whose name it is from memory, if it was looked up lately; return whether it was."""

    async def find(self) -> bool:
        """Look up whose name it is; return whether it is anybody's. Raise DatabaseFailed."""

    def check(self, body: bytes) -> Caller_co | None:
        """Return who sends the request with this body, None if that is not proved.

        It takes as long for a name that nobody has.
        """

    async def check_large(self, body: bytes) -> Caller_co | None:
        """Return the same, and let others be served meanwhile."""

    def refusal(self, body: bytes) -> NotAuthenticated:
        """Return what is said where they prove nothing; of a name that nobody has, the same."""


class Admission(Generic[Caller]):
    """Lets requests in. ``read`` finds a request's credentials in its head, or refuses.

    Admitted requests take turns in ``shares``, by VDN; ``large_bodies`` bounds large ones, by name.
    ``check_vdn`` refuses those of a VDN that is not served here.
    """

    def __init__(
        self,
        read: Callable[[Scope, Head], Credentials[Caller]],
        tarpit: Tarpit,
        check_vdn: CheckVdn = serve_all,
    ) -> None:
        self.read = read
        self.check_vdn = check_vdn
        self.tarpit = tarpit
        self.shares = FairShare()
        self.large_bodies = LargeBodies()
        self._checking_large = asyncio.Lock()

    async def find(self, credentials: Credentials[Caller], visit: Visit, size: int) -> None:
        """Find whose name a request bears, when it is its turn; it visits in that name then.

        ``size`` is how much of its body has been read. Who bears a name that is remembered, and in
        which nobody forged anything of late, waits for nobody. Raise TooManyRequests.
        """
        name = credentials.name
        is_doubted = self.tarpit.doubts(name)
        if credentials.recall() and not is_doubted:
            visit.name = name
            return
        if credentials.is_known:
            visit.name = name
        if visit.name == NOBODY or is_doubted:
            await visit.pay(size)
        visit.name = name if await credentials.find() else NOBODY

    async def admit(self, credentials: Credentials[Caller], body: bytes, visit: Visit) -> Caller:
        """Return who sends a request, once that is proved; large bodies one after another.

        Raise NotAuthenticated: then its name is doubted, if it is anybody's.
        """
        if len(body) > LARGE:
            async with self._checking_large:
                caller = await credentials.check_large(body)
        else:
            caller = credentials.check(body)
        if caller is None:
            self.tarpit.spend(len(body) // LARGE)
            if visit.name != NOBODY:
                self.tarpit.doubt(visit.name)
            raise credentials.refusal(body)
        visit.prove()
        return caller
