"""All that can become of a person, and the order that asks for it.

A change is a value: ``apply`` returns the next person or raises a Refusal. One that changes
nothing returns the very same, and then nothing is written.
"""

from typing import ClassVar, TypeAlias

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.people.person import (
    Person,
    Role,
    Tie,
    check_language,
    check_login,
    check_name,
)
from callkeeper.core.people.preferences import Preferences
from callkeeper.core.people.session import Link
from callkeeper.core.refusal import ParameterWrong


class Describe(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Another name, language, zone or preferences; what is None stays, an empty text goes."""

    what: ClassVar[str] = "person_described"
    ends_sessions: ClassVar[bool] = False

    name: str | None = None
    language: str | None = None
    zone: str | None = None
    preferences: Preferences | None = None

    def apply(self, old: Person, _at: Instant) -> Person:
        """Return the person as described."""
        name = old.name if self.name is None else self.name.strip()
        check_name(name)
        language = old.language if self.language is None else self.language or None
        if language is not None:
            check_language(language)
        zone = old.zone if self.zone is None else self.zone or None
        preferences = self.preferences or old.preferences
        preferences.check()
        new = {"name": name, "language": language, "zone": zone, "preferences": preferences}
        if all(getattr(old, field) == value for field, value in new.items()):
            return old
        return old.changed(**new)


class Away(msgspec.Struct, frozen=True, tag=True):
    """They are away, although a page of theirs is open; or are back."""

    what: ClassVar[str] = "away_said"
    ends_sessions: ClassVar[bool] = False

    is_so: bool

    def apply(self, old: Person, at: Instant) -> Person:
        """Return the person as away since now, or as back."""
        if self.is_so == (old.away_since is not None):
            return old
        return old.changed(away_since=at if self.is_so else None)


class GiveRole(msgspec.Struct, frozen=True, tag=True):
    """A role, in place of the one in that VDN."""

    what: ClassVar[str] = "role_given"
    ends_sessions: ClassVar[bool] = False

    role: Role

    def apply(self, old: Person, _at: Instant) -> Person:
        """Return the person in this role."""
        self.role.check()
        if self.role in old.roles:
            return old
        others = [each for each in old.roles if each.vdn != self.role.vdn]
        return old.changed(roles=in_order([*others, self.role]))


class TakeRole(msgspec.Struct, frozen=True, tag=True):
    """No role in a VDN any more, or for the installation (None)."""

    what: ClassVar[str] = "role_taken"
    ends_sessions: ClassVar[bool] = False

    vdn: int | None

    def apply(self, old: Person, _at: Instant) -> Person:
        """Return the person without it."""
        role = old.role_in(self.vdn)
        if role is None and self.vdn is None:
            raise ParameterWrong("{login} is no operator", about="kind", login=old.login)
        if role is None:
            raise ParameterWrong(
                "{login} has no role in VDN {vdn}", about="vdn", login=old.login, vdn=self.vdn or 0
            )
        return old.changed(roles=tuple(each for each in old.roles if each is not role))


class Disable(msgspec.Struct, frozen=True, tag=True):
    """Nobody signs in with this login any more; sessions and links end at once."""

    what: ClassVar[str] = "person_disabled"
    ends_sessions: ClassVar[bool] = True

    def apply(self, old: Person, at: Instant) -> Person:
        """Return the person as disabled."""
        return old if old.disabled_at is not None else old.changed(disabled_at=at)


class Enable(msgspec.Struct, frozen=True, tag=True):
    """The person signs in as before."""

    what: ClassVar[str] = "person_enabled"
    ends_sessions: ClassVar[bool] = False

    def apply(self, old: Person, _at: Instant) -> Person:
        """Return the person as enabled."""
        return old if old.disabled_at is None else old.changed(disabled_at=None)


class Reset(msgspec.Struct, frozen=True, tag=True):
    """The password is void and sessions end at once; a new one is chosen by this link."""

    what: ClassVar[str] = "password_reset"
    ends_sessions: ClassVar[bool] = True

    link: Link

    def apply(self, old: Person, _at: Instant) -> Person:
        """Return the person without a password."""
        if old.disabled_at is not None:
            raise ParameterWrong(
                "{login} is disabled; `callkeeper person enable {login}` comes first",
                about="login",
                login=old.login,
            )
        return old.changed(has_password=False)


class EndSessions(msgspec.Struct, frozen=True, tag=True):
    """All sessions of the person end."""

    what: ClassVar[str] = "sessions_ended"
    ends_sessions: ClassVar[bool] = True

    def apply(self, old: Person, _at: Instant) -> Person:
        """Return the next version: there is nothing of a session in it."""
        return old.changed()


class TieAccount(msgspec.Struct, frozen=True, tag=True):
    """Whoever has this account at the single sign-on is the person."""

    what: ClassVar[str] = "person_tied"
    ends_sessions: ClassVar[bool] = False

    tie: Tie

    def apply(self, old: Person, _at: Instant) -> Person:
        """Return the person as tied."""
        self.tie.check()
        if old.tie == self.tie:
            return old
        if old.tie is not None:
            raise ParameterWrong(
                "{login} is tied to another account, which has to be untied first",
                about="subject",
                login=old.login,
            )
        return old.changed(tie=self.tie)


class Untie(msgspec.Struct, frozen=True, tag=True):
    """Nobody signs in as the person by the single sign-on any more; their sessions end."""

    what: ClassVar[str] = "person_untied"
    ends_sessions: ClassVar[bool] = True

    def apply(self, old: Person, _at: Instant) -> Person:
        """Return the person without a tie."""
        if old.tie is None:
            raise ParameterWrong("{login} is tied to no account", about="subject", login=old.login)
        return old.changed(tie=None)


class GrantRoles(msgspec.Struct, frozen=True, tag=True):
    """The roles that the single sign-on grants, in place of all in the VDNs where it decides.

    None among those VDNs is the installation. An account that somebody was given by hand stays
    with a role that does not say one.
    """

    what: ClassVar[str] = "roles_granted"
    ends_sessions: ClassVar[bool] = False

    roles: tuple[Role, ...]
    vdns: tuple[int | None, ...]

    def apply(self, old: Person, _at: Instant) -> Person:
        """Return the person in these roles, and in those elsewhere from before."""
        roles = [each for each in old.roles if each.vdn not in self.vdns]
        for each in self.roles:
            before = old.role_in(each.vdn)
            is_kept = before is not None and before.kind == each.kind and each.agent is None
            role = before if before is not None and is_kept else each
            if before is not None and role.kind != "operator":
                # The sign-on knows of no phones.
                role = msgspec.structs.replace(role, phone=before.phone)
            role.check()
            roles.append(role)
        found = in_order(roles)
        return old if found == old.roles else old.changed(roles=found)


PersonChange: TypeAlias = (
    Describe
    | Away
    | GiveRole
    | TakeRole
    | Disable
    | Enable
    | Reset
    | EndSessions
    | TieAccount
    | Untie
    | GrantRoles
)


class PersonOrder(msgspec.Struct, frozen=True):
    """A change of a person, by whom, and in which VDN's name (None: the installation's).

    ``keeper`` is whoever does it because a role lets them keep people, as they were when they asked
    for it; None: it is one's own, or done at the command line.
    """

    login: str
    change: PersonChange
    by: str
    at: Instant
    vdn: int | None = None
    keeper: Person | None = None


class NewPerson(msgspec.Struct, frozen=True):
    """Somebody who is to choose a password by a link, or comes by the single sign-on.

    ``keeper`` is as in ``PersonOrder``.
    """

    what: ClassVar[str] = "person_added"

    login: str
    name: str
    role: Role
    link: Link | None
    by: str
    at: Instant
    tie: Tie | None = None
    keeper: Person | None = None

    def made(self) -> Person:
        """Return the person. Raise ParameterWrong."""
        check_login(self.login)
        name = self.name.strip()
        check_name(name)
        self.role.check()
        if self.tie is not None:
            self.tie.check()
        return Person(
            login=self.login,
            version=1,
            name=name,
            language=None,
            zone=None,
            made_at=self.at,
            disabled_at=None,
            has_password=False,
            roles=(self.role,),
            tie=self.tie,
        )


def reaches_further(old: Person, new: Person) -> bool:
    """Whether a person is more after a change than those who kept them before could make them.

    Those know the password perhaps, or its link: they may have invited somebody who never was.
    Operators are kept by operators alone, who could make anybody anything.
    """
    if old.role_in(None) is not None:
        return False
    before = {each.vdn for each in old.roles}
    return any(each.vdn not in before for each in new.roles)


def in_order(roles: list[Role]) -> tuple[Role, ...]:
    """Return roles as they are told: the installation's first, then by VDN."""
    return tuple(sorted(roles, key=lambda each: each.vdn or 0))
