"""A dispatcher's config: who it is, which line it has, and by which rules it dials."""

import msgspec

from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.dialing.policy import Limits
from callkeeper.dialer.line.destinations import Destinations


class DialerConfig(msgspec.Struct, frozen=True):
    """``calls_max`` and ``calls_per_second`` bound the line, whoever else dials over it."""

    name: str
    line: str
    calls_max: int
    calls_per_second: float
    limits: Limits
    codes: FailCodes
    destinations: Destinations
