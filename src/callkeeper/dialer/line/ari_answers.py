"""What Asterisk answers to requests: read as what it should be, and said in a sentence."""

import re
from collections.abc import Mapping
from typing import TypeVar

import httpx2
import msgspec

from callkeeper.dialer.line.ari_events import plain
from callkeeper.dialer.line.line import LineRefused

# The versions that this is for; tests/pbx runs on both ends.
OLDEST, NEWEST = 16, 22
_VERSION_CHARS = 50

# What is to be done about an answer that says no more than that it is no.
_REMEDIES: Mapping[int, str] = {
    httpx2.codes.UNAUTHORIZED: (
        "Asterisk does not know this user and password; set ari_user and ari_password"
    ),
    httpx2.codes.FORBIDDEN: (
        "Asterisk lets this user make no calls; in its ari.conf take away read_only = yes"
    ),
}

T = TypeVar("T")


class Found(msgspec.Struct):
    """A channel, or an endpoint, and how it is."""

    state: str


class Made(msgspec.Struct):
    """A channel that was made."""

    id: str


class Value(msgspec.Struct):
    """The value of a variable."""

    value: str


class System(msgspec.Struct):
    """Which Asterisk it is."""

    version: str


class Info(msgspec.Struct):
    """What Asterisk tells of itself."""

    system: System


def known(version: str) -> str:
    """Return a version without its packager's part, saying so if it is not supported."""
    number = re.match(r"([0-9]{1,3})\.[0-9.]+", version[:_VERSION_CHARS])
    if number is not None and OLDEST <= int(number[1]) <= NEWEST:
        return number[0]
    return f"{number[0] if number else plain(version)} (supported: {OLDEST} to {NEWEST})"


def is_of_ari(answer: httpx2.Response) -> bool:
    """Whether ARI itself answers: it does so in JSON, a proxy or another server in HTML."""
    return answer.headers.get("content-type", "").startswith("application/json")


def is_missing(answer: httpx2.Response) -> bool:
    """Whether ARI says that there is no such thing.

    A 404 that is not JSON is not ARI's: it comes from a proxy, or stands for a wrong ``ari_url``.
    And one about a resource tells of no channel: a module of ARI is not loaded (16.28, 22.10).
    """
    is_missing = answer.status_code == httpx2.codes.NOT_FOUND and is_of_ari(answer)
    return is_missing and b"Resource not found" not in answer.content


def said(answer: httpx2.Response) -> str:
    """Return a sentence of what ARI answered, and what to do if that is known."""
    if answer.status_code in _REMEDIES:
        return _REMEDIES[answer.status_code]
    text = answer.content.decode(errors="replace")  # whatever charset it claims
    return f"Asterisk answered {answer.status_code}: {plain(text)}"


def read_as(kind: type[T], answer: httpx2.Response) -> T | None:
    """Return what an answer holds; None if it is no such answer."""
    try:
        return msgspec.json.decode(answer.content, type=kind) if answer.is_success else None
    except (msgspec.MsgspecError, RecursionError):
        return None


def checked(kind: type[T], answer: httpx2.Response) -> T:
    """Return what an answer holds. Raise LineRefused if it is no such answer."""
    found = read_as(kind, answer)
    if found is None:
        raise LineRefused(said(answer))
    return found


def trunk_fault(trunk: str, answer: httpx2.Response) -> str | None:
    """Say what is wrong with a trunk by which no call can be made; None: nothing is known to be."""
    if is_missing(answer):
        return f"it has no endpoint {trunk}; set ari_endpoint, or add it to pjsip.conf"
    found = read_as(Found, answer)
    if found is None:
        return f"does not tell how {trunk} is: {said(answer)}"
    if found.state == "offline":
        # As long as a call of it goes on, an endpoint that was removed is this, and not missing.
        return (
            f"its endpoint {trunk} is offline: it was removed from pjsip.conf, or has no contact"
            " that answers (`pjsip show endpoint` in Asterisk tells)"
        )
    return None
