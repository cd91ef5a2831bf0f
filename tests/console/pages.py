"""All pages of the console, as they are listed."""

from typing import Any

from callkeeper.clock import SystemClock
from callkeeper.console.assets import Assets
from callkeeper.console.door import Door
from callkeeper.console.press import Press
from callkeeper.console.routes import Console, shown

_NOTHING: Any = None

PAGES = shown(Console(_NOTHING, _NOTHING, SystemClock(), "UTC"), Press(Assets()), Door(_NOTHING))
