"""Passwords: hashed with argon2id, two at a time, on threads of their own.

A hashing costs 19 MiB and some 20 ms of a core on purpose: what may wait for one has a bound.
"""

import asyncio
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from callkeeper.core.refusal import Refusal

THREADS = 2
WAITING_MAX = 20
MEMORY_KIB = 19 * 1024
ROUNDS = 2
LANES = 1

_DECOY = "the password of nobody"

P = ParamSpec("P")
R = TypeVar("R")


class TooBusy(Refusal):
    """Too many people are signing in just now; nothing was changed, try again in a moment."""


class Passwords:
    """Hashes passwords and compares them with hashes. It belongs to one event loop.

    ``hasher`` is one with the parameters above, unless another is given.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(ROUNDS, MEMORY_KIB, LANES)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._room = threading.Semaphore(THREADS + WAITING_MAX)
        self._decoy = self._hasher.hash(_DECOY)

    async def hash(self, password: str) -> str:
        """Return a hash, which says with which parameters it was made. Raise TooBusy."""
        return await self._worked(self._hasher.hash, _plain(password))

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether a password is the one of a hash. Raise TooBusy.

        Where there is no hash it is not, which costs the same work.
        """
        fits = await self._worked(self._verified, password_hash or self._decoy, _plain(password))
        return fits and password_hash is not None

    def is_outgrown(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than are in use now."""
        return self._hasher.check_needs_rehash(password_hash)

    def stop(self) -> None:
        """Do what is waiting, then end the threads."""
        self._threads.shutdown()

    def _verified(self, password_hash: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    async def _worked(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if not self._room.acquire(blocking=False):
            raise TooBusy
        try:
            working = self._threads.submit(work, *args, **kwargs)
        except RuntimeError as error:  # the system has no thread to give, or we are ending
            self._room.release()
            raise TooBusy from error
        # Called too when whoever asked has gone before it was begun.
        working.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(working)


def _plain(password: str) -> bytes:
    """Return what is hashed: the same however a keyboard composes its letters."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
