"""The gate before the line: shut while it refuses every call, and opened by one that it takes."""

import asyncio

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Evidence
from callkeeper.core.dialing.breaker import Breaker
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.line.line import LineDown, LineRefused, LineSilent, LineUnwilling

# How long the line may take to say how it is before a call is tried.
_CHECK_SECONDS = 5.0


class Gate:
    """Says how many calls the line may be asked for, and what its refusals stand for.

    ``taken`` counts the calls that the line took. ``trouble`` is why it refuses every call,
    although it can be asked; None: it does not.
    """

    def __init__(self, context: DialerContext) -> None:
        self._context = context
        self._breaker = Breaker()
        self._campaigns: set[tuple[int, int]] = set()
        self.taken = 0
        self.trouble: str | None = None

    @property
    def refused(self) -> frozenset[str | tuple[int, int]]:
        """The numbers and campaigns that are tried last, as they were refused since it shut."""
        if self._breaker.is_closed:
            return frozenset()
        return frozenset(self._breaker.refused) | self._campaigns

    async def capacity(self, most: int, asked: int) -> int:
        """Return how many calls may be asked for while ``asked`` others have no answer yet.

        While it is shut that is one now and then, when the line says that it is well.
        """
        if self._breaker.is_closed:
            return most
        return int(most > 0 and asked == 0 and await self._is_well())

    async def rest(self) -> None:
        """Find out now and then, while there is no call to try, if the line is well again."""
        if self._context.line.is_up and await self._is_well():
            self.had_none_to_try()

    def had_none_to_try(self) -> None:
        """Note that the line says it is well, and that there is no call to prove it with."""
        self.trouble = None

    def took(self, attempt: Attempt) -> None:
        """Note that the line took a call; if it was shut, it is open."""
        was_closed = self._breaker.is_closed
        self._breaker = self._breaker.took(attempt.called_no)
        self._campaigns.clear()
        self.taken += 1
        if not was_closed:
            self._context.log.info("breaker_closed", line=self._context.config.line)
            self.trouble = None

    def refused_by(self, attempt: Attempt, refusal: LineRefused) -> Evidence:
        """Note a refusal; return what it means for its attempt.

        *Refused* is what concerns this call alone. While it is shut, nothing is known to.
        """
        number, breaker = attempt.called_no, self._breaker
        is_doubtful = isinstance(refusal, LineUnwilling)
        is_of_number = not isinstance(refusal, LineDown) or (
            is_doubtful and breaker.concerns(number)
        )
        self._note(attempt, str(refusal), is_of_number=is_of_number, is_doubtful=is_doubtful)
        return "refused" if is_of_number and breaker.is_closed else "down"

    def heard_nothing(self, attempt: Attempt, silence: LineSilent) -> None:
        """Note that the line did not say whether it makes a call."""
        self._note(attempt, str(silence), is_of_number=False)

    async def _is_well(self) -> bool:
        """Ask the line how it is, if it is shut and it is time to; that costs nobody a promise."""
        now = self._context.clock.ticks()
        if not self._breaker.may_try(now):
            return False
        self._breaker = self._breaker.trying(now)
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._context.line.check()
        except (LineRefused, LineSilent) as no:
            why = str(no)
        except TimeoutError:
            why = "the line does not tell in time how it is"
        else:
            return True
        self._breaker = self._breaker.tried_in_vain(why, self._context.clock.ticks())
        self.trouble = why
        return False

    def _note(
        self, attempt: Attempt, why: str, *, is_of_number: bool, is_doubtful: bool = False
    ) -> None:
        context, old = self._context, self._breaker
        now, number = context.clock.ticks(), attempt.called_no
        self._breaker = old.refused_one(
            number, why, now, is_of_number=is_of_number, is_doubtful=is_doubtful
        )
        self._campaigns.add((attempt.vdn, attempt.campaign_id))
        if self._breaker.is_closed:
            return
        self.trouble = why
        if old.is_closed:
            context.log.warning("breaker_opened", line=context.config.line, why=why)
