"""Who is asking: check the signature of a request and find the key behind it."""

import asyncio
import hmac
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.types import Scope

from callkeeper import signing
from callkeeper.api.contract import mistakes
from callkeeper.clock import Clock, new_secret_key
from callkeeper.core.instants import Instant, span
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import NotAuthenticated
from callkeeper.http.head import Head
from callkeeper.http.request_facts import TOLD_MAX
from callkeeper.usecases.keys import Keyring, OpenKey

_SIGNED_BYTES_MAX = 16 * 1024
_PIECE = 16 * 1024
_PAUSE_SECONDS = 0.001  # a loop that is never idle makes the threads wait for it, 5 ms each time
_AK_MAX = 128
_OUR_AK = re.compile("[0-9A-Z]{20}")
_BEFORE_MAX = 1024  # characters of a header that may tell what a request was before
_AROUND = signing.AROUND.encode()
_QUERY_MAX = 64
_TOO_LARGE = "it was not looked for a mistake, for the request is too large"
_TOO_MANY = "it was not looked for a mistake, for too many signatures did not match this second"


class Caller(NamedTuple):
    """A request's signer, and what of the signature tells this request from every other."""

    keyring: Keyring
    key: OpenKey
    signature: str
    signed_at: Instant

    def charge(self) -> None:
        """Take a request out of its key's allowance, or refuse: only its own, so once admitted."""
        self.keyring.spend(self.key)

    def check_vdn(self, vdn: int) -> None:
        """Refuse a key that belongs to another VDN."""
        if not self.key.serves(vdn):
            raise NotAuthenticated(
                "access key {key} does not belong to VDN {vdn}", key=self.key.ak, vdn=vdn
            )


class Signatures:
    """Reads who signed. ``window_ms`` is how far a timestamp may lie from now, either way."""

    def __init__(self, keyring: Keyring, clock: Clock, window_ms: int) -> None:
        self.keyring = keyring
        # In place of the secret of a key that there is not: to find that out takes as long.
        self.decoy = new_secret_key()
        self.hints = mistakes.HintAllowance(clock.ticks)
        self._clock = clock
        self._window_ms = window_ms

    def read(self, scope: Scope, head: Head) -> "SignedCredentials":
        """Return what a request says of itself, before its body is even read; or refuse."""
        try:
            parts = signing.Authorization.parse(_once(head, b"authorization").decode("latin-1"))
            signed_at = parts.signed_at
        except signing.SigningError as error:
            raise NotAuthenticated.saying(Phrase(error.template, **error.values)) from error
        if scope["query_string"].count(b"&") >= _QUERY_MAX:
            raise NotAuthenticated("the query has more than {most} parameters", most=_QUERY_MAX)
        off = self._clock.now() - signed_at
        if abs(off) > self._window_ms:
            raise _off(off, self._window_ms)
        signed = {name: _once(head, name.encode("latin-1")) for name in parts.names}
        if sum(map(len, signed.values())) > _SIGNED_BYTES_MAX:
            raise NotAuthenticated(
                "the signed headers hold more than {most} bytes", most=_SIGNED_BYTES_MAX
            )
        return SignedCredentials(self, scope, parts, signed, signed_at)


