"""A family of a real store with some of its verbs replaced."""

from operator import attrgetter
from typing import Any, TypeVar

from callkeeper.store.port.store import Store
from callkeeper.store.rows.store import SqlStore

F = TypeVar("F")


def turn(store: SqlStore, path: str, into: type[F]) -> F:
    """Make a family of a store one of a subclass, in place: its siblings see it so too."""
    family: Any = attrgetter(path)(store)
    assert issubclass(into, type(family))
    family.__class__ = into
    turned: F = family
    return turned


def name_of(store: Store, verb: Any) -> str:
    """Return what a verb is called, as in ``attempts.begin``."""
    (family,) = [name for name, each in vars(store).items() if each is verb.__self__]
    return f"{family}.{verb.__name__}"
