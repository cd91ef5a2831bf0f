"""A VDN on its way from one installation to another, as each of the two knows it."""

from typing import Literal

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.refusal import Refusal

# Leaving: no call begins, all else goes on. Gone: nothing is served. Arriving: not yet. Writing:
# for as long as one transaction brings rows in. Here: it came from elsewhere, and is served.
State = Literal["leaving", "gone", "arriving", "writing", "here"]

UNCALLED: frozenset[State] = frozenset({"leaving", "gone", "arriving"})
UNSERVED: frozenset[State] = frozenset({"gone", "arriving"})


class TransferRefused(Refusal):
    """The VDN cannot be moved now."""


class Transfer(msgspec.Struct, frozen=True):
    """How a VDN stands; ``id`` is that of its export, ``lines`` how many of its file are in."""

    vdn: int
    id: str
    state: State
    begun_at: Instant
    lines: int = 0


def leaving(old: Transfer | None, vdn: int, id_: str, now: Instant) -> Transfer:
    """Return a VDN that is to leave; as it is where it is leaving, or gone, already."""
    if old is None or old.state == "here":
        return Transfer(vdn, id_, "leaving", now)
    if old.state in ("leaving", "gone"):
        return old
    raise TransferRefused(
        "VDN {vdn} is being imported here; finish that, or give it up with `callkeeper vdn forget`",
        vdn=vdn,
    )


def arriving(old: Transfer | None, vdn: int, id_: str, now: Instant, *, is_empty: bool) -> Transfer:
    """Return a VDN that comes in; as it is where some, or all, of the same export is in."""
    if old is not None and old.id == id_ and old.state in ("arriving", "here"):
        return old
    if old is not None and old.id == id_:
        raise TransferRefused(
            "VDN {vdn} was exported from here; `callkeeper vdn return` has it served here again",
            vdn=vdn,
        )
    if old is not None and old.state == "arriving":
        raise TransferRefused(
            "another export of VDN {vdn} is being imported; finish that one, or give it up with "
            "`callkeeper vdn forget`",
            vdn=vdn,
        )
    if not is_empty:
        raise TransferRefused(
            "VDN {vdn} is here already, and two cannot be made one; where it was moved away and "
            "its rows are kept, `callkeeper vdn forget` removes them",
            vdn=vdn,
        )
    return Transfer(vdn, id_, "arriving", now)


def gone(transfer: Transfer) -> Transfer:
    """Return a VDN that was leaving, once none of its calls is on: it is served here no more."""
    return msgspec.structs.replace(transfer, state="gone")


def settled(transfer: Transfer) -> Transfer:
    """Return a VDN that was arriving, once each of its rows was found: it is served here."""
    return msgspec.structs.replace(transfer, state="here")


def check_returns(old: Transfer | None, vdn: int) -> Transfer:
    """Return a VDN that was leaving or gone, and is to be served again."""
    if old is None or old.state not in ("leaving", "gone"):
        raise TransferRefused("VDN {vdn} was not moved away from here", vdn=vdn)
    return old


def check_forgotten(old: Transfer | None, vdn: int) -> Transfer:
    """Return a VDN whose rows may go: it is served elsewhere, or is not here yet."""
    if old is None or old.state not in UNSERVED:
        raise TransferRefused(
            "VDN {vdn} is served here; only what was moved away, or is not wholly imported, can be "
            "forgotten",
            vdn=vdn,
        )
    return old
