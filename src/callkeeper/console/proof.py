"""Grave acts: whoever typed their password a while ago types it again, and goes on."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.responses import Response

from callkeeper.clock import Clock
from callkeeper.console.door import let_in
from callkeeper.core.people.person import LoginTaken, TieTaken
from callkeeper.core.people.session import SignedIn, SignInRefused
from callkeeper.core.refusal import ParameterWrong, Refusal
from callkeeper.usecases.people import NewSession, People

Act = Callable[[SignedIn], Awaitable[Response]]
Refuse = Callable[[SignedIn, Refusal], Awaitable[Response]]

# What is told at a field of the form; all else has a page of its own.
_AT_A_FIELD = (ParameterWrong, LoginTaken, TieTaken)


class Proofs:
    """Asks for passwords again."""

    def __init__(self, people: People, clock: Clock) -> None:
        self._people = people
        self._clock = clock

    def is_asked(self, who: SignedIn) -> bool:
        """Whether a form has to ask for the password."""
        return not who.session.is_proven(self._clock.now())

    async def act(
        self, who: SignedIn, form: Mapping[str, str], act: Act, refuse: Refuse
    ) -> Response:
        """Do what is grave for somebody who has proved who they are, or show what was refused.

        The password is in the form's ``proof``, where it was asked for.
        """
        before, session = who, None
        try:
            if self.is_asked(who) and form.get("proof"):
                who, session = await self._proved(who, form["proof"])
            response = await act(who)
        except _AT_A_FIELD as refused:
            response = await refuse(who, refused)
        if session is not None:
            let_in(response, session, self._clock.now())
            await self._people.replaced(before.session)
        return response

    async def _proved(self, who: SignedIn, password: str) -> tuple[SignedIn, NewSession]:
        if not who.person.has_password:
            raise ParameterWrong(
                "you signed in more than 15 minutes ago; sign out and in again, then do this",
                about="proof",
            )
        try:
            return await self._people.prove(who, password)
        except SignInRefused:
            raise ParameterWrong("this is not the password", about="proof") from None
