"""An endpoint of the phone network: where an agent's phone is, as the line knows it."""

import re

from callkeeper.core.refusal import ParameterWrong

# Nothing in it means anything to a dialplan but what it is for.
ENDPOINT = re.compile(r"[A-Za-z]\w{0,39}/[\w.@:+-]{1,200}", re.ASCII)


def check_phone(phone: str) -> None:
    """Refuse what cannot be the endpoint of an agent's phone."""
    if not ENDPOINT.fullmatch(phone):
        raise ParameterWrong(
            "{phone!r} is no phone; write it as the line knows it, like PJSIP/1001",
            about="phone",
            phone=phone,
        )
