"""Who is asking: check the signature of a request and find the key behind it."""

import asyncio
import hmac
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.types import Scope

from callkeeper import signing
from callkeeper.clock import Clock, new_secret_key
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import NotAuthenticated
from callkeeper.core.spoken import span
from callkeeper.http.fairness import FairShare
from callkeeper.http.head import Head
from callkeeper.http.large_bodies import LARGE, LargeBodies
from callkeeper.http.tarpit import NOBODY, Tarpit, Visit
from callkeeper.usecases.keys import Keyring, OpenKey

_SIGNED_BYTES_MAX = 16 * 1024
_PIECE = 16 * 1024
_PAUSE_SECONDS = 0.001  # a loop that is never idle makes the threads wait for it, 5 ms each time
_AK_MAX = 128
_AROUND = signing.AROUND.encode()
_QUERY_MAX = 64


class Caller(NamedTuple):
    """A request's signer, and what of the signature tells this request from every other."""

    key: OpenKey
    signature: str
    signed_at: int

    def check_vdn(self, vdn: int) -> None:
        """Refuse a key that belongs to another VDN."""
        if not self.key.serves(vdn):
            raise NotAuthenticated(
                "access key {key} does not belong to VDN {vdn}", key=self.key.ak, vdn=vdn
            )


class Claim(NamedTuple):
    """What a request says of itself."""

    parts: signing.Authorization
    signed: Mapping[str, bytes]
    signed_at: int

    def matches(self, secret: str, scope: Scope, body: bytes) -> bool:
        """Whether the request was signed with a secret."""
        key = signing.signing_key(secret, self.parts.prefix)
        return any(self._is(signing.signature(key, text)) for text in self._texts(scope, body))

    async def matches_large(self, secret: str, scope: Scope, body: bytes) -> bool:
        """Return the same, with others served between two pieces of the body.

        A thread would be no help: most of it is done in one breath, and nobody else runs.
        """
        key = signing.signing_key(secret, self.parts.prefix).encode()
        heads = self._texts(scope, b"")
        ours = [hmac.new(key, head.encode(), "sha256") for head in heads]
        for at in range(0, len(body), _PIECE):
            piece = signing.encode(body[at : at + _PIECE]).encode()
            for each in ours:
                each.update(piece)
            await asyncio.sleep(_PAUSE_SECONDS)
        return any(self._is(each.hexdigest()) for each in ours)

    def _texts(self, scope: Scope, body: bytes) -> Iterator[str]:
        """Yield what may have been signed: with the headers' values alone, or all that came."""
        encoded = scope["query_string"].decode("latin-1")
        query = parse_qsl(encoded, keep_blank_values=True) if encoded else []
        alone = {name: value.strip(_AROUND) for name, value in self.signed.items()}
        for headers in (alone,) if alone == self.signed else (alone, self.signed):
            text = signing.canonical_request(
                method=scope["method"],
                path=scope["raw_path"].decode("latin-1"),
                query=query,
                signed_headers=self.parts.signed_headers,
                headers=headers,
                body=body,
            )
            yield text
            # Without a query, clients differ on whether its empty line is signed; both are right.
            if not query:
                yield signing.with_empty_query_line(text)

    def _is(self, ours: str) -> bool:
        return hmac.compare_digest(ours.encode(), self.parts.signature.encode("latin-1", "replace"))


class Gate:
    """Checks signatures. ``window_ms`` is how far a timestamp may lie from now, either way."""

    def __init__(self, keyring: Keyring, clock: Clock, window_ms: int) -> None:
        self.turns = FairShare()
        self.tarpit = Tarpit()
        self.room = LargeBodies()
        self._large = asyncio.Lock()
        self._keyring = keyring
        self._clock = clock
        self._window_ms = window_ms
        # In place of the secret of a key that there is not: to find that out takes as long.
        self._nobody = new_secret_key()

    def read(self, scope: Scope, head: Head) -> Claim:
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
        return Claim(parts, signed, signed_at)

    async def find(self, claim: Claim, visit: Visit, size: int) -> OpenKey | None:
        """Return the key that a request names, None if there is none, when it is its turn.

        ``size`` is how much of its body has been read. Who names a key that there is, and in whose
        name nobody forged anything of late, waits for nobody.
        """
        ak = claim.parts.ak
        if self._keyring.knows(ak):
            visit.name = ak
        if visit.name == NOBODY or self.tarpit.doubts(ak):
            await visit.pay(size)
        elif key := self._keyring.trusted(ak):
            return key
        # What cannot be a key is not looked up, so that nothing long is remembered as unknown.
        key = await self._keyring.find(ak) if len(ak) <= _AK_MAX else None
        visit.name = ak if key else NOBODY
        return key

    async def admit(
        self, scope: Scope, claim: Claim, key: OpenKey | None, body: bytes, visit: Visit
    ) -> Caller:
        """Return the caller if the signature is right; large bodies one after another."""
        secret = key.secret if key else self._nobody
        if len(body) > LARGE:
            async with self._large:
                matches = await claim.matches_large(secret, scope, body)
        else:
            matches = claim.matches(secret, scope, body)
        if key is None or not matches:
            self.tarpit.spend(len(body) // LARGE)
            if key is not None:
                self.tarpit.doubt(key.ak)
            raise _forged(claim, key)
        visit.prove()
        return Caller(key, claim.parts.signature, claim.signed_at)

    def charge(self, caller: Caller) -> None:
        """Take a request out of its key's allowance, or refuse: only its own, so once admitted."""
        self._keyring.spend(caller.key)


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


def _forged(claim: Claim, key: OpenKey | None) -> NotAuthenticated:
    """Say the same of an unknown key and of a wrong signature; the log knows which it was."""
    refusal = NotAuthenticated(
        "the access key is unknown or revoked, or the signature does not match this request; "
        "`callkeeper sign --explain` shows what has to be signed"
    )
    # Not all of what is no key: somebody may have sent the secret in its place.
    refusal.detail = (
        f"access key {claim.parts.ak[:4]!r}... is unknown or revoked"
        if key is None
        else f"the signature in the name of access key {key.ak} does not match"
    )
    return refusal


def _once(head: Head, name: bytes) -> bytes:
    """Return the value of a field that has to be sent, and only once."""
    if name not in head:
        raise NotAuthenticated("the header {name!r} is missing", name=_shown(name))
    if name in head.twice:
        raise NotAuthenticated("the header {name!r} was sent more than once", name=_shown(name))
    return head[name]


def _shown(name: bytes) -> str:
    return name[:64].decode("latin-1")
