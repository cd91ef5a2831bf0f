"""The reminder: what is announced to whom, and when the next is."""

import pytest

from callkeeper.core.reservations.reminder import Coming, announced, by_agent, next_warning

NOW = 1_795_867_200_000
MINUTE = 60_000


def coming(minutes: float, agent: str = "ann") -> Coming:
    return Coming(f"r{minutes}", agent, NOW + int(minutes * MINUTE))


CALLS = [coming(-4), coming(3), coming(5), coming(4, "bob"), coming(5.001), coming(60)]
OF = by_agent(CALLS)


@pytest.mark.parametrize(
    ("warning", "ids"),
    [
        (0, []),
        (3, ["r-4", "r3"]),
        (5, ["r-4", "r3", "r5"]),
        (60, ["r-4", "r3", "r5", "r5.001", "r60"]),
    ],
)
def test_an_agents_calls_are_announced_so_long_before_their_time(
    warning: int, ids: list[str]
) -> None:
    assert [each.id for each in announced(OF["ann"], warning, NOW)] == ids


def test_nobody_hears_of_the_calls_of_others() -> None:
    assert [each.id for each in announced(OF["bob"], 60, NOW)] == ["r4"]
    assert announced(OF.get("carl", ()), 60, NOW) == []
    assert OF.keys() == {"ann", "bob"}


@pytest.mark.parametrize(("warning", "in_ms"), [(0, None), (5, 60), (3, 2 * MINUTE), (60, None)])
def test_the_next_announcement_is_known_beforehand(warning: int, in_ms: int | None) -> None:
    at = None if in_ms is None else NOW + in_ms
    assert next_warning(OF["ann"], warning, NOW) == at


def test_another_time_is_another_announcement_and_a_note_is_none() -> None:
    assert coming(3).key == coming(3).key
    assert Coming("r3", "ann", NOW).key != coming(3).key
