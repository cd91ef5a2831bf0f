"""A store of which somebody hears when a verb of it was asked."""

from collections.abc import Callable
from typing import Any, cast

from callkeeper.store.port.store import Store

Hear = Callable[[str], object]


class _WatchedFamily:
    def __init__(self, family: object, hear: Hear) -> None:
        self._family = family
        self._hear = hear

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._family, name)

        def asked(*args: Any) -> Any:
            found = verb(*args)
            self._hear(name)
            return found

        return asked


class _Watched:
    def __init__(self, store: Store, family: str, hear: Hear) -> None:
        self._store = store
        self._family = family
        self._hear = hear

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return _WatchedFamily(found, self._hear) if name == self._family else found


def watched(store: Store, family: str, hear: Hear) -> Store:
    """Return the store, of a family of which each verb is heard of before its answer is had."""
    return cast("Store", _Watched(store, family, hear))
