"""People: rows ↔ values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from callkeeper.core.instants import INSTANT_MAX
from callkeeper.core.people.changes import (
    Disable,
    GrantRoles,
    NewPerson,
    PersonChange,
    PersonOrder,
    Reset,
    reaches_further,
)
from callkeeper.core.people.person import (
    LoginTaken,
    NoSuchPerson,
    Person,
    Role,
    Tie,
    TieTaken,
    by_login,
    is_person,
)
from callkeeper.core.people.preferences import Preferences
from callkeeper.core.people.presence import Sighting, lately
from callkeeper.core.people.rights import carried_out, check_may
from callkeeper.core.people.session import Link
from callkeeper.core.refusal import Refusal
from callkeeper.store.engine.session import Row, Session
from callkeeper.store.port.people import Deed
from callkeeper.store.rows.deeds import DeedRows
from callkeeper.store.rows.history import detail_of

INSTALLATION = 0  # the VDN of a role for the installation
_OWN = 8  # columns of a person before those of their preferences


class _Kept(Protocol):
    """An order that somebody may give, or may not."""

    @property
    def keeper(self) -> Person | None:
        """Whoever gives it because a role lets them."""


class PersonRows:
    """The verbs about people, and what sessions need of them."""

    def __init__(self, session: Session, deeds: DeedRows) -> None:
        self._session = session
        self._deeds = deeds

    def add(self, people: Sequence[NewPerson]) -> list[Person | Refusal]:
        """Add people, each with a link."""
        keepers = self.lock_keepers(people)
        outcomes: dict[int, Person | Refusal] = {}
        # In the order of the key, so that two processes never wait for each other.
        for place, each in sorted(enumerate(people), key=lambda placed: placed[1].login):
            try:
                if each.keeper is not None:
                    check_may(keepers[each.keeper.login], "keep_people", each.role.vdn)
                outcomes[place] = self._added(each)
            except Refusal as refusal:
                outcomes[place] = refusal
        return [outcomes[place] for place in range(len(people))]

    def _added(self, new: NewPerson) -> Person:
        person = new.made()
        fields = {name: getattr(person, name) for name in ("login", "version", "name", "made_at")}
        taken = LoginTaken("there is a person {login!r} already", about="login", login=new.login)
        if new.tie is not None:
            if self._session.rows("person", login=new.login):
                raise taken
            self._put_tie(person.login, new.tie)
        if not self._session.rows("add_person", **fields):
            if new.tie is not None:  # another server was first
                self._take_tie(new.tie)
            raise taken
        self._put_role(person.login, new.role)
        if new.link is not None:
            self._put_link(new.link)
        self._deeds.append(
            Deed(0, new.at, new.by, new.what, person.by, new.role.vdn, _json(person.roles))
        )
        return person

    def change(self, orders: Sequence[PersonOrder]) -> list[Person | Refusal]:
        """Carry out orders; what others did to a person is a deed."""
        known = self.lock([each.login for each in orders] + _keepers(orders))
        outcomes: list[Person | Refusal] = []
        for order in orders:
            try:
                old = known.get(order.login)
                if old is None:
                    raise NoSuchPerson(
                        "there is no person {login!r}", about="login", login=order.login
                    )
                known[order.login] = self._changed(old, _by_now(order, known))
                outcomes.append(known[order.login])
            except Refusal as refusal:
                outcomes.append(refusal)
        return outcomes

    def _changed(self, old: Person, order: PersonOrder) -> Person:
        change = order.change
        new = carried_out(order, old)
        if new is old:
            return old
        is_more = reaches_further(old, new)
        is_another = isinstance(change, Reset) or is_more
        if is_another:
            new = msgspec.structs.replace(new, has_password=False)
        is_granted = isinstance(change, GrantRoles)  # by the very account that is tied
        if is_more and old.tie and not is_granted and self._is_tied_by_keeper(old):
            new = msgspec.structs.replace(new, tie=None)
        if old.tie is not None and new.tie is None:
            self._take_tie(old.tie)
        if new.tie is not None and old.tie is None:
            self._put_tie(new.login, new.tie)
        fields = ("login", "version", "name", "language", "zone", "disabled_at", "away_since")
        self._session.rows(
            "update_person",
            **{name: getattr(new, name) for name in fields},
            **_preferences_row(new.preferences),
        )
        # In the order of the key; a role first, for a renewal leaves out what is of a locked one.
        taken = set(old.roles) - set(new.roles)
        for role in sorted(taken, key=lambda each: each.vdn or INSTALLATION):
            there = {"login": old.login, "vdn": role.vdn or INSTALLATION}
            self._session.rows("take_role", **there)
            self._session.rows("end_presence", **there)
        for role in set(new.roles) - set(old.roles):
            self._put_role(new.login, role)
        self._shut_out(old.login, change, is_another=is_another)
        detail = detail_of(change)
        if isinstance(change, Reset):
            self._put_link(change.link)
            detail = "{}"
        if order.by != old.by or order.keeper is not None:
            self._deeds.append(Deed(0, order.at, order.by, change.what, old.by, order.vdn, detail))
        return new

    def _is_tied_by_keeper(self, person: Person) -> bool:
        """Whether the account that is tied to a person may be their keeper's own.

        Not where a command, the single sign-on or an operator tied it.
        """
        rows = self._session.rows("tied_by", whose=person.by, at=INSTANT_MAX)
        by = str(rows[0][0]) if rows else by_login("")
        if not is_person(by):
            return False
        keeper = self.get(by.removeprefix(by_login("")))
        return keeper is None or keeper.role_in(None) is None

    def _shut_out(self, login: str, change: PersonChange, *, is_another: bool) -> None:
        """End what a person, or whoever knows a secret of theirs, comes in by."""
        if change.ends_sessions or is_another:
            self.note_seen(login)
            self._session.rows("end_sessions", login=login)
        if isinstance(change, Disable) or is_another:
            self._session.rows("void_links", login=login)
            self._session.rows("end_feed", login=login)
        if is_another:
            self._session.rows("void_password", login=login)

    def get(self, login: str) -> Person | None:
        """Return a person, disabled or not."""
        people = self._people(self._session.rows("person", login=login))
        return people[0] if people else None

    def is_any(self) -> bool:
        """Whether there is a person, disabled or not."""
        return bool(self._session.rows("is_any_person"))

    def all(self, vdn: int | None = None) -> list[Person]:
        """Return all people, or those who have a role in a VDN, by login."""
        roles: dict[str, list[Role]] = {}
        for row in self._session.rows("roles", vdn=vdn):
            roles.setdefault(row[0], []).append(_role(row))
        ties = {row[0]: _tie(row) for row in self._session.rows("ties", vdn=vdn)}
        return [
            _person(row, roles.get(row[0], ()), ties.get(row[0]))
            for row in self._session.rows("people", vdn=vdn)
        ]

    def tied(self, tie: Tie) -> Person | None:
        """Return whose an account at the single sign-on is, disabled or not."""
        rows = self._session.rows("tied", issuer=tie.issuer, subject=tie.subject)
        return self.get(str(rows[0][0])) if rows else None

    def seen(self, logins: Sequence[str], vdn: int | None = None) -> dict[str, Sighting]:
        """Return when each of these was there, by pages of a VDN or of any (None)."""
        items = [{"login": each} for each in logins]
        seen: dict[str, list[Sighting]] = {}
        for login, there, *row in self._session.each("seen", items) if items else []:
            found = sighting(row)
            if vdn is not None and there != vdn:
                found = msgspec.structs.replace(found, lease_until=None)
            seen.setdefault(login, []).append(found)
        return {login: lately(each) for login, each in seen.items()}

    def note_seen(self, login: str) -> None:
        """Keep when somebody was last there, whose sessions are about to be forgotten."""
        self._session.rows("note_seen", login=login)

    def lock(self, logins: Iterable[str]) -> dict[str, Person]:
        """Lock people until the transaction ends, and return those that there are."""
        items = [{"login": each} for each in sorted(set(logins))]
        rows = self._session.each("lock_people", items) if items else []
        return {each.login: each for each in self._people(rows)}

    def lock_keepers(self, orders: Iterable[_Kept]) -> dict[str, Person]:
        """Lock whoever gives orders because a role lets them, and return them as they are now.

        Their request may have come before their role was taken, or they were shut out.
        """
        return self.lock(_keepers(orders))

    def set_password(self, login: str, password_hash: str) -> None:
        """Put another password in place of the one that there is."""
        self._session.rows("set_password", login=login, password_hash=password_hash)

    def chosen(self, login: str, at: int) -> None:
        """Note that a person has chosen a password."""
        whose = by_login(login)
        self._deeds.append(Deed(0, at, whose, "password_chosen", whose, None))

    def _people(self, rows: Iterable[Row]) -> list[Person]:
        return [
            _person(
                row,
                [_role(each) for each in self._session.rows("roles_of", login=row[0])],
                next(map(_tie, self._session.rows("tie_of", login=row[0])), None),
            )
            for row in rows
        ]

    def _put_role(self, login: str, role: Role) -> None:
        self._session.rows(
            "put_role",
            login=login,
            kind=role.kind,
            vdn=role.vdn or INSTALLATION,
            agent=role.agent,
            phone=role.phone,
        )

    def _put_tie(self, login: str, tie: Tie) -> None:
        """Tie a person. Raise TieTaken, before anything else of the item is written."""
        if not self._session.rows("put_tie", issuer=tie.issuer, subject=tie.subject, login=login):
            raise TieTaken(about="subject")

    def _take_tie(self, tie: Tie) -> None:
        self._session.rows("take_tie", issuer=tie.issuer, subject=tie.subject)

    def _put_link(self, link: Link) -> None:
        fields = ("digest", "login", "made_at", "ends_at")
        self._session.rows("add_link", **{name: getattr(link, name) for name in fields})


def _keepers(orders: Iterable[_Kept]) -> list[str]:
    return [each.keeper.login for each in orders if each.keeper is not None]


def _by_now(order: PersonOrder, known: Mapping[str, Person]) -> PersonOrder:
    """Return an order with whoever gives it as they are now."""
    if order.keeper is None:
        return order
    return msgspec.structs.replace(order, keeper=known[order.keeper.login])


def _person(row: Row, roles: Sequence[Role], tie: Tie | None) -> Person:
    own, (theme, has_shortcuts, warning_minutes, has_sound, away_since) = row[:_OWN], row[_OWN:]
    person = Person(*own)  # SQLite has no truth values
    return msgspec.structs.replace(
        person,
        has_password=bool(person.has_password),
        roles=tuple(roles),
        preferences=Preferences(theme, bool(has_shortcuts), warning_minutes, bool(has_sound)),
        tie=tie,
        away_since=away_since,
    )


def sighting(row: Sequence[int | None]) -> Sighting:
    """Return when somebody was there; a session may be gone whose last use is kept."""
    lease_until, seen_at, used_at, away_since = row
    clicked = [each for each in (seen_at, used_at) if each is not None]
    return Sighting(lease_until, max(clicked, default=None), away_since is not None)


def _preferences_row(preferences: Preferences) -> dict[str, str | int | None]:
    given = msgspec.structs.asdict(preferences)
    return {name: int(each) if isinstance(each, bool) else each for name, each in given.items()}


def _role(row: Row) -> Role:
    _, kind, vdn, agent, phone = row
    return Role(kind, vdn or None, agent, phone)


def _tie(row: Row) -> Tie:
    _, issuer, subject = row
    return Tie(issuer, subject)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
