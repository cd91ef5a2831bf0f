"""Call data: a JSON object that an answered automatic call takes along to the dialplan.

All of it is one variable there. A member whose name can be a variable's is one of its own besides;
of a name that is there twice, the last one counts, as with any reader of JSON.
"""

import re
from typing import Any

import msgspec

WHOLE = "CALLDATA"
PREFIX = "CALLDATA_"

_NAME_MOST = 100  # of a customer, as a list shows it

# A name with anything else in it could be a dialplan function, or reach into another channel.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")


def members(call_data: str | None) -> dict[str, Any]:
    """Return the members; none of what is no JSON object, which somebody wrote past the API."""
    try:
        return msgspec.json.decode(call_data or "{}", type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        return {}


def customer_name(call_data: str | None, member: str | None) -> str:
    """Return how a member of call data names the customer; "" where none does."""
    named = members(call_data).get(member) if member else None
    if not isinstance(named, str | int):
        return ""
    return " ".join(str(named).split())[:_NAME_MOST]


def has_own_variable(name: str) -> bool:
    """Whether a member is a variable of its own, with the prefix before its name."""
    return _NAME.fullmatch(name) is not None


def as_variables(call_data: str | None) -> str:
    """Return which variables it becomes, in a sentence; "" when there is none."""
    names = members(call_data)
    if not names:
        return ""
    own = ", ".join(PREFIX + name for name in names if has_own_variable(name))
    others = ", ".join(name for name in names if not has_own_variable(name))
    told = f"call data goes along as {WHOLE}" + (f" and as {own}" if own else "")
    return told + (f"; only in {WHOLE}: {others}" if others else "")
