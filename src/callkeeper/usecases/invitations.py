"""Invitations: how an operator lets people in, says what they are, and shuts them out."""

from typing import NamedTuple

from callkeeper.clock import Clock, new_token
from callkeeper.core.people.changes import NewPerson, PersonChange, PersonOrder, Reset
from callkeeper.core.people.person import NoSuchPerson, Person, Role, login_of
from callkeeper.core.people.session import Session, digest_of, new_link
from callkeeper.core.refusal import Refusal
from callkeeper.store.port.store import Store

_BY = "operator"  # at the command line


class Invited(NamedTuple):
    """A person, and the only copy of the token by which they choose a password."""

    person: Person
    token: str

    def __repr__(self) -> str:
        """Leave the token out."""
        return f"Invited({self.person!r})"


def add_person(store: Store, clock: Clock, login: str, name: str | None, role: Role) -> Invited:
    """Add somebody in a role. Raise LoginTaken or ParameterWrong."""
    login, token, now = login_of(login), new_token(), clock.now()
    link = new_link(digest_of(token), login, now)
    new = NewPerson(login, name or login, role, link, _BY, now)
    with store.transaction():
        (outcome,) = store.people.add([new])
    if isinstance(outcome, Refusal):
        raise outcome
    return Invited(outcome, token)


def reset_person(store: Store, clock: Clock, login: str) -> Invited:
    """Void somebody's password and sessions. Raise NoSuchPerson, or ParameterWrong if disabled."""
    token = new_token()
    link = new_link(digest_of(token), login_of(login), clock.now())
    return Invited(change_person(store, clock, login, Reset(link)), token)


def change_person(
    store: Store, clock: Clock, login: str, change: PersonChange, vdn: int | None = None
) -> Person:
    """Change somebody, in a VDN's name or the installation's, and return them as they are then.

    A change that changes nothing is no deed. Raise NoSuchPerson or ParameterWrong.
    """
    with store.transaction():
        (outcome,) = store.people.change(
            [PersonOrder(login_of(login), change, _BY, clock.now(), vdn)]
        )
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def every_person(store: Store) -> list[Person]:
    """Return all people, disabled or not, by login."""
    return store.people.all()


def sessions_of(store: Store, clock: Clock, login: str) -> list[Session]:
    """Return the sessions of a person that go on, oldest first. Raise NoSuchPerson."""
    login = login_of(login)
    if store.people.get(login) is None:
        raise NoSuchPerson("there is no person {login!r}", about="login", login=login)
    now = clock.now()
    return [each for each in store.sessions.of(login) if not each.is_over(now)]
