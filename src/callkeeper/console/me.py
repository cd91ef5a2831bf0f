"""What a person may change of themselves: what pages show, their keys, and their password."""

from collections.abc import Mapping
from zoneinfo import available_timezones

import msgspec
from starlette.responses import Response

from callkeeper.clock import Clock
from callkeeper.console.door import let_in
from callkeeper.console.press import Press, lead_to
from callkeeper.console.visit import Visit, chosen_password
from callkeeper.core.people.preferences import Preferences
from callkeeper.core.people.session import SignedIn, SignInRefused
from callkeeper.core.refusal import ParameterWrong
from callkeeper.usecases.people import People

PATH = "/console/me"


class MePages:
    """The page of one's own."""

    def __init__(self, people: People, press: Press, clock: Clock) -> None:
        self._people = people
        self._press = press
        self._clock = clock

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show what may be changed."""
        return self._page(visit, who)

    async def change(self, visit: Visit, who: SignedIn) -> Response:
        """Take another name, language or zone, or other preferences."""
        form = await visit.form()
        try:
            await self._people.change(
                who.person.login,
                name=form.get("name", ""),
                language=form.get("language", ""),
                zone=form.get("zone", ""),
                preferences=_preferred(form, who.person.preferences),
            )
        except ParameterWrong as refused:
            return self._page(visit, who, refused=refused, typed=form)
        return lead_to(PATH)

    async def change_password(self, visit: Visit, who: SignedIn) -> Response:
        """Take a new password: every other session of this person ends."""
        form = await visit.form()
        try:
            session = await self._people.change_password(
                who.person.login, form.get("old", ""), chosen_password(form, "new")
            )
        except SignInRefused:
            refused = ParameterWrong("this is not the password", about="old")
            return self._page(visit, who, refused=refused)
        except ParameterWrong as refused:
            return self._page(visit, who, refused=refused)
        response = lead_to(PATH)
        let_in(response, session, self._clock.now())
        return response

    def _page(
        self,
        visit: Visit,
        who: SignedIn,
        *,
        refused: ParameterWrong | None = None,
        typed: dict[str, str] | None = None,
    ) -> Response:
        return self._press.page(
            visit.language,
            "me",
            status=200 if refused is None else 422,
            who=who,
            refused=refused,
            typed=typed or {},
            zones=sorted(available_timezones()),
        )


def _preferred(form: Mapping[str, str], old: Preferences) -> Preferences:
    """Return the preferences that were typed; what the form does not ask stays."""
    return msgspec.structs.replace(
        old,
        theme=form.get("theme", old.theme) or None,
        has_shortcuts=form["shortcuts"] == "on" if "shortcuts" in form else old.has_shortcuts,
    )
