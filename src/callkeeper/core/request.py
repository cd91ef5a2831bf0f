"""A signed request: what tells it from every other, and the id of the reservation it makes."""

from hashlib import sha256


def id_for(signed_at: int, digest: bytes) -> str:
    """Return the id of the reservation that a signed request makes: 13 digits of time, 17 of it.

    The same signed request gets the same id whenever and wherever it arrives, so that the
    primary key itself keeps a repeated request from booking twice.
    """
    return f"{signed_at:013d}{int.from_bytes(digest[:16]) % 10**17:017d}"


def request_digest(*parts: str) -> bytes:
    """Return what tells one request from every other."""
    return sha256("\n".join(parts).encode()).digest()
