"""Deeds: who did what to people, keys, rules and campaigns, for whoever may read of it."""

from typing import NamedTuple

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import Person, Role, by_login, login_of
from callkeeper.core.people.rights import check_may
from callkeeper.store.port.people import Deed

# Where a deed is in the order of all: when, and which one of that instant.
Place = tuple[Instant, int]


class Told(NamedTuple):
    """A deed with what is to be told of it: the roles that it gave, and all else as it is kept."""

    deed: Deed
    roles: tuple[Role, ...]
    detail: str


class Page(NamedTuple):
    """Some deeds, newest first, and where the next ones begin; None: there are no more."""

    deeds: list[Told]
    before: Place | None


class Deeds:
    """The deeds of a VDN, for its administrators, or of all, for operators."""

    def __init__(self, async_store: AsyncStore) -> None:
        self._store = async_store

    async def latest(
        self, person: Person, vdn: int | None, login: str, before: Place | None, limit: int
    ) -> Page:
        """Return the newest before a place, of all people or of one whose login is given."""
        check_may(person, "read_deeds", vdn)
        whose = by_login(login_of(login)) if login.strip() else None
        found = await self._store.deeds.latest(limit + 1, before, vdn, whose)
        shown = found[:limit]
        end = (shown[-1].happened_at, shown[-1].number) if len(found) > limit else None
        return Page([_told(each) for each in shown], end)


class _NewRole(msgspec.Struct):
    role: Role


def _told(deed: Deed) -> Told:
    if deed.what == "role_given":
        return Told(deed, (msgspec.json.decode(deed.detail, type=_NewRole).role,), "")
    if deed.what == "person_added":
        return Told(deed, msgspec.json.decode(deed.detail, type=tuple[Role, ...]), "")
    return Told(deed, (), "" if deed.detail == "{}" or deed.what == "role_taken" else deed.detail)
