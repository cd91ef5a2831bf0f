"""Deeds: who did what, newest first."""

import re

from starlette.responses import Response

from callkeeper.console.press import Press
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.instants import INSTANT_MAX
from callkeeper.core.people.session import SignedIn
from callkeeper.usecases.deeds import Deeds, Place

_ROWS_MAX = 100
_PLACE = re.compile(r"([0-9]{1,15})-([0-9]{1,18})")

# What a deed is called.
DEED_WORDS = {
    "person_added": "invited",
    "person_described": "profile changed",
    "role_given": "given a role",
    "role_taken": "role taken away",
    "person_disabled": "disabled",
    "person_enabled": "enabled",
    "password_reset": "password voided",
    "password_chosen": "password chosen",
    "sessions_ended": "sessions ended",
    "person_tied": "tied to an account",
    "person_untied": "untied from an account",
    "roles_granted": "given roles by groups",
    "key_made": "key made",
    "key_revoked": "key revoked",
    "key_limited": "allowance changed",
    "rules_changed": "house rules changed",
    "campaign_added": "campaign added",
    "campaign_revised": "campaign changed",
    "campaign_arranged": "dial settings changed",
    "campaign_paused": "campaign paused",
    "campaign_resumed": "campaign started",
    "campaign_deleted": "campaign deleted",
    "feed_made": "calendar link made",
    "feed_ended": "calendar link revoked",
    "result_defined": "business result added",
    "result_retired": "business result retired",
    "result_offered": "business result offered again",
}


class DeedsPage:
    """The deeds of a VDN, or of all where the path names none."""

    def __init__(self, deeds: Deeds, press: Press, times: PageTimes) -> None:
        self._deeds = deeds
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show some, and lead to those before."""
        asked, vdn = visit.request.query_params, visit.maybe_vdn
        login = asked.get("person", "").strip()
        page = await self._deeds.latest(
            who.person, vdn, login, _place(asked.get("before", "")), _ROWS_MAX
        )
        return self._press.page(
            visit.language,
            "deeds",
            who=who,
            page=page,
            login=login,
            path="/console/deeds" if vdn is None else f"/console/{vdn}/deeds",
            deed_words=DEED_WORDS,
            times=self._times.of(who),
            **({} if vdn is None else {"vdn": vdn}),
        )


def _place(text: str) -> Place | None:
    """Return where a link begins; of what is none of ours, nothing: it begins with the newest."""
    found = _PLACE.fullmatch(text)
    return (min(int(found[1]), INSTANT_MAX), int(found[2])) if found else None
