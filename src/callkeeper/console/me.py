"""What a person may change of themselves: what pages show, their keys, and their password."""

from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from callkeeper.console.door import forget, let_in
from callkeeper.console.fields import Form, chosen_password, typed_count
from callkeeper.console.press import Press, lead_to
from callkeeper.console.sign_in import HOME, SIGN_IN
from callkeeper.console.times import PageTimes, zone_names
from callkeeper.console.visit import Visit
from callkeeper.core.people.preferences import WARNING_MINUTES, WARNING_MOST, Preferences
from callkeeper.core.people.session import SignedIn, SignInRefused
from callkeeper.core.refusal import ParameterWrong
from callkeeper.usecases.calendars import Calendars
from callkeeper.usecases.people import People

PATH = "/console/me"


class MePages:
    """The page of one's own. ``url`` is where people find it, if a setting says so."""

    def __init__(
        self,
        people: People,
        calendars: Calendars,
        press: Press,
        times: PageTimes,
        url: str | None,
    ) -> None:
        self._people = people
        self._calendars = calendars
        self._url = url
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show what may be changed."""
        return await self._page(visit, who)

    async def change(self, visit: Visit, who: SignedIn) -> Response:
        """Take another name, language or zone, or other preferences."""
        form = visit.form()
        try:
            await self._people.change(
                who.person.login,
                name=form.get("name", ""),
                language=form.get("language", ""),
                zone=form.get("zone", ""),
                preferences=_preferred(form, who.person.preferences),
            )
        except ParameterWrong as refused:
            return await self._page(visit, who, refused=refused, typed=form)
        return lead_to(_saved(visit))

    async def change_presence(self, visit: Visit, who: SignedIn) -> Response:
        """Record that somebody is away, or back, and lead to their calls."""
        await self._people.say_away(who.person.login, is_so="away" in visit.form())
        vdn = next((each.vdn for each in who.person.roles if each.agent), None)
        return lead_to(HOME if vdn is None else f"{HOME}{vdn}/today")

    async def change_password(self, visit: Visit, who: SignedIn) -> Response:
        """Take a new password: every other session of this person ends."""
        form = visit.form()
        try:
            session = await self._people.change_password(
                who.person.login, form.get("old", ""), chosen_password(form, "new")
            )
        except SignInRefused:
            refused = ParameterWrong("this is not the password", about="old")
            return await self._page(visit, who, refused=refused)
        except ParameterWrong as refused:
            return await self._page(visit, who, refused=refused)
        response = lead_to(_saved(visit))
        let_in(response, session, self._times.clock.now())
        return response

    async def end_sessions(self, visit: Visit, who: SignedIn) -> Response:
        """Sign this person out everywhere, here too."""
        visit.form()
        await self._people.end_sessions(who.person.login)
        response = lead_to(SIGN_IN)
        forget(response)
        return response

    async def change_calendar(self, visit: Visit, who: SignedIn) -> Response:
        """Make an address for the calendar, which is shown once; or void the one that there is."""
        form = visit.form()
        if "end" in form:
            await self._calendars.end(who.person)
            return lead_to(f"{PATH}#calendar")
        token = await self._calendars.make(who.person)
        url = f"{self._url or visit.origin}/console/calendar/{token}.ics"
        return await self._page(visit, who, calendar=url)

    async def _page(
        self,
        visit: Visit,
        who: SignedIn,
        *,
        refused: ParameterWrong | None = None,
        typed: Form | None = None,
        calendar: str | None = None,
    ) -> Response:
        minutes = who.house_warning_minutes
        return self._press.page(
            visit.language,
            "me",
            who=who,
            **visit.came_from,
            saved="saved" in visit.request.query_params and refused is None,
            refused=refused,
            typed=typed or {},
            house_minutes=WARNING_MINUTES if minutes is None else minutes,
            zones=zone_names(),
            calendar=calendar,
            calendar_made_at=await self._calendars.made_at(who.person),
            sessions=len(await self._people.sessions_of(who.person.login)),
            times=self._times.of(who),
        )


def _saved(visit: Visit) -> str:
    """Return where it goes on when something was saved: here, with the menu as it was."""
    asked = visit.request.query_params.get("vdn")
    return f"{PATH}?{urlencode({'saved': 'yes'} | ({'vdn': asked} if asked else {}))}"


def _preferred(form: Form, old: Preferences) -> Preferences:
    """Return the preferences that were typed; what the form does not ask stays.

    Raise ParameterWrong for what nobody can choose, which could not even be sent to be written.
    """
    preferred = msgspec.structs.replace(
        old,
        theme=form.get("theme", old.theme) or None,
        has_shortcuts=form["shortcuts"] == "on" if "shortcuts" in form else old.has_shortcuts,
        warning_minutes=(
            typed_count(form, "warning_minutes", WARNING_MOST)
            if "warning_minutes" in form
            else old.warning_minutes
        ),
        has_sound=form["sound"] == "on" if "sound" in form else old.has_sound,
    )
    preferred.check()
    return preferred
