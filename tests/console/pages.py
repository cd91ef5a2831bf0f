"""All pages of the console, as they are listed."""

from typing import Any

from callkeeper.clock import HandClock
from callkeeper.console.assets import Assets
from callkeeper.console.office import Office
from callkeeper.console.people import ConsolePlace
from callkeeper.console.press import Press
from callkeeper.console.routes import Console, shown
from callkeeper.console.times import PageTimes

_NOTHING: Any = None  # a list of pages asks none of them

_OFFICE = Office(*[_NOTHING for _ in Office._fields])._replace(place=ConsolePlace(None, None))
_CONSOLE = Console(*[_NOTHING for _ in Console._fields])._replace(
    office=_OFFICE, times=PageTimes(HandClock(0), "UTC")
)

PAGES = shown(_CONSOLE, Press(Assets()), _NOTHING)
