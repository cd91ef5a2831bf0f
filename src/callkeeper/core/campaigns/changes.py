"""Every change of a campaign, and the order that asks for it.

A change is a value, and its ``apply`` returns the next campaign or raises a Refusal. Instants are
UTC milliseconds.
"""

from typing import ClassVar

import msgspec

from callkeeper.core.campaigns.campaign import IVR_DEVICES, Campaign, Status, Window
from callkeeper.core.campaigns.dial_settings import DialSettings, Retry, check
from callkeeper.core.campaigns.plan import Plan, check_windows
from callkeeper.core.instants import DAY_MS, INSTANT_MAX, INSTANT_MIN, SECOND_MS, Instant, in_utc
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import (
    CampaignBeginsTooEarly,
    CampaignEnded,
    CampaignNameTaken,
    CampaignStarted,
    DoNotGoTogether,
    NoSuchCampaign,
    Overtaken,
    ParameterWrong,
    StateForbids,
    TooManyIvrCampaigns,
    TooManySkillCampaigns,
)

_YEARS = "2000..2099"

# The largest id that may be given: those that are counted on from it still have 18 digits.
GIVEN_ID_MAX = 10**17


class NewCampaign(msgspec.Struct, frozen=True):
    """A campaign to be added: where, what, by whom, when.

    ``id`` None: the next of the VDN's own. An operator who comes from elsewhere gives the ids that
    the CRM already holds. ``active_max`` bounds the VDN's campaigns of a kind that have not ended.
    """

    what: ClassVar[str] = "added"

    vdn: int
    plan: Plan
    begin_at: Instant
    end_at: Instant
    status: Status
    by: str
    at: Instant
    active_max: int
    id: int | None = None
    dial_settings: DialSettings = DialSettings()
    request: str | None = None

    def campaign(self, next_id: int, active: int) -> Campaign:
        """Return the campaign; ``active`` are the VDN's of its kind that have not ended."""
        plan = self.plan
        plan.check()
        if self.id is not None and not 0 < self.id <= GIVEN_ID_MAX:
            raise ParameterWrong("a campaign's id lies in 1..{most}", about="id", most=GIVEN_ID_MAX)
        if self.begin_at < _today(self.at):
            raise CampaignBeginsTooEarly(about="begin_at")
        _check_dates(self.begin_at, self.end_at)
        if active >= self.active_max:
            raise _too_many(plan.device_type, active)
        check(self.dial_settings)
        return Campaign(
            vdn=self.vdn,
            id=next_id if self.id is None else self.id,
            version=1,
            name=plan.name,
            description=plan.description,
            status=self.status,
            begin_at=self.begin_at,
            end_at=self.end_at,
            device_type=plan.device_type,
            caller_numbers=plan.numbers(),
            alerting_seconds_max=plan.alerting_seconds_max,
            workday_windows=plan.workday_windows,
            special_day_windows=plan.special_day_windows,
            policies=plan.policies,
            made_at=self.at,
            changed_at=self.at,
            deleted_at=None,
            goes_to=plan.goes_to,
            dial_settings=self.dial_settings,
        )


