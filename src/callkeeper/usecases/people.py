"""People: they sign in, are known by their session, come by a link, and change what is theirs."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock, new_token
from callkeeper.core.instants import SECOND_MS, Instant
from callkeeper.core.people.changes import Away, Describe, EndSessions, PersonChange, PersonOrder
from callkeeper.core.people.guessing import wait_ms
from callkeeper.core.people.person import (
    PASSWORD_MOST,
    Person,
    by_login,
    check_password,
    is_login,
    login_of,
)
from callkeeper.core.people.preferences import Preferences
from callkeeper.core.people.session import (
    LinkRefused,
    NewPassword,
    Session,
    SignedIn,
    SignIn,
    SignInRefused,
    digest_of,
    new_session,
)
from callkeeper.core.refusal import ParameterWrong
from callkeeper.store.port.people import Guess
from callkeeper.usecases.passwords import Hashing, Passwords, TooBusy
from callkeeper.usecases.single_flight import SingleFlight, remember

# How long a session is trusted without asking again: so soon one that was ended is forgotten.
TRUSTED_MS = 2_000
REMEMBERED_MAX = 10_000  # of each kind, so that who invents tokens makes no session forgotten
# How seldom it is noted that a session is used.
USED_MS = 60 * SECOND_MS
# How many answers may wait at once because somebody guesses: of strangers, whose tries come in
# turn, so that no more ever wait (console/sign_in.py), and for each who has a session.
DELAYED_MAX = 1_000
DELAYED_OF_ONE = 20
_STRANGERS = ""


class SignInListener(Protocol):
    """Whoever hears how it ended that somebody gave a password."""

    def __call__(self, *, is_in: bool) -> None:
        """Hear of one."""


Pause = Callable[[float], Awaitable[None]]  # so many seconds
Get = Callable[[str], Awaitable[SignedIn | None]]  # a session, by its digest


def _unheard(*, is_in: bool) -> None:
    """Hear nothing."""


class NewSession(NamedTuple):
    """A session that has begun, with the only copy of its token."""

    token: str
    ends_at: Instant

    def __repr__(self) -> str:
        """Leave the token out: a value finds its way into a log or a trace."""
        return f"NewSession(ends_at={self.ends_at})"


class _Remembered(NamedTuple):
    signed_in: SignedIn
    at: int  # ticks


class People:
    """The people of an installation. It belongs to one event loop.

    ``passwords`` hashes them, ``pause`` waits where somebody guesses, and ``heard`` is told how it
    ended.
    """

    def __init__(
        self,
        async_store: AsyncStore,
        clock: Clock,
        *,
        passwords: Passwords | None = None,
        pause: Pause = asyncio.sleep,
        heard: SignInListener = _unheard,
    ) -> None:
        self._store = async_store
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._pause = pause
        self._heard = heard
        self._remembered: dict[str, _Remembered] = {}
        self._unknown: dict[str, int] = {}  # since when
        self._looks = SingleFlight[SignedIn | None]()
        self._delayed = Counter[str]()  # by login, where a session says whose it is

    async def close(self) -> None:
        """End what hashes; nothing can be asked afterwards."""
        await asyncio.to_thread(self._passwords.stop)

    async def sign_in(self, login: str, password: str) -> NewSession:
        """Begin a session. Raise SignInRefused, whatever is wrong; or TooBusy.

        A login that does not exist costs the same time, and the tries are counted by what was
        typed: nobody can tell which logins there are.
        """
        token, session = await self._let_in(login_of(login), password)
        return NewSession(token, session.ends_at)

    async def prove(self, who: SignedIn, password: str) -> tuple[SignedIn, NewSession]:
        """Begin another session for somebody who types their password again; if away, they stay so.

        ``end`` ends the one before, once the browser is given this one; or this one, if it is not.
        Raise SignInRefused or TooBusy.
        """
        token, session = await self._let_in(who.person.login, password, before=who.session)
        return msgspec.structs.replace(who, session=session), NewSession(token, session.ends_at)

    async def end(self, session: Session) -> None:
        """End a session that another one stands in for, or that no browser bears."""
        await self._store.sessions.end(session.digest)
        self._remembered.pop(session.digest, None)

    async def whose(self, token: str, *, clicked: bool = True) -> SignedIn | None:
        """Return who holds a token, or did so less than two seconds ago; None: their session ended.

        ``clicked`` is false where the page asks by itself: that keeps no session alive.
        """
        digest = digest_of(token)
        sessions = self._store.sessions
        signed_in = await self._known(digest, sessions.get if clicked else sessions.get_again)
        if signed_in is None or signed_in.session.is_over(self._clock.now()):
            return None
        if clicked and self._clock.now() - signed_in.session.used_at >= USED_MS:
            return await self._used(digest, signed_in)
        return signed_in

    async def sign_out(self, token: str) -> None:
        """End a session; one that has ended stays so, and for what is none nothing is written."""
        digest = digest_of(token)
        if await self._known(digest, self._store.sessions.get) is None:
            return
        await self._store.sessions.end(digest)
        self._remembered.pop(digest, None)  # a request may have looked it up meanwhile

    async def end_sessions(self, login: str, *, by: str | None = None) -> None:
        """End all sessions of a person; ``by`` somebody else's ``Person.by``, it is a deed."""
        await self._changed(login, EndSessions(), by)

    async def sessions_of(self, login: str) -> list[Session]:
        """Return the sessions of a person that go on, oldest first."""
        now = self._clock.now()
        return [each for each in await self._store.sessions.of(login) if not each.is_over(now)]

    async def link_of(self, token: str) -> Person | None:
        """Return the person who may choose a password by a link; None where it is not good."""
        link = await self._store.sessions.link(digest_of(token))
        if link is None or not link.is_good(self._clock.now()):
            return None
        return await self._store.people.get(link.login)

    async def take_link(self, token: str, password: str) -> NewSession:
        """Choose a password by a link, which is good once; end all older sessions, and begin one.

        Raise LinkRefused, ParameterWrong or TooBusy; then the link is as good as before.
        """
        person = await self.link_of(token)
        if person is None:
            raise LinkRefused
        check_password(password, person.login)
        return await self._chosen(person.login, password, link=digest_of(token))

    async def change(
        self,
        login: str,
        *,
        language: str | None = None,
        zone: str | None = None,
        name: str | None = None,
        preferences: Preferences | None = None,
        by: str | None = None,
    ) -> Person:
        """Describe a person; what is None stays, an empty language or zone goes."""
        if zone:
            check_zone(zone)
        return await self._changed(login, Describe(name, language, zone, preferences), by)

    async def say_away(self, login: str, *, is_so: bool) -> Person:
        """Say of oneself that one is away, or back; so does whoever signs in by a password."""
        return await self._changed(login, Away(is_so=is_so), None)

    async def change_password(self, login: str, old: str, new: str) -> NewSession:
        """Change a password for whoever knows the old one; end all sessions, and begin one.

        Raise SignInRefused where the old one is wrong, ParameterWrong or TooBusy.
        """
        check_password(new, login)
        verified, _ = await self._verified(login, old, is_known=True)
        return await self._chosen(login, new, verified=verified)

    async def _verified(
        self, login: str, password: str, *, is_known: bool
    ) -> tuple[str, str | None]:
        """Return the hash that a password fits, and one to take its place if it is outgrown.

        The try counts before it is known how it ends, unless there is no place for it: so those
        who guess make the database write no more than passwords can be hashed.
        """
        with self._passwords.admit(is_known=is_known) as hashing:
            counted = await self._store.guesses.note(Guess(digest_of(login), self._clock.now()))
            milliseconds = wait_ms(counted)
            if milliseconds == 0:
                return await self._compared(hashing, login, password)
        await self._delay(milliseconds, login if is_known else _STRANGERS)
        with self._passwords.admit(is_known=is_known) as hashing:
            return await self._compared(hashing, login, password)

    async def _compared(
        self, hashing: Hashing, login: str, password: str
    ) -> tuple[str, str | None]:
        if len(password) > PASSWORD_MOST:
            password = ""
        # What no login can be may be no text for a database either; it costs the same look.
        known = await self._store.sessions.password(login if is_login(login) else "")
        if not await hashing.fits(password, known) or known is None:
            raise SignInRefused
        if not self._passwords.is_outgrown(known):
            return known, None
        return known, await hashing.hash(password)

    async def _let_in(
        self, login: str, password: str, before: Session | None = None
    ) -> tuple[str, Session]:
        """Begin a session; ``before`` is the one in which somebody goes on."""
        is_known = before is not None
        try:
            verified, rehashed = await self._verified(login, password, is_known=is_known)
            token, session = self._begun(login)
            typed_at = None if is_known else session.made_at
            await self._store.sessions.add(SignIn(session, verified, rehashed, typed_at=typed_at))
        except SignInRefused:
            self._heard(is_in=False)
            raise
        self._heard(is_in=True)
        await self._store.guesses.forget(digest_of(login))
        return token, session

    async def _delay(self, milliseconds: int, whose: str) -> None:
        if self._delayed[whose] >= (DELAYED_OF_ONE if whose else DELAYED_MAX):
            raise TooBusy
        self._delayed[whose] += 1
        try:
            await self._pause(milliseconds / SECOND_MS)
        finally:
            self._delayed[whose] -= 1
            if not self._delayed[whose]:
                del self._delayed[whose]

    async def _chosen(
        self, login: str, password: str, *, link: str | None = None, verified: str | None = None
    ) -> NewSession:
        with self._passwords.admit(is_known=True) as hashing:
            password_hash = await hashing.hash(password)
        token, session = self._begun(login)
        await self._store.sessions.choose(NewPassword(session, password_hash, link, verified))
        await self._store.guesses.forget(digest_of(login))
        self.forget(login)
        return NewSession(token, session.ends_at)

    async def _changed(self, login: str, change: PersonChange, by: str | None) -> Person:
        order = PersonOrder(login, change, by or by_login(login), self._clock.now())
        person = await self._store.people.change(order)
        self.forget(login)
        return person

    async def _known(self, digest: str, get: Get) -> SignedIn | None:
        """Return what is stored of a session, or was so less than two seconds ago."""
        ticks = self._clock.ticks()
        remembered = self._remembered.get(digest)
        if remembered is not None and ticks - remembered.at < TRUSTED_MS:
            return remembered.signed_in
        unknown_at = self._unknown.get(digest)
        if unknown_at is not None and ticks - unknown_at < TRUSTED_MS:
            return None
        return await self._looks.outcome(digest, partial(self._look_up, digest, ticks, get))

    async def _look_up(self, digest: str, ticks: int, get: Get) -> SignedIn | None:
        found = await get(digest)
        if found is None:
            self._remembered.pop(digest, None)
            remember(self._unknown, digest, ticks, REMEMBERED_MAX)
        else:
            remember(self._remembered, digest, _Remembered(found, ticks), REMEMBERED_MAX)
        return found

    async def _used(self, digest: str, signed_in: SignedIn) -> SignedIn:
        """Note that a session is used, and return it so; others that ask meanwhile need not."""
        now = self._clock.now()
        used = msgspec.structs.replace(
            signed_in, session=msgspec.structs.replace(signed_in.session, used_at=now)
        )
        remembered = self._remembered.get(digest)
        if remembered is not None:
            self._remembered[digest] = remembered._replace(signed_in=used)
        await self._store.sessions.mark((digest, now))
        return used

    def forget(self, login: str) -> None:
        """Look the sessions of a person up again at their next request."""
        whose = [
            digest
            for digest, each in self._remembered.items()
            if each.signed_in.person.login == login
        ]
        for digest in whose:
            del self._remembered[digest]

    def _begun(self, login: str) -> tuple[str, Session]:
        token = new_token()
        return token, new_session(digest_of(token), login, self._clock.now())


def check_zone(zone: str) -> None:
    """Refuse a time zone that this machine does not know."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ParameterWrong(
            "there is no time zone {zone!r}; write it like Europe/Berlin", about="zone", zone=zone
        ) from error
