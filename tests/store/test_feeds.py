"""Calendars that people subscribe to, on both engines."""

import pytest

from callkeeper.core.people.changes import Disable, PersonChange, PersonOrder, Reset
from callkeeper.core.people.feed import Feed
from callkeeper.core.people.session import new_link
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW
from tests.store.test_people import invited


def make(store: SqlStore, *feeds: Feed) -> None:
    with store.transaction():
        assert store.feeds.make(feeds) == list(feeds)


def test_a_person_has_one_address_and_the_one_before_is_void(store: SqlStore) -> None:
    invited(store)
    invited(store, "bob")
    first, second, other = Feed("a", "ann", NOW), Feed("b", "ann", NOW + 1), Feed("c", "bob", NOW)
    make(store, first, second, other)
    assert store.feeds.of("ann") == store.feeds.get("b") == second
    assert store.feeds.get("a") is None
    assert store.feeds.get("c") == other
    assert store.feeds.of("nobody") is None


def test_an_address_that_is_voided_is_gone_with_a_deed(store: SqlStore) -> None:
    invited(store)
    make(store, Feed("a", "ann", NOW))
    with store.transaction():
        store.feeds.end([("ann", NOW + 1), ("ann", NOW + 2), ("nobody", NOW)])
    assert store.feeds.get("a") is None
    ended, made, _invited = store.deeds.latest(9)
    assert (ended.what, ended.by_whom, ended.happened_at) == ("feed_ended", "person ann", NOW + 1)
    assert (made.what, made.subject, made.detail) == ("feed_made", "person ann", "{}")


@pytest.mark.parametrize(
    "change", [Disable(), Reset(new_link("x", "ann", NOW))], ids=lambda x: x.what
)
def test_it_ends_with_what_the_person_had_to_show(store: SqlStore, change: PersonChange) -> None:
    invited(store)
    make(store, Feed("a", "ann", NOW))
    with store.transaction():
        store.people.change([PersonOrder("ann", change, "operator", NOW)])
    assert store.feeds.get("a") is None
    assert store.feeds.of("ann") is None


def test_nobody_reads_a_digest_in_a_log() -> None:
    assert "secret" not in repr(Feed("secret", "ann", NOW))
