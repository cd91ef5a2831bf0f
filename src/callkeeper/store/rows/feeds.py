"""Calendars that people subscribe to: rows ↔ values."""

from collections.abc import Sequence

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.people.feed import Feed
from callkeeper.core.people.person import by_login
from callkeeper.core.refusal import Refusal
from callkeeper.store.engine.session import Session
from callkeeper.store.port.people import Deed
from callkeeper.store.rows.deeds import DeedRows
from callkeeper.store.rows.people import PersonRows


class FeedRows:
    """The verbs about calendars."""

    def __init__(self, session: Session, people: PersonRows, deeds: DeedRows) -> None:
        self._session = session
        self._people = people
        self._deeds = deeds

    def make(self, feeds: Sequence[Feed]) -> list[Feed | Refusal]:
        """Give calendars other addresses, or a first one; the one before is void."""
        self._people.lock(each.login for each in feeds)
        for each in feeds:
            self._session.rows("end_feed", login=each.login)
            self._session.rows("add_feed", **msgspec.structs.asdict(each))
            self._tell("feed_made", each.login, each.made_at)
        return list(feeds)

    def end(self, ended: Sequence[tuple[str, Instant]]) -> list[None]:
        """Void the addresses of some logins; where there is none, that stays so."""
        self._people.lock(login for login, _ in ended)
        for login, at in ended:
            if self.of(login) is not None:
                self._session.rows("end_feed", login=login)
                self._tell("feed_ended", login, at)
        return [None] * len(ended)

    def of(self, login: str) -> Feed | None:
        """Return the address of somebody's calendar."""
        rows = self._session.rows("feed_of", login=login)
        return Feed(*rows[0]) if rows else None

    def get(self, digest: str) -> Feed | None:
        """Return an address by its token's digest, of a person who is not disabled."""
        rows = self._session.rows("feed", digest=digest)
        return Feed(*rows[0]) if rows else None

    def _tell(self, what: str, login: str, at: Instant) -> None:
        whose = by_login(login)
        self._deeds.append(Deed(0, at, whose, what, whose, None))
