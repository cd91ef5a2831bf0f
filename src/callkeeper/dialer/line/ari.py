"""The line ``ari``: calls made through an Asterisk, over its REST interface and its event socket.

A call is originated into the dialplan and not into an application of ours: Asterisk hangs up a
call that is answered while the application's socket is down ("app not active", seen on 16.28),
whereas the dialplan goes on without us. Its events come by a subscription to the trunk's endpoint.
"""

import asyncio
import re
from base64 import b64encode
from contextlib import suppress
from functools import partial
from typing import Any, Literal, NoReturn

import httpx2
import msgspec
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from callkeeper import clock
from callkeeper.core.endpoint import lasting
from callkeeper.dialer.line.ari_answers import (
    Found,
    Info,
    Made,
    Value,
    checked,
    is_missing,
    is_of_ari,
    known,
    read_as,
    said,
    trunk_fault,
)
from callkeeper.dialer.line.ari_desks import DESK_VARIABLE, JOIN_TARGET, AriDesks
from callkeeper.dialer.line.ari_events import Inbox, ReplacedError, UnreadError, channel_state, read
from callkeeper.dialer.line.line import (
    CallRequest,
    ChannelState,
    DeskRequest,
    DialplanTarget,
    LineDown,
    LineEvent,
    LineRefused,
    LineSilent,
    LineUnwilling,
    desk_channel,
)

REQUEST_SECONDS = 5.0
CONNECT_SECONDS = 2.0  # shorter, so that it is known that nothing was sent
CONNECTIONS = 20  # of the 100 that Asterisk allows everybody
# How long a request waits for one of them. Together with CONNECT_SECONDS it is less than the time
# that the reaper of another gives to the word on a call: what is asked at all, is asked before
# anybody writes that no such call was made.
WAIT_SECONDS = 2.0
KEEP_SECONDS = 5.0  # Asterisk closes an idle connection after 15
PING_SECONDS = 2.0
PONG_SECONDS = 3.0
CLOSE_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
MOST_EVENTS = 10_000

# Where an answered call goes on that is for an agent's endpoint. ARI can originate to a place of
# the dialplan or to an application, and to nothing else; so the operator's dialplan has, in a
# context callkeeper-agent, "exten => s,1,Dial(${CALLKEEPER_AGENT})" and then Hangup().
AGENT_TARGET = DialplanTarget("callkeeper-agent", "s")
AGENT_VARIABLE = "CALLKEEPER_AGENT"

# Such a trunk is an endpoint of its own, which can be subscribed to; else all channels are. What
# stands around the number, as in PJSIP/+{number}@trunk, is dialed with it.
_TRUNK = re.compile(r"PJSIP/[^/@]*\{number\}[^/@]*@([\w.-]+)")

# The far end's tag in the SIP dialog: there as soon as it said anything but 100 Trying. Of 181 and
# 182 it is the only trace (16.28 and 22.10); a channel that is not PJSIP's has none.
_REMOTE_TAG = "CHANNEL(pjsip,remote_tag)"

_LOST = (OSError, WebSocketException, ReplacedError, LineRefused, LineSilent)

_log = structlog.get_logger()


class _UnreachableError(LineSilent):
    """No connection was made: surely nothing was sent."""


