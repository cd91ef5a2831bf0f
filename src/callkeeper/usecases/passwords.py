"""Passwords: hashed with argon2id, two at a time, on threads of their own.

A hashing costs 19 MiB and some 20 ms of a core on purpose: what may wait for one has a bound.
"""

import asyncio
import threading
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from callkeeper.core.refusal import Refusal

THREADS = 2
WAITING_MAX = 20
# So many more may wait of those who are known by a session or a link: strangers take no such place.
KEPT = 2
MEMORY_KIB = 19 * 1024
ROUNDS = 2
LANES = 1

_DECOY = "the password of nobody"

P = ParamSpec("P")
R = TypeVar("R")


class TooBusy(Refusal):
    """Too many people are signing in just now; nothing was changed, try again in a moment."""


class Passwords:
    """Hashes passwords and compares them with hashes, for those whom it lets in.

    ``hasher`` is one with the parameters above, unless another is given.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(ROUNDS, MEMORY_KIB, LANES)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._room = threading.Semaphore(THREADS + WAITING_MAX + KEPT)
        self._strangers_room = threading.Semaphore(THREADS + WAITING_MAX)
        self._decoy = self._hasher.hash(_DECOY)

    @contextmanager
    def admit(self, *, is_known: bool) -> Iterator["Hashing"]:
        """Let one in among those whose passwords are hashed, or wait for it. Raise TooBusy."""
        rooms = [self._room] if is_known else [self._strangers_room, self._room]
        with ExitStack() as entered:
            for each in rooms:
                if not each.acquire(blocking=False):
                    raise TooBusy
                entered.callback(each.release)
            releases = entered.pop_all()
        hashing = Hashing(self._hasher, self._threads, self._decoy)
        try:
            yield hashing
        finally:
            hashing.leave(releases.close)

    def is_outgrown(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than are in use now."""
        return self._hasher.check_needs_rehash(password_hash)

    def stop(self) -> None:
        """Do what is waiting, then end the threads."""
        self._threads.shutdown()


class Hashing:
    """The hashing of the password of one who was let in. It belongs to one event loop."""

    def __init__(self, hasher: PasswordHasher, threads: ThreadPoolExecutor, decoy: str) -> None:
        self._hasher = hasher
        self._threads = threads
        self._decoy = decoy
        self._working: Future[Any] | None = None

    async def hash(self, password: str) -> str:
        """Return a hash, which says with which parameters it was made."""
        return await self._worked(self._hasher.hash, _plain(password))

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether a password is the one of a hash.

        Where there is no hash it is not, which costs the same work.
        """
        fits = await self._worked(self._verified, password_hash or self._decoy, _plain(password))
        return fits and password_hash is not None

    def leave(self, release: Callable[[], None]) -> None:
        """Release the place once nothing is worked on there: whoever asked may have gone before."""
        if self._working is None:
            release()
        else:
            self._working.add_done_callback(lambda _: release())

    def _verified(self, password_hash: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    async def _worked(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            working = self._threads.submit(work, *args, **kwargs)
        except RuntimeError as error:  # the system has no thread to give, or we are ending
            raise TooBusy from error
        self._working = working
        return await asyncio.wrap_future(working)


def _plain(password: str) -> bytes:
    """Return what is hashed: the same however a keyboard composes its letters."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