class SignedCredentials:
    """The key that a request names, and its signature. ``key`` is None until it was found."""

    __slots__ = ("_parts", "_scope", "_signatures", "_signed", "_signed_at", "key", "name")

    def __init__(
        self,
        signatures: Signatures,
        scope: Scope,
        parts: signing.Authorization,
        signed: Mapping[str, bytes],
        signed_at: Instant,
    ) -> None:
        self._signatures = signatures
        self._scope = scope
        self._parts = parts
        self._signed = signed
        self._signed_at = signed_at
        self.name = parts.ak
        self.key: OpenKey | None = None

    @property
    def is_known(self) -> bool:
        """Whether there was such a key when it was last looked up."""
        return self._signatures.keyring.knows(self.name)

    def recall(self) -> bool:
        """Take the key, if it was valid less than two seconds ago."""
        self.key = self._signatures.keyring.trusted(self.name)
        return self.key is not None

    async def find(self) -> bool:
        """Look up the key; return whether there is one. Raise DatabaseFailed."""
        # What cannot be a key is not looked up, so that nothing long is remembered as unknown.
        find = self._signatures.keyring.find
        self.key = await find(self.name) if len(self.name) <= _AK_MAX else None
        return self.key is not None

    def check(self, body: bytes) -> Caller | None:
        """Return who signed the request, None if the key did not."""
        signing_key = self._signing_key()
        for text in self._texts(body):
            if self._is(signing.signature(signing_key, text)):
                return self._caller()
        return None

    async def check_large(self, body: bytes) -> Caller | None:
        """Return the same, with others served between two pieces of the body.

        A thread would be no help: most of it is done in one breath, and nobody else runs.
        """
        signing_key = self._signing_key().encode()
        ours = [hmac.new(signing_key, head.encode(), "sha256") for head in self._texts(b"")]
        for at in range(0, len(body), _PIECE):
            piece = signing.encode(body[at : at + _PIECE]).encode()
            for each in ours:
                each.update(piece)
            await asyncio.sleep(_PAUSE_SECONDS)
        matches = any(self._is(each.hexdigest()) for each in ours)
        return self._caller() if matches else None

    def refusal(self, body: bytes) -> NotAuthenticated:
        """Return the same of an unknown key and of a wrong signature; the log knows which."""
        refusal = NotAuthenticated(
            "the access key is unknown or revoked, or the signature does not match this request; "
            "`callkeeper sign --explain` shows what has to be signed"
        )
        # Not all of what is no key: somebody may have sent the secret in its place.
        refusal.detail = (
            f"access key {self.name[:4]!r}... is unknown or revoked"
            if self.key is None
            else f"the signature in the name of access key {self.name} does not match"
        )
        if self._signed_bytes(body) > mistakes.TRIED_MAX:
            refusal.hint = partial(self._told, _TOO_LARGE)
        elif self._signatures.hints.take(self.name):
            refusal.hint = partial(self._hint, body)
        else:
            refusal.hint = partial(self._told, _TOO_MANY)
        return refusal

    def _signed_bytes(self, body: bytes) -> int:
        """Return how much would be signed anew with each mistake, whatever it stands in."""
        scope, parts = self._scope, self._parts
        values = sum(map(len, self._signed.values()))
        addressed = len(scope["raw_path"]) + len(scope["query_string"])
        return len(body) + addressed + values + len(parts.prefix) + len(parts.signature)

    async def _told(self, sentence: str) -> str | None:
        """Return it; of a key that there is not, nothing."""
        return None if self.key is None else sentence

    async def _hint(self, body: bytes) -> str | None:
        """Return what may be wrong with the signature; of a key that there is not, nothing."""
        scope = self._scope
        server = scope.get("server") or ("", 0)
        came = mistakes.Received(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=self._query(),
            signed_headers=self._parts.signed_headers,
            headers=self._alone(),
            body=body,
            secret=self._secret,
            prefix=self._parts.prefix,
            all_headers={
                name.decode("latin-1"): value.decode("latin-1")[:_BEFORE_MAX]
                for name, value in Head.of(scope).items()
            },
            query_string=scope["query_string"].decode("latin-1"),
            server=f"{server[0]}:{server[1]}",
        )
        likely = await mistakes.likely_mistake(came, self._parts.signature)
        return await self._told(likely)

    @property
    def _secret(self) -> str:
        return self.key.secret if self.key else self._signatures.decoy

    def _signing_key(self) -> str:
        return signing.signing_key(self._secret, self._parts.prefix)

    def _query(self) -> list[tuple[str, str]]:
        encoded = self._scope["query_string"].decode("latin-1")
        return parse_qsl(encoded, keep_blank_values=True) if encoded else []

    def _alone(self) -> dict[str, bytes]:
        """Return the signed headers' values, without what is around them."""
        return {name: value.strip(_AROUND) for name, value in self._signed.items()}

    def _texts(self, body: bytes) -> Iterator[str]:
        """Yield what may have been signed: with the headers' values alone, or all that came."""
        scope, signed = self._scope, self._signed
        query, alone = self._query(), self._alone()
        for headers in (alone,) if alone == signed else (alone, signed):
            text = signing.canonical_request(
                method=scope["method"],
                path=scope["raw_path"].decode("latin-1"),
                query=query,
                signed_headers=self._parts.signed_headers,
                headers=headers,
                body=body,
            )
            yield text
            # Without a query, clients differ on whether its empty line is signed; both are right.
            if not query:
                yield signing.with_empty_query_line(text)

    def _is(self, ours: str) -> bool:
        theirs = self._parts.signature.encode("latin-1", "replace")
        return hmac.compare_digest(ours.encode(), theirs)

    def _caller(self) -> Caller | None:
        if self.key is None:
            return None
        return Caller(self._signatures.keyring, self.key, self._parts.signature, self._signed_at)


def claims(scope: Scope) -> dict[str, object]:
    """Return what the log tells of a request that nobody has signed: who says it is whose."""
    head = Head.of(scope)
    _, _, rest = head.get(b"authorization", b"").decode("latin-1").partition("/")
    named = rest.partition("/")[0]
    client = scope.get("client")
    return {
        # What can be no key may be a secret, sent in its place.
        "claimed_key": named if _OUR_AK.fullmatch(named) else f"{named[:4]}...",
        "peer": f"{client[0]}:{client[1]}" if client else None,
        "host": head.get(b"host", b"").decode("latin-1")[:TOLD_MAX],
        "path": scope["path"][:TOLD_MAX],
    }


def _off(off_ms: int, window_ms: int) -> NotAuthenticated:
    """Return the refusal of a request that was signed so long ago, or ahead when negative."""
    # A part of a second counts as one: what is too much is never told as just what is allowed.
    off, most = span(abs(off_ms) + 999), span(window_ms)
    if off_ms > 0:
        return NotAuthenticated(
            "the request was signed {off} ago, at most {most} is allowed; "
            "check the clock and sign anew",
            off=off,
            most=most,
        )
    return NotAuthenticated(
        "the request was signed {off} ahead, at most {most} is allowed; "
        "check the clock and sign anew",
        off=off,
        most=most,
    )


def _once(head: Head, name: bytes) -> bytes:
    """Return the value of a field that has to be sent, and only once."""
    if name not in head:
        raise NotAuthenticated("the header {name!r} is missing", name=_shown(name))
    if name in head.twice:
        raise NotAuthenticated("the header {name!r} was sent more than once", name=_shown(name))
    return head[name]


def _shown(name: bytes) -> str:
    return name[:64].decode("latin-1")
