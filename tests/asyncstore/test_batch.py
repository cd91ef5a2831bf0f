"""A batch that mixes VDNs, where a machine that has some of them is away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import msgspec

from callkeeper.asyncstore.batch import Write, carry_out
from callkeeper.core.refusal import DatabaseFailed, DatabasePartLost
from callkeeper.store.port.store import Store

AWAY = 3


class Item(msgspec.Struct, frozen=True):
    """What is written."""

    vdn: int
    text: str


class Spread:
    """A store on several machines; the one that has VDN 3 is away, or all of them are."""

    def __init__(self, failure: type[DatabaseFailed] = DatabasePartLost) -> None:
        self.written: list[Item] = []
        self.transactions = 0
        self._failure = failure

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.transactions += 1
        before = list(self.written)
        try:
            yield
        except BaseException:
            self.written = before
            raise

    def write(self, items: Sequence[Item]) -> list[str]:
        if any(item.vdn == AWAY for item in items):
            raise self._failure("a machine is away")
        self.written += items
        return [item.text for item in items]

    def carry_out(self, *items: Item) -> list[object]:
        return carry_out(cast("Store", self), [Write(self.write, item) for item in items])


def test_what_is_elsewhere_is_written_all_the_same_and_answered_in_order() -> None:
    store = Spread()
    items = [Item(1, "a"), Item(AWAY, "b"), Item(2, "c"), Item(1, "d"), Item(AWAY, "e")]
    first, second, third, fourth, fifth = store.carry_out(*items)
    assert (first, third, fourth) == ("a", "c", "d")
    assert isinstance(second, DatabasePartLost)
    assert isinstance(fifth, DatabasePartLost)
    assert sorted(item.text for item in store.written) == ["a", "c", "d"]
    assert store.transactions == 1 + 3  # all at once, and then each VDN


def test_a_batch_of_one_vdn_that_is_away_is_not_tried_again() -> None:
    store = Spread()
    outcomes = store.carry_out(Item(AWAY, "a"), Item(AWAY, "b"))
    assert all(isinstance(each, DatabasePartLost) for each in outcomes)
    assert store.transactions == 1


def test_where_the_whole_database_fails_nothing_is_tried_again() -> None:
    store = Spread(DatabaseFailed)
    outcomes = store.carry_out(Item(1, "a"), Item(AWAY, "b"))
    assert all(isinstance(each, DatabaseFailed) for each in outcomes)
    assert store.transactions == 1
    assert not store.written