class Revision(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Another plan for a campaign that has not ended; what the plan does not say stays.

    An empty description, or an empty text among the policies, takes away the one there was.
    """

    what: ClassVar[str] = "revised"

    plan: Plan
    begin_at: Instant | None = None
    end_at: Instant | None = None

    def apply(self, old: Campaign, now: Instant) -> Campaign:
        """Return the campaign under the new plan. Its end may be moved, even into the past."""
        plan = self.plan
        plan.check()
        if old.has_ended(now):
            raise CampaignEnded
        if plan.device_type != old.device_type:
            raise DoNotGoTogether(
                "is {number} since the campaign was added and cannot be changed",
                about="device_type",
                number=old.device_type,
            )
        begin_at = self._begin(old)
        end_at = old.end_at if self.end_at is None else self.end_at
        if begin_at != old.begin_at and begin_at < _today(now):
            raise CampaignBeginsTooEarly(about="begin_at")
        _check_dates(begin_at, end_at)
        return _changed(
            old,
            now,
            name=plan.name,
            description=old.description if plan.description is None else plan.description or None,
            begin_at=begin_at,
            end_at=end_at,
            caller_numbers=plan.numbers(old),
            alerting_seconds_max=plan.alerting_seconds_max,
            workday_windows=plan.workday_windows,
            special_day_windows=plan.special_day_windows,
            policies=old.policies.revised(plan.policies),
            goes_to=plan.goes_to or old.goes_to,
        )

    def _begin(self, old: Campaign) -> int:
        """Return the begin, unchanged where only the part of a second differs that no wire has."""
        if self.begin_at is None or self.begin_at // SECOND_MS == old.begin_at // SECOND_MS:
            return old.begin_at
        return self.begin_at


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Dial nothing for this campaign until it is resumed."""

    what: ClassVar[str] = "paused"

    def apply(self, old: Campaign, now: Instant) -> Campaign:
        """Return the campaign as paused; only a started one can be."""
        if old.status == "paused" and not old.has_ended(now):
            raise StateForbids("the campaign is paused already")
        if old.has_ended(now) or old.status != "started":
            raise StateForbids(
                "the campaign is {state}; only a started one is paused", state=_state(old, now)
            )
        return _changed(old, now, status="paused")


class Resume(msgspec.Struct, frozen=True, tag=True):
    """Go on, or begin: a draft is started the same way."""

    what: ClassVar[str] = "resumed"

    def apply(self, old: Campaign, now: Instant) -> Campaign:
        """Return the campaign as started; only a draft or a paused one can be."""
        if old.status == "started" and not old.has_ended(now):
            raise StateForbids("the campaign is started already")
        if old.has_ended(now):
            raise StateForbids(
                "the campaign is {state}; only a draft or a paused one is resumed",
                state=_state(old, now),
            )
        return _changed(old, now, status="started")


class End(msgspec.Struct, frozen=True, tag=True):
    """Dial nothing for this campaign any more; its end is now. Nothing brings it back."""

    what: ClassVar[str] = "ended"

    def apply(self, old: Campaign, now: Instant) -> Campaign:
        """Return the campaign as ended; one that has not begun cannot end."""
        if old.has_ended(now):
            raise CampaignEnded("the campaign ended {end}", end=in_utc(old.end_at))
        if old.begin_at > now:
            raise StateForbids(
                "the campaign begins {begin}; pause it, and it dials nothing",
                begin=in_utc(old.begin_at),
            )
        # The wire writes whole seconds, and an end later than the begin.
        end_at = max(now - now % SECOND_MS, old.begin_at + SECOND_MS)
        return _changed(old, now, end_at=min(end_at, old.end_at))


class Delete(msgspec.Struct, frozen=True, tag=True):
    """Take it off the lists and set its name free; its reservations still know what it was called.

    ``to_history`` is what the deleter asked for, and noted; nothing is ever thrown away either way.
    """

    what: ClassVar[str] = "deleted"

    to_history: bool = False

    def apply(self, old: Campaign, now: Instant) -> Campaign:
        """Return the campaign as deleted, unless it is started and has not ended."""
        if old.status == "started" and not old.has_ended(now):
            raise CampaignStarted
        return _changed(old, now, deleted_at=now)


class Arrange(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Other dial settings; what is not named stays.

    None: as the settings have it. A retry takes the place of the one for its outcome;
    ``without_retries`` first takes away all that there are.
    """

    what: ClassVar[str] = "arranged"

    time_zone: str | msgspec.UnsetType | None = msgspec.UNSET
    calls_max: int | msgspec.UnsetType | None = msgspec.UNSET
    retries: tuple[Retry, ...] = ()
    without_retries: bool = False

    def apply(self, old: Campaign, now: Instant) -> Campaign:
        """Return the campaign with these dial settings; one that has ended makes no calls."""
        if old.has_ended(now):
            raise CampaignEnded
        check(DialSettings(retries=self.retries))
        settings = old.dial_settings
        if self.time_zone is not msgspec.UNSET:
            settings = msgspec.structs.replace(settings, time_zone=self.time_zone)
        if self.calls_max is not msgspec.UNSET:
            settings = msgspec.structs.replace(settings, calls_max=self.calls_max)
        kept = () if self.without_retries else settings.retries
        by_outcome = {each.outcome: each for each in (*kept, *self.retries)}
        settings = msgspec.structs.replace(settings, retries=tuple(by_outcome.values()))
        check(settings)
        return _changed(old, now, dial_settings=settings)


class SetSpecialHours(msgspec.Struct, frozen=True, tag=True):
    """Other windows for special days; none: a special day is like any other."""

    what: ClassVar[str] = "special_hours_set"

    windows: tuple[Window, ...]

    def apply(self, old: Campaign, now: Instant) -> Campaign:
        """Return the campaign with these windows for special days."""
        check_windows(self.windows, "special_day_windows")
        if old.has_ended(now):
            raise CampaignEnded
        return _changed(old, now, special_day_windows=self.windows)


CampaignChange = Revision | Pause | Resume | End | Delete | Arrange | SetSpecialHours


class CampaignOrder(msgspec.Struct, frozen=True):
    """A change with its address: which campaign, by whom, when.

    ``request``: the signed request that it comes from; None: it comes from none.
    ``seen_version`` is what the campaign was when whoever asks looked at it; None: they did not.
    """

    vdn: int
    id: int
    change: CampaignChange
    by: str
    at: Instant
    request: str | None = None
    seen_version: int | None = None

    def carry_out(self, old: Campaign | None) -> Campaign:
        """Return what becomes of the campaign; an absent or deleted one is refused."""
        if old is None or old.deleted_at is not None:
            raise NoSuchCampaign("there is no campaign {id} in VDN {vdn}", id=self.id, vdn=self.vdn)
        if self.seen_version not in (None, old.version):
            raise Overtaken(
                "somebody changed the campaign meanwhile, so nothing was changed; look at it again"
            )
        return self.change.apply(old, self.at)


def check_name(name: str, holder: int | None, campaign: int) -> None:
    """Refuse a name that another campaign of the VDN holds."""
    if holder not in (None, campaign):
        raise CampaignNameTaken(
            "{name!r} is the name of campaign {holder}", about="name", name=name, holder=holder
        )


def _today(now: Instant) -> int:
    return now - now % DAY_MS


def _check_dates(begin_at: Instant, end_at: Instant) -> None:
    for name, instant in (("begin_at", begin_at), ("end_at", end_at)):
        if not INSTANT_MIN <= instant <= INSTANT_MAX:
            raise ParameterWrong("must lie in the years {years}, UTC", about=name, years=_YEARS)
    if end_at <= begin_at:
        raise ParameterWrong(
            "the campaign would not end after it begins; send an end later than its begin",
            about="end_at",
        )


def _too_many(device_type: int, active: int) -> TooManySkillCampaigns | TooManyIvrCampaigns:
    if device_type in IVR_DEVICES:
        return TooManyIvrCampaigns(
            "the VDN has {count} active IVR campaigns, as many as it may; end or delete one",
            count=active,
        )
    return TooManySkillCampaigns(
        "the VDN has {count} active skill-queue campaigns, as many as it may; end or delete one",
        count=active,
    )


def _state(campaign: Campaign, now: Instant) -> Phrase:
    return _STATES["ended" if campaign.has_ended(now) else campaign.status]


_STATES = {
    "draft": Phrase("a draft"),
    "started": Phrase("started"),
    "paused": Phrase("paused"),
    "ended": Phrase("ended"),
}


def _changed(old: Campaign, now: Instant, **fields: object) -> Campaign:
    return msgspec.structs.replace(old, version=old.version + 1, changed_at=now, **fields)
