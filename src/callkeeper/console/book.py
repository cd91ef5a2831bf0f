"""Booking a call: the form, and what is free instead where its time is taken."""

from collections.abc import Sequence
from typing import get_args
from zoneinfo import ZoneInfo

from starlette.responses import Response

from callkeeper.console.fields import (
    Form,
    chosen,
    dialed_number,
    form_name,
    hidden_instant,
    new_form_name,
    plain_number,
    typed_note,
    unreadable,
)
from callkeeper.console.press import Press, lead_to
from callkeeper.console.times import PageTimes, zone_names
from callkeeper.console.visit import Visit, is_id, no_page
from callkeeper.core.instants import Instant, LocalTimes, by_clock
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import NoSuchCampaign, ParameterWrong, Refusal, TimeWrong
from callkeeper.core.reservations.reservation import REMARK, Kind
from callkeeper.core.reservations.slot import SlotTaken
from callkeeper.core.wall_time import read_wall_time
from callkeeper.usecases.people import check_zone
from callkeeper.usecases.slots import CampaignChoice, Choices, FreeSlots, NewCall, SlotBookings

_KINDS: tuple[Kind, ...] = get_args(Kind)


class BookPage:
    """The form of a new call."""

    def __init__(self, slots: SlotBookings, press: Press, times: PageTimes) -> None:
        self._slots = slots
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show the form: empty, or as for another call like one that there is."""
        like = visit.request.query_params.get("like", "")
        if like and not is_id(like):
            raise no_page(visit.request)
        return await self._page(visit, who, {"like": like})

    async def book(self, visit: Visit, who: SignedIn) -> Response:
        """Book the call that was typed, or the one that was offered in its place."""
        typed = visit.form()
        times = self._times.of(who)
        call = None
        try:
            form = form_name(typed)
            if "look" in typed:
                dialed_number(typed)
                return await self._page(visit, who, typed)
            times = _times_typed(typed, times)
            typed, at = _taken_up(typed, times)
            call = _call(typed, at)
            made = await self._slots.book(
                who.person, visit.vdn, call, form, anyway="anyway" in typed
            )
        except (SlotTaken, TimeWrong) as refused:
            free = FreeSlots()
            if call is not None:
                free = await self._slots.instead(who.person, visit.vdn, call)
            return await self._page(
                visit, who, typed, refused=refused, times=times, free=free, call=call
            )
        except (ParameterWrong, NoSuchCampaign) as refused:
            if refused.about == "again":
                del typed["form"]
            return await self._page(visit, who, typed, refused=refused)
        return lead_to(f"/console/{visit.vdn}/reservations/{made.id}?booked=yes")

    async def _page(  # noqa: PLR0913 - four are named
        self,
        visit: Visit,
        who: SignedIn,
        typed: Form,
        *,
        refused: Refusal | None = None,
        times: LocalTimes | None = None,
        free: FreeSlots | None = None,
        call: NewCall | None = None,
    ) -> Response:
        own = self._times.of(who)
        like = typed.get("like", "")
        choices = await self._slots.choices(
            who.person,
            visit.vdn,
            number=plain_number(typed),
            like=like if is_id(like) else "",
        )
        return self._press.page(
            visit.language,
            "book",
            who=who,
            vdn=visit.vdn,
            choices=choices,
            shown=_shown(choices, who, visit.vdn, own) | dict(typed),
            form=typed.get("form") or new_form_name(own.now),
            refused=refused,
            free=free,
            asked_at=None if call is None else call.appoint_at,
            times=own,
            free_times=times or own,
            zones=zone_names(),
            note_longest=REMARK.longest,
        )


def _shown(choices: Choices, who: SignedIn, vdn: int, times: LocalTimes) -> dict[str, str]:
    """Return what the form shows before anything is typed."""
    role, like = who.person.role_in(vdn), choices.like
    return {
        "number": "",
        "campaign": str(like.campaign_id) if like else _only(choices.campaigns),
        "day": by_clock(times.now, times.zone).date().isoformat(),
        "at": "",
        "zone": str(times.zone),
        "which": "",
        "agent": (like.agent if like else None) or (role.agent if role else None) or "",
        "kind": like.kind if like else "manual",
        "note": (like.remark if like else None) or "",
        "like": like.id if like else "",
    }


def _only(campaigns: Sequence[CampaignChoice]) -> str:
    """Return the campaign that a call is of, where there is no choice."""
    return str(campaigns[0].id) if len(campaigns) == 1 else ""


def _times_typed(typed: Form, times: LocalTimes) -> LocalTimes:
    """Return times by the clock of the zone that was typed. Raise ParameterWrong."""
    zone = typed.get("zone") or str(times.zone)
    check_zone(zone)
    return LocalTimes(ZoneInfo(zone), times.now)


def _taken_up(typed: Form, times: LocalTimes) -> tuple[dict[str, str], Instant]:
    """Return the form with what was offered and is taken, and the time that it then has.

    Raise ParameterWrong.
    """
    typed = dict(typed)
    if "with" in typed:
        typed["agent"] = typed.pop("with")
    if "offer" in typed:
        at = hidden_instant(typed, "offer")
        del typed["offer"]
        local = by_clock(at, times.zone)
        typed |= {"day": local.date().isoformat(), "at": local.strftime("%H:%M")}
        return typed, at
    which = typed.get("which", "")
    return typed, read_wall_time(typed.get("day", ""), typed.get("at", ""), times.zone, which)


def _call(typed: Form, at: Instant) -> NewCall:
    """Return the call that was typed. Raise ParameterWrong."""
    kind, like = chosen(typed, "kind", _KINDS), typed.get("like", "")
    if like and not is_id(like):
        raise unreadable()
    return NewCall(
        number=dialed_number(typed),
        campaign_id=typed.get("campaign", ""),
        appoint_at=at,
        agent=typed.get("agent", ""),
        kind=kind,
        note=typed_note(typed),
        like=like,
    )
