"""Sessions, and what they begin with: rows ↔ values."""

from collections.abc import Sequence

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.people.house_rules import defaults_of, warning_of
from callkeeper.core.people.person import Person
from callkeeper.core.people.session import (
    SESSIONS_MAX,
    Link,
    LinkRefused,
    NewPassword,
    SignedIn,
    SignIn,
    SignInRefused,
)
from callkeeper.core.people.session import Session as PersonSession
from callkeeper.core.refusal import Refusal
from callkeeper.store.engine.session import Session
from callkeeper.store.rows.people import PersonRows
from callkeeper.store.rows.rules import RulesRows


class SessionRows:
    """The verbs about sessions, passwords and links."""

    def __init__(self, session: Session, people: PersonRows, rules: RulesRows) -> None:
        self._session = session
        self._people = people
        self._rules = rules

    def password(self, login: str) -> str | None:
        """Return the hash of the password by which a login may sign in."""
        rows = self._session.rows("password_of", login=login)
        return str(rows[0][0]) if rows else None

    def link(self, digest: str) -> Link | None:
        """Return a link, used or old or not, of a person who is not disabled."""
        rows = self._session.rows("link", digest=digest)
        return Link(*rows[0]) if rows else None

    def add(self, sign_ins: Sequence[SignIn]) -> list[PersonSession | Refusal]:
        """Begin sessions, unless the password or the tie is another one meanwhile."""
        known = self._people.lock(each.session.login for each in sign_ins)
        outcomes: list[PersonSession | Refusal] = []
        for sign_in in sign_ins:
            login = sign_in.session.login
            person = known.get(login)
            if person is None or not self._is_good(sign_in, person):
                outcomes.append(SignInRefused())
                continue
            each = (
                sign_in if sign_in.replaces is None else sign_in.after(self._one(sign_in.replaces))
            )
            if each.ends_away(person):
                self._session.rows("come_back", login=login)
            if each.rehashed is not None:
                self._people.set_password(login, each.rehashed)
            self._end_oldest(login, each.session.made_at)
            self._begin(each.session)
            outcomes.append(each.session)
        return outcomes

    def _is_good(self, sign_in: SignIn, person: Person) -> bool:
        if sign_in.tie is None:
            return self.password(sign_in.session.login) == sign_in.verified is not None
        return person.disabled_at is None and person.tie == sign_in.tie

    def choose(self, chosen: Sequence[NewPassword]) -> list[PersonSession | Refusal]:
        """Change passwords, end older sessions and begin new ones."""
        self._people.lock(each.session.login for each in chosen)
        outcomes: list[PersonSession | Refusal] = []
        for each in chosen:
            try:
                self._check(each)
            except Refusal as refusal:
                outcomes.append(refusal)
                continue
            login, at = each.session.login, each.session.made_at
            if each.link is not None:
                self._session.rows("use_link", digest=each.link, used_at=at)
                self._session.rows("come_back", login=login)
            self._people.set_password(login, each.password_hash)
            self._people.chosen(login, at)
            self._people.note_seen(login)
            self._session.rows("end_sessions", login=login)
            self._begin(each.session)
            outcomes.append(each.session)
        return outcomes

    def _check(self, chosen: NewPassword) -> None:
        """Refuse a link that is not good, or a password that is another one meanwhile."""
        login = chosen.session.login
        if chosen.link is None:
            if chosen.verified is None or self.password(login) != chosen.verified:
                raise SignInRefused
            return
        link = self.link(chosen.link)
        if link is None or link.login != login or not link.is_good(chosen.session.made_at):
            raise LinkRefused

    def get(self, digest: str) -> SignedIn | None:
        """Return a session that nobody ended, of a person who is not disabled."""
        session = self._one(digest)
        if session is None:
            return None
        person = self._people.get(session.login)
        if person is None or person.disabled_at:
            return None
        rules = self._rules.of_person(session.login)
        zone, language = defaults_of(rules)
        return SignedIn(person, session, zone, language, warning_of(rules))

    def _one(self, digest: str) -> PersonSession | None:
        rows = self._session.rows("session", digest=digest)
        return PersonSession(*rows[0]) if rows else None

    def of(self, login: str) -> list[PersonSession]:
        """Return the sessions of a person that nobody ended, oldest first."""
        return [PersonSession(*row) for row in self._session.rows("sessions_of", login=login)]

    def mark(self, used: Sequence[tuple[str, Instant]]) -> list[None]:
        """Note of sessions when they were used."""
        for digest, at in sorted(used):
            self._session.rows("mark_session", digest=digest, used_at=at)
        return [None] * len(used)

    def end(self, digests: Sequence[str]) -> list[None]:
        """End sessions; one that is not there stays so."""
        rows = [
            row for each in digests for row in self._session.rows("login_of_session", digest=each)
        ]
        for login in self._people.lock(str(row[0]) for row in rows):
            self._people.note_seen(login)
        self._end(digests)
        return [None] * len(digests)

    def _end_oldest(self, login: str, now: Instant) -> None:
        """End what is over, and so many that there is room for one more."""
        self._people.note_seen(login)
        found = sorted(self.of(login), key=lambda each: each.used_at)
        going_on = [each for each in found if not each.is_over(now)]
        surplus = going_on[: max(0, len(going_on) + 1 - SESSIONS_MAX)]
        self._end([each.digest for each in found if each.is_over(now) or each in surplus])

    def _end(self, digests: Sequence[str]) -> None:
        """End sessions of people who are locked: so no two wait for each other's sessions."""
        for each in digests:
            self._session.rows("end_session", digest=each)

    def _begin(self, session: PersonSession) -> None:
        self._session.rows("add_session", **msgspec.structs.asdict(session))
