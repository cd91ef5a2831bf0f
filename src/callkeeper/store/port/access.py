"""What the store knows of those who may ask. Instants are UTC milliseconds."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from callkeeper.core.allowance import Allowance, Limit
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import Person
from callkeeper.core.refusal import Refusal


class AgentName(msgspec.Struct, frozen=True):
    """What to call an agent."""

    vdn: int
    account: str
    user_name: str
    made_at: Instant


class Agent(msgspec.Struct, frozen=True):
    """An agent of whom a reservation, or a name, has told; ``user_name`` None: none was given."""

    vdn: int
    account: str
    user_name: str | None
    made_at: Instant


class AccessKey(msgspec.Struct, frozen=True, tag=True):
    """A key as stored: its secret is sealed. ``vdn`` None: it serves every VDN."""

    ak: str
    vdn: int | None
    sealed_secret: str
    note: str | None
    made_at: Instant
    revoked_at: Instant | None
    per_second: float | None = None
    burst: int | None = None

    @property
    def allowance(self) -> Allowance | None:
        """How many requests it may send; None: any number."""
        if self.per_second is None or self.burst is None:
            return None
        return Allowance(self.per_second, self.burst)


class KeyOrder(msgspec.Struct, frozen=True):
    """What is to become of a key, and by whom: a new one, another allowance, or (None) revoked.

    ``keeper`` is whoever does it because a role lets them keep keys, as they were when they asked
    for it; None: it is done at the command line.
    """

    ak: str
    change: AccessKey | Limit | None
    by: str
    at: Instant
    keeper: Person | None = None

    def __repr__(self) -> str:
        """Leave the sealed secret out."""
        return f"KeyOrder(ak={self.ak!r}, by={self.by!r})"


class Keys(Protocol):
    """The verbs about access keys."""

    def change(self, orders: Sequence[KeyOrder]) -> list[AccessKey | Refusal | None]:
        """Make, limit and revoke keys, each as a deed; None for one unknown or revoked before."""

    def reseal(self, sealed: Sequence[tuple[str, str]]) -> None:
        """Put another sealed secret in the place of each key's."""

    def get(self, ak: str) -> AccessKey | None:
        """Return a key, revoked or not."""

    def all(self) -> list[AccessKey]:
        """Return all keys, oldest first."""


class Agents(Protocol):
    """The verbs about agents."""

    def name(self, names: Sequence[AgentName]) -> list[AgentName | Refusal]:
        """Name agents; an agent not seen before comes into being."""

    def get(self, vdn: int, account: str) -> Agent | None:
        """Return an agent."""

    def of(self, vdn: int, after: str, limit: int) -> list[Agent]:
        """Return the first agents of a VDN whose accounts come after a text, by account."""
