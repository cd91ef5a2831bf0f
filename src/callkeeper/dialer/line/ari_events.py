"""What Asterisk tells of channels: its messages read, and kept until they are taken."""

import asyncio
import re
from collections import deque
from typing import Annotated

import msgspec

from callkeeper.core.dialing.attempt import Hangup
from callkeeper.dialer.line.line import (
    Answered,
    ChannelState,
    DeskAnswered,
    DeskEnded,
    Ended,
    LineEvent,
    Ringing,
    desk_channel,
)

# The trunk carries the calls of others too. Ours are known by their ids: an attempt's is the
# second it was made in, and fifteen digits. The phone of an agent who asked for it is named so.
_OURS = re.compile(r"[0-9]{10}-[0-9]{15}")
_DESKS = re.compile(rf"{desk_channel('')}({_OURS.pattern})")


# As much of Asterisk's words as is kept: they go into the database, the log and a terminal.
_MOST_SAID = 200

_Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]  # what a database holds


# A channel is in some other state while the far end has neither rung nor answered.
_CHANNEL_STATES: dict[str, ChannelState] = {"Up": "up", "Ringing": "ringing"}


class UnreadError(Exception):
    """It cannot be read: it may have been a word on one of our calls."""


class ReplacedError(Exception):
    """Another socket took over the application: this one stays open, and hears nothing more."""


class _Kind(msgspec.Struct):
    type: str


class _Channel(msgspec.Struct):
    id: str
    state: str = ""


class _OfChannel(msgspec.Struct):
    channel: _Channel
    cause: _Number = 0
    cause_txt: str = ""
    tech_cause: _Number | None = None  # the SIP status, from 20.17 and 22.7 on


class _Dial(msgspec.Struct):
    dialstatus: str = ""
    peer: _Channel | None = None


_read_kind = msgspec.json.Decoder(_Kind).decode
_read_channel = msgspec.json.Decoder(_OfChannel).decode
_read_dial = msgspec.json.Decoder(_Dial).decode


def read(message: str | bytes) -> LineEvent | None:
    """Return what a message tells of one of our calls, None if it tells nothing of them.

    Raise UnreadError for what is no message, ReplacedError when it was the last one.
    """
    try:
        return _read(message)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnreadError(plain(str(error))) from error


def plain(text: str) -> str:
    """Return the beginning of what Asterisk said, on one line and of printable characters."""
    return "".join(each if each.isprintable() else " " for each in text[:_MOST_SAID])


def channel_state(state: str) -> ChannelState:
    """Return what the state of a channel that there is means."""
    return _CHANNEL_STATES.get(state, "there")


def _read(message: str | bytes) -> LineEvent | None:
    match _read_kind(message).type:
        case "ChannelStateChange" | "ChannelDestroyed" as kind:
            told = _read_channel(message)
            if (desk := _DESKS.fullmatch(told.channel.id)) is not None:
                return _of_desk(kind, desk[1], told)
            if _OURS.fullmatch(told.channel.id) is None:
                return None
            return _ended(told) if kind == "ChannelDestroyed" else _state(told.channel)
        case "Dial":
            return _progress(_read_dial(message))
        case "ApplicationReplaced":
            raise ReplacedError("another server took over the ARI application")
    return None


def _state(channel: _Channel) -> LineEvent | None:
    # Dial events tell the same once more, and not in a fixed order with these (16.28 and 22.10).
    # A state is told when it changes, so each comes once however often the far end repeats it.
    match channel_state(channel.state):
        case "ringing":
            return Ringing(channel.id)
        case "up":
            return Answered(channel.id)
    return None


def _of_desk(kind: str, attempt_id: str, told: _OfChannel) -> LineEvent | None:
    if kind == "ChannelDestroyed":
        return DeskEnded(attempt_id, _hangup(told))
    return DeskAnswered(attempt_id) if channel_state(told.channel.state) == "up" else None


def _progress(dial: _Dial) -> LineEvent | None:
    # Of a 183 there is this event and nothing else: the channel stays in its state. Behind it a
    # phone may ring for as long as it likes, with a tone that the carrier plays.
    if dial.dialstatus != "PROGRESS" or dial.peer is None:
        return None
    return Ringing(dial.peer.id) if _OURS.fullmatch(dial.peer.id) else None


def _ended(told: _OfChannel) -> Ended:
    if not told.channel.state:
        raise UnreadError("a channel ended, and how it stood is not told")
    return Ended(told.channel.id, _hangup(told), channel_state(told.channel.state))


def _hangup(told: _OfChannel) -> Hangup:
    return Hangup(told.cause, plain(told.cause_txt), told.tech_cause or None)


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
