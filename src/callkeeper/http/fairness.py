"""Fair shares: while several VDNs are at work, each has a few requests in hand; others wait.

A lone VDN has as many in hand as it sends: nobody is there to be fair to, and large batches are
what makes the writer fast. As soon as a second one shows up, whoever has its share in hand waits
until one of its own is done. So the queues that all have in common stay short: the event loop's,
and the store's.
"""

import asyncio
from collections import deque

from callkeeper.clock import monotonic

# With 16 writes, who came beside them waited more than twice as long as alone; with 4, the one with
# much to write lost half of its speed. Of the two threads for lists one is left to the others.
WRITES = 8
READS = 1
# How long several VDNs count as being at work after they were last seen to take turns.
CONTESTED_SECONDS = 10.0

_Whose = tuple[int, bool]


class FairShare:
    """Who has how many requests in hand; reads and writes are counted apart."""

    def __init__(self, *, writes: int = WRITES, reads: int = READS) -> None:
        self._share = {False: writes, True: reads}
        self._in_hand: dict[_Whose, int] = {}
        self._waiting: dict[_Whose, deque[asyncio.Future[None]]] = {}
        self._last_vdn: int | None = None
        self._contested_until_seconds = 0.0

    async def take(self, vdn: int, *, reads: bool) -> None:
        """Wait for a turn; ``give_back`` must follow, whatever becomes of the request."""
        if vdn != self._last_vdn:
            if self._last_vdn is not None:
                self._contested_until_seconds = monotonic() + CONTESTED_SECONDS
            self._last_vdn = vdn
        whose = (vdn, reads)
        in_hand = self._in_hand.get(whose, 0)
        if in_hand < self._share[reads] or monotonic() > self._contested_until_seconds:
            self._in_hand[whose] = in_hand + 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(whose, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(vdn, reads=reads)  # it came at the same moment
            raise

    def give_back(self, vdn: int, *, reads: bool) -> None:
        """End a turn, and begin those of the same VDN that may now begin."""
        whose = (vdn, reads)
        in_hand = self._in_hand[whose] - 1
        waiting = self._waiting.get(whose)
        if waiting:
            in_hand = self._call(waiting, in_hand, self._share[reads])
            if not waiting:
                del self._waiting[whose]
        if in_hand:
            self._in_hand[whose] = in_hand
        else:
            del self._in_hand[whose]

    def _call(self, waiting: "deque[asyncio.Future[None]]", in_hand: int, share: int) -> int:
        is_contested = monotonic() <= self._contested_until_seconds
        while waiting and (in_hand < share or not is_contested):
            turn = waiting.popleft()
            if not turn.done():  # done: whoever waited has gone
                turn.set_result(None)
                in_hand += 1
        return in_hand
