"""Why: what happened to a reservation, by whom, and what it waits for, in sentences.

Read off the history alone, which is never changed, so that the story stays true.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from callkeeper.core.campaigns.business_result import DefinedResults
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.instants import Instant, Written, in_utc, retold, span
from callkeeper.core.reservations.by_hand import BEGAN, ENDED
from callkeeper.core.reservations.call_data import as_variables
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.reservations.result_codes import in_words, is_success
from callkeeper.store.port.history import Event
from callkeeper.store.port.store import Store
from callkeeper.terminal import harmless, shortened
from callkeeper.usecases.outlook import outlook

_NUMBERS = ("called_no", "caller_no")


class Happening(msgspec.Struct, frozen=True):
    """One event: when, by whom, what it was in a word, and its values, but for numbers."""

    at: Instant
    by: str
    what: str
    detail: dict[str, Any]


class ToldHappening(msgspec.Struct, frozen=True):
    """One event, told: in a sentence too."""

    at: Instant
    by: str
    what: str
    says: str
    detail: dict[str, Any]


class Timeline(msgspec.Struct, frozen=True):
    """A reservation's story; ``now`` is the sentence of how it stands."""

    id: str
    vdn: int
    kind: str
    state: str
    now: str
    events: list[ToldHappening]


def happened(store: Store, vdn: int, id_: str) -> list[Happening]:
    """Return what happened to a reservation, oldest first."""
    defined = store.business_results.of(vdn)
    return [_happening(each, defined) for each in store.history.of(vdn, id_)]


def _happening(event: Event, defined: DefinedResults) -> Happening:
    detail: dict[str, Any] = msgspec.json.decode(event.detail)
    told = {name: each for name, each in detail.items() if name not in _NUMBERS}
    codes = told.get("business_result"), told.get("business_sub_result")
    told["business"] = ": ".join(
        name or code for name, code in zip(defined.names(*codes), codes, strict=True) if code
    )
    return Happening(event.happened_at, event.by_whom, _word(event), told)


def timeline(
    store: Store,
    reservation: Reservation,
    limits: Limits,
    now: Instant,
    *,
    show_numbers: bool,
    written: Written = in_utc,
) -> Timeline:
    """Return a reservation's timeline."""
    events = store.history.of(reservation.vdn, reservation.id)
    defined = store.business_results.of(reservation.vdn)
    return Timeline(
        id=reservation.id,
        vdn=reservation.vdn,
        kind=reservation.kind,
        state=reservation.state,
        now=harmless(outlook(store, reservation, limits, now, written)),
        events=[_told(each, written, defined, show_numbers=show_numbers) for each in events],
    )


def _told(
    event: Event, written: Written, defined: DefinedResults, *, show_numbers: bool
) -> ToldHappening:
    detail: dict[str, Any] = msgspec.json.decode(event.detail)
    if not show_numbers:
        for name in _NUMBERS:
            if detail.get(name):
                detail[name] = shortened(str(detail[name]))
    what = _word(event)
    teller = _TELLERS.get(what, _other)
    says = harmless(f"{what}: {teller(_named(detail, defined), written)}".removesuffix(": "))
    return ToldHappening(event.happened_at, event.by_whom, what, says, detail)


def _word(event: Event) -> str:
    return _EARLIER_WORDS.get(event.what, event.what)


def _named(detail: dict[str, Any], defined: DefinedResults) -> dict[str, Any]:
    """Return an event's values with the name of each business result before its code."""
    codes = detail.get("business_result"), detail.get("business_sub_result")
    names = zip(("business_result", "business_sub_result"), defined.names(*codes), strict=True)
    return detail | {each: f"{name} ({detail[each]})" for each, name in names if name}


def _reserved(detail: dict[str, Any], written: Written) -> str:
    agent = f", agent {detail['agent']}" if detail.get("agent") else ""
    remark = f', "{detail["remark"]}"' if detail.get("remark") else ""
    goes_along = as_variables(detail.get("call_data")) if detail["kind"] == "automatic" else ""
    return (
        f"a{'n' if detail['kind'] == 'automatic' else ''} {detail['kind']} call to "
        f"{detail['called_no']} at {written(detail['appoint_at'])} "
        f"for campaign {detail['campaign_id']}{agent}{remark}"
        + (f", after reservation {detail['after_id']}" if detail.get("after_id") else "")
        + (f"; {goes_along}" if goes_along else "")
    )


