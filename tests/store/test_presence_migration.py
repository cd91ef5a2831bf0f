"""Migration 0021 on a database that was in use, and with a program of before beside it."""

from typing import cast

from callkeeper.core.people.changes import Away, PersonOrder
from callkeeper.core.people.person import Person
from callkeeper.core.people.presence import PRESENT_MS, Renewal, There
from callkeeper.store.engine.migrate import Migration, migrations
from callkeeper.store.engine.statements import Engine
from tests.store.orders import NOW, Opener

BEFORE = 20


def added(number: int, login: str) -> Migration:
    """Return what adds an agent as the program of before does."""
    person = f"INSERT INTO person (login, version, name, made_at) VALUES ('{login}', 1, 'x', {NOW})"  # noqa: S608 - our own values
    role = (
        f"INSERT INTO role (login, kind, vdn, agent, phone) "  # noqa: S608 - the same
        f"VALUES ('{login}', 'agent', 25, '{login}', NULL)"
    )
    return Migration(number, f"{number}_added.sql", [person, role])


def described(number: int, login: str) -> Migration:
    """Return what gives somebody another name as the program of before does."""
    text = f"UPDATE person SET version = version + 1, name = 'y' WHERE login = '{login}'"  # noqa: S608 - the same
    return Migration(number, f"{number}_described.sql", [text])


def test_people_of_before_are_there_when_they_listen_and_away_when_they_say_so(
    empty: Opener, engine: str
) -> None:
    steps = migrations(cast("Engine", engine))
    opened = empty.open()
    opened.session.migrate([*(each for each in steps if each.number <= BEFORE), added(9000, "ann")])
    assert opened.store.migrate()[0] == "0021_presence.sql"
    opened.session.migrate([*steps, added(9001, "bob")])
    store = opened.store
    assert store.presence.agents_there(25, NOW) == []
    away = PersonOrder("ann", Away(is_so=True), "person ann", NOW)
    there = (There("ann", 25), There("bob", 25))
    with store.transaction():
        store.people.change([away])
        store.presence.renew([Renewal(there, NOW + PRESENT_MS)])
    opened.session.migrate([*steps, described(9002, "ann")])
    assert store.presence.agents_there(25, NOW) == [("ann", True), ("bob", False)]
    person = store.people.get("ann")
    assert isinstance(person, Person)
    assert (person.name, person.away_since) == ("y", NOW)
