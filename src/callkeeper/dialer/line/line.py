"""The line: what any PBX must be able to do for us, and tell us.

Two lines fulfil this, ``ari`` (Asterisk) and ``rehearsal`` (no phone at all), and one contract test
holds both to it: tests/dialer/line_contract.py.
"""

from typing import Literal, Protocol

import msgspec

from callkeeper.core.dialing.attempt import Hangup

# "ringing": the far end rings, or was heard before it answered, as by early media.
ChannelState = Literal["gone", "there", "ringing", "up"]


class DialplanTarget(msgspec.Struct, frozen=True):
    """Where in the dialplan an answered call goes on."""

    context: str
    extension: str
    priority: int = 1


class CallRequest(msgspec.Struct, frozen=True):
    """All that a line needs to make a call. ``attempt_id`` becomes the id of its channel.

    ``goes_to`` is a place in the dialplan, or the endpoint of an agent (``PJSIP/1001``).
    """

    attempt_id: str
    called_no: str
    caller_no: str | None
    alerting_seconds: int
    goes_to: DialplanTarget | str
    variables: dict[str, str]


class DeskRequest(msgspec.Struct, frozen=True):
    """An agent's phone to ring for an attempt; ``shown_no`` is what it shows of the customer."""

    attempt_id: str
    desk: str
    shown_no: str
    alerting_seconds: int


class Ringing(msgspec.Struct, frozen=True):
    """The far end rings, or is heard before it answers. It may be told more than once."""

    attempt_id: str


class Answered(msgspec.Struct, frozen=True):
    """The far end answered."""

    attempt_id: str


class Ended(msgspec.Struct, frozen=True):
    """The channel is no more. ``was`` is how it stood last, whatever was heard of it before."""

    attempt_id: str
    hangup: Hangup
    was: ChannelState


class DeskAnswered(msgspec.Struct, frozen=True):
    """The agent who asked for an attempt answered their phone."""

    attempt_id: str


class DeskEnded(msgspec.Struct, frozen=True):
    """The channel of that phone is no more."""

    attempt_id: str
    hangup: Hangup


LineEvent = Ringing | Answered | Ended | DeskAnswered | DeskEnded

# Asterisk 22 takes an id for given away that another one begins with (tests/pbx, 22.10): what tells
# the two apart stands first.
_DESK = "desk-"


def desk_channel(attempt_id: str) -> str:
    """Return the id of the channel that an agent's phone has for an attempt."""
    return _DESK + attempt_id


class LineRefused(Exception):  # noqa: N818 - what it did
    """The line would not make this call: surely nothing was dialed."""


class LineDown(LineRefused):
    """The line takes no calls, or could not even be asked: surely nothing was dialed.

    That has nothing to do with this call, which may be made soon.
    """


class LineUnwilling(LineDown):
    """As far as is known it is the line; should it take other calls meanwhile, it is this one."""


class LineSilent(Exception):  # noqa: N818 - what it is
    """The line gave no answer in time: whatever was asked of it may have been done or not."""


class Line(Protocol):
    """A way to the phone network. Every request has a deadline, and no queue grows without end."""

    @property
    def is_up(self) -> bool:
        """Whether it can be asked now."""

    @property
    def why_down(self) -> str | None:
        """Why it cannot be asked; None while it can be, or nobody knows yet."""

    @property
    def gaps(self) -> int:
        """How often words of the line may have been lost: it grows with each reconnect.

        Whoever sees it grow asks ``find`` for every attempt it believes alive.
        """

    async def run(self) -> None:
        """Keep the connection, over and over, until cancelled."""

    async def place(self, request: CallRequest) -> None:
        """Make a call, and return when the line has confirmed it.

        The same attempt id is never dialed twice. Raise LineDown or LineUnwilling for what has to
        do with the line, LineRefused for what concerns this call alone, or LineSilent.
        """

    async def ring_desk(self, request: DeskRequest) -> None:
        """Ring an agent's phone, and return when the line has confirmed it.

        The same attempt's is never rung twice. Raise LineRefused or LineSilent.
        """

    def joined(self, request: CallRequest) -> CallRequest:
        """Return a call that goes to the agent's phone of its attempt, once it is answered."""

    async def hang_up(self, channel_id: str) -> None:
        """End a channel, an attempt's or a phone's; none stays none. Raise LineSilent."""

    async def find(self, channel_id: str) -> ChannelState:
        """Tell whether a channel, an attempt's or a phone's, is there, rings or is up.

        Raise LineSilent.
        """

    async def heard(self) -> None:
        """Return as soon as there are events to take."""

    def take(self, most: int) -> list[LineEvent]:
        """Take at most so many events, oldest first."""

    async def check(self) -> str:
        """Say in a sentence how the line is, and dial nothing. Raise LineSilent or LineRefused."""

    async def lacking_for_desks(self) -> str | None:
        """Say what calls that agents ask for need and is not there, and dial nothing.

        None: nothing. Raise LineSilent or LineRefused.
        """
