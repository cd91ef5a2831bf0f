"""What the fields of forms hold, read alike on all pages."""

import re
from collections.abc import Mapping
from typing import TypeVar

from callkeeper.clock import new_token
from callkeeper.core.instants import INSTANT_MAX, INSTANT_MIN, Instant
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.reservation import CALLED_NO
from callkeeper.core.vdn import read_vdn
from callkeeper.usecases.reservations import FormName

Form = Mapping[str, str]
T = TypeVar("T", bound=str)

_DIGITS_MAX = 18  # of a number: what has so many fits wherever we keep one
_TOKEN = re.compile(r"[0-9A-Za-z_-]{16,64}")
# People write numbers in groups; none of these is dialed.
_BETWEEN_DIGITS = re.compile(r"[\s().\-\u2010-\u2015/]+")


def chosen(form: Form, name: str, choices: tuple[T, ...]) -> T:
    """Return the choice that was made. Raise ParameterWrong."""
    for each in choices:
        if each == form.get(name):
            return each
    raise ParameterWrong("choose one of what is offered", about=name)


def chosen_password(form: Form, name: str) -> str:
    """Return a new password, which is typed twice. Raise ParameterWrong."""
    if form.get(name) != form.get("again"):
        raise ParameterWrong("the two passwords are not the same", about="again")
    return form.get(name, "")


def typed_vdn(form: Form) -> int | None:
    """Return the VDN that was typed, or None for the whole installation. Raise ParameterWrong."""
    text = form.get("vdn", "")
    vdn = read_vdn(text) if text else None
    if text and vdn is None:
        raise ParameterWrong("{text!r} is no VDN: 1 to 9999", about="vdn", text=text[:20])
    return vdn


def typed_count(form: Form, name: str, most: int) -> int | None:
    """Return a number of things; None: none was typed.

    Of what is no number, or has more digits than the most that there may be, it is -1, which
    whoever keeps it refuses.
    """
    text = form.get(name, "")
    if not text:
        return None
    return int(text) if _is_number(text, len(str(most))) else -1


def typed_note(form: Form) -> str:
    """Return the note that was typed; browsers send two characters for the end of a line."""
    return form.get("note", "").replace("\r\n", "\n")


def plain_number(form: Form) -> str:
    """Return the phone number that was typed, without what stands between its groups."""
    return _BETWEEN_DIGITS.sub("", form.get("number", ""))


def dialed_number(form: Form) -> str:
    """Return the same, of a number that is to be dialed; "" where none was typed.

    Nobody here knows what stands for the + of a number, which differs by trunk. Raise
    ParameterWrong.
    """
    number = plain_number(form)
    if number.startswith("+"):
        raise ParameterWrong(
            "type it as you would dial it here, without the +: for instance 0044… for +44…",
            about="number",
        )
    if number:
        CALLED_NO.check(number, "number")
    return number


def hidden_number(form: Form, name: str) -> int:
    """Return a number that a form has with it, which nobody types. Raise ParameterWrong."""
    text = form.get(name, "")
    if not _is_number(text, _DIGITS_MAX):
        raise unreadable()
    return int(text)


def hidden_instant(form: Form, name: str) -> Instant:
    """Return an instant that a form has with it. Raise ParameterWrong."""
    instant = hidden_number(form, name)
    if not INSTANT_MIN <= instant <= INSTANT_MAX:
        raise unreadable()
    return instant


def new_form_name(now: Instant) -> str:
    """Return what tells a form that is shown now from every other, as the form has it with it."""
    return f"{now}-{new_token()}"


def form_name(form: Form) -> FormName:
    """Return what tells this form from every other. Raise ParameterWrong."""
    made, _, token = form.get("form", "").partition("-")
    if not _TOKEN.fullmatch(token):
        raise unreadable()
    return FormName(hidden_instant({"made": made}, "made"), token)


def unreadable() -> ParameterWrong:
    """Return what is said of a form that no page of ours has."""
    return ParameterWrong("the form cannot be read; load the page again")


def _is_number(text: str, digits_max: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits_max
