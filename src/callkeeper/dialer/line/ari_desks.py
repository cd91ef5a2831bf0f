"""Agents' phones at an Asterisk: rung, hung up, and joined to customers in the dialplan.

An agent's phone is originated into the dialplan too, where it waits; so it needs nobody of ours. It
is at no trunk, and so its channel is subscribed to once it is there; what happened before that is
found by looking it up.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import httpx2

from callkeeper.core.endpoint import lasting
from callkeeper.dialer.line.ari_answers import Made, Value, read_as, said
from callkeeper.dialer.line.line import (
    ChannelState,
    DeskRequest,
    DialplanTarget,
    LineRefused,
    LineSilent,
    desk_channel,
)

# Where an agent waits who has answered, and where a customer goes who has: to the channel that the
# variable names. The operator's dialplan has both (docs/operating.md, "Calls that agents ask for").
DESK_TARGET = DialplanTarget("callkeeper-desk", "s")
JOIN_TARGET = DialplanTarget("callkeeper-join", "s")
DESK_VARIABLE = "CALLKEEPER_DESK"

# A channel that is made and never dialed: of the dialplan's functions none can be asked without.
_PROBE = "callkeeper-probe"


class Asks(Protocol):
    """How a request is sent to ARI."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
    ) -> Awaitable[httpx2.Response]:
        """Return what it answers. Raise LineSilent."""


class AriDesks:
    """Rings agents' phones. ``find`` looks a channel up."""

    def __init__(self, ask: Asks, find: Callable[[str], Awaitable[ChannelState]], app: str) -> None:
        self._ask = ask
        self._find = find
        self._app = app

    async def ring(self, request: DeskRequest) -> None:
        """Ring a phone, and return when Asterisk has its channel. Raise LineRefused, LineSilent.

        The second time it is found, if it is still there, and not rung again.
        """
        channel = desk_channel(request.attempt_id)
        originate = {
            "endpoint": lasting(request.desk),
            "context": DESK_TARGET.context,
            "extension": DESK_TARGET.extension,
            "priority": DESK_TARGET.priority,
            "callerId": request.shown_no,
            "timeout": request.alerting_seconds,
        }
        try:
            answer = await self._ask("POST", f"/channels/{channel}", json=originate)
        except LineSilent:
            if await self._find(channel) == "gone":
                raise
        else:
            made = read_as(Made, answer)
            # 409 is said of an id that is living, and just so of an endpoint that does not exist.
            if made is None and await self._find(channel) == "gone":
                raise LineRefused(said(answer))
        with suppress(LineSilent):
            query = {"eventSource": f"channel:{channel}"}
            await self._ask("POST", f"/applications/{self._app}/subscription", query=query)

    async def hang_up(self, channel_id: str) -> None:
        """End a channel; one that is not there stays so. Raise LineSilent."""
        answer = await self._ask("DELETE", f"/channels/{channel_id}")
        if not answer.is_success and answer.status_code != httpx2.codes.NOT_FOUND:
            raise LineSilent(said(answer))

    async def lacking(self) -> str | None:
        """Say which contexts the dialplan lacks; None: none. Raise LineRefused, LineSilent."""
        where = f"Local/{DESK_TARGET.extension}@{DESK_TARGET.context}"
        query = {"endpoint": where, "app": self._app, "channelId": _PROBE}
        answer = await self._ask("POST", "/channels/create", query=query)
        if read_as(Made, answer) is None:
            raise LineRefused(said(answer))
        try:
            targets = (DESK_TARGET, JOIN_TARGET)
            missing = [each.context for each in targets if not await self._has(each)]
        finally:
            with suppress(LineSilent):
                await self.hang_up(_PROBE)
        return " and ".join(missing) or None

    async def _has(self, target: DialplanTarget) -> bool:
        place = f"{target.context},{target.extension},{target.priority}"
        query = {"variable": f"DIALPLAN_EXISTS({place})"}
        answer = await self._ask("GET", f"/channels/{_PROBE}/variable", query=query)
        told = read_as(Value, answer)
        if told is None:
            raise LineRefused(said(answer))
        return told.value == "1"
