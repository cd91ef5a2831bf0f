"""Staff: the people of a VDN, or of the installation, as whoever keeps them sees and changes them.

What is done here is grave: it needs a password that was typed lately, and each is a deed.
"""

from typing import NamedTuple

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock, new_token
from callkeeper.core.endpoint import check_may_ring
from callkeeper.core.instants import Instant
from callkeeper.core.people.changes import (
    GiveRole,
    NewPerson,
    PersonChange,
    PersonOrder,
    Reset,
    TakeRole,
    TieAccount,
)
from callkeeper.core.people.person import NoSuchPerson, Person, Role, login_of
from callkeeper.core.people.presence import Presence, Sighting
from callkeeper.core.people.rights import check_may, keeps_wholly, may
from callkeeper.core.people.session import SignedIn, digest_of, new_link
from callkeeper.core.refusal import NoRight
from callkeeper.usecases.invitations import Invited
from callkeeper.usecases.people import People


class Member(NamedTuple):
    """Somebody of the staff, as whoever keeps them sees them.

    ``roles`` are those that they may know of, and ``is_elsewhere`` says that there are more.
    ``is_kept_wholly``: they may do more than change the role in their VDN.
    """

    person: Person
    roles: tuple[Role, ...]
    is_elsewhere: bool
    is_kept_wholly: bool
    seen: Sighting
    presence: Presence
    sessions: int = 0


class StaffFound(NamedTuple):
    """The first people that were looked for, and whether there are more."""

    members: list[Member]
    has_more: bool


class Staff:
    """The people whom others keep: administrators those of their VDNs, operators all.

    ``phones`` are the forms of those that may ring. Where ``groups_give_roles``, whoever has an
    account at the single sign-on may be an operator by it, so only operators tie one.
    """

    def __init__(
        self,
        async_store: AsyncStore,
        clock: Clock,
        people: People,
        phones: str,
        *,
        groups_give_roles: bool = False,
    ) -> None:
        self._store = async_store
        self._clock = clock
        self._people = people
        self._phones = phones
        self._groups_give_roles = groups_give_roles

    async def find(self, keeper: Person, vdn: int | None, text: str, limit: int) -> StaffFound:
        """Return the people of a VDN, or all (None), whose login or name has a text in it."""
        check_may(keeper, "keep_people", vdn)
        text = text.casefold()
        wanted = [
            each
            for each in await self._store.people.all(vdn)
            if text in each.login or text in each.name.casefold()
        ]
        first = wanted[:limit]
        seen = await self._store.people.seen([each.login for each in first], vdn)
        now = self._clock.now()
        members = [_member(keeper, each, seen.get(each.login), now) for each in first]
        return StaffFound(members, len(wanted) > limit)

    async def one(self, keeper: Person, vdn: int | None, login: str) -> Member:
        """Return somebody who has a role in a VDN, or anybody (None). Raise NoSuchPerson."""
        check_may(keeper, "keep_people", vdn)
        person = await self._store.people.get(login)
        if person is None or (vdn is not None and person.role_in(vdn) is None):
            raise NoSuchPerson("there is no person {login!r}", about="login", login=login)
        seen = await self._store.people.seen([login], vdn)
        sessions = await self._people.sessions_of(login)
        found = _member(keeper, person, seen.get(login), self._clock.now())
        return found._replace(sessions=len(sessions))

    async def invite(self, who: SignedIn, login: str, name: str, role: Role) -> Invited:
        """Add somebody in a role, and return the link by which they come.

        Raise NoRight, ProofMissing, LoginTaken or ParameterWrong.
        """
        check_may(who.person, "keep_people", role.vdn)
        now = self._clock.now()
        who.session.check_proven(now)
        check_may_ring(role.phone, self._phones)
        login, token = login_of(login), new_token()
        link = new_link(digest_of(token), login, now)
        name = name.strip() or login
        new = NewPerson(login, name, role, link, who.person.by, now, keeper=who.person)
        return Invited(await self._store.people.add(new), token)

    async def reset(self, who: SignedIn, vdn: int | None, login: str) -> Invited:
        """Void somebody's password and sessions, and return the link for a new one."""
        token = new_token()
        link = new_link(digest_of(token), login, self._clock.now())
        return Invited(await self.change(who, vdn, login, Reset(link)), token)

    def may_tie(self, keeper: Person) -> bool:
        """Whether somebody who keeps a person may tie an account to them."""
        return not self._groups_give_roles or may(keeper, "keep_sign_on")

    async def change(
        self, who: SignedIn, vdn: int | None, login: str, change: PersonChange
    ) -> Person:
        """Change somebody, in a VDN's name or the installation's, and return them.

        Raise NoRight, ProofMissing, NoSuchPerson or ParameterWrong.
        """
        check_may(who.person, "keep_people", vdn)
        if isinstance(change, TieAccount) and not self.may_tie(who.person):
            raise NoRight("only an operator ties accounts where their groups give roles")
        who.session.check_proven(self._clock.now())
        if isinstance(change, GiveRole):
            check_may_ring(change.role.phone, self._phones)
        if vdn is None and isinstance(change, GiveRole):
            vdn = change.role.vdn  # its administrators read of it
        elif vdn is None and isinstance(change, TakeRole):
            vdn = change.vdn
        order = PersonOrder(
            login, change, who.person.by, self._clock.now(), vdn=vdn, keeper=who.person
        )
        person = await self._store.people.change(order)
        self._people.forget(login)
        return person


def _member(keeper: Person, person: Person, seen: Sighting | None, now: Instant) -> Member:
    known = tuple(each for each in person.roles if may(keeper, "keep_people", each.vdn))
    seen = seen or Sighting()
    return Member(
        person,
        known,
        known != person.roles,
        keeps_wholly(keeper, person),
        seen,
        seen.presence(now),
    )
