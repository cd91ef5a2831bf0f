"""The board of a VDN: what there is to do now, what holds it, and what supervisors do about it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from callkeeper.console.causes import CAUSE_WORDS
from callkeeper.console.fields import Form
from callkeeper.console.hours import STANDING_WORDS, bars_of, hours_of
from callkeeper.console.parts import Parts
from callkeeper.console.press import Part, Press, lead_to
from callkeeper.console.stream import Streams
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit, is_id
from callkeeper.core.campaigns.campaign import Campaign, campaign_id
from callkeeper.core.instants import day_around
from callkeeper.core.people.person import ACCOUNT, Person
from callkeeper.core.people.rights import Act, check_may, may
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import NoSuchCampaign, ParameterWrong, Refusal, StateForbids
from callkeeper.core.reservations.promise import KEPT, Keeping
from callkeeper.usecases.agents import AgentChoice
from callkeeper.usecases.board import ALL, OPEN, Wanted
from callkeeper.usecases.promises import Kept, Whose
from callkeeper.usecases.supervision import Done, Supervision, Ticked

ROWS_MAX = 50  # so many are ticked at once at the most
ABSENT_MAX = 10  # so many who are absent are named

# The tiles, each a list; and what each is called.
TILE_WORDS: dict[Keeping, str] = {
    "waiting": "due within the hour",
    "late": "late",
    "calling": "being called",
    "broken": "broken",
    "unknown": "unknown",
}
_MISSED: tuple[Keeping, ...] = ("broken", "unknown")
_TICKED = re.compile(r"([0-9A-Za-z_-]{1,64})\.([0-9]{1,9})")
# What of a part hangs on who looks.
_DECIDING: tuple[Act, ...] = ("show_numbers", "pause_campaigns")
_COUNT = re.compile(r"[0-9]{1,4}")


class BoardPart(NamedTuple):
    """Which part of the board is shown: of whom, and which rows."""

    whose: Whose
    keeping: Wanted | None

    def query(self, **changed: str | None) -> str:
        """Return what of an address asks for this, but for what is changed; "" for all."""
        asked: dict[str, str | int | None] = {
            "show": self.keeping,
            "campaign": self.whose.campaign_id,
            "agent": self.whose.agent,
        }
        asked |= changed
        text = urlencode({name: value for name, value in asked.items() if value is not None})
        return f"?{text}" if text else ""


class BoardPage:
    """The board, and the forms on it."""

    def __init__(
        self,
        supervision: Supervision,
        streams: Streams,
        press: Press,
        times: PageTimes,
    ) -> None:
        self._supervision = supervision
        self._streams = streams
        self._press = press
        self._times = times
        self._parts = Parts(streams, times.clock)

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show it, or what of it has moved."""
        return await (self._page if visit.told is None else self._part)(visit, who)

    async def seen(self, visit: Visit, who: SignedIn) -> Response:
        """Say of those that are ticked that nobody else has to look at them."""
        form = visit.form(many="ticked")

        async def say(person: Person, ticked: list[Ticked]) -> Done:
            return await self._supervision.say_seen(person, visit.vdn, ticked)

        return await self._many(visit, who, form, say)

    async def reassign(self, visit: Visit, who: SignedIn) -> Response:
        """Give those that are ticked to another agent."""
        form = visit.form(many="ticked")

        async def give(person: Person, ticked: list[Ticked]) -> Done:
            account = form.get("agent", "")
            if not account:
                raise ParameterWrong("say to which agent", about="agent")
            return await self._supervision.reassign(person, visit.vdn, ticked, account)

        return await self._many(visit, who, form, give)

    async def pause(self, visit: Visit, who: SignedIn) -> Response:
        """Have a campaign dial nothing."""
        return await self._campaign(visit, who, self._supervision.pause)

    async def resume(self, visit: Visit, who: SignedIn) -> Response:
        """Have a campaign go on."""
        return await self._campaign(visit, who, self._supervision.resume)

    async def _many(
        self,
        visit: Visit,
        who: SignedIn,
        form: Form,
        act: Callable[[Person, list[Ticked]], Awaitable[Done]],
    ) -> Response:
        try:
            done = await act(who.person, _ticked(form))
        except ParameterWrong as refused:
            return await self._page(visit, who, typed=form, refused=refused)
        told = {
            "changed": str(done.changed),
            "to": done.to,
            "overtaken": ".".join(done.overtaken) or None,
            "unfit": ".".join(done.unfit) or None,
        }
        return lead_to(f"{_path(visit)}{_shown(visit).query(**told)}#calls")

    async def _campaign(
        self,
        visit: Visit,
        who: SignedIn,
        act: Callable[[Person, int, int], Awaitable[Campaign]],
    ) -> Response:
        # No campaign has the id 0, as none has a text that is no id.
        id_ = campaign_id(visit.form().get("campaign", "")) or 0
        try:
            await act(who.person, visit.vdn, id_)
        except (NoSuchCampaign, StateForbids) as refused:
            return await self._page(visit, who, refused=refused)
        return lead_to(f"{_path(visit)}{_shown(visit).query()}")

    async def _page(
        self,
        visit: Visit,
        who: SignedIn,
        *,
        typed: Form | None = None,
        refused: Refusal | None = None,
    ) -> Response:
        pulse = await self._streams.number(who.person, visit.vdn)
        done = _done(visit) if refused is None else None
        values = await self._values(visit, who, pulse)
        ticked = (typed or {}).get("ticked", "").split()
        return self._press.page(
            visit.language,
            "board",
            who=who,
            **values,
            done=done,
            left=() if done is None else done.overtaken + done.unfit,
            typed=typed or {},
            ticked=ticked,
            unlisted=_unlisted(ticked, values["board"].missed.promises),
            refused=refused,
        )

    async def _part(self, visit: Visit, who: SignedIn) -> Response:
        """Return what of it moves, which all who see the same are given."""
        check_may(who.person, "see_board", visit.vdn)  # for it may be there already
        sees = [may(who.person, act, visit.vdn) for act in _DECIDING]
        times = self._times.of(who)

        async def render(pulse: str) -> Part:
            values = await self._values(visit, who, pulse)
            return self._press.part(
                visit.language,
                "board_parts",
                ("calls", "rows", "more"),
                **values,
                ticked=[],
                left=(),
            )

        depends_on = (*_shown(visit), *sees, visit.language, str(times.zone))
        return await self._parts.answer(visit, who, depends_on, render)

    async def _values(self, visit: Visit, who: SignedIn, pulse: str) -> dict[str, Any]:
        """Return what a board shows, of which all is the same for all who see the same."""
        shown = _shown(visit)
        times = self._times.of(who)
        day = day_around(times.now, times.zone)
        found = await self._supervision.overview(
            who.person, shown.whose, day, ROWS_MAX, shown.keeping
        )
        hours = [each.standing for each in hours_of(found.today, day, times)]
        counts = found.today.counts
        kept, missed = (sum(counts.get(each, 0) for each in part) for part in (KEPT, _MISSED))
        return {
            "vdn": visit.vdn,
            "pulse": pulse,
            "found": found,
            "board": found.board,
            "shown": shown,
            "called": _called(found.agents, shown.whose.agent),
            "path": _path(visit),
            "times": times,
            "tile_words": TILE_WORDS,
            "cause_words": CAUSE_WORDS,
            "absent_max": ABSENT_MAX,
            "hours": hours,
            "plot": bars_of(hours, STANDING_WORDS),
            "standing_words": STANDING_WORDS,
            "may_pause": may(who.person, "pause_campaigns", visit.vdn),
            "held": {each.subject for each in found.board.hindrances},
            "kept": kept,
            "share": f"{kept / (kept + missed):.1%}" if kept + missed else "",
        }


