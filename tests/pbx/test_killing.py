"""Killing dispatchers loses no reservation and rings nobody twice; the far end keeps count."""

from pathlib import Path
from random import Random

from tests.far_end import FarEnd
from tests.pbx.killing import scene
from tests.private_asterisk import PrivateAsterisk
from tests.private_postgres import PrivatePostgres


def test_killed_dispatchers_lose_nothing_and_ring_nobody_twice(
    tmp_path: Path, postgres: PrivatePostgres, asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    with scene(tmp_path, postgres.new_database(), asterisk, far_end) as played:
        tally = played.play(calls=100, kills=10, chance=Random(20261125), seconds=25)  # noqa: S311 - a seed is the point
    assert (tally.lost, tally.rung_twice, tally.wrong) == ([], [], [])
