"""Letting people in by the single sign-on, which says who they are; what they may is said here."""

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock, new_token
from callkeeper.core.instants import Instant
from callkeeper.core.people.changes import PersonOrder
from callkeeper.core.people.person import LoginTaken, Person, TieTaken
from callkeeper.core.people.session import (
    Session,
    SignIn,
    SignInRefused,
    digest_of,
    signed_on_session,
)
from callkeeper.core.people.sign_on import (
    BY,
    Account,
    GroupRoles,
    NobodyTied,
    SignOnRefused,
    newcomer,
)
from callkeeper.usecases.people import NewSession


class SignOns:
    """Lets in those whom the single sign-on knows. ``roles`` are those of its groups.

    Each step is a transaction of its own: whoever is stopped between two comes in the next time.
    """

    def __init__(self, async_store: AsyncStore, clock: Clock, roles: GroupRoles) -> None:
        self._store = async_store
        self._clock = clock
        self._roles = roles

    async def let_in(
        self, account: Account, typed_at: Instant | None = None, before: Session | None = None
    ) -> tuple[Person, NewSession]:
        """Begin a session for whose account it is. Raise SignOnRefused or NobodyTied.

        ``typed_at``: since when they have surely typed a password there, if anybody knows.
        ``before`` is the session that their browser has, of whomever; it goes on.
        """
        person = await self._known(account)
        token = new_token()
        session = signed_on_session(
            digest_of(token), person.login, self._clock.now(), account.proven_at
        )
        try:
            replaces = None if before is None else before.digest
            await self._store.sessions.add(
                SignIn(session, None, tie=account.tie, typed_at=typed_at, replaces=replaces)
            )
        except SignInRefused as error:  # meanwhile
            raise NobodyTied from error
        return person, NewSession(token, session.ends_at)

    async def _known(self, account: Account) -> Person:
        """Return who it is, in the roles that their groups give them."""
        person = await self._store.people.tied(account.tie)
        if person is not None and person.disabled_at is not None:
            raise SignOnRefused(
                "your account here, {login}, is disabled; ask your administrator",
                login=person.login,
            )
        if not self._roles:
            if person is None:
                raise NobodyTied
            return person
        granted = self._roles.granted(account)
        if person is None:
            if not granted.roles:
                raise NobodyTied
            new = newcomer(account, granted.roles[0], self._clock.now())
            try:
                person = await self._store.people.add(new)
            except LoginTaken as error:
                raise SignOnRefused(
                    "the login {login} is another person's here; ask your administrator to tie "
                    "your account to whom it is meant for",
                    login=new.login,
                ) from error
            except TieTaken:  # in another window, just now
                return await self._known(account)
        if granted.apply(person, self._clock.now()) is person:
            return person
        order = PersonOrder(person.login, granted, BY, self._clock.now())
        return await self._store.people.change(order)
