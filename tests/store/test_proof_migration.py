"""Migration 0020 on a database that was in use, and with a program of before beside it."""

from typing import cast

from callkeeper.core.people.session import Session
from callkeeper.store.engine.migrate import Migration, migrations
from callkeeper.store.engine.statements import Engine
from tests.store.orders import NOW, Opener

BEFORE = 19


def begun(number: int, digest: str) -> Migration:
    """Return what begins a session as the program of before does."""
    values = f"'{digest}', 'ann', {NOW}, {NOW}, {NOW + 1000}"
    statement = f"INSERT INTO session (digest, login, made_at, used_at, ends_at) VALUES ({values})"  # noqa: S608 - our own values
    return Migration(number, f"{number}_begun.sql", [statement])


def test_sessions_of_the_program_before_go_on_and_prove_nothing(empty: Opener, engine: str) -> None:
    steps = migrations(cast("Engine", engine))
    opened = empty.open()
    opened.session.migrate([*(each for each in steps if each.number <= BEFORE), begun(9000, "a")])
    assert opened.store.migrate()[0] == "0020_proofs.sql"
    opened.session.migrate([*steps, begun(9001, "b")])
    found = opened.store.sessions.of("ann")
    assert found == [Session(each, "ann", NOW, NOW, NOW + 1000) for each in "ab"]
    for each in found:
        assert (each.is_over(NOW), each.is_proven(NOW)) == (False, False)
