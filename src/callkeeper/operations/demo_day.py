"""A day of a call center for the demo's console: much is done, some is late, and more falls due.

It is the same at each start, but for when that is. All of it goes through the verbs that servers
and dialers use, dated to when it would have happened, so its history is one.
"""

from collections.abc import Iterator, Sequence
from itertools import count, cycle
from typing import NamedTuple

from callkeeper.clock import new_attempt_id
from callkeeper.core.campaigns.business_result import BusinessResult, Definition
from callkeeper.core.campaigns.campaign import DAY_MINUTES, PREVIEW, CallerNumber, Window
from callkeeper.core.campaigns.changes import CampaignOrder, NewCampaign, Pause
from callkeeper.core.campaigns.plan import Plan
from callkeeper.core.dialing.attempt import Hangup
from callkeeper.core.dialing.attempt_changes import Ending, Evidence, Placing, Progress
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import Claim, Claimed
from callkeeper.core.instants import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Instant
from callkeeper.core.people.person import Role
from callkeeper.core.refusal import Refusal
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservations.changes import Order, Result
from callkeeper.core.reservations.reservation import Booking, Kind, Wish
from callkeeper.store.port.access import AgentName
from callkeeper.store.port.store import Store

BACK, RENEWALS, SURVEY, WELCOME = 301, 302, 303, 304

_CAMPAIGNS = {
    BACK: "VIP call backs",
    RENEWALS: "续费回访",
    SURVEY: "Satisfaction survey",
    WELCOME: "Welcome calls",
}
_AGENTS = {
    "ann": "Ann Li",
    "wangfang": "王芳",
    "liwei": "李伟",
    "fatima": "Fatima Zahra",
    "bo": "Bo Chen",
}
_RESULTS = {
    ("10", "Sold"): (("101", "signed"), ("102", "sends the contract")),
    ("20", "Call again"): (("201", "next week"), ("202", "next month")),
    ("30", "Not interested"): (("301", "too expensive"), ("302", "has another one")),
    ("40", "已续费"): (("401", "一年"), ("402", "两年")),
}
_NOTES = (
    "Asks about the larger plan",
    "请先确认合同编号",
    "Speaks French",
    "Complained about the last invoice: be kind",
    "下午不方便",
    "Wants to talk to whoever sold it",
    None,
    None,
)
_ANSWERED = "00000"
# How calls of people ended, and what they filed beside it.
_ENDS: tuple[tuple[str, str | None, str | None], ...] = (
    (_ANSWERED, "10", "101"),
    (_ANSWERED, "20", "201"),
    ("00601", None, None),
    (_ANSWERED, "40", "401"),
    (_ANSWERED, "30", "302"),
    ("00537", None, None),
    (_ANSWERED, "10", "102"),
    (_ANSWERED, "20", None),
)

_LEAD_MS = 300_000
_LINE, _HOLDER = "trunk", "demo"
_TALK_MS = 4 * MINUTE_MS
# Calls of each agent, in minutes from now. Of those before, the last few nobody has made.
_DONE = (-290, -262, -241, -215, -188, -160, -131, -104, -82, -63)
_MISSED = {"ann": (-19,), "wangfang": (-8,), "liwei": (-131, -47, -12), "fatima": (), "bo": (-95,)}
_COMING = (2, 7, 16, 28, 41, 55, 78, 112, 160, 24 * 60 - 75, 24 * 60 + 30)
# What the rehearsal line makes of a call is told by the last digit: 3 rings for a minute.
_DIALED = "3132313159"
_DIALED_MINUTES = 30
_BUSY = Hangup(17, "User busy", 486)
_CLEARED = Hangup(16, "Normal Clearing")
# How those ended that it dialed before; of some no word ever came.
_WAS_DIALED: tuple[tuple[int, Evidence], ...] = (
    (-252, _CLEARED),
    (-206, _BUSY),
    (-171, _CLEARED),
    (-118, _CLEARED),
    (-74, "silence"),
    (-52, Hangup(1, "Unallocated (unassigned) number", 404)),
    (-38, "silence"),
)
_HELD_MINUTES = (-25, -10, 5, 20, 45)


