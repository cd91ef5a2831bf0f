"""The provider of the single sign-on, as OpenID Connect has it: what it offers, and its tokens.

All that comes from there is bounded: how long it may take, how much it may be, how often it is
asked. Nothing of it is kept but what it offers and its keys, for an hour.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx2
import msgspec

from callkeeper.clock import Clock
from callkeeper.core.instants import HOUR_MS, MINUTE_MS, Instant
from callkeeper.core.people.sign_on import SignOnRefused
from callkeeper.usecases.passwords import TooBusy
from callkeeper.usecases.single_flight import SingleFlight

ANSWER_SECONDS = 10.0  # all of an answer
ANSWER_BYTES_MAX = 256 * 1024
ASKING_MAX = 50  # at once; more are told to come again
KEPT_MS = HOUR_MS
# A key that we do not know has the provider asked for its keys anew, but so seldom at most.
KEYS_ANEW_MS = MINUTE_MS
SKEW_MS = MINUTE_MS  # by which its clock and ours may differ

_DISCOVERY = "/.well-known/openid-configuration"
_OK = 200
_ANEW = {"max_age": "0", "prompt": "login"}

T = TypeVar("T")


class ProviderAway(SignOnRefused):
    """The single sign-on does not answer just now; try again in a moment, or use your password."""


class ProviderWrong(SignOnRefused):
    """What the single sign-on answers makes no sense; the log of this server says more."""


class TokenWrong(Exception):  # noqa: N818 - what it is
    """An ID token is not good; the message goes on from there, for the log."""


class KeyUnknown(TokenWrong):
    """It is signed with a key that we do not know, or do not know yet."""


class Expected(NamedTuple):
    """By whom, for whom and for which sign-in a token has to be."""

    issuer: str
    client: str
    nonce: str


class TokenKeys(Protocol):
    """Keys that verify tokens."""

    def claims(self, token: str, expected: Expected, now: Instant) -> dict[str, Any]:
        """Return what a token says. Raise TokenWrong or KeyUnknown."""


class Client(NamedTuple):
    """Who we are at the provider; without a secret, a public client."""

    issuer: str
    id: str
    secret: str | None
    scopes: str
    back: str  # where it sends people back to

    def __repr__(self) -> str:
        """Leave the secret out."""
        return f"Client({self.issuer!r}, {self.id!r})"


class _Offer(msgspec.Struct):
    """What a provider says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


class _Tokens(msgspec.Struct):
    id_token: str


class _Trouble(msgspec.Struct):
    error: str = ""


class _Kept(Generic[T]):
    """What was looked up, for a while: many who ask at once have it looked up once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._flight = SingleFlight[T]()
        self._found: tuple[T, int] | None = None  # since so many ticks

    async def fresh(self, kept_ms: int, look: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what is kept, or, where that is too old, what is looked up now."""
        if self._found is not None and self._clock.ticks() - self._found[1] < kept_ms:
            return self._found[0]
        found = await self._flight.outcome("", look)
        self._found = found, self._clock.ticks()
        return found


