"""What is told of histories that an earlier version wrote."""

from pathlib import Path

import msgspec
import pytest

from callkeeper.core.dialing.policy import Limits
from callkeeper.store.port.history import Event
from callkeeper.usecases.timeline import timeline
from tests.store.orders import NOW, Opener, booked, booking, has_campaign

DIALED = {"number": 1, "line": "ari", "attempt": "a-1"}


@pytest.mark.parametrize(
    ("stored", "detail", "told"),
    [
        ("dialled", DIALED, "dialed: try 1 over line ari, attempt a-1"),
        (
            "not_dialled",
            {"attempt": "a-1", "why": "the line is down"},
            "not_dialed: the line is down",
        ),
    ],
)
def test_a_word_of_an_earlier_version_is_told_as_it_is_spelled_now(
    tmp_path: Path, database: str | None, stored: str, detail: dict[str, object], told: str
) -> None:
    with Opener(tmp_path / "data", database) as opener:
        opened = opener.open()
        opened.store.migrate()
        has_campaign(opened.session, 1)
        (made,) = booked(opened.store, booking(1, kind="automatic"))
        text = msgspec.json.encode(detail).decode()
        event = Event(1, made.id, 2, NOW, stored, "dialer dora", text)
        opened.session.each("add_events", [event])
        general = Limits(60_000, "UTC")
        story = timeline(opened.store, made, general, NOW, show_numbers=True)
        assert story.events[-1].says == told
        assert story.events[-1].what == told.partition(":")[0]
