"""What is told of events; of those too that an earlier version wrote."""

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
        (
            "dialed",
            DIALED | {"outside_hours": "rule"},
            (
                "dialed: try 1 over line ari, outside the hours of its campaign, as the house "
                "rules allow, attempt a-1"
            ),
        ),
        (
            "by_hand_began",
            {"outside_hours": "person"},
            (
                "by_hand_began: by their own word, no line has confirmed it; outside the hours of "
                "its campaign, as the agent said"
            ),
        ),
        ("by_hand_ended", {}, "by_hand_ended: by their own word, no line has confirmed it"),
    ],
)
def test_an_event_is_told_by_the_words_of_now(
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
