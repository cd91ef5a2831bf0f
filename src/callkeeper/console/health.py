"""Health: what the doctor finds of the installation, and when it last looked."""

import os
import socket

from starlette.responses import Response

from callkeeper import __version__
from callkeeper.clock import monotonic
from callkeeper.console.figures import SLOWEST_MINUTES, ConsoleFigures
from callkeeper.console.press import Press, lead_to
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.people.session import SignedIn
from callkeeper.usecases.checks import CheckUps

PATH = "/console/health"

_SLOWEST_SHOWN = 3

# What each check is called.
CHECK_WORDS = {
    "installation": "installation",
    "program": "program",
    "database": "database",
    "schema": "schema",
    "writing": "writing",
    "tallies": "tallies",
    "clock": "clock",
    "sealing key": "sealing key",
    "privacy": "privacy",
    "certificate": "certificate",
    "disk": "disk",
    "port": "port",
    "line": "line",
    "sign-on": "single sign-on",
}


class HealthPage:
    """The health of the installation, as this server sees it."""

    def __init__(
        self, checkups: CheckUps, figures: ConsoleFigures, press: Press, times: PageTimes
    ) -> None:
        self._checkups = checkups
        self._figures = figures
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show what the last check-up found."""
        found = await self._checkups.last(who.person)
        return self._press.page(
            visit.language,
            "health",
            who=who,
            found=found,
            version=__version__,
            server=socket.gethostname(),
            process=os.getpid(),
            streams=self._figures.open_streams,
            slowest=self._figures.slowest.first(_SLOWEST_SHOWN, monotonic()),
            minutes=SLOWEST_MINUTES,
            check_words=CHECK_WORDS,
            times=self._times.of(who),
        )

    async def again(self, visit: Visit, who: SignedIn) -> Response:
        """Make another one."""
        visit.form()
        await self._checkups.again(who.person)
        return lead_to(PATH)
