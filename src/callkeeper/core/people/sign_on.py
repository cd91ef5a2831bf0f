"""Single sign-on: who somebody is there, and what they are here by the groups that they are in."""

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.people.changes import GrantRoles, NewPerson, in_order
from callkeeper.core.people.person import (
    NAME_MOST,
    Role,
    RoleKind,
    Tie,
    check_name,
    is_login,
    login_of,
)
from callkeeper.core.people.rights import RANKS
from callkeeper.core.refusal import ParameterWrong, Refusal

BY = "sign-on"  # who gave what the groups say, as the deeds have it

_DIGITS = 12  # of a digest, in a login that nobody chose


class SignOnRefused(Refusal):
    """The single sign-on did not work; try it once more."""


class NobodyTied(SignOnRefused):
    """Nobody here is tied to your account; ask your administrator."""


class Account(msgspec.Struct, frozen=True):
    """Who somebody is at the provider, as it signed: an account, and what it says of it.

    ``login`` is what they sign in with there, and ``agent`` whose reservations are theirs; both may
    be somebody else's some day. ``proven_at`` is when they last showed there who they are; None if
    it does not say.
    """

    tie: Tie
    name: str | None
    login: str | None
    agent: str | None
    groups: frozenset[str]
    proven_at: Instant | None = None


class GroupRole(msgspec.Struct, frozen=True):
    """What the members of a group are, and in which VDN; None is the installation."""

    kind: RoleKind
    vdn: int | None


class GroupRoles:
    """The roles of groups, as the operator has set them."""

    def __init__(self, by_group: Mapping[str, GroupRole]) -> None:
        self._by_group = dict(by_group)
        self._vdns = tuple({each.vdn: None for each in self._by_group.values()})

    def __bool__(self) -> bool:
        return bool(self._by_group)

    def granted(self, account: Account) -> GrantRoles:
        """Return the roles of an account: of several in one VDN the one that may the most."""
        most: dict[int | None, GroupRole] = {}
        for group, role in self._by_group.items():
            known = most.get(role.vdn)
            if group in account.groups and (known is None or _rank(role) > _rank(known)):
                most[role.vdn] = role
        roles = [_role(each, account) for each in most.values()]
        return GrantRoles(in_order(roles), self._vdns)


def newcomer(account: Account, role: Role, now: Instant) -> NewPerson:
    """Return somebody who comes for the first time; their login is as there, if it can be one."""
    login = login_of(account.login or "")
    if not is_login(login):
        said = f"{account.tie.issuer} {account.tie.subject}".encode("utf-8", "surrogatepass")
        login = f"sso-{sha256(said).hexdigest()[:_DIGITS]}"
    return NewPerson(login, _name(account, login), role, None, BY, now, account.tie)


def _role(role: GroupRole, account: Account) -> Role:
    if role.kind != "agent":
        return Role(role.kind, role.vdn)
    if not account.agent:
        raise SignOnRefused(
            "the sign-on does not say under which account your reservations stand; ask its "
            "administrator for the claim that the setting sso_agent_claim names"
        )
    return Role(role.kind, role.vdn, account.agent)


def _name(account: Account, login: str) -> str:
    """Return what pages call somebody: their name there, if it can be one here."""
    name = (account.name or "").strip()[:NAME_MOST]
    try:
        check_name(name)
    except ParameterWrong:
        return login
    return name


def _rank(role: GroupRole) -> int:
    return RANKS.index(role.kind)
