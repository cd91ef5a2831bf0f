"""A breaker: whether a line is asked for calls while it refuses one after the other.

    closed ──ROW refusals in a row──► open ──after a pause──► one call is tried
       ▲                               ▲                           │
       └────────── it is taken ────────┼───────────────────────────┤
                                       └── it is not: longer ──────┘

It also finds out, where the line does not say, whether a refusal concerns the number alone: it does
if the line took a call to another one meanwhile. It goes by ticks, the milliseconds of a clock that
only ever grows.
"""

import msgspec

# So many in a row, and it is the line and not the numbers.
ROW = 3
FIRST_PAUSE_MS = 1_000
LONGEST_PAUSE_MS = 30_000
# How many of the numbers that were refused are kept apart, the latest.
_NUMBERS_MAX = 1_000


class Breaker(msgspec.Struct, frozen=True):
    """``refused``: numbers that were refused since the last call was taken, oldest first.

    ``doubted``: those of them of which the line did not say whether it was the number.
    ``odd``: doubted ones that were refused by themselves: the line took another one thereafter.
    """

    refused: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    in_a_row: int = 0
    why: str = ""
    tries_at: int | None = None
    is_trying: bool = False
    pause_ms: int = FIRST_PAUSE_MS

    @property
    def is_closed(self) -> bool:
        """Whether calls are asked for as they come."""
        return self.tries_at is None

    def may_try(self, now: int) -> bool:
        """Whether it is time to see if the line takes calls again."""
        return self.tries_at is not None and now >= self.tries_at

    def concerns(self, number: str) -> bool:
        """Whether it is this number that the line refuses, if it refuses it now."""
        return self.is_closed and number in self.odd

    def took(self, number: str) -> "Breaker":
        """Return it after the line took a call; whom it refused while it was open is excused."""
        others = [each for each in self.odd if each != number]
        if self.is_closed:
            others += [each for each in self.doubted if each != number]
        return Breaker(odd=tuple(dict.fromkeys(others))[-_NUMBERS_MAX:])

    def refused_one(
        self, number: str, why: str, now: int, *, is_of_number: bool, is_doubtful: bool = False
    ) -> "Breaker":
        """Return it after a refusal; one that concerns the number counts once for a number."""
        is_known = number in self.refused
        counts = not (is_of_number and is_known)
        new = msgspec.structs.replace(
            self,
            refused=self.refused if is_known else (*self.refused, number)[-_NUMBERS_MAX:],
            doubted=(*self.doubted, number)[-_NUMBERS_MAX:] if is_doubtful else self.doubted,
            in_a_row=self.in_a_row + counts,
            why=why,
        )
        if self.is_trying:
            return new.tried_in_vain(why, now)
        if self.is_closed and new.in_a_row >= ROW:
            return msgspec.structs.replace(new, tries_at=now + new.pause_ms)
        return new  # asked for before it opened: it tells nothing new

    def trying(self, now: int) -> "Breaker":
        """Return it as one call is tried: should nothing come of that, the next one follows."""
        return msgspec.structs.replace(self, tries_at=now + self.pause_ms, is_trying=True)

    def tried_in_vain(self, why: str, now: int) -> "Breaker":
        """Return it after the line refused once more, to pause for longer."""
        pause_ms = min(2 * self.pause_ms, LONGEST_PAUSE_MS)
        return msgspec.structs.replace(
            self, why=why, pause_ms=pause_ms, tries_at=now + pause_ms, is_trying=False
        )


def refuses_all(line: str, why: str) -> str:
    """Return the sentence that says so of a line whose breaker is open."""
    return f"line {line} refuses every call: {why}; it is tried again by itself"
