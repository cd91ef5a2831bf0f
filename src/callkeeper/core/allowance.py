"""An access key's allowance: so many requests a second, and so many at once after a rest.

A token bucket (the generic cell rate algorithm). All that has to be kept of it is the instant at
which it will be full again.
"""

from math import ceil, isnan

import msgspec

from callkeeper.core.refusal import OutOfRange, ParameterWrong, TooManyRequests

PER_SECOND_LEAST = 0.01
PER_SECOND_MOST = 10_000
BURST_MOST = 100_000


class Allowance(msgspec.Struct, frozen=True):
    """At most ``per_second`` requests a second in the long run, ``burst`` of them at once."""

    per_second: float
    burst: int

    def spend(self, full_at_us: int, now_us: int) -> int:
        """Return when the bucket is full again once a request has been taken from it.

        ``full_at_us`` is when it would have been before: what this returned the last time, 0 at
        first. All are microseconds. Raise TooManyRequests when there is nothing left.
        """
        interval_us = round(1_000_000 / self.per_second)
        # Never fuller than full. Further ahead than an empty one is no word of this rule's: the
        # clock was set back, or another allowance was spent from. It counts for nothing.
        if not now_us <= full_at_us <= now_us + self.burst * interval_us:
            full_at_us = now_us
        wait_us = full_at_us - now_us - (self.burst - 1) * interval_us
        if wait_us > 0:
            seconds = ceil(wait_us / 1_000_000)
            raise TooManyRequests(
                "this access key may send {per_second:g} requests a second; "
                "send the same again in {wait_seconds} s",
                wait_seconds=seconds,
                per_second=self.per_second,
            )
        return full_at_us + interval_us


class Limit(msgspec.Struct, frozen=True, tag=True):
    """Another allowance for an access key; a part that is None stays. ``off``: any number."""

    per_second: float | None = None
    burst: int | None = None
    off: bool = False

    def check(self) -> None:
        """Refuse numbers that are out of all bounds."""
        rate = self.per_second
        if rate is not None and (isnan(rate) or not PER_SECOND_LEAST <= rate <= PER_SECOND_MOST):
            raise OutOfRange(
                "{number:g} requests a second is out of range: {least:g} to {most}",
                about="per_second",
                number=rate,
                least=PER_SECOND_LEAST,
                most=PER_SECOND_MOST,
            )
        if self.burst is not None and not 1 <= self.burst <= BURST_MOST:
            raise OutOfRange(
                "{number} at once is out of range: 1 to {most}",
                about="burst",
                number=self.burst,
                most=BURST_MOST,
            )

    def apply(self, old: Allowance | None) -> Allowance | None:
        """Return the allowance. A burst that is what a second allows goes with the rate."""
        if self.off:
            return None
        per_second = self.per_second
        if per_second is None:
            if old is None:
                raise ParameterWrong(
                    "the key may send any number; say how many a second, and then how many at once"
                )
            per_second = old.per_second
        burst = self.burst
        if burst is None and old is not None and old.burst != ceil(old.per_second):
            burst = old.burst
        return Allowance(per_second, ceil(per_second) if burst is None else burst)
