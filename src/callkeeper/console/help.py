"""Help: the keys, what the words mean, and who to ask."""

from starlette.responses import Response

from callkeeper.console.press import Press
from callkeeper.console.visit import Visit
from callkeeper.core.people.session import SignedIn


class HelpPage:
    """What somebody may look up."""

    def __init__(self, press: Press) -> None:
        self._press = press

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show it."""
        return self._press.page(visit.language, "help", who=who, **visit.came_from)
