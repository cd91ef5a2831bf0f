"""ID tokens of OpenID Connect: signed by the provider, for us, now, and for this very sign-in.

This file alone names joserfc, which the extra ``sso`` brings.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.jwt import decode

from callkeeper.console.provider import SKEW_MS, Expected, KeyUnknown, TokenWrong
from callkeeper.core.instants import SECOND_MS, Instant

# Each by the kind of key it takes: none is symmetric, and ``none`` is none of them.
ALGORITHMS: dict[str, type[RSAKey | ECKey]] = {"RS256": RSAKey, "PS256": RSAKey, "ES256": ECKey}

_SKEW_SECONDS = SKEW_MS // SECOND_MS
_RSA_BITS_LEAST = 2048

# Other fields in a header are nobody's concern, but for those that are marked as critical.
_REGISTRY = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)


class Keys:
    """The keys with which a provider signs."""

    def __init__(self, found: Iterable[Mapping[str, Any]]) -> None:
        self._keys = [key for each in found if (key := _key(each)) is not None]

    def claims(self, token: str, expected: Expected, now: Instant) -> dict[str, Any]:
        """Return what a token says. Raise TokenWrong, or KeyUnknown if a new key may have come."""
        try:
            header = jws.extract_compact(token.encode(), registry=_REGISTRY).headers()
            key = self._fitting(header)
            claims = decode(token, key, registry=_REGISTRY).claims
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise TokenWrong(f"cannot be verified ({type(error).__name__}: {error})") from error
        _check(claims, expected, now // SECOND_MS)
        return claims

    def _fitting(self, header: Mapping[str, Any]) -> RSAKey | ECKey:
        """Return the key that a token was signed with, as it says: by name, and by kind."""
        kind = ALGORITHMS.get(str(header.get("alg")))
        if kind is None:
            raise TokenWrong(f"is signed by {str(header.get('alg'))[:20]!r}, which is not taken")
        kid = header.get("kid")
        fitting = [
            each
            for each in self._keys
            if isinstance(each, kind)
            and kid in (None, each.get("kid"))
            and each.get("alg") in (None, header["alg"])
        ]
        if len(fitting) != 1:
            raise KeyUnknown(f"is signed with a key {str(kid)[:80]!r} that the provider has not")
        return fitting[0]


def _key(found: Mapping[str, Any]) -> RSAKey | ECKey | None:
    """Return a key to verify signatures with; None for one of another kind, or for another use."""
    if found.get("use", "sig") != "sig":
        return None
    try:
        if found.get("kty") == "EC" and found.get("crv") == "P-256":
            return ECKey.import_key(dict(found))
        if found.get("kty") == "RSA" and _bits(found) >= _RSA_BITS_LEAST:
            return RSAKey.import_key(dict(found))
    except (JoseError, ValueError, TypeError):
        return None
    return None


def _bits(found: Mapping[str, Any]) -> int:
    """Return about how long the modulus of a key is, which stands there in base64."""
    return len(str(found.get("n", "")).rstrip("=")) * 6


def _check(claims: Mapping[str, Any], expected: Expected, now_seconds: int) -> None:
    """Refuse what is by somebody else, for somebody else, of another time, or of another try."""
    if claims.get("iss") != expected.issuer:
        raise TokenWrong("is of another issuer")
    audience = claims.get("aud")
    audience = audience if isinstance(audience, list) else [audience]
    if expected.client not in audience:
        raise TokenWrong("is for another client")
    if claims.get("azp", expected.client) != expected.client or (
        len(audience) > 1 and "azp" not in claims
    ):
        raise TokenWrong("was given to another client")
    if _seconds(claims, "exp") <= now_seconds - _SKEW_SECONDS:
        raise TokenWrong("has expired; do the clocks of this server and of the provider differ?")
    for name in ("iat", "nbf"):
        if name in claims and _seconds(claims, name) > now_seconds + _SKEW_SECONDS:
            raise TokenWrong("is of the future; do the clocks of server and provider differ?")
    if not expected.nonce or claims.get("nonce") != expected.nonce:
        raise TokenWrong("is of another sign-in")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise TokenWrong(f"does not say {name}")
    return found
