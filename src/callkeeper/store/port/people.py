"""What is asked of the store about people: who they are, how they sign in, what they did.

Tables are small and the same everywhere. Instants are UTC milliseconds.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.people.changes import NewPerson, PersonOrder
from callkeeper.core.people.feed import Feed
from callkeeper.core.people.house_rules import HouseRules, KeptRules, RulesOrder
from callkeeper.core.people.person import Person, Tie
from callkeeper.core.people.presence import Renewal, Sighting
from callkeeper.core.people.session import Link, NewPassword, Session, SignedIn, SignIn
from callkeeper.core.refusal import Refusal


class Deed(msgspec.Struct, frozen=True):
    """Who did what to whom, in which VDN's name; ``detail`` is JSON. Never changed.

    ``number`` tells deeds of one instant apart; the table gives it.
    """

    number: int
    happened_at: Instant
    by_whom: str
    what: str
    subject: str
    vdn: int | None
    detail: str = "{}"


class Guess(NamedTuple):
    """A try at signing in: whose, as a digest of what was typed as the login, and when."""

    digest: str
    at: Instant


class AgentThere(NamedTuple):
    """An agent's account, of somebody who has a page open; and whether they said they are away."""

    account: str
    is_away: bool


class People(Protocol):
    """The verbs about people."""

    def add(self, people: Sequence[NewPerson]) -> list[Person | Refusal]:
        """Add people, each with a link or a tie; refuse LoginTaken, or TieTaken."""

    def change(self, orders: Sequence[PersonOrder]) -> list[Person | Refusal]:
        """Carry out orders; what others did to a person is a deed."""

    def get(self, login: str) -> Person | None:
        """Return a person, disabled or not."""

    def is_any(self) -> bool:
        """Whether there is a person, disabled or not."""

    def all(self, vdn: int | None = None) -> list[Person]:
        """Return all people, or those who have a role in a VDN, by login."""

    def seen(self, logins: Sequence[str], vdn: int | None = None) -> dict[str, Sighting]:
        """Return when each of these was there, by pages of a VDN or of any (None)."""

    def tied(self, tie: Tie) -> Person | None:
        """Return whose an account at the single sign-on is, disabled or not."""


class Sessions(Protocol):
    """The verbs about sessions, and about what they begin with: passwords and links."""

    def password(self, login: str) -> str | None:
        """Return the hash of the password by which a login may sign in."""

    def link(self, digest: str) -> Link | None:
        """Return a link, used or old or not, of a person who is not disabled."""

    def add(self, sign_ins: Sequence[SignIn]) -> list[Session | Refusal]:
        """Begin sessions; refuse SignInRefused where password or tie is another one meanwhile."""

    def choose(self, chosen: Sequence[NewPassword]) -> list[Session | Refusal]:
        """Change passwords, end older sessions and begin new ones; refuse what is not good."""

    def get(self, digest: str) -> SignedIn | None:
        """Return a session that nobody ended, over or not, of a person who is not disabled."""

    def of(self, login: str) -> list[Session]:
        """Return the sessions of a person that nobody ended, oldest first."""

    def mark(self, used: Sequence[tuple[str, Instant]]) -> list[None]:
        """Note of sessions when they were used."""

    def end(self, digests: Sequence[str]) -> list[None]:
        """End sessions; one that is not there stays so."""


class Presence(Protocol):
    """The verbs about who is there."""

    def renew(self, renewals: Sequence[Renewal]) -> list[None]:
        """Say who is there; of a VDN where somebody has no role any more, nothing is said."""

    def agents_there(self, vdn: int, now: Instant) -> list[AgentThere]:
        """Return which agents of a VDN have a page open now, by account; away or not."""

    def agents_seen(self, vdn: int) -> dict[str, list[Sighting]]:
        """Return when those were there who are agents of a VDN, by account.

        Who is disabled is left out; an account that nobody has, is not there.
        """


class Guesses(Protocol):
    """The verbs about tries at signing in."""

    def note(self, guesses: Sequence[Guess]) -> list[int | Refusal]:
        """Count tries before it is known how they end, and return how many it are for each."""

    def forget(self, digests: Sequence[str]) -> list[None]:
        """Forget the tries of those who have signed in."""


class Feeds(Protocol):
    """The verbs about calendars that people subscribe to."""

    def make(self, feeds: Sequence[Feed]) -> list[Feed | Refusal]:
        """Give calendars other addresses, or a first one; the one before is void."""

    def end(self, ended: Sequence[tuple[str, Instant]]) -> list[None]:
        """Void the addresses of some logins; where there is none, that stays so."""

    def of(self, login: str) -> Feed | None:
        """Return the address of somebody's calendar."""

    def get(self, digest: str) -> Feed | None:
        """Return an address by its token's digest, of a person who is not disabled."""


class Rules(Protocol):
    """The verbs about house rules."""

    def of(self, vdn: int) -> KeptRules:
        """Return the rules of a VDN; as they are where it has made none."""

    def of_person(self, login: str) -> list[HouseRules]:
        """Return the rules of the VDNs in which a person has a role, by VDN, if they made any."""

    def change(self, orders: Sequence[RulesOrder]) -> list[KeptRules | Refusal]:
        """Carry out orders, each as a deed."""


class Deeds(Protocol):
    """The verbs about deeds."""

    def append(self, deed: Deed) -> None:
        """Add what somebody did, in the transaction in which they did it."""

    def latest(
        self,
        limit: int,
        before: tuple[Instant, int] | None = None,
        vdn: int | None = None,
        whose: str | None = None,
    ) -> list[Deed]:
        """Return the newest deeds, of one VDN or of all, before an instant and a number.

        ``whose``: of those alone that somebody did, or that were done to them.
        """
