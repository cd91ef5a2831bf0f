"""A batch of writes: one transaction, and an outcome for each of them."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from callkeeper.core.refusal import DatabaseFailed, DatabasePartLost
from callkeeper.store.port.store import Collision, Store

Verb = Callable[[Sequence[Any]], Sequence[Any]]

COLLISIONS_MAX = 3


class WriteBroke(RuntimeError):  # noqa: N818 - what happened
    """A bug of ours, in the words of the process in which it happened."""


class Write(msgspec.Struct, frozen=True):
    """A writing verb of the store, and one item for it."""

    verb: Verb
    item: object


def name_of(verb: Verb) -> tuple[str, str]:
    """Return how to find a verb again in another process's store: its family's name, and its own.

    It is a method of a family, or of the store itself.
    """
    return type(verb.__self__).__name__, verb.__name__  # type: ignore[attr-defined]


def carry_out(store: Store, batch: Sequence[Write]) -> list[object]:
    """Write a batch and return, in its order, what each write comes to: a value or an exception.

    All of them are durable then, or none is. Where a bug of ours breaks the batch, each write is
    made alone, so that one fails alone; and where one of a database's machines is away, those of
    each VDN are made by themselves, for the others' are elsewhere.
    """
    try:
        return _transact(store, batch)
    except DatabasePartLost as failed:
        parts = _by_vdn(batch)
        if len(parts) == 1:
            return [failed] * len(batch)
        outcomes: dict[int, object] = {}
        for places in parts:
            outcomes |= zip(places, carry_out(store, [batch[i] for i in places]), strict=True)
        return [outcomes[place] for place in range(len(batch))]
    except DatabaseFailed as failed:
        return [failed] * len(batch)
    except Exception as bug:  # noqa: BLE001 - raised again where the request is answered
        if len(batch) == 1:
            return [bug]
        return [outcome for write in batch for outcome in carry_out(store, [write])]


def _transact(store: Store, batch: Sequence[Write]) -> list[object]:
    for _ in range(COLLISIONS_MAX):
        try:
            with store.transaction():
                return _by_verb(batch)
        except Collision:
            continue
    raise DatabaseFailed


def _by_vdn(batch: Sequence[Write]) -> list[list[int]]:
    """Return the places in a batch of what is of each VDN, and of what is of none."""
    places: dict[int | None, list[int]] = {}
    for place, write in enumerate(batch):
        places.setdefault(getattr(write.item, "vdn", None), []).append(place)
    return list(places.values())


def _by_verb(batch: Sequence[Write]) -> list[object]:
    """Run a batch verb by verb, each over its items in their order; answer in the batch's order."""
    places: dict[Verb, list[int]] = {}
    for place, write in enumerate(batch):
        places.setdefault(write.verb, []).append(place)
    outcomes: list[object] = [None] * len(batch)
    for verb, whose in places.items():
        for place, outcome in zip(whose, verb([batch[i].item for i in whose]), strict=True):
            outcomes[place] = outcome
    return outcomes
