"""Finding calls: by number, agent, campaign, day and hour; and a file of what is found.

What is looked for is sent as a form, for no number may stand in an address.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from starlette.responses import Response

from callkeeper.console.fields import Form, hidden_instant, hidden_number, plain_number
from callkeeper.console.press import Press
from callkeeper.console.sheet import sheet
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.campaigns.campaign import campaign_id
from callkeeper.core.instants import HOUR_MS, Instant, LocalTimes, in_iso, midnight
from callkeeper.core.people.person import ACCOUNT
from callkeeper.core.people.rights import may
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.number_policy import masked
from callkeeper.core.reservations.reservation import CALLED_NO
from callkeeper.usecases.search import FoundCalls, Query, Search

SHOWN_AT_ONCE = 50
# What narrows it; an address may have all of them but the number.
FILTERS = ("number", "agent", "campaign", "from", "to", "hour", "only")
_YEARS = range(2000, 2100)
_HEADS = ("id", "time", "state", "kept", "kind", "campaign", "agent", "number", "result", "note")


class FindPage:
    """What is looked for, and what is found."""

    def __init__(self, search: Search, press: Press, times: PageTimes) -> None:
        self._search = search
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show what an address asks for."""
        asked = visit.request.query_params
        return await self._page(visit, who, {name: asked.get(name, "") for name in FILTERS[1:]})

    async def find(self, visit: Visit, who: SignedIn) -> Response:
        """Show what was typed, without what is dropped."""
        form = visit.form()
        return await self._page(visit, who, form | {form.get("drop", ""): ""})

    async def export(self, visit: Visit, who: SignedIn) -> Response:
        """Return a file of what is found."""
        form, times = visit.form(), self._times.of(who)
        try:
            found = await self._search.export(who.person, visit.vdn, _query(form, times))
        except ParameterWrong as refused:
            return await self._page(visit, who, form, refused)
        return await sheet(f"callkeeper-{visit.vdn}-calls", _rows(found))

    async def _page(
        self,
        visit: Visit,
        who: SignedIn,
        form: Form,
        refused: ParameterWrong | None = None,
    ) -> Response:
        times, query, offset = self._times.of(who), Query(), 0
        try:
            query = _query(form, times)
            offset = hidden_number(form, "offset") if form.get("offset") else 0
        except ParameterWrong as fault:
            refused = fault
        limit = SHOWN_AT_ONCE if refused is None else 1
        found = await self._search.find(who.person, visit.vdn, query, offset, limit)
        return self._press.page(
            visit.language,
            "find",
            who=who,
            vdn=visit.vdn,
            found=found,
            shown={name: form.get(name, "") for name in FILTERS},
            offset=offset,
            limit=SHOWN_AT_ONCE,
            may_export=may(who.person, "export", visit.vdn),
            refused=refused,
            times=times,
        )


def _query(form: Form, times: LocalTimes) -> Query:
    """Return what was typed. Raise ParameterWrong."""
    number = plain_number(form)
    agent, campaign = form.get("agent", ""), form.get("campaign", "")
    if number:
        CALLED_NO.check(number, "number")
    if agent:
        ACCOUNT.check(agent, "agent")
    id_ = campaign_id(campaign) if campaign else None
    if campaign and id_ is None:
        raise ParameterWrong("choose one of the campaigns", about="campaign")
    begin_at, end_at = _midnight(form, "from", times), _midnight(form, "to", times, days=1)
    if begin_at is not None and end_at is not None and end_at <= begin_at:
        raise ParameterWrong("it ends before it begins", about="to")
    begins, ends = [begin_at], [end_at]
    if form.get("hour"):
        begins.append(hour_at := hidden_instant(form, "hour"))
        ends.append(hour_at + HOUR_MS)
    end_at = min(filter(None, ends), default=None)
    return Query(
        number=number or None,
        agent=agent or None,
        campaign_id=id_,
        begin_at=max(filter(None, begins), default=None),
        end_at=None if end_at is None else end_at - 1,
        is_outstanding=bool(form.get("only")),
    )


def _midnight(form: Form, name: str, times: LocalTimes, *, days: int = 0) -> Instant | None:
    text = form.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ParameterWrong("{day!r} is no date; write 2026-12-01", about=name, day=text) from None
    if day.year not in _YEARS:
        raise ParameterWrong("{day!r} is no date; write 2026-12-01", about=name, day=text)
    return midnight(day + timedelta(days=days), times.zone)


def _rows(found: FoundCalls) -> Iterator[tuple[str | int, ...]]:
    """Yield what a file has: instants in UTC, for programs, and numbers as the house rules say."""
    yield _HEADS
    for kept in found.calls:
        listed, call = kept.listed, kept.listed.reservation
        yield (
            f"id {call.id}",  # no spreadsheet makes a number of it, which it would round
            in_iso(call.appoint_at),
            call.state,
            kept.keeping,
            call.kind,
            listed.campaign_name or call.campaign_id,
            listed.agent_name or call.agent or "",
            call.called_no if found.rules_of(call).numbers == "full" else masked(call.called_no),
            ": ".join(filter(None, (call.fail_code, *kept.filed))),
            call.remark or "",
        )
