"""Sessions, which begin when somebody signs in, and the links by which people come.

Of a token only its digest is stored: whoever reads the database can sign in as nobody.
"""

from hashlib import sha256

import msgspec

from callkeeper.core.instants import HOUR_MS, SECOND_MS, Instant
from callkeeper.core.people.person import Person, Tie
from callkeeper.core.people.preferences import WARNING_MINUTES
from callkeeper.core.refusal import ParameterWrong, Refusal

SESSION_MS = 12 * HOUR_MS
IDLE_MS = 2 * HOUR_MS
LINK_MS = 24 * HOUR_MS
PROOF_MS = 15 * 60 * SECOND_MS  # so long after showing who one is what is grave is done without
SESSIONS_MAX = 20  # of one person; one more ends the one that was used the longest ago


class SignInRefused(Refusal):
    """The login or the password is wrong."""


class LinkRefused(Refusal):
    """The link is not good any more; ask whoever sent it for a new one."""


class ProofMissing(ParameterWrong):
    """Type your password again: you have not in the last 15 minutes, and this is sensitive."""


class Session(msgspec.Struct, frozen=True):
    """A session, by the digest of its token.

    ``proven_at`` is when its person typed their password, here or at the provider; None if nobody
    said when.
    """

    digest: str
    login: str
    made_at: Instant
    used_at: Instant
    ends_at: Instant
    proven_at: Instant | None = None

    @property
    def idle_ends_at(self) -> Instant:
        """When it ends unless somebody clicks before."""
        return min(self.used_at + IDLE_MS, self.ends_at)

    def is_over(self, now: Instant) -> bool:
        """Whether it has ended."""
        return now >= self.idle_ends_at

    def is_proven(self, now: Instant) -> bool:
        """Whether it was proven so lately that nobody else has sat down there since."""
        return self.proven_at is not None and now - self.proven_at < PROOF_MS

    def check_proven(self, now: Instant) -> None:
        """Refuse what is grave, unless its person has proven lately who they are."""
        if not self.is_proven(now):
            raise ProofMissing(about="proof")


class Link(msgspec.Struct, frozen=True):
    """A one-time link, by the digest of its token."""

    digest: str
    login: str
    made_at: Instant
    ends_at: Instant
    used_at: Instant | None = None

    def is_good(self, now: Instant) -> bool:
        """Whether a password may still be chosen by it."""
        return self.used_at is None and now < self.ends_at


class SignedIn(msgspec.Struct, frozen=True):
    """Who a session is of, as they are now.

    ``zone``, ``language`` and ``house_warning_minutes`` are those of their VDN, for whoever has
    chosen none of their own.
    """

    person: Person
    session: Session
    zone: str | None = None
    language: str | None = None
    house_warning_minutes: int | None = None

    @property
    def warning_minutes(self) -> int:
        """How long before its time a call is announced to them; 0: not at all."""
        chosen = (self.person.preferences.warning_minutes, self.house_warning_minutes)
        return next((each for each in chosen if each is not None), WARNING_MINUTES)

    @property
    def ends_at(self) -> Instant:
        """When the session ends whatever happens."""
        return self.session.ends_at

    @property
    def idle_ends_at(self) -> Instant:
        """When it ends unless somebody clicks before."""
        return self.session.idle_ends_at


class SignIn(msgspec.Struct, frozen=True):
    """A session to begin, for whoever knew the password that is stored as ``verified``.

    ``rehashed`` takes its place, where there is one. Or for whoever came by the single sign-on with
    the account ``tie``. ``typed_at`` is when they typed a password to be let in: whoever said
    before that they are away is back. ``replaces`` is the digest of the session that their browser
    had: was it theirs, they have proved who they are at least as lately as there.
    """

    session: Session
    verified: str | None
    rehashed: str | None = None
    tie: Tie | None = None
    typed_at: Instant | None = None
    replaces: str | None = None

    def ends_away(self, person: Person) -> bool:
        """Whether it is a sign that somebody who said that they are away is back."""
        typed_at, away_since = self.typed_at, person.away_since
        return typed_at is not None and away_since is not None and away_since <= typed_at

    def after(self, before: Session | None) -> "SignIn":
        """Return it as it is after the session that it replaces; None: there is none."""
        if before is None or before.login != self.session.login or before.proven_at is None:
            return self
        proven_at = max(before.proven_at, self.session.proven_at or 0)
        return msgspec.structs.replace(
            self, session=msgspec.structs.replace(self.session, proven_at=proven_at)
        )

    def __repr__(self) -> str:
        """Leave the hashes out."""
        return f"SignIn({self.session!r})"


class NewPassword(msgspec.Struct, frozen=True):
    """A password that somebody chose, and the session with which they go on; all others end.

    They came by a link, or knew the password that is stored as ``verified``.
    """

    session: Session
    password_hash: str
    link: str | None = None  # its digest
    verified: str | None = None

    def __repr__(self) -> str:
        """Leave the hashes out."""
        return f"NewPassword({self.session!r})"


def digest_of(text: str) -> str:
    """Return what is stored of a token, or of what was typed as a login."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def new_session(digest: str, login: str, now: Instant) -> Session:
    """Return a session that begins now, for whoever has just typed or chosen a password."""
    return Session(digest, login, now, now, now + SESSION_MS, now)


def signed_on_session(digest: str, login: str, now: Instant, proven_at: Instant | None) -> Session:
    """Return one for whoever comes by the single sign-on, where they may have been for long."""
    return Session(digest, login, now, now, now + SESSION_MS, proven_at)


def new_link(digest: str, login: str, now: Instant) -> Link:
    """Return a link that is good from now on."""
    return Link(digest, login, now, now + LINK_MS)
