"""Presence: by a lease, unless they are away; and when somebody was last there."""

import pytest

from callkeeper.core.people.presence import PRESENT_MS, Presence, Sighting, presence_of

NOW = 1_795_867_200_000
LEASE = NOW + PRESENT_MS


@pytest.mark.parametrize(
    ("sighting", "presence", "seen_at"),
    [
        (Sighting(), "absent", None),
        (Sighting(clicked_at=NOW - 1), "absent", NOW - 1),
        (Sighting(LEASE), "present", NOW),
        (Sighting(NOW + 1, NOW - 9), "present", NOW - 9),
        (Sighting(NOW), "absent", NOW - PRESENT_MS),
        (Sighting(LEASE + 2_000), "present", NOW + 2_000),
        (Sighting(LEASE + 2_001), "absent", NOW + 2_001),
        (Sighting(LEASE, NOW, is_away=True), "away", NOW),
        (Sighting(NOW, NOW, is_away=True), "absent", NOW),
    ],
    ids=str,
)
def test_who_is_there_and_when_they_were(
    sighting: Sighting, presence: Presence, seen_at: int | None
) -> None:
    assert (sighting.presence(NOW), sighting.seen_at) == (presence, seen_at)


def test_of_several_who_answer_for_the_same_one_is_enough() -> None:
    absent, away, present = Sighting(), Sighting(LEASE, is_away=True), Sighting(LEASE)
    assert presence_of([absent, away, present], NOW) == "present"
    assert presence_of([absent, away], NOW) == "away"
    assert presence_of([absent], NOW) == "absent"
    assert presence_of([], NOW) == "absent"
