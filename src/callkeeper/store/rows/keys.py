"""Access keys: rows ↔ values."""

from collections.abc import Sequence

import msgspec

from callkeeper.core.allowance import Limit
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import check_may
from callkeeper.core.refusal import NoRight, ParameterWrong, Refusal
from callkeeper.store.engine.session import Session
from callkeeper.store.port.access import AccessKey, KeyOrder
from callkeeper.store.port.people import Deed
from callkeeper.store.rows.deeds import DeedRows
from callkeeper.store.rows.people import PersonRows


class KeyRows:
    """The verbs about who may ask."""

    def __init__(self, session: Session, people: PersonRows, deeds: DeedRows) -> None:
        self._session = session
        self._people = people
        self._deeds = deeds

    def change(self, orders: Sequence[KeyOrder]) -> list[AccessKey | Refusal | None]:
        """Make, limit and revoke keys, each as a deed; None for one unknown or revoked before."""
        keepers = self._people.lock_keepers(orders)
        outcomes: dict[int, AccessKey | Refusal | None] = {}
        # In the order of the key, so that two processes never wait for each other.
        for place, order in sorted(enumerate(orders), key=lambda placed: placed[1].ak):
            try:
                outcomes[place] = self._changed(
                    order, None if order.keeper is None else keepers[order.keeper.login]
                )
            except (ParameterWrong, NoRight) as refusal:
                outcomes[place] = refusal
        return [outcomes[place] for place in range(len(orders))]

    def _changed(self, order: KeyOrder, keeper: Person | None) -> AccessKey | None:
        if isinstance(order.change, AccessKey):
            _check_may(keeper, order.change)
            self._add(order.change)
            self._note(order, order.change, "key_made")
            return order.change
        found = self._session.rows("lock_access_key", ak=order.ak)
        if not found:
            return None
        key = AccessKey(*found[0])
        _check_may(keeper, key)
        if order.change is None:
            self._session.rows("revoke_access_key", ak=key.ak, revoked_at=order.at)
            self._note(order, key, "key_revoked")
            return msgspec.structs.replace(key, revoked_at=order.at)
        if order.change == Limit():  # which names nothing
            return key
        key = self._limited(key, order.change)
        self._note(order, key, "key_limited", allowance=key.allowance)
        return key

    def _add(self, key: AccessKey) -> None:
        self._session.rows(
            "add_access_key",
            ak=key.ak,
            vdn=key.vdn,
            sealed_secret=key.sealed_secret,
            note=key.note,
            made_at=key.made_at,
        )

    def _limited(self, key: AccessKey, limit: Limit) -> AccessKey:
        allowance = limit.apply(key.allowance)
        per_second, burst = (
            (None, None) if allowance is None else (allowance.per_second, allowance.burst)
        )
        self._session.rows("limit_access_key", ak=key.ak, per_second=per_second, burst=burst)
        return msgspec.structs.replace(key, per_second=per_second, burst=burst)

    def _note(self, order: KeyOrder, key: AccessKey, what: str, **detail: object) -> None:
        told = msgspec.json.encode(detail).decode()
        self._deeds.append(Deed(0, order.at, order.by, what, f"key {key.ak}", key.vdn, told))

    def reseal(self, sealed: Sequence[tuple[str, str]]) -> None:
        """Put another sealed secret in the place of each key's."""
        for ak, secret in sealed:
            self._session.rows("reseal_access_key", ak=ak, sealed_secret=secret)

    def get(self, ak: str) -> AccessKey | None:
        """Return a key, revoked or not."""
        found = self._session.rows("access_key", ak=ak)
        return AccessKey(*found[0]) if found else None

    def all(self) -> list[AccessKey]:
        """Return all keys, oldest first."""
        return [AccessKey(*row) for row in self._session.rows("access_keys")]


def _check_may(keeper: Person | None, key: AccessKey) -> None:
    """Refuse whoever is not allowed any more to keep a key, as they were when they asked."""
    if keeper is not None:
        check_may(keeper, "keep_keys", key.vdn)
