"""One reservation: the promise, how it stands, its story, and what may be done with it."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from callkeeper.console.causes import CAUSE_WORDS
from callkeeper.console.fields import (
    Form,
    form_name,
    hidden_instant,
    hidden_number,
    new_form_name,
    typed_note,
)
from callkeeper.console.press import Press, lead_to
from callkeeper.console.result_form import (
    AS_FILED,
    AS_THE_LINE_SAYS,
    ENDS,
    OTHER_TIME,
    is_typed,
    last_heard,
    on_record,
    own_call,
    presets,
    read_again,
    read_result,
)
from callkeeper.console.sign_in import HOME
from callkeeper.console.stream import Streams, parts_of
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.dialing.desk_call import OutsideHours
from callkeeper.core.instants import Instant, LocalTimes
from callkeeper.core.people.person import Role
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import (
    AlreadyCalled,
    NoSuchCampaign,
    Overtaken,
    ParameterWrong,
    Refusal,
    TimeWrong,
)
from callkeeper.core.reservations.changes import Cancel, Change, Move, Result
from callkeeper.core.reservations.reservation import REMARK, Reservation
from callkeeper.core.reservations.slot import SlotTaken
from callkeeper.core.wall_time import read_wall_time
from callkeeper.usecases.filing import Filing
from callkeeper.usecases.slots import FreeSlots, SlotBookings
from callkeeper.usecases.work import FoundReservation, Work


class ReservationPage:
    """One reservation, and the forms on its page."""

    def __init__(
        self,
        work: Work,
        filing: Filing,
        slots: SlotBookings,
        streams: Streams,
        press: Press,
        times: PageTimes,
    ) -> None:
        self._work = work
        self._filing = filing
        self._slots = slots
        self._streams = streams
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show it."""
        return await self._page(visit, who)

    async def show_number(self, visit: Visit, who: SignedIn) -> Response:
        """Show it with its number in full, and what was typed of its result."""
        form = visit.form()
        number = await self._work.show_number(who.person, visit.vdn, visit.id)
        return await self._page(visit, who, typed={"call": form}, number=number)

    async def pop(self, visit: Visit, who: SignedIn) -> Response:
        """Lead on to the customer in somebody else's program; no page of ours has its address."""
        return lead_to(await self._work.pop(who.person, visit.vdn, visit.id))

    async def file(self, visit: Visit, who: SignedIn) -> Response:
        """File how its call ended, and book the next one where the customer wants one."""
        form = visit.form()
        times, again_at = self._times.of(who), None
        found = await self._work.one(who.person, visit.vdn, visit.id)
        old = found.kept.listed.reservation
        files_as = _files_as(who.person.role_in(visit.vdn), old)
        try:
            again_at = read_again(form, times)
            await self._filing.file(
                who.person,
                visit.vdn,
                visit.id,
                read_result(
                    form,
                    times,
                    old,
                    files_as,
                    own_call(found, times, who.person.by),
                    last_heard(found),
                ),
                form_name(form),
                seen_version=hidden_number(form, "version"),
                again_at=again_at,
            )
        except (SlotTaken, TimeWrong) as refused:
            refused.about = "again"
            free = None
            if again_at is not None:
                free = await self._slots.times_instead(who.person, visit.vdn, visit.id, again_at)
            return await self._page(visit, who, typed={"result": form}, refused=refused, free=free)
        except (ParameterWrong, NoSuchCampaign, Overtaken) as refused:
            return await self._page(visit, who, typed={"result": form}, refused=refused)
        return lead_to(_onwards(visit, who, Result()))

    async def move(self, visit: Visit, who: SignedIn) -> Response:
        """Give it another time, if its agent is free then; or say what time is."""
        form = visit.form()
        times, at = self._times.of(who), None
        try:
            at, version = _moved_to(form, times), hidden_number(form, "version")
            await self._slots.move(
                who.person, visit.vdn, visit.id, at, version, anyway="anyway" in form
            )
        except (SlotTaken, TimeWrong) as refused:
            free = None
            if at is not None:
                free = await self._slots.times_instead(who.person, visit.vdn, visit.id, at)
            return await self._page(visit, who, typed={"move": form}, refused=refused, free=free)
        except (ParameterWrong, Overtaken) as refused:
            return await self._page(visit, who, typed={"move": form}, refused=refused)
        return lead_to(_onwards(visit, who, Move(appoint_at=at)))

    async def note(self, visit: Visit, who: SignedIn) -> Response:
        """Give it another note."""
        form = visit.form()
        return await self._changed(visit, who, "note", form, Move(remark=typed_note(form)))

    async def cancel(self, visit: Visit, who: SignedIn) -> Response:
        """Delete it: the customer no longer wants the call."""
        return await self._changed(visit, who, "cancel", visit.form(), Cancel())

    async def refill(
        self, visit: Visit, who: SignedIn, form: Form, refused: Refusal | None = None
    ) -> Response:
        """Show it with what was typed of its result, after something else was done, or refused."""
        return await self._page(visit, who, typed={"call": form}, refused=refused)

    async def go_on(self, visit: Visit, who: SignedIn, form: Form) -> Response:
        """Lead to it anew after something was done; show it where a result is half typed."""
        found = await self._work.one(who.person, visit.vdn, visit.id)
        if is_typed(form, on_record(found, self._times.of(who), who.person.by)):
            return await self.refill(visit, who, form)
        return lead_to(f"/console/{visit.vdn}/reservations/{visit.id}")

    async def _changed(
        self, visit: Visit, who: SignedIn, act: str, form: Form, change: Change
    ) -> Response:
        try:
            version = hidden_number(form, "version")
            await self._work.change(who.person, visit.vdn, visit.id, change, version)
        except (ParameterWrong, AlreadyCalled, Overtaken) as refused:
            return await self._page(visit, who, typed={act: form}, refused=refused)
        return lead_to(_onwards(visit, who, change))

    async def _page(
        self,
        visit: Visit,
        who: SignedIn,
        *,
        typed: Mapping[str, Form] | None = None,  # by the act whose form it is
        refused: Refusal | None = None,
        number: str | None = None,
        free: FreeSlots | None = None,
    ) -> Response:
        times = self._times.of(who)
        pulse = await self._pulse(visit, who)
        found = await self._work.one(who.person, visit.vdn, visit.id)
        recorded = on_record(found, times, who.person.by)
        if typed and "call" in typed and is_typed(typed["call"], recorded):
            typed = {"result": typed["call"]}  # its buttons are the result form's
        moving: dict[str, Any] = dict(pulse) if _is_told_of(pulse, who, found) else {}
        return self._press.page(
            visit.language,
            "reservation",
            who=who,
            vdn=visit.vdn,
            found=found,
            number=number,
            free=free,
            times=times,
            ends=ENDS,
            as_filed=AS_FILED,
            as_the_line_says=AS_THE_LINE_SAYS,
            cause_words=CAUSE_WORDS,
            is_booked="booked" in visit.request.query_params and refused is None,
            is_overtaken=isinstance(refused, Overtaken),
            is_outside_hours=isinstance(refused, OutsideHours),
            note_longest=REMARK.longest,
            recorded=recorded,
            heard=last_heard(found),
            form=new_form_name(times.now),
            presets=presets(found, times),
            other_time=OTHER_TIME,
            typed=typed or {},
            refused=refused,
            **moving,
        )

    async def _pulse(self, visit: Visit, who: SignedIn) -> dict[str, str]:
        """Return what is told when anything moves: of the VDN, or of the agent's own part."""
        vdn, parts = visit.vdn, parts_of(who.person, [visit.vdn])
        for name, is_own in ((str(vdn), False), (f"{vdn}/own", True)):
            if name in parts:
                pulse = await self._streams.number(who.person, vdn, own=is_own, told=visit.told)
                return {"live_name": name, "pulse": pulse}
        return {}


