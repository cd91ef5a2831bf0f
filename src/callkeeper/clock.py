"""The only place that asks for the time, for chance and for new names."""

import secrets
import string
import time
from typing import Protocol

_KEY_LETTERS = string.ascii_uppercase + string.digits


class Clock(Protocol):
    """Whoever tells the time. An instant is for others; what is measured here goes by ticks."""

    def now(self) -> int:
        """Return the instant, in UTC milliseconds; people and machines set it, back too."""

    def ticks(self) -> int:
        """Return milliseconds that only ever grow; they mean nothing to another process."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Return the instant, in UTC milliseconds."""
        return time.time_ns() // 1_000_000

    def ticks(self) -> int:
        """Return milliseconds that only ever grow."""
        return time.monotonic_ns() // 1_000_000


class HandClock:
    """A clock that stands still until it is moved, for tests and rehearsals."""

    def __init__(self, instant: int) -> None:
        self._instant = instant
        self._ticks = 0

    def now(self) -> int:
        """Return the instant it was last moved to."""
        return self._instant

    def ticks(self) -> int:
        """Return how much time has passed."""
        return self._ticks

    def move(self, milliseconds: int) -> None:
        """Let time pass."""
        self._instant += milliseconds
        self._ticks += milliseconds

    def leap(self, milliseconds: int) -> None:
        """Set it forwards, or backwards with a negative number, while no time passes."""
        self._instant += milliseconds


def monotonic() -> float:
    """Return seconds that only ever grow, to measure with."""
    return time.perf_counter()


def jitter() -> float:
    """Return a number from 0 up to 1, by chance, to spread retries with."""
    return secrets.SystemRandom().random()


def new_access_key() -> str:
    """Return a new access key id: 20 capital letters and digits."""
    return "".join(secrets.choice(_KEY_LETTERS) for _ in range(20))


def new_secret_key() -> str:
    """Return a new secret key: 40 letters, digits, ``-`` and ``_``; 240 bits of chance."""
    return secrets.token_urlsafe(30)


def new_token() -> str:
    """Return a new token of a session or a link: 32 bytes of chance, as text for a URL."""
    return secrets.token_urlsafe(32)


def new_feed_token() -> str:
    """Return a new token of a calendar's address: 20 bytes of chance, as text for a URL."""
    return secrets.token_urlsafe(20)


def new_result_code() -> str:
    """Return a code of eight digits for a business result that was defined without one."""
    return str(secrets.randbelow(90_000_000) + 10_000_000)


def new_attempt_id(now: int) -> str:
    """Return a new attempt's id: the second, and 15 digits of chance, as ``1747316188-341779…``."""
    return f"{now // 1000}-{secrets.randbelow(10**15):015d}"


def new_dispatcher_name(host: str, process: int) -> str:
    """Return a name that no other dispatcher has, nor the same process after a restart."""
    return f"{host}-{process}-{secrets.token_hex(4)}"
