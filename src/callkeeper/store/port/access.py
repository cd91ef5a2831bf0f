"""What the store knows of those who may ask."""

import msgspec

from callkeeper.core.allowance import Allowance


class AgentName(msgspec.Struct, frozen=True):
    """What to call an agent."""

    vdn: int
    account: str
    user_name: str
    made_at: int


class AccessKey(msgspec.Struct, frozen=True):
    """A key as stored: its secret is sealed. ``vdn`` None: it serves every VDN."""

    ak: str
    vdn: int | None
    sealed_secret: str
    note: str | None
    made_at: int
    revoked_at: int | None
    per_second: float | None = None
    burst: int | None = None

    @property
    def allowance(self) -> Allowance | None:
        """How many requests it may send; None: any number."""
        if self.per_second is None or self.burst is None:
            return None
        return Allowance(self.per_second, self.burst)
