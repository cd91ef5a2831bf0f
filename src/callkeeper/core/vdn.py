"""The VDN, the tenant: its number, from 1 on, and how it is written."""

VDN_MAX = 9999
_DIGITS_MAX = 9  # zeros before it among them


def read_vdn(text: str) -> int | None:
    """Return the VDN that a text is; None for one that is none."""
    is_short = text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX
    vdn = int(text) if is_short else 0
    return vdn if 1 <= vdn <= VDN_MAX else None
