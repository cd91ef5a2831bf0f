"""An endpoint of the phone network, as the line knows it: where a phone is, or a way to one."""

import re

from callkeeper.core.refusal import ParameterWrong

# Nothing in it means anything to a dialplan but what it is for.
ENDPOINT = re.compile(r"[A-Za-z]\w{0,39}/[\w.@:+-]{1,200}", re.ASCII)
# What a * of an allowed form stands for: a name. No @ or : with which one says where else to go.
_NAME = r"[A-Za-z0-9_.+-]+"


def lasting(endpoint: str) -> str:
    """Return an endpoint whose channel is there for as long as its call goes on.

    One of Local without options leaves a call once both its ends talk, and its id goes with it.
    """
    is_bare = endpoint.lower().startswith("local/") and endpoint.count("/") == 1
    return f"{endpoint}/n" if is_bare else endpoint


def check_phone(phone: str) -> None:
    """Refuse what cannot be the endpoint of an agent's phone."""
    if not ENDPOINT.fullmatch(phone):
        raise ParameterWrong(
            "{phone!r} is no phone; write it as the line knows it, like PJSIP/1001",
            about="phone",
            phone=phone,
        )


def may_ring(phone: str, allowed: str) -> bool:
    """Whether a phone is of one of the ``allowed`` forms, like ``PJSIP/*``; blanks part them.

    No rule of numbers is asked about what rings. So a phone that is a way into the dialplan, or to
    a trunk, would be a call to any number.
    """
    forms = (_NAME.join(map(re.escape, form.split("*"))) for form in allowed.split())
    return any(re.fullmatch(form, phone) for form in forms)


def check_may_ring(phone: str | None, allowed: str) -> None:
    """Refuse a phone that may not ring."""
    if phone is None or may_ring(phone, allowed):
        return
    raise ParameterWrong(
        "{phone!r} is no phone that may ring here; the operator allows {allowed}",
        about="phone",
        phone=phone,
        allowed=allowed,
    )
