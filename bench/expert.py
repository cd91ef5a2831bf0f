"""updateResult and create as an expert would write them by hand, for exactly this.

Starlette on uvicorn with uvloop and httptools, msgspec, no layer that is not needed; the same
signature checked; the same row and the same row of history in one transaction, as durable. On
PostgreSQL asyncpg: one prepared statement for both rows, so that a request is one round trip, and a
pool that asks nothing when a connection is given back. On SQLite a thread with the only connection:
it commits together what waits, as those do who know what a commit costs, or each by itself.

What it leaves out: results that were sent twice, all checks of values beyond their types, campaigns
and agents, tallies, metrics and log lines, floods, keys in the database, and what it would answer
when the database is lost. A create's id comes from its signature, so that the same request again
reserves nothing twice.

    python -m bench.expert DATABASE AK SECRET PROCESSES TOGETHER PORT

TOGETHER is how many requests the thread of SQLite commits at once, at the most.
"""

import hmac
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench import several
from bench.engine import is_postgres
from bench.expert_postgres import PostgresStore
from bench.expert_rows import Filed, Made
from bench.expert_sqlite import SqliteStore
from bench.signed import VDN
from callkeeper import signing
from callkeeper.clock import SystemClock
from callkeeper.core.request import id_for, request_digest

_CLOCK = SystemClock()
_PATH = "/rest/isales/v1/openapi/campaigns/{vdn:int}/appoint/"
_WINDOW_MS = 900_000
_JSON = "application/json; charset=UTF-8"


class Store(Protocol):
    """What writes; each call is a transaction that is durable when it returns."""

    async def open(self) -> None:
        """Open the connections."""

    async def file(self, filed: Filed) -> bool:
        """Put a result and its row of history on record; False if there is no such reservation."""

    async def make(self, made: Made) -> bool:
        """Put a reservation and its row of history on record; False if it was there before."""

    async def close(self) -> None:
        """Close the connections."""


class Result(msgspec.Struct):
    """The body of an updateResult."""

    appointId: str
    userAccount: str | None = None
    callerNo: str | None = None
    failCode: str | None = None
    callId: str | None = None
    busiResult: str | None = None
    busiSubStatus: str | None = None
    beginTime: int | None = None
    endTime: int | None = None


class Wish(msgspec.Struct):
    """The body of a create."""

    callType: int
    calledNo: str
    taskId: str
    appointTime: int
    userAccount: str | None = None
    callData: str | None = None
    remark: str | None = None


_result = msgspec.json.Decoder(Result)
_wish = msgspec.json.Decoder(Wish)


def _told(code: str, sentence: str, **more: object) -> bytes:
    said = {"resultDesc": sentence, "returnDesc": sentence}
    return msgspec.json.encode({"returnCode": code, "resultCode": code, **said, **more})


_UPDATED = _told("0200000", "update success")
_UNKNOWN = _told("04000004", "there is no such reservation")
_WRONG = _told("0200001", "the body is wrong")
_UNSIGNED = _told("0200001", "the signature does not match this request")


class Server:
    """The two interfaces, for the holder of one key."""

    def __init__(self, store: Store, ak: str, secret: str) -> None:
        self._store = store
        self._ak = ak
        self._secret = secret

    async def update_result(self, request: Request) -> Response:
        """File how a call ended."""
        body = await request.body()
        signed = self._signed(request, body)
        if signed is None:
            return Response(_UNSIGNED, 401, media_type=_JSON)
        try:
            result = _result.decode(body)
        except msgspec.DecodeError:
            return Response(_WRONG, media_type=_JSON)
        filed = Filed(
            vdn=VDN,
            id=result.appointId,
            agent=result.userAccount,
            caller_no=result.callerNo,
            fail_code=result.failCode,
            call_id=result.callId,
            business_result=result.busiResult,
            business_sub_result=result.busiSubStatus,
            begin_at=result.beginTime,
            end_at=result.endTime,
            changed_at=_CLOCK.now(),
            signed_at=signed.signed_at,
            by_whom=self._ak,
            detail=body.decode(),
            request=request_digest(self._ak, signed.signature).hex(),
        )
        done = await self._store.file(filed)
        return Response(_UPDATED if done else _UNKNOWN, media_type=_JSON)

    async def create(self, request: Request) -> Response:
        """Reserve a call."""
        body = await request.body()
        signed = self._signed(request, body)
        if signed is None:
            return Response(_UNSIGNED, 401, media_type=_JSON)
        try:
            wish = _wish.decode(body)
        except msgspec.DecodeError:
            return Response(_WRONG, media_type=_JSON)
        digest = request_digest(self._ak, signed.signature)
        made = Made(
            vdn=VDN,
            id=id_for(signed.signed_at, digest),
            kind="manual" if wish.callType == 1 else "automatic",
            campaign_id=int(wish.taskId),
            called_no=wish.calledNo,
            agent=wish.userAccount,
            appoint_at=wish.appointTime,
            call_data=wish.callData,
            remark=wish.remark,
            request=digest.hex(),
            made_at=_CLOCK.now(),
            by_whom=self._ak,
            detail=body.decode(),
        )
        await self._store.make(made)
        told = _told("0200000", "success", returnObject={"appointId": made.id, "id": made.id})
        return Response(told, media_type=_JSON)

    def _signed(self, request: Request, body: bytes) -> signing.Authorization | None:
        """Return what a request was signed with, if it was, by the key, and lately."""
        scope = request.scope
        headers = dict(scope["headers"])
        try:
            parts = signing.Authorization.parse(headers[b"authorization"].decode("latin-1"))
            is_lately = abs(_CLOCK.now() - parts.signed_at) <= _WINDOW_MS
            text = signing.canonical_request(
                method=scope["method"],
                path=scope["raw_path"].decode("latin-1"),
                query=request.query_params.multi_items() if scope["query_string"] else (),
                signed_headers=parts.signed_headers,
                headers={name: headers[name.encode("latin-1")] for name in parts.names},
                body=body,
            )
        except (KeyError, signing.SigningError):
            return None
        if not is_lately or parts.ak != self._ak or scope["path_params"]["vdn"] != VDN:
            return None
        key = signing.signing_key(self._secret, parts.prefix)
        texts = [text] if scope["query_string"] else [text, signing.with_empty_query_line(text)]
        matches = (signing.signature(key, each) for each in texts)
        if any(hmac.compare_digest(each.encode(), parts.signature.encode()) for each in matches):
            return parts
        return None


def application(store: Store, ak: str, secret: str) -> Starlette:
    """Return the application over a store that is not open yet."""
    server = Server(store, ak, secret)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await store.open()
        yield
        await store.close()

    async def ready(_request: Request) -> Response:
        return Response()

    routes = [
        Route(_PATH + "updateResult", server.update_result, methods=["POST"]),
        Route(_PATH + "create", server.create, methods=["POST"]),
        Route("/readyz", ready),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def main() -> None:
    """Serve until told to end."""
    database, ak, secret, processes, together, port = sys.argv[1:]

    def one(listener: socket.socket) -> None:
        store: Store = SqliteStore(database, int(together))
        if is_postgres(database):
            store = PostgresStore(database)
        config = uvicorn.Config(
            application(store, ak, secret),
            loop="uvloop",
            http="httptools",
            ws="none",
            access_log=False,
            log_level="warning",
        )
        uvicorn.Server(config).run([listener])

    several.serve(int(processes), int(port), one)


if __name__ == "__main__":
    main()
