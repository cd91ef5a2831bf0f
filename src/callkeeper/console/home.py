"""The first page: what somebody is here for."""

from starlette.responses import Response

from callkeeper.console.press import Press
from callkeeper.console.visit import Visit
from callkeeper.core.people.session import SignedIn


class HomePage:
    """The roles of whoever looks."""

    def __init__(self, press: Press) -> None:
        self._press = press

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show the roles, or whom to ask for one."""
        return self._press.page(visit.language, "home", who=who)