def _moved(detail: dict[str, Any], written: Written) -> str:
    told = []
    if "appoint_at" in detail:
        told.append(f"to {written(detail['appoint_at'])}")
    if "agent" in detail:
        told.append(f"to agent {detail['agent']}")
    told += _noted(detail)
    return ", ".join(told) or "nothing was changed"


def _noted(detail: dict[str, Any]) -> list[str]:
    if "remark" not in detail:
        return []
    remark = detail["remark"]
    return [f'its note is now "{remark}"' if remark else "its note was cleared"]


def _reassigned(detail: dict[str, Any], _: Written) -> str:
    return f"from agent {detail['from_agent']} to agent {detail['agent']}"


def _result(detail: dict[str, Any], written: Written) -> str:
    told = []
    if code := detail.get("fail_code"):
        failed = f"the call failed: {in_words(code)}"
        told.append("the call succeeded" if is_success(code) else failed)
    if detail.get("begin_at") and detail.get("end_at"):
        long = span(detail["end_at"] - detail["begin_at"])
        told.append(f"from {written(detail['begin_at'])}, {long} long")
    named = {
        "business_result": "business result",
        "business_sub_result": "sub-result",
        "call_id": "call id",
        "caller_no": "calling number",
        "agent": "agent",
    }
    told += [f"{words} {detail[name]}" for name, words in named.items() if detail.get(name)]
    cleared = {"fail_code": "result code", **named}
    told += [f"{words} cleared" for name, words in cleared.items() if detail.get(name) == ""]
    if not detail.keys() - {"agent", "remark"}:
        told.insert(0, "it tells of no call")
    told += _noted(detail)
    if "again_id" in detail:
        told.append(f"called again {written(detail['again_at'])}, as {detail['again_id']}")
    return ", ".join(told)


def _dialed(detail: dict[str, Any], _: Written) -> str:
    told = f"try {detail['number']} over line {detail['line']}"
    if detail.get("desk"):
        told += f", for the agent at {detail['desk']} who had answered"
    if detail.get("outside_hours"):
        told += f", {_any_hour(detail)}"
    if detail.get("caller_no"):
        told += f", showing {detail['caller_no']}"
    return f"{told}, attempt {detail['attempt']}"


def _by_hand(detail: dict[str, Any], _: Written) -> str:
    told = "by their own word, no line has confirmed it"
    return f"{told}; {_any_hour(detail)}" if detail.get("outside_hours") else told


def _any_hour(detail: dict[str, Any]) -> str:
    whose = "the agent said" if detail["outside_hours"] == "person" else "the house rules allow"
    return f"outside the hours of its campaign, as {whose}"


def _outcome(detail: dict[str, Any], written: Written) -> str:
    word = detail["outcome"].replace("_", " ")
    told = [f"try {detail['number']} ended with {word}, code {detail['fail_code']}"]
    if "cause" in detail:
        sip = f", SIP {detail['sip_code']}" if "sip_code" in detail else ""
        told.append(f"the line said cause {detail['cause']} {detail.get('cause_text', '')}{sip}")
    elif "cause_text" in detail:
        told.append(detail["cause_text"])
    if "answered_at" in detail:
        told.append(f"answered {written(detail['answered_at'])}")
    if "again_at" in detail:
        told.append(f"to be tried again {written(detail['again_at'])}")
    return "; ".join(told)


def _why(detail: dict[str, Any], written: Written) -> str:
    return retold(str(detail["why"]), written)


def _other(detail: dict[str, Any], _: Written) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items())


# What stands in histories that an earlier version wrote.
_EARLIER_WORDS = {"dialled": "dialed", "not_dialled": "not_dialed"}

_TELLERS: dict[str, Callable[[dict[str, Any], Written], str]] = {
    "reserved": _reserved,
    "moved": _moved,
    "reassigned": _reassigned,
    "result": _result,
    "dialed": _dialed,
    BEGAN: _by_hand,
    ENDED: _by_hand,
    "outcome": _outcome,
    "not_dialed": _why,
    "expired": _why,
    "done": _why,
    "settled": _why,
}
