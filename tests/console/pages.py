"""All pages of the console, as they are listed."""

from typing import Any

from callkeeper.console.assets import Assets
from callkeeper.console.press import Press
from callkeeper.console.routes import Console, shown

_NOTHING: Any = None  # a list of pages asks none of them

PAGES = shown(Console(*[_NOTHING for _ in Console._fields]), Press(Assets()), _NOTHING)
