"""People: who works here, and whoever keeps them invites, changes and resets them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.responses import Response

from callkeeper.console.fields import Form, typed_vdn
from callkeeper.console.press import Press, lead_to
from callkeeper.console.proof import Proofs
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.people.changes import (
    Disable,
    Enable,
    EndSessions,
    GiveRole,
    PersonChange,
    TakeRole,
    TieAccount,
    Untie,
)
from callkeeper.core.people.person import Role, RoleKind, Tie
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import ParameterWrong, Refusal
from callkeeper.usecases.invitations import Invited
from callkeeper.usecases.staff import Staff

WELCOME = "/console/welcome/"

_ROWS_MAX = 200
_KINDS: tuple[RoleKind, ...] = ("agent", "supervisor", "administrator")
_CHANGES: Mapping[str, type[Disable | Enable | EndSessions | Untie]] = {
    "disable": Disable,
    "enable": Enable,
    "end-sessions": EndSessions,
    "untie": Untie,
}


class ConsolePlace(NamedTuple):
    """Where people find the console, if a setting says so; and by which provider they may come."""

    url: str | None
    issuer: str | None


class PeoplePages:
    """The people of a VDN, or of the installation where the path names none."""

    def __init__(
        self,
        staff: Staff,
        proofs: Proofs,
        press: Press,
        times: PageTimes,
        place: ConsolePlace,
    ) -> None:
        self._staff = staff
        self._proofs = proofs
        self._press = press
        self._times = times
        self._url, self._issuer = place

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show them, and the form by which another is invited."""
        return await self._list(visit, who)

    async def invite(self, visit: Visit, who: SignedIn) -> Response:
        """Invite somebody, and show the link this once."""
        form = visit.form()

        async def act(who: SignedIn) -> Response:
            role = _role(visit, form)
            invited = await self._staff.invite(
                who, form.get("login", ""), form.get("name", ""), role
            )
            return self._link(visit, who, invited)

        return await self._proofs.act(
            who, form, act, lambda who, refused: self._list(visit, who, form, refused)
        )

    async def one(self, visit: Visit, who: SignedIn) -> Response:
        """Show one of them."""
        return await self._person(visit, who)

    async def change(self, visit: Visit, who: SignedIn) -> Response:
        """Do to one of them what the button says that was pressed."""
        form = visit.form()

        async def act(who: SignedIn) -> Response:
            if form.get("act") == "reset":
                return self._link(visit, who, await self._staff.reset(who, *_whom(visit)))
            await self._staff.change(who, *_whom(visit), self._change(visit, form))
            stays = form.get("act") != "no-role" or visit.maybe_vdn is None
            return lead_to(f"{_path(visit)}/{visit.login}" if stays else _path(visit))

        return await self._proofs.act(
            who, form, act, lambda who, refused: self._person(visit, who, form, refused)
        )

    def _change(self, visit: Visit, form: Form) -> PersonChange:
        act = form.get("act", "")
        if act == "role":
            return GiveRole(_role(visit, form))
        if act == "no-role":
            return TakeRole(visit.maybe_vdn if visit.maybe_vdn is not None else typed_vdn(form))
        if act == "tie" and self._issuer is not None:
            return TieAccount(Tie(self._issuer, form.get("subject", "")))
        if act not in _CHANGES:
            raise ParameterWrong("press one of the buttons of this page", about="act")
        return _CHANGES[act]()

    async def _list(
        self, visit: Visit, who: SignedIn, typed: Form | None = None, refused: Refusal | None = None
    ) -> Response:
        text = visit.request.query_params.get("find", "").strip()
        found = await self._staff.find(who.person, visit.maybe_vdn, text, _ROWS_MAX)
        given = self._given(visit, who, typed, refused)
        return self._press.page(visit.language, "people", found=found, text=text, **given)

    async def _person(
        self, visit: Visit, who: SignedIn, typed: Form | None = None, refused: Refusal | None = None
    ) -> Response:
        member = await self._staff.one(who.person, *_whom(visit))
        given = self._given(visit, who, typed, refused)
        issuer = self._issuer if self._staff.may_tie(who.person) else None
        return self._press.page(visit.language, "person", member=member, issuer=issuer, **given)

    def _link(self, visit: Visit, who: SignedIn, invited: Invited) -> Response:
        link = f"{self._url or visit.origin}{WELCOME}{invited.token}"
        given = self._given(visit, who)
        person = invited.person
        return self._press.page(visit.language, "link", person=person, link=link, **given)

    def _given(
        self,
        visit: Visit,
        who: SignedIn,
        typed: Form | None = None,
        refused: Refusal | None = None,
    ) -> dict[str, Any]:
        """Return what the templates of all these pages are given."""
        vdn = visit.maybe_vdn
        return {
            "who": who,
            "path": _path(visit),
            "kinds": _KINDS if vdn is not None else (*_KINDS, "operator"),
            "times": self._times.of(who),
            "asks_proof": self._proofs.is_asked(who),
            "typed": typed or {},
            "refused": refused,
        } | ({} if vdn is None else {"vdn": vdn})


def _path(visit: Visit) -> str:
    vdn = visit.maybe_vdn
    return "/console/people" if vdn is None else f"/console/{vdn}/people"


def _whom(visit: Visit) -> tuple[int | None, str]:
    return visit.maybe_vdn, visit.login


def _role(visit: Visit, form: Form) -> Role:
    """Return the role that was typed. Raise ParameterWrong."""
    kind, vdn = form.get("kind", ""), visit.maybe_vdn
    agent = form.get("agent") or None
    if vdn is None:
        vdn = typed_vdn(form)
    for known in (*_KINDS, "operator"):
        if kind == known:
            role = Role(known, vdn, agent, form.get("phone") or None)
            role.check()
            return role
    raise ParameterWrong("choose a role", about="kind")