class DemoPerson(NamedTuple):
    """Somebody who can be looked over the shoulder."""

    login: str
    name: str
    role: Role
    told: str
    language: str | None = None


def people(vdn: int) -> tuple[DemoPerson, ...]:
    """Return who works there: one in each role, and one who reads Chinese."""
    return (
        DemoPerson("ann", "Ann Li", Role("agent", vdn, "ann", "PJSIP/1001"), "an agent"),
        DemoPerson(
            "wangfang",
            "王芳",
            Role("agent", vdn, "wangfang", "PJSIP/1011"),
            "an agent who reads Chinese",
            "zh_CN",
        ),
        DemoPerson("sam", "Sam Okafor", Role("supervisor", vdn), "a supervisor"),
        DemoPerson("ada", "Ada Novak", Role("administrator", vdn), "an administrator"),
        DemoPerson("otto", "Otto Berg", Role("operator", None), "an operator"),
    )


def fill(store: Store, vdn: int, now: Instant) -> None:
    """Put the day into a VDN, as of now."""
    with store.transaction():
        _insist(store.campaigns.add([_campaign(vdn, id_, now) for id_ in _CAMPAIGNS]))
        _insist(store.business_results.define(list(_definitions(vdn, now))))
        names = [AgentName(vdn, account, name, now) for account, name in _AGENTS.items()]
        _insist(store.agents.name(names))
    day = _Day(store, vdn, now)
    with store.transaction():
        day.was_dialed()
        for account in _AGENTS:
            day.of_agent(account)
        day.of_machine()
        pause = CampaignOrder(vdn, SURVEY, Pause(), "operator", now - HOUR_MS)
        _insist(store.campaigns.change([pause]))