class Provider:
    """One provider. It belongs to one event loop. ``read_keys`` makes keys of what it says."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        read_keys: Callable[[Iterable[Mapping[str, Any]]], TokenKeys],
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._client = client
        self._clock = clock
        self._read_keys = read_keys
        self._answer_seconds = answer_seconds
        # Made here, before the loop runs: to read whom the machine trusts takes a while.
        self._http = httpx2.AsyncClient(timeout=answer_seconds, follow_redirects=False)
        self._kept_offer = _Kept[_Offer](clock)
        self._kept_keys = _Kept[TokenKeys](clock)
        self._asking = 0

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def look(self) -> None:
        """See that it offers what is needed, and has keys. Raise SignOnRefused."""
        await self._keys(await self._offer())

    async def address(
        self, state: str, nonce: str, challenge: str, *, is_anew: bool = False
    ) -> str:
        """Return where a browser goes to sign in. Raise SignOnRefused.

        ``is_anew`` asks that people show who they are though they have a session there: in two
        ways that mean the same (OpenID Connect Core, 3.1.2.1), for ``max_age`` has a token say when
        they did, and some providers take its 0 for none.
        """
        offer = await self._offer()
        asked = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._client.back,
            "scope": self._client.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | (_ANEW if is_anew else {})
        joint = "&" if urlsplit(offer.authorization_endpoint).query else "?"
        return f"{offer.authorization_endpoint}{joint}{urlencode(asked)}"

    async def claims(self, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        """Return what the provider signed of whoever came back with a code. Raise SignOnRefused."""
        if self._asking >= ASKING_MAX:
            raise TooBusy
        self._asking += 1
        try:
            offer = await self._offer()
            token = await self._token(offer, code, verifier)
            return await self._read(offer, token, nonce)
        finally:
            self._asking -= 1

    async def _read(self, offer: _Offer, token: str, nonce: str) -> dict[str, Any]:
        expected = Expected(self._client.issuer, self._client.id, nonce)
        try:
            keys = await self._keys(offer)
            try:
                return keys.claims(token, expected, self._clock.now())
            except KeyUnknown:
                keys = await self._keys(offer, KEYS_ANEW_MS)
                return keys.claims(token, expected, self._clock.now())
        except TokenWrong as wrong:
            raise senseless(f"the ID token {wrong}") from wrong

    async def _token(self, offer: _Offer, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.back,
            "code_verifier": verifier,
        }
        headers = {}
        secret = self._client.secret
        if secret is None:
            form["client_id"] = self._client.id
        elif "client_secret_basic" in offer.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(self._client.id)}:{quote_plus(secret)}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self._client.id, "client_secret": secret}
        status, body = await self._ask("POST", offer.token_endpoint, data=form, headers=headers)
        if status != _OK:
            raise _not_given(status, body)
        return _decoded(body, _Tokens, "its tokens").id_token

    async def _offer(self) -> _Offer:
        async def look() -> _Offer:
            url = f"{self._client.issuer.rstrip('/')}{_DISCOVERY}"
            found = _decoded(await self._get(url), _Offer, url)
            if found.issuer != self._client.issuer:
                raise senseless(
                    f"the provider calls itself {found.issuer[:200]!r}; set sso_issuer to that"
                )
            for each in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                _check_address(each, self._client.issuer)
            return found

        return await self._kept_offer.fresh(KEPT_MS, look)

    async def _keys(self, offer: _Offer, kept_ms: int = KEPT_MS) -> TokenKeys:
        async def look() -> TokenKeys:
            found = _decoded(await self._get(offer.jwks_uri), _KeySet, offer.jwks_uri)
            return self._read_keys(found.keys)

        return await self._kept_keys.fresh(kept_ms, look)

    async def _get(self, url: str) -> bytes:
        status, body = await self._ask("GET", url)
        if status != _OK:
            raise senseless(f"{url} is answered with HTTP {status}")
        return body

    async def _ask(self, method: str, url: str, **how: Any) -> tuple[int, bytes]:  # noqa: ANN401
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        headers |= how.pop("headers", {})
        body = b""
        try:
            async with (
                asyncio.timeout(self._answer_seconds),
                self._http.stream(method, url, headers=headers, **how) as answer,
            ):
                async for piece in answer.aiter_raw():
                    body += piece
                    if len(body) > ANSWER_BYTES_MAX:
                        raise senseless(f"the answer of {url} is too large")
                return answer.status_code, body
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as silence:
            away = ProviderAway()
            away.detail = f"{url}: {type(silence).__name__}: {silence}"[:500]
            raise away from silence


def senseless(detail: str) -> ProviderWrong:
    """Return what is told of an answer that makes no sense; ``detail`` is for the log alone."""
    refused = ProviderWrong()
    refused.detail = detail
    return refused


def _check_address(url: str, issuer: str) -> None:
    """Refuse where nothing may be sent in the clear, unless the provider itself is asked so."""
    try:
        found = urlsplit(url)
        host = found.hostname
    except ValueError:
        host = None
    if not host or found.scheme not in {"https", urlsplit(issuer).scheme} or "@" in found.netloc:
        raise senseless(f"{url[:200]!r} is no address of a provider")


def _not_given(status: int, body: bytes) -> SignOnRefused:
    """Return what is said where the provider gives no token."""
    try:
        error = msgspec.json.decode(body, type=_Trouble).error[:80]
    except (msgspec.DecodeError, RecursionError, ValueError):
        error = ""
    if error == "invalid_grant":
        refused = SignOnRefused(
            "the single sign-on does not know this sign-in any more; try it once more"
        )
        refused.detail = "the token endpoint says invalid_grant"
        return refused
    return senseless(f"the token endpoint answers HTTP {status} {error!r}")


def _decoded(body: bytes, kind: type[T], where: str) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise senseless(f"{where}: {error}") from error