def _is_told_of(pulse: Mapping[str, str], who: SignedIn, found: FoundReservation) -> bool:
    """Whether what moves of a reservation is told: of a colleague's, no agent is told."""
    if not pulse.get("live_name", "").endswith("/own"):
        return True
    reservation = found.kept.listed.reservation
    role = who.person.role_in(reservation.vdn)
    return role is not None and role.agent == reservation.agent


def _moved_to(form: Form, times: LocalTimes) -> Instant:
    """Return the time that was typed, or was offered in its place. Raise ParameterWrong."""
    if "offer" in form:
        return hidden_instant(form, "offer")
    return read_wall_time(
        form.get("day", ""), form.get("at", ""), times.zone, form.get("which", "")
    )


def _files_as(role: Role | None, old: Reservation) -> str | None:
    """Return as whose a result is filed: whoever corrects a colleague's leaves it theirs."""
    if role is None or (role.kind != "agent" and old.agent):
        return None
    return role.agent


def _onwards(visit: Visit, who: SignedIn, change: Change) -> str:
    """Return where it goes on: at its place in the agent's list, for whoever has one."""
    role = who.person.role_in(visit.vdn)
    if role is None or role.agent is None:
        is_gone = isinstance(change, Cancel)
        return HOME if is_gone else f"/console/{visit.vdn}/reservations/{visit.id}"
    place = {Result: f"?filed={visit.id}", Cancel: ""}.get(type(change), f"#call-{visit.id}")
    return f"/console/{visit.vdn}/today{place}"
