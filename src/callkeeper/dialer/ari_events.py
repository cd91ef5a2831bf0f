"""What Asterisk tells of channels: its messages read, and kept until they are taken."""

import asyncio
import re
from collections import deque

import msgspec

from callkeeper.core.attempt import Hangup
from callkeeper.dialer.line import Answered, Ended, LineEvent, Ringing

# The trunk carries the calls of others too. Ours are known by their ids: an attempt's is the
# second it was made in, and fifteen digits.
_OURS = re.compile(r"[0-9]{10}-[0-9]{15}")


class ReplacedError(Exception):
    """Another socket took over the application: this one stays open, and hears nothing more."""


class _Kind(msgspec.Struct):
    type: str


class _Channel(msgspec.Struct):
    id: str
    state: str = ""


class _OfChannel(msgspec.Struct):
    channel: _Channel
    cause: int = 0
    cause_txt: str = ""
    tech_cause: int | None = None  # the SIP status; 16.28 does not tell it, newer ones do


_read_kind = msgspec.json.Decoder(_Kind).decode
_read_channel = msgspec.json.Decoder(_OfChannel).decode


def read(message: str | bytes) -> LineEvent | None:
    """Return what a message tells of one of our calls, None if it tells nothing of them.

    Raise msgspec.MsgspecError for what is no message, ReplacedError when it was the last one.
    """
    match _read_kind(message).type:
        case "ChannelStateChange" | "ChannelDestroyed" as kind:
            told = _read_channel(message)
            if _OURS.fullmatch(told.channel.id) is None:
                return None
            return _ended(told) if kind == "ChannelDestroyed" else _state(told.channel)
        case "ApplicationReplaced":
            raise ReplacedError("another server took over the ARI application")
    return None


def _state(channel: _Channel) -> LineEvent | None:
    # Dial events tell the same once more, and not in a fixed order with these (seen on 16.28).
    # A state is told when it changes, so each comes once however often the far end repeats it.
    match channel.state:
        case "Ringing":
            return Ringing(channel.id)
        case "Up":
            return Answered(channel.id)
    return None


def _ended(told: _OfChannel) -> Ended:
    return Ended(told.channel.id, Hangup(told.cause, told.cause_txt, told.tech_cause or None))


class Inbox:
    """The events that were not taken yet; at most so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._events: deque[LineEvent] = deque()
        self._filled = asyncio.Event()

    def put(self, event: LineEvent) -> bool:
        """Keep an event, or return False because it is full."""
        if len(self._events) >= self._most:
            return False
        self._events.append(event)
        self._filled.set()
        return True

    async def filled(self) -> None:
        """Return as soon as there is an event to take."""
        await self._filled.wait()

    def take(self, most: int) -> list[LineEvent]:
        """Take at most so many events, oldest first."""
        taken = [self._events.popleft() for _ in range(min(most, len(self._events)))]
        if not self._events:
            self._filled.clear()
        return taken
