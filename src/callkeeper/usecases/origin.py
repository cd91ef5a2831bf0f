"""Where a request comes from: the signed request, or a person's command."""

from typing import NamedTuple

from callkeeper.core.instants import Instant

# So many hex digits of their signatures no two requests share, of whichever keys.
_TELLING = 32


class Origin(NamedTuple):
    """The signed request that something comes from."""

    vdn: int
    ak: str
    signature: str
    signed_at: Instant
    body: bytes
    idempotency_key: str | None = None

    @property
    def by(self) -> str:
        """Who did it, as the history has it."""
        return f"key {self.ak}"

    @property
    def request(self) -> str:
        """What the history tells it by from every other: 128 bits of its signature."""
        return self.signature[:_TELLING]
