"""Short ids over the API: commands that ask a server take some digits of an id too."""

import pytest

from callkeeper.cli.short_ids import NEAREST
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.usecases.short_ids import short_id
from tests.house import HOUR, TASK, VDN, House
from tests.store.orders import booked, booking
from tests.test_cli import Ended, at_house, run

MINUTE = 60_000
CHANGES = {
    "move": ["--at", "+3h"],
    "result": ["--fail-code", "00000"],
    "cancel": [],
}


def change(house: House, word: str, text: str, *more: str) -> Ended:
    return at_house(house, word, text, *CHANGES[word], *more)


def stored(house: House, *ids: str, in_ms: int = HOUR) -> list[Reservation]:
    """Put reservations with ids of our choice into the database."""
    now = house.now()
    return booked(
        house.store,
        *(
            booking(
                number,
                id=id_,
                vdn=VDN,
                at=now - 2 * HOUR,
                campaign_id=TASK,
                appoint_at=now + in_ms,
            )
            for number, id_ in enumerate(ids)
        ),
    )


@pytest.mark.parametrize("word", CHANGES)
def test_the_last_digits_or_the_first_stand_for_an_id(house: House, word: str) -> None:
    for part in (slice(-8, None), slice(13)):
        id_ = house.reserve()
        done = change(house, word, id_[part], "--json").value
        assert done["id"] == id_
    assert house.store.reservations.with_id(id_)[0].version == 2


@pytest.mark.parametrize("word", CHANGES)
def test_one_before_now_is_found_too(house: House, word: str) -> None:
    (past,) = stored(house, f"{'7' * 22}12345678", in_ms=-HOUR)
    assert change(house, word, short_id(past.id), "--json").value["id"] == past.id


@pytest.mark.parametrize("word", CHANGES)
def test_digits_of_none_and_digits_of_several_change_nothing_and_say_what_to_type(
    house: House, word: str
) -> None:
    one, other = f"{'7' * 22}11115678", f"{'7' * 22}22225678"
    stored(house, one, other)
    for text, said in (
        ("99999999", f"of the {NEAREST} reservations before now and the {NEAREST} after it none"),
        ("5678", f"5678 stands for several reservations: {one}, {other}; give more digits"),
    ):
        ended = change(house, word, text)
        assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
        assert said in ended.err
    assert [house.store.reservations.with_id(id_)[0].version for id_ in (one, other)] == [1, 1]


def test_those_nearest_in_time_are_asked_for_on_either_side_of_now(house: House) -> None:
    for side in (1, -1):
        near, last, beyond = (f"{side % 3}{'0' * 21}{n}{side % 3}234567" for n in (1, 2, 3))
        ids = [f"{side % 3}{number:029}" for number in range(NEAREST - 2)]
        stored(house, *ids, near, in_ms=side * HOUR)
        stored(house, last, in_ms=side * (HOUR + MINUTE))
        stored(house, beyond, in_ms=side * (HOUR + 2 * MINUTE))
        assert "give the whole id" in change(house, "move", short_id(beyond)).err
        assert change(house, "move", short_id(last), "--json").value["id"] == last
        assert change(house, "move", beyond, "--json").value["id"] == beyond


def test_a_whole_id_that_is_as_short_as_a_part_of_one_is_meant_itself(house: House) -> None:
    far = "20261106"
    stored(house, *(f"0{number:029}" for number in range(NEAREST)))
    stored(house, far, in_ms=2 * HOUR)
    assert change(house, "cancel", far, "--json").value["id"] == far
    near = "5678"
    stored(house, near, f"{'7' * 22}11115678", in_ms=-HOUR)
    assert change(house, "cancel", near, "--json").value["id"] == near


def test_a_whole_id_is_sent_as_it_is(house: House) -> None:
    for text in ("567", "abcdefgh", "1" * 30, "1" * 31):
        ended = change(house, "cancel", text)
        assert (ended.status, ended.out) == (1, "")
        assert "stands for" not in ended.err
        assert "short id" not in ended.err


@pytest.mark.parametrize("command", ["why", "show", "attempts"])
def test_a_whole_id_is_another_vdns_where_one_is_named(house: House, command: str) -> None:
    id_ = house.reserve(calledNo="66660007", userAccount="carla", remark="hush")
    where = ["--data-dir", str(house.settings.data_dir)]
    for ended in (
        run(command, id_, "--vdn", "26", *where),
        run(command, id_, *where, CALLKEEPER_VDN="26"),
    ):
        assert (ended.status, ended.out) == (1, "")
        assert ended.err == (
            f"callkeeper: reservation {id_} is another VDN's; name that one with --vdn, or none\n"
        )
    for more in ([], ["--vdn", str(VDN)]):
        assert run(command, id_, *where, *more).status == 0
