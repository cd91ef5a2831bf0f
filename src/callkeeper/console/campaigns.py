"""Campaigns: how each stands and what it holds back; added, changed, paused and deleted here."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from callkeeper.console.campaign_form import blank, differing, on_record, read_wish
from callkeeper.console.fields import Form, hidden_number
from callkeeper.console.press import Press, lead_to
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.console.week import week
from callkeeper.core import refusal as no
from callkeeper.core.campaigns.campaign import (
    DEVICE_TYPES,
    PREVIEW,
    Campaign,
    Status,
    campaign_id,
)
from callkeeper.core.campaigns.dial_settings import RETRIABLE
from callkeeper.core.campaigns.plan import NAME_MAX
from callkeeper.core.instants import day_around
from callkeeper.core.people.rights import may
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import Overtaken, ParameterWrong, Refusal
from callkeeper.store.port.campaigns import CampaignsWanted
from callkeeper.usecases.campaign_keeping import CampaignKeeping
from callkeeper.usecases.promises import Whose
from callkeeper.usecases.supervision import Supervision

_ROWS_MAX = 100
_OFFSET = re.compile("[0-9]{1,9}")
_OFFSET_MAX = 1_000_000

# What a campaign is, how it dials, and after which outcome it tries again.
STATE_WORDS = {"draft": "draft", "started": "started", "paused": "paused", "ended": "ended"}
DEVICE_WORDS = {
    1: "intelligent, to an IVR",
    2: "predictive, to a skill queue",
    3: "automatic, to an IVR",
    PREVIEW: "preview: an agent looks first",
    6: "preempted, to a skill queue",
}
RETRY_WORDS = {
    "busy": "Busy",
    "no_answer": "No answer",
    "congestion": "Congestion",
    "refused": "Refused by the line",
}
STORY_WORDS = {
    "added": "added",
    "revised": "changed",
    "paused": "paused",
    "resumed": "started",
    "ended": "ended",
    "deleted": "deleted",
    "arranged": "dial settings changed",
    "special_hours_set": "special hours changed",
}

# What is told at the form, in place of a page of its own.
_AT_THE_FORM = (
    ParameterWrong,
    Overtaken,
    no.CampaignBeginsTooEarly,
    no.CampaignEnded,
    no.CampaignNameTaken,
    no.CampaignStarted,
    no.NoSuchSkillQueue,
    no.StateForbids,
    no.TooManyIvrCampaigns,
    no.TooManySkillCampaigns,
)
# The field that shows what the core says of a part.
_FIELDS = {
    "begin_at": "begin_day",
    "end_at": "end_day",
    "alerting_seconds_max": "ringing",
    "caller_numbers": "numbers",
    "skill_queue": "goes_to",
    "device_type": "device",
}


class CampaignPages:
    """The campaigns of a VDN; hours for which no campaign names a zone go by the times' own."""

    def __init__(
        self,
        keeping: CampaignKeeping,
        supervision: Supervision,
        press: Press,
        times: PageTimes,
    ) -> None:
        self._keeping = keeping
        self._supervision = supervision
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show them all, and for who may add one the way to that."""
        asked = visit.request.query_params
        name = asked.get("find", "").strip()
        offset = _number(asked.get("offset", ""))
        now = self._times.clock.now()
        wanted = CampaignsWanted(
            visit.vdn, offset, _ROWS_MAX, now, name=name if name.isprintable() and name else None
        )
        page = await self._keeping.find(who.person, wanted)
        return self._press.page(
            visit.language,
            "campaigns",
            page=page,
            text=name,
            earlier=max(0, offset - _ROWS_MAX) if offset else None,
            later=offset + _ROWS_MAX if offset + _ROWS_MAX < page.total else None,
            **self._given(visit, who),
        )

    async def blank(self, visit: Visit, who: SignedIn) -> Response:
        """Show the form of one that is yet to be."""
        return await self._form(visit, who)

    async def add(self, visit: Visit, who: SignedIn) -> Response:
        """Add one as it was typed."""
        form = visit.form()
        try:
            wish = read_wish(form, self._times.zone)
            status: Status = "started" if form.get("begins") == "started" else "draft"
            added = await self._keeping.add(who.person, visit.vdn, wish, status)
        except _AT_THE_FORM as refused:
            return await self._form(visit, who, typed=form, refused=refused)
        return lead_to(f"{_path(visit)}/{added.id}")

    async def one(self, visit: Visit, who: SignedIn) -> Response:
        """Show one."""
        return await self._one(visit, who)

    async def change(self, visit: Visit, who: SignedIn) -> Response:
        """Make one what was typed."""
        form = visit.form()
        old = (await self._keeping.one(who.person, visit.vdn, _id(visit))).campaign
        try:
            wish, version = read_wish(form, self._times.zone, old), hidden_number(form, "version")
            await self._keeping.revise(who.person, visit.vdn, old.id, wish, version)
        except _AT_THE_FORM as refused:
            return await self._one(visit, who, typed=form, refused=refused)
        return lead_to(f"{_path(visit)}/{old.id}")

    async def pause(self, visit: Visit, who: SignedIn) -> Response:
        """Have one dial nothing."""
        return await self._switched(visit, who, self._supervision.pause)

    async def resume(self, visit: Visit, who: SignedIn) -> Response:
        """Have one begin, or go on."""
        return await self._switched(visit, who, self._supervision.resume)

    async def delete(self, visit: Visit, who: SignedIn) -> Response:
        """Take one off the lists."""
        form = visit.form()
        try:
            version = hidden_number(form, "version")
            await self._keeping.delete(who.person, visit.vdn, _id(visit), version)
        except _AT_THE_FORM as refused:
            return await self._one(visit, who, refused=refused)
        return lead_to(_path(visit))

    async def _switched(
        self, visit: Visit, who: SignedIn, act: Callable[..., Awaitable[Campaign]]
    ) -> Response:
        visit.form()
        try:
            await act(who.person, visit.vdn, _id(visit))
        except _AT_THE_FORM as refused:
            return await self._one(visit, who, refused=refused)
        return lead_to(f"{_path(visit)}/{_id(visit)}")

    async def _form(
        self,
        visit: Visit,
        who: SignedIn,
        *,
        typed: Form | None = None,
        refused: Refusal | None = None,
    ) -> Response:
        # Whoever may not add one is shown no form for it.
        now = self._times.clock.now()
        wanted = CampaignsWanted(visit.vdn, 0, 1, now)
        await self._keeping.find(who.person, wanted)
        if not may(who.person, "define_campaigns", visit.vdn):
            raise no.NoRight
        shown = blank(now, ZoneInfo(self._times.zone)) | dict(typed or {})
        given = self._given(visit, who, refused)
        return self._press.page(visit.language, "new_campaign", shown=shown, **given)

    async def _one(
        self,
        visit: Visit,
        who: SignedIn,
        *,
        typed: Form | None = None,
        refused: Refusal | None = None,
    ) -> Response:
        found = await self._keeping.one(who.person, visit.vdn, _id(visit))
        campaign, times = found.campaign, self._times.of(who)
        overview = await self._supervision.overview(
            who.person, Whose(visit.vdn, None, campaign.id), day_around(times.now, times.zone), 0
        )
        zone = ZoneInfo(campaign.dial_settings.time_zone or self._times.zone)
        recorded = on_record(campaign, zone)
        shown = recorded | dict(typed or {})
        is_overtaken = isinstance(refused, Overtaken)
        # Whoever has not been told of a change saves over none.
        version = str(campaign.version) if is_overtaken else (typed or {}).get("version", "")
        return self._press.page(
            visit.language,
            "campaign",
            found=found,
            campaign=campaign,
            board=overview.board,
            today=overview.today,
            hours_zone=zone.key,
            week=week(campaign, zone, times.now),
            shown=shown,
            version=version if version.isdigit() else campaign.version,
            on_record=differing(recorded, shown) if is_overtaken else [],
            is_typed=typed is not None,
            **self._given(visit, who, refused),
        )

    def _given(self, visit: Visit, who: SignedIn, refused: Refusal | None = None) -> dict[str, Any]:
        """Return what the templates of all these pages are given."""
        return {
            "who": who,
            "vdn": visit.vdn,
            "path": _path(visit),
            "times": self._times.of(who),
            "default_zone": self._times.zone,
            "state_words": STATE_WORDS,
            "device_words": DEVICE_WORDS,
            "retry_words": RETRY_WORDS,
            "story_words": STORY_WORDS,
            "devices": DEVICE_TYPES,
            "retriable": RETRIABLE,
            "name_longest": NAME_MAX,
            "may_define": may(who.person, "define_campaigns", visit.vdn),
            "refused": refused,
            "at_fault": "" if refused is None else _FIELDS.get(refused.about, refused.about),
        }


def _path(visit: Visit) -> str:
    return f"/console/{visit.vdn}/campaigns"


def _id(visit: Visit) -> int:
    """Return the id that the path names; no campaign has the id 0, as none has what is no id."""
    return campaign_id(visit.request.path_params["campaign"]) or 0


def _number(text: str) -> int:
    return min(int(text), _OFFSET_MAX) if _OFFSET.fullmatch(text) else 0
