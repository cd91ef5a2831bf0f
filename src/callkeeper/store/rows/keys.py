"""Access keys: rows ↔ values."""

from collections.abc import Sequence

import msgspec

from callkeeper.core.allowance import Limit
from callkeeper.core.refusal import ParameterWrong, Refusal
from callkeeper.store.engine.session import Session
from callkeeper.store.port.access import AccessKey


class KeyRows:
    """The verbs about who may ask."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, keys: Sequence[AccessKey]) -> list[AccessKey | Refusal]:
        """Add access keys."""
        for key in keys:
            self._session.rows(
                "add_access_key",
                ak=key.ak,
                vdn=key.vdn,
                sealed_secret=key.sealed_secret,
                note=key.note,
                made_at=key.made_at,
            )
        return list(keys)

    def revoke(self, revoked: Sequence[tuple[str, int]]) -> list[bool | Refusal]:
        """Revoke keys, each from an instant on; False for one that is unknown or revoked."""
        outcomes: list[bool | Refusal] = []
        for ak, at in revoked:
            known = self.get(ak)
            outcomes.append(known is not None and known.revoked_at is None)
            self._session.rows("revoke_access_key", ak=ak, revoked_at=at)
        return outcomes

    def reseal(self, sealed: Sequence[tuple[str, str]]) -> None:
        """Put another sealed secret in the place of each key's."""
        for ak, secret in sealed:
            self._session.rows("reseal_access_key", ak=ak, sealed_secret=secret)

    def limit(self, limits: Sequence[tuple[str, Limit]]) -> list[AccessKey | Refusal | None]:
        """Change what keys may send, and return them so; None for one unknown or revoked."""
        outcomes: list[AccessKey | Refusal | None] = []
        for ak, limit in limits:
            found = self._session.rows("lock_access_key", ak=ak)
            try:
                outcomes.append(self._limited(AccessKey(*found[0]), limit) if found else None)
            except ParameterWrong as refusal:
                outcomes.append(refusal)
        return outcomes

    def _limited(self, key: AccessKey, limit: Limit) -> AccessKey:
        allowance = limit.apply(key.allowance)
        per_second, burst = (
            (None, None) if allowance is None else (allowance.per_second, allowance.burst)
        )
        self._session.rows("limit_access_key", ak=key.ak, per_second=per_second, burst=burst)
        return msgspec.structs.replace(key, per_second=per_second, burst=burst)

    def get(self, ak: str) -> AccessKey | None:
        """Return a key, revoked or not."""
        found = self._session.rows("access_key", ak=ak)
        return AccessKey(*found[0]) if found else None

    def all(self) -> list[AccessKey]:
        """Return all keys, oldest first."""
        return [AccessKey(*row) for row in self._session.rows("access_keys")]
