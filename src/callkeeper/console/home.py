"""The first page: what somebody is here for."""

from starlette.responses import Response

from callkeeper.console.press import Press, lead_to
from callkeeper.console.visit import Visit
from callkeeper.core.people.person import Role
from callkeeper.core.people.session import SignedIn
from callkeeper.core.vdn import read_vdn


class HomePage:
    """The first page of whoever has one role, or the roles."""

    def __init__(self, press: Press) -> None:
        self._press = press

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Lead to the first page of one's only role; else show the roles, or whom to ask for one.

        Lead an operator to the VDN that was typed.
        """
        typed = visit.request.query_params.get("vdn", "").strip()
        vdn = read_vdn(typed) if typed else None
        if vdn is not None:
            return lead_to(f"/console/{vdn}/board")
        match who.person.roles:
            case (Role(vdn=int() as own, kind=kind),) if not typed:
                return lead_to(f"/console/{own}/{'today' if kind == 'agent' else 'board'}")
        return self._press.page(visit.language, "home", who=who, typed=typed[:20])