def _path(visit: Visit) -> str:
    return f"/console/{visit.vdn}/board"


def _shown(visit: Visit) -> BoardPart:
    """Return what the address asks for; what it asks wrongly narrows nothing."""
    query = visit.request.query_params
    asked = query.get("show", "")
    keeping = next((each for each in (*TILE_WORDS, OPEN, ALL) if each == asked), None)
    account = query.get("agent", "")
    agent = account if account.isprintable() and len(account) <= ACCOUNT.longest else ""
    campaign = campaign_id(query.get("campaign", ""))
    whose = Whose(visit.vdn, agent or None, campaign)
    return BoardPart(whose, keeping)


def _called(agents: list[AgentChoice], account: str | None) -> str | None:
    """Return what an agent is called of whom the board is; where nobody says so, by the account."""
    return next((each.name for each in agents if each.account == account), account)


def _done(visit: Visit) -> Done | None:
    """Return what became of those that were ticked, as the address tells it."""
    query = visit.request.query_params
    changed = query.get("changed", "")
    if not _COUNT.fullmatch(changed):
        return None
    overtaken, unfit = (
        tuple(filter(is_id, query.get(each, "").split(".")[:ROWS_MAX]))
        for each in ("overtaken", "unfit")
    )
    return Done(int(changed), overtaken, unfit, query.get("to"))


def _unlisted(ticked: list[str], promises: list[Kept]) -> list[str]:
    """Return what was ticked elsewhere, as on its own page, and is in no row here."""
    there = {each.listed.reservation.id for each in promises}
    found = ((each, _TICKED.fullmatch(each)) for each in ticked)
    return [each for each, its in found if its is not None and its[1] not in there]


def _ticked(form: Form) -> list[Ticked]:
    """Return which rows are ticked, or all that were listed. Raise ParameterWrong."""
    texts = form.get("listed" if form.get("all") else "ticked", "").split()
    found = [_TICKED.fullmatch(each) for each in texts[:ROWS_MAX]]
    ticked = [Ticked(each[1], int(each[2])) for each in found if each is not None]
    if not ticked:
        raise ParameterWrong("tick the calls that it is about", about="ticked")
    return ticked