class _Day:
    """What was promised there, and what came of it."""

    def __init__(self, store: Store, vdn: int, now: Instant) -> None:
        self._store = store
        self._vdn = vdn
        self._now = now
        self._numbers = count(1)
        self._ends = cycle(_ENDS)
        self._notes = cycle(_NOTES)
        self._campaigns = cycle((BACK, RENEWALS, WELCOME))

    def of_agent(self, account: str) -> None:
        """Promise the calls of an agent, and file those that were made."""
        shift = len(account)  # so that not all ring at the same minute
        for minutes in _DONE:
            self._done(account, minutes + shift)
        for minutes in (*_MISSED[account], *(each + shift % 5 for each in _COMING)):
            self._promise("manual", minutes, account=account, campaign=next(self._campaigns))

    def of_machine(self) -> None:
        """Promise what the system is going to dial, one each minute, and what it holds."""
        for minutes, ends_with in zip(range(_DIALED_MINUTES), cycle(_DIALED), strict=False):
            at = minutes + _LEAD_MS // MINUTE_MS
            self._promise("automatic", at, ends_with=ends_with, account="bo")
        for minutes in _HELD_MINUTES:
            self._promise("automatic", minutes, campaign=SURVEY)

    def was_dialed(self) -> None:
        """Promise what the system has dialed, each before all that could be due instead of it."""
        for minutes, evidence in _WAS_DIALED:
            self._promise("automatic", minutes, account="fatima")
            self._dial(self._now + minutes * MINUTE_MS, evidence)

    def _dial(self, at: Instant, evidence: Evidence) -> None:
        """Do what a dispatcher does of whatever is due at an instant."""
        limits = Limits(grace_ms=HOUR_MS)
        ids = (new_attempt_id(at),)
        claim = Claim(_LINE, _HOLDER, at, ids, 1, 1.0, limits)
        (claimed,) = self._store.due.claim([claim])
        _insist([claimed])
        for each in claimed.attempts if isinstance(claimed, Claimed) else ():
            key = (each.vdn, each.reservation_id, each.id)
            _insist(self._store.attempts.begin([Placing(*key, _HOLDER, at, limits)]))
            heard = Progress(*key, placed_at=at)
            if evidence != "silence":
                heard = heard.at(ringing=at + SECOND_MS)
            if evidence is _CLEARED:
                heard = heard.at(answered=at + 9 * SECOND_MS)
            _insist(self._store.attempts.note_progress([heard]))
            over_at = at + (_TALK_MS if evidence is _CLEARED else 20 * SECOND_MS)
            end = Ending(*key, _HOLDER, over_at, evidence, FailCodes())
            _insist(self._store.attempts.end([end]))

    def _done(self, account: str, minutes: int) -> None:
        id_ = self._promise("manual", minutes, account=account, campaign=next(self._campaigns))
        fail_code, result, sub_result = next(self._ends)
        late_ms = 50 * MINUTE_MS if result == "30" else 40 * SECOND_MS
        begin_at = self._now + minutes * MINUTE_MS + late_ms
        ends_at = begin_at + (_TALK_MS if fail_code == _ANSWERED else 30 * SECOND_MS)
        filed = Result(
            fail_code=fail_code,
            business_result=result,
            business_sub_result=sub_result,
            begin_at=begin_at,
            end_at=ends_at,
        )
        self._order(id_, filed, ends_at + 20 * SECOND_MS, f"person {account}")

    def _promise(
        self,
        kind: Kind,
        minutes: int,
        *,
        account: str | None = None,
        campaign: int = WELCOME,
        ends_with: str = "1",
    ) -> str:
        number = next(self._numbers)
        appoint_at = self._now + minutes * MINUTE_MS
        made_at = appoint_at - DAY_MS - number * 7 * SECOND_MS
        if minutes > _DIALED_MINUTES + _LEAD_MS // MINUTE_MS:
            made_at -= DAY_MS
        digest = request_digest("demo", str(number))
        booking = Booking(
            vdn=self._vdn,
            id=id_for(made_at, digest),
            wish=Wish(
                kind=kind,
                called_no=f"1380013{2700 + number:04d}{ends_with}",
                campaign_id=str(campaign),
                appoint_at=appoint_at,
                agent=account,
                remark=next(self._notes),
            ),
            request=digest.hex(),
            by="key CRM",
            at=made_at,
            lead_ms=_LEAD_MS,
        )
        _insist(self._store.reservations.add([booking]))
        return booking.id

    def _order(self, id_: str, change: Result, at: Instant, by: str) -> None:
        _insist(self._store.reservations.change([Order(self._vdn, id_, change, by, at)]))


def _campaign(vdn: int, id_: int, now: Instant) -> NewCampaign:
    plan = Plan(
        name=_CAMPAIGNS[id_],
        device_type=PREVIEW,
        alerting_seconds_max=60,
        workday_windows=(Window(0, DAY_MINUTES),),
        special_day_windows=(),
        caller_numbers=(CallerNumber("4008001234"),),
    )
    return NewCampaign(
        vdn=vdn,
        plan=plan,
        begin_at=now - 30 * DAY_MS,
        end_at=now + 365 * DAY_MS,
        status="started",
        by="operator",
        at=now - 30 * DAY_MS,
        active_max=len(_CAMPAIGNS) + 2,
        id=id_,
    )


def _definitions(vdn: int, now: Instant) -> Iterator[Definition]:
    made_at = now - 30 * DAY_MS
    for (code, name), below in _RESULTS.items():
        result = BusinessResult(vdn, "", code, name, "", made_at)
        children = tuple(
            BusinessResult(vdn, code, *each, "", made_at, place) for place, each in enumerate(below)
        )
        yield Definition(result, children, "operator")


def _insist(outcomes: Sequence[object]) -> None:
    """Raise what was refused: nothing of it is to be expected."""
    for each in outcomes:
        if isinstance(each, Refusal):
            raise each
