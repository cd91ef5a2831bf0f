"""How a request becomes an answer.

    key ─► body ─► signature ─► allowance ─► vdnId ─► the key's VDN ─► turn ─► JSON ─► fields
    ─► handler ─► answer

The order is the contract's order of checks, and the first that fails answers.
"""

from collections import Counter
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from callkeeper.api.contract.auth import Caller, claims
from callkeeper.api.contract.interface import Admitted, Interface
from callkeeper.api.contract.json_text import BOM, read_json
from callkeeper.core.refusal import (
    BodyTooLarge,
    CharactersWrong,
    NotAuthenticated,
    ParameterWrong,
    Refusal,
)
from callkeeper.core.vdn import VDN_MAX, read_vdn
from callkeeper.http.admission import HELD_BACK, Admission
from callkeeper.http.answer import Answer, refused, translator_for
from callkeeper.http.head import Head
from callkeeper.http.large_bodies import LARGE
from callkeeper.http.request_facts import Trace
from callkeeper.http.tarpit import Visit
from callkeeper.usecases.origin import Origin

BODY_MAX = 1024 * 1024
IDEMPOTENCY_KEY_MAX = 255


class Endpoint:
    """Serves an interface, as ASGI has it."""

    def __init__(self, interface: Interface, admission: Admission[Caller]) -> None:
        self.interface = interface
        self._names = interface.form.names()
        self._read_fields = interface.form.read
        self._handler = interface.handler
        self._admission = admission
        self._shares = admission.shares

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. A bug is left to the middleware that answers 500."""
        trace = Trace.of(scope)
        trace.interface = self.interface.name
        visit = self._admission.tarpit.visit(scope)
        try:
            answer = await self._answer(scope, receive, trace, visit)
        except Refusal as refusal:
            answer = refused(refusal, self.interface.codes, self._names)
            trace.sentence = refusal.detail or answer.sentence
            if isinstance(refusal, NotAuthenticated):
                trace.hint = refusal.hint
            if trace.ak is None:
                trace.also = claims(scope)
        # Not where it is caught: there the refusal holds the body, which nobody needs any more.
        if answer.status in HELD_BACK:
            await visit.pay()
        trace.code = answer.code
        if answer.made is not None:
            trace.also = answer.made
        await answer.response(translator_for(Head.of(scope)))(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, trace: Trace, visit: Visit) -> Answer:
        head = Head.of(scope)
        _check_length(head)
        credentials = self._admission.read(scope, head)
        body, is_more = await _read(receive, LARGE)
        await self._admission.find(credentials, visit, len(body))
        if len(body) <= LARGE:
            caller = await self._admission.admit(credentials, body, visit)
            return await self._serve(scope, body, caller, trace)
        async with self._admission.large_bodies.hold(visit.name):
            if is_more:
                body += (await _read(receive, BODY_MAX - len(body)))[0]
            if len(body) > BODY_MAX:
                raise BodyTooLarge
            caller = await self._admission.admit(credentials, body, visit)
            return await self._serve(scope, body, caller, trace)

    async def _serve(self, scope: Scope, body: bytes, caller: Caller, trace: Trace) -> Answer:
        trace.ak = caller.key.ak
        caller.charge()
        vdn = trace.vdn = _vdn(scope["path_params"]["vdn"])
        caller.check_vdn(vdn)
        await self._admission.check_vdn(vdn)
        await self._shares.take(vdn, reads=self.interface.reads)
        try:
            return await self._carry_out(scope, caller, body, vdn)
        finally:
            self._shares.give_back(vdn, reads=self.interface.reads)

    async def _carry_out(self, scope: Scope, caller: Caller, body: bytes, vdn: int) -> Answer:
        given = _query(scope) if self.interface.in_query else _decode(scope, body)
        said = self._read_fields(given)
        key = _idempotency_key(scope) if self.interface.takes_idempotency_key else None
        origin = Origin(vdn, caller.key.ak, caller.signature, caller.signed_at, body, key)
        return await self._handler(Admitted(origin, said, scope["path_params"]))


def _check_length(head: Head) -> None:
    """Refuse a body that says how large it is, and is too large."""
    length = head.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > BODY_MAX:
        raise BodyTooLarge


async def _read(receive: Receive, enough: int) -> tuple[bytes, bool]:
    """Return a body, or the beginning of one that is larger, and whether there is more of it."""
    chunks: list[bytes] = []
    size = 0
    while size <= enough:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks), False
    return b"".join(chunks), True


def _vdn(text: str) -> int:
    vdn = read_vdn(text)
    if vdn is None:
        raise ParameterWrong(
            "{text!r} is no integer in 1..{most}", text=text[:64], most=VDN_MAX
        ).within("vdnId")
    return vdn


def _query(scope: Scope) -> dict[str, Any]:
    try:
        text = scope["query_string"].decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise ParameterWrong("the query must be percent-encoded UTF-8") from error
    # The signature sorts its pairs, so that it could not tell which of two came last.
    names = Counter(name for name, _ in pairs)
    if len(names) < len(pairs):
        ((twice, _),) = names.most_common(1)
        raise ParameterWrong(
            "the query names {name!r} more than once; send it once", name=twice[:64]
        )
    return dict(pairs)


def _decode(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the body as a JSON object; an absent one has no fields, whatever its type."""
    if not body:
        return {}
    _check_content_type(Head.of(scope).get(b"content-type", b"").decode("latin-1"))
    if not body.removeprefix(BOM).strip():
        return {}
    try:
        decoded = read_json(body)
    except ParameterWrong as fault:
        raise ParameterWrong("the body {fault}", fault=fault.said) from fault
    if type(decoded) is not dict:
        raise ParameterWrong("the body must be a JSON object")
    return decoded


@lru_cache(64)
def _check_content_type(value: str) -> None:
    media_type, *parameters = (part.strip().lower() for part in value.split(";"))
    charset = next((p[8:].strip("\"' ") for p in parameters if p.startswith("charset=")), "utf-8")
    if media_type not in ("", "application/json") or charset not in ("utf-8", "utf8"):
        raise ParameterWrong(
            "must be application/json; charset=UTF-8, not {value!r}", value=value[:100]
        ).within("Content-Type")


def _idempotency_key(scope: Scope) -> str | None:
    head = Head.of(scope)
    if b"idempotency-key" in head.twice:
        raise ParameterWrong("was sent more than once").within("Idempotency-Key")
    key = head.get(b"idempotency-key", b"").decode("latin-1")
    if len(key) > IDEMPOTENCY_KEY_MAX or not key.isprintable():
        raise CharactersWrong(
            "must be at most {most} printable characters", most=IDEMPOTENCY_KEY_MAX
        ).within("Idempotency-Key")
    return key or None
