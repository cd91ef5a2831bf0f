"""What an answered call is handed to, and what it takes along."""

import re
from collections.abc import Mapping

import msgspec

from callkeeper.core.endpoint import ENDPOINT
from callkeeper.core.reservations.call_data import PREFIX, WHOLE, has_own_variable, members
from callkeeper.dialer.line.line import DialplanTarget
from callkeeper.terminal import blanked, harmless

_TARGET = re.compile(
    r"(?P<context>[\w.-]{1,79}),(?P<extension>[\w.*#+-]{1,79})(,(?P<priority>[1-9]\d{0,3}))?"
)


class DestinationsWrong(ValueError):  # noqa: N818 - what it is
    """A destination is neither a place in the dialplan nor an endpoint."""


class Destinations:
    """The destinations that the settings name: one for each IVR code or skill, one for the rest."""

    def __init__(self, default: str, named: Mapping[str, str]) -> None:
        self._default = destination(default)
        self._named = {name: destination(each) for name, each in named.items()}

    def of(self, goes_to: str | None) -> DialplanTarget | str:
        """Return where the calls of a campaign go that is for ``ivr CODE`` or ``skill ID``."""
        return self._named.get(goes_to or "", self._default)


def destination(text: str) -> DialplanTarget | str:
    """Read ``context,extension[,priority]`` or ``TECH/endpoint``. Raise DestinationsWrong."""
    if target := _TARGET.fullmatch(text):
        return DialplanTarget(target["context"], target["extension"], int(target["priority"] or 1))
    if ENDPOINT.fullmatch(text):
        return text
    raise DestinationsWrong(
        f"{text!r} is no destination; write context,extension or an endpoint like PJSIP/1001"
    )


def variables(call_data: str | None) -> dict[str, str]:
    """Return call data as channel variables: all of it, as JSON on one line, and its members.

    The prefix keeps them from setting what means something to Asterisk. In the JSON a dollar is
    written as its escape, so that no dialplan that evaluates it finds anything to evaluate.
    """
    known = members(call_data)
    if not known:
        return {}
    own = {
        PREFIX + name: blanked(_text(value))
        for name, value in known.items()
        if has_own_variable(name)
    }
    return {WHOLE: harmless(call_data or "").replace("$", "\\u0024"), **own}


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
