"""A screen pop: the address of a customer in somebody else's program, made of a template.

A template like ``https://crm.example.com/c/{customerId}?tel={number}`` has places for members of
call data, and for what a reservation has itself. Every value is written so that it stays a part of
its place, and no place stands in the host: nothing that a customer is called leads elsewhere.
"""

import re

from callkeeper.core.characters import ANY, TextBounds
from callkeeper.core.people.house_rules import Numbers
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.call_data import members
from callkeeper.core.reservations.reservation import Reservation

TEMPLATE = TextBounds(500, ANY)

# What may stand in a place besides members of call data, which they hide.
OURS = ("number", "id", "vdn", "agent", "campaign")

_PLACE = re.compile(r"\{([^{}]*)\}")
# Behind the host printable ASCII without blanks; a name is whatever a member may be called.
_SHAPE = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#]([!-z|~]|\{[^{}]+\})*)?")
_AS_IT_IS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def check_template(template: str) -> None:
    """Refuse what is no template: anything but https, and a place in the host."""
    TEMPLATE.check(template, "screen_pop")
    if not _SHAPE.fullmatch(template):
        raise ParameterWrong(
            "write an address that begins with https:// and a host, and has names in braces behind "
            "it, as in https://crm.example.com/c/{customerId}?tel={number}",
            about="screen_pop",
        )


def names_number(template: str) -> bool:
    """Whether a template has a place for the number."""
    return "number" in _PLACE.findall(template)


def unknown_names(template: str, reservation: Reservation, numbers: Numbers) -> list[str]:
    """Return the names in a template for which a reservation has nothing, each once, in order.

    Where numbers are never shown, nothing is known of them.
    """
    known = _known(reservation, numbers)
    return [each for each in dict.fromkeys(_PLACE.findall(template)) if each not in known]


def screen_pop(template: str | None, reservation: Reservation, numbers: Numbers) -> str | None:
    """Return the address; None where there is no template, or a name in it is not known."""
    if template is None or unknown_names(template, reservation, numbers):
        return None
    known = _known(reservation, numbers)
    return _PLACE.sub(lambda place: _encoded(known[place[1]]), template)


def _known(reservation: Reservation, numbers: Numbers) -> dict[str, str]:
    told = {
        name: str(value)
        for name, value in members(reservation.call_data).items()
        if isinstance(value, str | int | float) and str(value)
    }
    ours = dict(
        zip(
            OURS,
            (
                None if numbers == "never" else reservation.called_no,
                reservation.id,
                str(reservation.vdn),
                reservation.agent,
                str(reservation.campaign_id),
            ),
            strict=True,
        )
    )
    for name in ours:
        told.pop(name, None)
    return told | {name: value for name, value in ours.items() if value}


def _encoded(value: str) -> str:
    """Return a value with all percent-encoded that could mean something in an address."""
    text = value.encode("utf-8", "replace")
    return "".join(chr(byte) if byte in _AS_IT_IS else f"%{byte:02X}" for byte in text)
