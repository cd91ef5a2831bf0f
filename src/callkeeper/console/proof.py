"""Grave acts: whoever typed their password a while ago types it again, and goes on."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from starlette.responses import Response

from callkeeper.clock import Clock
from callkeeper.console.door import let_in
from callkeeper.core.people.person import LoginTaken, TieTaken
from callkeeper.core.people.session import SignedIn, SignInRefused
from callkeeper.core.refusal import DatabaseFailed, ParameterWrong, Refusal
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
        if not (self.is_asked(who) and form.get("proof")):
            return await self._answer(who, act, refuse)
        try:
            proved, session = await self._proved(who, form["proof"])
        except ParameterWrong as refused:
            return await refuse(who, refused)
        try:
            response = await self._answer(proved, act, refuse)
            await self._people.end(who.session)
        except Exception:
            with suppress(DatabaseFailed):  # what is answered is why the act failed
                await self._people.end(proved.session)  # no browser will bear it
            raise
        let_in(response, session, self._clock.now())
        return response

    async def _answer(self, who: SignedIn, act: Act, refuse: Refuse) -> Response:
        try:
            return await act(who)
        except _AT_A_FIELD as refused:
            return await refuse(who, refused)

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
