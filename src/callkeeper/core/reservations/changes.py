"""Every change that a reservation can undergo once it is made, and the order that asks for it.

A change is a value: ``check`` refuses what it could never mean, ``apply`` returns the next
reservation or raises a Refusal. Nothing else changes a state. Instants are UTC milliseconds.
"""

from typing import ClassVar, TypeVar

import msgspec

from callkeeper.core.campaigns.business_result import DefinedResults
from callkeeper.core.characters import ALPHANUMERIC, TextBounds
from callkeeper.core.instants import Instant, in_utc
from callkeeper.core.refusal import AlreadyCalled, NoSuchReservation, Overtaken, ParameterWrong
from callkeeper.core.reservations.by_hand import HandCallBegins, HandCallEnds
from callkeeper.core.reservations.number_policy import NumberRule
from callkeeper.core.reservations.reservation import REMARK, Booking, Reservation, Wish
from callkeeper.core.reservations.slot import Guard

T = TypeVar("T")

FAIL_CODE = TextBounds(10, ALPHANUMERIC)


class Move(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Another time, agent or note of a manual one; what is None stays, an empty note goes."""

    what: ClassVar[str] = "moved"

    agent: str | None = None
    appoint_at: Instant | None = None
    remark: str | None = None

    def check(self, old: Reservation | None, _defined: DefinedResults, now: Instant) -> None:
        """Refuse a time in the past; leaving an overdue reservation where it is is no move."""
        if self.remark is not None:
            REMARK.check(self.remark, "remark")
        if self.appoint_at is None or (old is not None and self.appoint_at == old.appoint_at):
            return
        if self.appoint_at < now:
            raise ParameterWrong(
                "{time} has passed; send a time to come",
                about="appoint_at",
                time=in_utc(self.appoint_at),
            )

    def apply(self, old: Reservation, now: Instant) -> Reservation:
        """Return the reservation as moved. Moving it to where it is changes nothing else."""
        if old.kind == "automatic":
            raise ParameterWrong(
                "the reservation is automatic and cannot be modified; delete it, create another",
                about="id",
            )
        if old.state == "calling" and self.appoint_at not in (None, old.appoint_at):
            raise ParameterWrong(
                "the customer is just being called; move it when the call has ended",
                about="appoint_at",
            )
        if old.state == "done" and self.appoint_at not in (None, old.appoint_at):
            raise ParameterWrong(
                "the call of this reservation has been made; "
                "create another reservation for the next one",
                about="appoint_at",
            )
        return old.changed(
            now,
            agent=_either(self.agent, old.agent),
            appoint_at=_either(self.appoint_at, old.appoint_at),
            remark=_text(self.remark, old.remark),
        )


class Reassign(msgspec.Struct, frozen=True, tag=True):
    """Another agent keeps the promise: of a manual one that waits, and is still the first one's."""

    what: ClassVar[str] = "reassigned"

    agent: str
    from_agent: str

    def check(self, _old: Reservation | None, _defined: DefinedResults, _now: int) -> None:
        """Refuse to give an agent what is theirs."""
        if self.agent == self.from_agent:
            raise ParameterWrong("it is the same agent", about="agent")

    def apply(self, old: Reservation, now: Instant) -> Reservation:
        """Return the reservation as the other agent's; its time and its note stay."""
        is_theirs = old.agent == self.from_agent and old.kind == "manual"
        if old.state != "waiting" or not is_theirs:
            raise ParameterWrong(
                "the reservation is none that waits for agent {agent}",
                about="id",
                agent=self.from_agent,
            )
        return old.changed(now, agent=self.agent)


class Result(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """How a call ended, as a person or a CRM files it; what is None stays as it was filed.

    An empty text takes away what was filed. A person may file another note with it.
    """

    what: ClassVar[str] = "result"

    agent: str | None = None
    caller_no: str | None = None
    fail_code: str | None = None
    call_id: str | None = None
    business_result: str | None = None
    business_sub_result: str | None = None
    begin_at: Instant | None = None
    end_at: Instant | None = None
    remark: str | None = None

    @property
    def names_business_result(self) -> bool:
        """Whether it has to be looked up what the VDN has defined."""
        return bool(self.business_result or self.business_sub_result)

    def check(self, old: Reservation | None, defined: DefinedResults, _now: int) -> None:
        """Refuse a call that ends before it begins, and a result that the VDN did not define."""
        if self.fail_code is not None:
            FAIL_CODE.check(self.fail_code, "fail_code")
        if self.remark is not None:
            REMARK.check(self.remark, "remark")
        begin_at, end_at = self._times(old)
        if begin_at is not None and end_at is not None and end_at < begin_at:
            raise ParameterWrong(
                "the call ends at {end}, before it begins at {begin}",
                about="end_at",
                end=in_utc(end_at),
                begin=in_utc(begin_at),
            )
        if self.names_business_result:
            filed = None if old is None else old.business_result
            defined.check(_text(self.business_result, filed), self.business_sub_result or None)

    def apply(self, old: Reservation, now: Instant) -> Reservation:
        """Return the reservation with this result, closed; what tells of no call closes nothing.

        A second result overwrites the first, field by field. Of a call that the system made,
        only what a person knows is taken: agent, business result and note. One that waits to be
        tried again is not tried again once somebody tells how a call to that customer ended.
        """
        known: dict[str, object] = {
            "agent": _either(self.agent, old.agent),
            "business_result": _text(self.business_result, old.business_result),
            "business_sub_result": self._sub_result(old),
            "remark": _text(self.remark, old.remark),
        }
        if old.state == "calling" or not (self._tells_of_a_call or old.state == "done"):
            return old.changed(now, **known)
        closed = {"state": "done", "due_at": None, "look_at": None}
        if old.is_dialed_by_us:
            return old.changed(now, **known, **closed)
        begin_at, end_at = self._times(old)
        return old.changed(
            now,
            **known,
            **closed,
            caller_no=_text(self.caller_no, old.caller_no),
            fail_code=_text(self.fail_code, old.fail_code),
            # Of what waits a person knows more than how the system's last call ended.
            outcome=None if self.fail_code is not None or old.state == "waiting" else old.outcome,
            call_id=_text(self.call_id, old.call_id),
            begin_at=begin_at,
            end_at=end_at,
        )

    @property
    def _tells_of_a_call(self) -> bool:
        # Agent and note say nothing of one, nor does what is taken away; all else does.
        texts = (self.fail_code, self.call_id, self.caller_no)
        named = self.names_business_result or any(texts)
        return named or self.begin_at is not None or self.end_at is not None

    def _sub_result(self, old: Reservation) -> str | None:
        # A sub-result belongs to its result: a new result without one clears the old one's.
        if _text(self.business_result, old.business_result) != old.business_result:
            return self.business_sub_result or None
        return _text(self.business_sub_result, old.business_sub_result)

    def _times(self, old: Reservation | None) -> tuple[int | None, int | None]:
        # What was filed of another call does not end this one: a new beginning clears its end.
        if old is None or (self.begin_at is not None and self.begin_at > (old.end_at or 0)):
            return self.begin_at, self.end_at
        return _either(self.begin_at, old.begin_at), _either(self.end_at, old.end_at)


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """The customer no longer wants the call. Afterwards the reservation is as good as absent."""

    what: ClassVar[str] = "cancelled"

    def check(self, _old: Reservation | None, _defined: DefinedResults, _now: int) -> None:
        """Take any; there is nothing in it that could be wrong."""

    def apply(self, old: Reservation, now: Instant) -> Reservation:
        """Return the reservation as cancelled, unless its call is being or was made."""
        if old.state in ("calling", "done"):
            raise AlreadyCalled
        return old.changed(now, state="cancelled", due_at=None, look_at=None)


class Settle(msgspec.Struct, frozen=True, tag=True):
    """Whether the call was made is unknown, as after a restore; it is not made any more.

    It is for what was due before an instant. A person may still file how the call ended.
    """

    what: ClassVar[str] = "settled"

    before: Instant
    fail_code: str
    why: str

    def check(self, _old: Reservation | None, _defined: DefinedResults, now: Instant) -> None:
        """Refuse an instant to come: what is due by then was surely not called."""
        if self.before > now:
            raise ParameterWrong("only what was due until now can be settled", about="before")

    def apply(self, old: Reservation, now: Instant) -> Reservation:
        """Return the reservation as closed; what is known of earlier tries is not of this one."""
        is_due = old.due_at is not None and old.due_at < self.before
        if old.state != "waiting" or not is_due:
            raise ParameterWrong(
                "the reservation does not wait for a call that was due", about="id"
            )
        return old.changed(
            now,
            state="done",
            due_at=None,
            look_at=None,
            held_by=self.what,
            verdict=self.why,
            fail_code=self.fail_code,
            outcome="unknown",
            caller_no=None,
            call_id=None,
            begin_at=None,
            end_at=None,
        )


class Seen(msgspec.Struct, frozen=True, tag=True):
    """A person knows that the promise was broken, or may have been; nobody else has to look."""

    what: ClassVar[str] = "seen"

    def check(self, _old: Reservation | None, _defined: DefinedResults, _now: int) -> None:
        """Take any; there is nothing in it that could be wrong."""

    def apply(self, old: Reservation, now: Instant) -> Reservation:
        """Return the reservation as seen; a second time only the history tells more."""
        if old.state == "waiting":
            raise ParameterWrong(
                "the reservation still waits; call the customer and file the result, move it, or "
                "delete it",
                about="id",
            )
        if not old.wants_a_look:
            raise ParameterWrong("the promise of this reservation was kept", about="id")
        return old.changed(now, seen_at=now if old.seen_at is None else old.seen_at)


Change = Move | Reassign | Result | Cancel | Settle | Seen | HandCallBegins | HandCallEnds


class CallAgain(msgspec.Struct, frozen=True):
    """Another call of the same customer, which is booked with the result of the one before it.

    The agent who files rings again: the system dials none that a person agreed upon.
    """

    id: str
    request: str
    appoint_at: Instant
    zone: str = "UTC"  # of campaigns that have none of their own
    numbers: NumberRule = NumberRule()  # its VDN's
    guard: Guard | None = None  # of the slot it is put into; None: it may share one

    def after(self, done: Reservation, by: str, at: Instant) -> Booking:
        """Return what is to be booked after a call that is on record."""
        if done.state != "done":
            raise ParameterWrong("say how this call ended before you book the next", about="end")
        if done.agent is None:
            raise ParameterWrong(
                "this call is no agent's, so nobody would make the next one; book it for somebody",
                about="again",
            )
        wish = Wish(
            kind="manual",
            called_no=done.called_no,
            campaign_id=str(done.campaign_id),
            appoint_at=self.appoint_at,
            agent=done.agent,
            call_data=done.call_data,
            remark=done.remark,
            after_id=done.id,
        )
        return Booking(
            done.vdn,
            self.id,
            wish,
            self.request,
            by,
            at,
            lead_ms=0,  # it is dialed by nobody else
            zone=self.zone,
            numbers=self.numbers,
            guard=self.guard,
        )


class Order(msgspec.Struct, frozen=True):
    """A change with its address: what, by whom, when, by which request; slack as a Booking's.

    ``seen_version``: how the reservation stood when somebody decided; None: it does not matter.
    ``again``: the customer's next call; if that cannot be booked, nothing is changed.
    """

    vdn: int
    id: str
    change: Change
    by: str
    at: Instant
    slack_ms: int = 0
    request: str | None = None
    signed_at: Instant | None = None
    seen_version: int | None = None
    guard: Guard | None = None  # of the slot it is moved into; None: it may share one
    again: CallAgain | None = None

    @property
    def detail(self) -> Change | dict[str, object]:
        """What the history tells of it."""
        if self.again is None:
            return self.change
        told: dict[str, object] = msgspec.to_builtins(self.change)
        return told | {"again_id": self.again.id, "again_at": self.again.appoint_at}

    @property
    def guards(self) -> list[Guard]:
        """The guards of the slots that it puts calls into."""
        both = (self.guard, None if self.again is None else self.again.guard)
        return [each for each in both if each is not None]

    def may_be_a_replay(self, old: Reservation) -> bool:
        """Whether its request may have been carried out before.

        Not where nothing was changed yet, nor if it was signed later than all that changed it.
        """
        if self.request is None or old.version == 1:
            return False
        return self.signed_at is None or old.signed_at is None or self.signed_at <= old.signed_at

    def carry_out(self, old: Reservation | None, defined: DefinedResults) -> Reservation:
        """Return what becomes of the reservation; an absent or cancelled one is refused.

        What a change means is judged before what it is for exists, as the contract orders it, and
        by the earliest instant that may be now for whoever asks.
        """
        self.change.check(old, defined, self.at - self.slack_ms)
        if old is None or old.state == "cancelled":
            raise NoSuchReservation(
                "there is no reservation {id!r} in VDN {vdn}",
                about="id",
                id=self.id,
                vdn=self.vdn,
            )
        if self.seen_version not in (None, old.version):
            raise Overtaken
        new = self.change.apply(old, self.at)
        if self.signed_at is None or (old.signed_at or 0) >= self.signed_at:
            return new
        return msgspec.structs.replace(new, signed_at=self.signed_at)


def _either(new: T | None, old: T) -> T:
    return old if new is None else new


def _text(new: str | None, old: str | None) -> str | None:
    return old if new is None else new or None