class AriLine:
    """An Asterisk. ``url`` is that of its ARI, ``endpoint`` what to dial, with ``{number}``.

    ``run`` owns its connections: it closes them all when it ends. Of servers at one Asterisk each
    needs an ``app`` of its own, for Asterisk talks to the latest only.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        app: str = "callkeeper",
        endpoint: str = "PJSIP/{number}@trunk",
        most_events: int = MOST_EVENTS,
    ) -> None:
        self._url = url.rstrip("/")
        self._auth = httpx2.BasicAuth(user, password)
        self._authorization = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
        self._app = app
        self._endpoint = endpoint
        trunk = _TRUNK.fullmatch(endpoint)
        self._trunk = f"PJSIP/{trunk[1]}" if trunk else None
        self._http = self._client()
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._desks = AriDesks(self._ask, self.find, app)
        self._inbox = Inbox(most_events)
        self._is_up = False
        self._why_down: str | None = None
        self._gaps = 0

    @property
    def is_up(self) -> bool:
        """Whether the socket and the subscription stand."""
        return self._is_up

    @property
    def why_down(self) -> str | None:
        """Why they do not."""
        return self._why_down

    @property
    def gaps(self) -> int:
        """How often events may have been lost: by a connect, unread, or beyond the most."""
        return self._gaps

    async def run(self) -> None:
        """Keep the socket connected and the application subscribed, until cancelled."""
        pause = FIRST_PAUSE_SECONDS
        said = ""
        try:
            while True:
                since, gaps = clock.monotonic(), self._gaps
                try:
                    await self._listen()
                except _LOST as lost:
                    why = str(lost) or type(lost).__name__
                    self._why_down = f"no connection to Asterisk at {self._url}: {why}"
                if why != said:
                    _log.warning("line_lost", line="ari", url=self._url, why=why)
                    said = why
                stood = clock.monotonic() - since if self._gaps > gaps else 0
                if stood > LONGEST_PAUSE_SECONDS:
                    pause, said = FIRST_PAUSE_SECONDS, ""
                await asyncio.sleep(pause * (1 + clock.jitter()) / 2)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close what requests left open, as the end of ``run`` does; it can be asked again."""
        http, self._http = self._http, self._client()
        await http.aclose()

    async def place(self, request: CallRequest) -> None:
        """Make a call, and return when Asterisk has its channel. Raise as the port tells.

        The second time it is found, if it is still there, and not made again.
        """
        channel = f"/channels/{request.attempt_id}"
        try:
            answer = await self._ask("POST", channel, json=self._originate(request))
        except _UnreachableError as error:
            raise LineDown(f"{error}: surely nothing was dialed") from error
        except LineSilent:
            # Perhaps never read, perhaps dialed. That it is there is proof; that it is not is
            # none, for it may be over, or yet to come.
            if await self.find(request.attempt_id) == "gone":
                raise
            return
        made = read_as(Made, answer)
        if made is None or made.id != request.attempt_id:
            await self._make_sure(request.attempt_id, answer)

    async def _make_sure(self, attempt_id: str, answer: httpx2.Response) -> None:
        """Return if a call was made for all that was answered; otherwise raise what it stands for.

        Of a number alone Asterisk says nothing but 400; whatever else it refuses, it refuses to all
        (16.28 and 22.10, tests/pbx/test_refusing.py).
        """
        match answer.status_code:
            case httpx2.codes.BAD_REQUEST if is_of_ari(answer):
                raise LineRefused(said(answer))
            case httpx2.codes.CONFLICT | httpx2.codes.INTERNAL_SERVER_ERROR:
                # 409 is said of an id that is living, and just so of an endpoint that does not
                # exist, which a fresh Asterisk answers with 500: tests/pbx/test_originate.py.
                if await self.find(attempt_id) == "gone":
                    await self._look_at_trunk(answer)
            case httpx2.codes.SERVICE_UNAVAILABLE:
                with suppress(LineSilent):
                    if await self.find(attempt_id) != "gone":
                        return
                raise LineDown(said(answer))
            case _ if answer.is_client_error or answer.is_redirect:
                raise LineDown(said(answer))
            case _:
                # By something that is no Asterisk, and behind it, it may have been dialed.
                if await self.find(attempt_id) == "gone":
                    raise LineSilent(said(answer))

    async def _look_at_trunk(self, answer: httpx2.Response) -> NoReturn:
        """Raise what it stands for that no channel was made: that of the trunk, if it is that."""
        if self._trunk is None:
            raise LineUnwilling(said(answer))
        try:
            trunk = await self._ask("GET", f"/endpoints/{self._trunk}")
        except LineSilent as silent:
            raise LineDown(f"{said(answer)}; {silent}") from silent
        wrong = trunk_fault(self._trunk, trunk)
        if wrong is not None:
            raise LineDown(f"{wrong} ({said(answer)})")
        raise LineUnwilling(said(answer))

    async def ring_desk(self, request: DeskRequest) -> None:
        """Ring an agent's phone, and return when Asterisk has its channel. Raise as the port tells.

        The second time it is found, if it is still there, and not rung again.
        """
        await self._desks.ring(request)

    def joined(self, request: CallRequest) -> CallRequest:
        """Return a call that goes to the agent's phone of its attempt, once it is answered."""
        variables = {**request.variables, DESK_VARIABLE: desk_channel(request.attempt_id)}
        return msgspec.structs.replace(request, goes_to=JOIN_TARGET, variables=variables)

    async def hang_up(self, channel_id: str) -> None:
        """End a channel; one that is not there stays so. Raise LineSilent."""
        await self._desks.hang_up(channel_id)

    async def lacking_for_desks(self) -> str | None:
        """Say which contexts the dialplan lacks. Raise LineSilent or LineRefused."""
        try:
            # Its own requests, as for a check.
            async with self._connected(), self._client() as http:
                ask = partial(self._ask, http=http)
                return await AriDesks(ask, self.find, self._app).lacking()
        except (OSError, WebSocketException) as error:
            raise LineSilent(f"no events from Asterisk at {self._url}: {error}") from error

    async def find(self, channel_id: str) -> ChannelState:
        """Tell whether a channel is there, rings or is up. Raise LineSilent."""
        channel = f"/channels/{channel_id}"
        answer = await self._ask("GET", channel)
        if is_missing(answer):
            return "gone"
        found = read_as(Found, answer)
        if found is None:
            raise LineSilent(said(answer))
        told = channel_state(found.state)
        if told != "there":
            return told
        answer = await self._ask("GET", f"{channel}/variable", query={"variable": _REMOTE_TAG})
        tag = read_as(Value, answer)
        return "ringing" if tag is not None and tag.value else "there"

    async def heard(self) -> None:
        """Return as soon as there are events to take."""
        await self._inbox.filled()

    def take(self, most: int) -> list[LineEvent]:
        """Take at most so many events, oldest first."""
        return self._inbox.take(most)

    async def check(self) -> str:
        """Say which Asterisk answers, and how its trunk is. Raise LineSilent or LineRefused."""
        async with self._client() as http:  # its own: whoever asks may not run the line
            info = await self._ask("GET", "/asterisk/info", http=http)
            version = known(checked(Info, info).system.version)
            if self._trunk is None:
                return f"Asterisk {version} answers; {self._endpoint} has no endpoint to look at"
            trunk = await self._ask("GET", f"/endpoints/{self._trunk}", http=http)
            wrong = trunk_fault(self._trunk, trunk)
            if wrong is not None:
                raise LineRefused(f"Asterisk {version} answers, but {wrong}")
            return f"Asterisk {version} answers; {self._trunk} is {checked(Found, trunk).state}"

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            auth=self._auth,
            timeout=httpx2.Timeout(REQUEST_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEEP_SECONDS),
            trust_env=False,
        )

    def _originate(self, request: CallRequest) -> dict[str, Any]:
        target, variables = request.goes_to, request.variables
        if isinstance(target, str):
            variables = {**variables, AGENT_VARIABLE: target}
            target = AGENT_TARGET
        return {
            "endpoint": lasting(self._endpoint.replace("{number}", request.called_no)),
            "context": target.context,
            "extension": target.extension,
            "priority": target.priority,
            "callerId": request.caller_no or "",
            "timeout": request.alerting_seconds,
            "variables": variables,
        }

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
        http: httpx2.AsyncClient | None = None,
    ) -> httpx2.Response:
        """Return what ARI answers, whatever it is. Raise LineSilent.

        It is sent within WAIT_SECONDS and CONNECT_SECONDS, or not at all.
        """
        http = http or self._http
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._connections.acquire()
        except TimeoutError as error:
            raise _UnreachableError(f"Asterisk at {self._url} is slow to answer others") from error
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await http.request(method, self._url + path, json=json, params=query)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise _UnreachableError(f"no connection to Asterisk at {self._url}") from error
        except (TimeoutError, httpx2.HTTPError) as error:
            raise LineSilent(f"no answer from Asterisk at {self._url}") from error
        finally:
            self._connections.release()

    async def _listen(self) -> NoReturn:
        """Hear events until the socket is lost, and raise that."""
        async with self._connected() as socket:
            await self._subscribe("POST")
            # Only now: whoever sees the gap, and then asks, hears all that happens thereafter.
            self._gaps += 1
            self._is_up, self._why_down = True, None
            _log.info("line_connected", line="ari", url=self._url)
            try:
                async for message in socket:
                    self._hear(message)
            except asyncio.CancelledError:
                # Asterisk would keep an application that its socket left subscribed, for good.
                with suppress(LineRefused, LineSilent):
                    await self._subscribe("DELETE")
                raise
            finally:
                self._is_up = False
        raise ConnectionError("Asterisk closed the event socket")

    def _connected(self) -> connect:
        """Return a connection for events, to be entered; as long as it stands, there is our app."""
        return connect(
            self._url.replace("http", "ws", 1) + "/events?" + self._wanted(),
            additional_headers={"Authorization": self._authorization},
            compression=None,
            proxy=None,
            open_timeout=REQUEST_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            close_timeout=CLOSE_SECONDS,
        )

    def _wanted(self) -> str:
        wants_all = "false" if self._trunk else "true"
        return str(httpx2.QueryParams(app=self._app, subscribeAll=wants_all))

    async def _subscribe(self, method: Literal["POST", "DELETE"]) -> None:
        """Ask for the events of all the trunk's channels, or no more; twice does no harm."""
        if self._trunk is None:
            return
        path = f"/applications/{self._app}/subscription"
        answer = await self._ask(method, path, query={"eventSource": f"endpoint:{self._trunk}"})
        if not answer.is_success:
            raise LineRefused(f"no subscription to {self._trunk}: {said(answer)}")

    def _hear(self, message: str | bytes) -> None:
        try:
            event = read(message)
        except UnreadError as error:
            self._gaps += 1
            _log.warning("line_message_rejected", line="ari", why=str(error))
            return
        if event is not None and not self._inbox.put(event):
            self._gaps += 1
