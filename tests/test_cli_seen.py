"""What was broken is taken off the list when somebody has looked into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.core.reservations.changes import Result, Settle
from callkeeper.usecases.short_ids import short_id
from tests.stored import DAY, HOUR, Stored


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    stored = Stored(tmp_path / "data")
    yield stored
    stored.store.close()


def unknown(stored: Stored) -> str:
    """Return a reservation of which nobody knows whether it was called."""
    id_ = stored.promise(-DAY, kind="automatic")
    stored.change(id_, Settle(stored.now, "34608", "the backup does not tell"))
    return id_


def test_what_was_seen_is_off_the_list_and_in_the_history_and_in_its_days_report(
    stored: Stored,
) -> None:
    ids = [unknown(stored), unknown(stored)]
    assert stored.ask("broken").out.count("unknown") == 2
    done = stored.ask("seen", short_id(ids[0]), ids[1])
    assert (done.status, done.out) == (
        0,
        "".join(f"seen: reservation {short_id(each)} of VDN 25\n" for each in ids),
    )
    assert stored.ask("broken").out == "no promise was broken\n"
    assert "unknown" in stored.ask("broken", "--day", "yesterday").out
    assert "seen (by operator)" in stored.ask("why", ids[0]).out
    again = stored.ask("seen", ids[0], "--json")
    assert again.status == 0
    assert [each["id"] for each in again.value["reservations"]] == [ids[0]]


def test_unless_all_can_be_seen_none_is(stored: Stored) -> None:
    broken, waiting, kept = unknown(stored), stored.promise(-HOUR), stored.promise(-DAY)
    stored.change(kept, Result(fail_code="00000"))
    for id_, says in ((waiting, "it still waits"), (kept, "was kept")):
        refused = stored.ask("seen", broken, id_)
        assert refused.status == 1
        assert short_id(id_) in refused.err
        assert says.split()[-1] in refused.err
    assert "unknown" in stored.ask("broken").out


def test_one_of_another_vdn_is_not_found(stored: Stored) -> None:
    id_ = unknown(stored)
    elsewhere = stored.ask("seen", id_, "--vdn", "26", vdn=None)
    assert elsewhere.status == 1
    assert "another VDN's" in elsewhere.err
    assert "unknown" in stored.ask("broken").out
