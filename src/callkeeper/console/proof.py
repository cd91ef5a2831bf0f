"""Grave acts: whoever typed their password a while ago types it again, and goes on.

Who has none shows at the single sign-on who they are, in another window, and comes back.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.responses import Response

from callkeeper.clock import Clock
from callkeeper.console.door import let_in
from callkeeper.console.fields import Form
from callkeeper.core.people.person import LOGIN_MOST, LoginTaken, TieTaken
from callkeeper.core.people.session import ProofMissing, SignedIn, SignInRefused
from callkeeper.core.refusal import DatabaseFailed, ParameterWrong, Refusal
from callkeeper.usecases.people import NewSession, People

Act = Callable[[SignedIn], Awaitable[Response]]
Refuse = Callable[[SignedIn, Refusal], Awaitable[Response]]

# A hidden field of such a form: the login of whoever it was shown to.
FILLED_BY = "filled_by"

# What is told at a field of the form; all else has a page of its own.
_AT_A_FIELD = (ParameterWrong, LoginTaken, TieTaken)


class ForeignForm(Refusal):
    """The form was filled in by somebody else who was signed in here, so nothing was changed."""


class Proofs:
    """Asks for passwords again."""

    def __init__(self, people: People, clock: Clock) -> None:
        self._people = people
        self._clock = clock

    def is_asked(self, who: SignedIn) -> bool:
        """Whether a form has to ask who somebody is: for the password, if they have one."""
        return not who.session.is_proven(self._clock.now())

    async def act(self, who: SignedIn, form: Form, act: Act, refuse: Refuse) -> Response:
        """Do what is grave for somebody who has proved who they are, or show what was refused.

        The password is in the form's ``proof``, where it was asked for. Raise ForeignForm where
        somebody else has signed in since the form was shown, in another window, say.
        """
        filled_by = form.get(FILLED_BY, who.person.login)
        if filled_by != who.person.login:
            raise ForeignForm(
                "this form was filled in as {before}, and you are signed in as {login} now, so "
                "nothing was changed; open its page once more",
                before=filled_by[:LOGIN_MOST],
                login=who.person.login,
            )
        if not (self.is_asked(who) and who.person.has_password and form.get("proof")):
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
        except ProofMissing as refused:
            return await refuse(who, refused if who.person.has_password else _sign_in_anew())
        except _AT_A_FIELD as refused:
            return await refuse(who, refused)

    async def _proved(self, who: SignedIn, password: str) -> tuple[SignedIn, NewSession]:
        try:
            return await self._people.prove(who, password)
        except SignInRefused:
            raise ParameterWrong("this is not the password", about="proof") from None


def _sign_in_anew() -> ProofMissing:
    return ProofMissing(
        "you have not shown who you are in the last 15 minutes, and this is sensitive; sign in "
        "anew, in another window, then press the button again",
        about="proof",
    )
