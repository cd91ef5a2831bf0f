"""Campaigns: rows ↔ values.

Whatever a VDN's campaigns and business results undergo is done under the lock of one row of its
own, taken first and in the VDNs' order: what is then read still holds when it is written.
"""

from collections.abc import Iterable, Sequence

import msgspec

from callkeeper.core.campaigns.campaign import IVR_DEVICES, SKILL_DEVICES, Campaign, same_kind
from callkeeper.core.campaigns.changes import CampaignOrder, NewCampaign, check_name
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import is_person
from callkeeper.core.refusal import DatabaseFailed, ParameterWrong, Refusal
from callkeeper.store.engine.session import Row, Session
from callkeeper.store.port.campaigns import CampaignPage, CampaignsWanted
from callkeeper.store.port.history import Event
from callkeeper.store.port.people import Deed
from callkeeper.store.rows.deeds import DeedRows
from callkeeper.store.rows.history import HistoryRows, detail_of
from callkeeper.store.rows.policies import column_of, policies_of

# Columns that hold a list or an object, as JSON.
_JSON = ("caller_numbers", "workday_windows", "special_day_windows", "dial_settings")
_SUBJECT = "campaign/"


class CampaignRows:
    """The verbs about campaigns."""

    def __init__(self, session: Session, history: HistoryRows, deeds: DeedRows) -> None:
        self._session = session
        self._history = history
        self._deeds = deeds

    def get(self, vdn: int, campaign_id: int) -> Campaign | None:
        """Return a campaign that is not deleted."""
        rows = self._session.rows("campaign", vdn=vdn, id=campaign_id)
        return campaign_of(rows[0]) if rows else None

    def add(self, openings: Sequence[NewCampaign]) -> list[Campaign | Refusal]:
        """Add campaigns, each with its first event, within the quota and uniquely named.

        One that is refused takes no id.
        """
        last_ids = self.lock(each.vdn for each in openings)
        outcomes: list[Campaign | Refusal] = []
        for opening in openings:
            begun = self._history.begun_by(opening.vdn, opening.request)
            old = begun and self._once_added(opening.vdn, int(begun.removeprefix(_SUBJECT)))
            if old:
                outcomes.append(old)
                continue
            try:
                new = self._opened(opening, last_ids[opening.vdn] + 1)
            except DatabaseFailed:
                raise  # no decision of ours: it ends the whole transaction
            except Refusal as refusal:
                outcomes.append(refusal)
                continue
            last_ids[new.vdn] = max(last_ids[new.vdn], new.id)
            self._session.rows("add_campaign", **_columns(new))
            self._session.rows("advance_campaign_counter", vdn=new.vdn, last_id=new.id)
            self._history.append([_event(new, opening, opening.what, new)])
            self._note(new, opening, opening.what)
            outcomes.append(new)
        return outcomes

    def change(self, orders: Sequence[CampaignOrder]) -> list[Campaign | Refusal]:
        """Carry out changes of campaigns, in order, each with its event."""
        self.lock(each.vdn for each in orders)
        outcomes: list[Campaign | Refusal] = []
        for order in orders:
            old = self._once_added(order.vdn, order.id)
            if old is not None and self._was_carried_out(order, old):
                outcomes.append(old)
                continue
            try:
                new = order.carry_out(old)
                check_name(new.name, self._holder(new.vdn, new.name), new.id)
            except DatabaseFailed:
                raise
            except Refusal as refusal:
                outcomes.append(refusal)
                continue
            self._session.rows("update_campaign", **_columns(new))
            self._session.rows("wake_reservations", vdn=new.vdn, campaign_id=new.id, now=order.at)
            self._history.append([_event(new, order, order.change.what, order.change)])
            self._note(new, order, order.change.what)
            outcomes.append(new)
        return outcomes

    def find(self, wanted: CampaignsWanted) -> CampaignPage:
        """Return a page of campaigns, by id; deleted ones never."""
        filters = msgspec.structs.asdict(wanted)
        page = {"offset": filters.pop("offset"), "limit": filters.pop("limit")}
        total = self._session.rows("count_campaigns", **filters)[0][0]
        rows = self._session.rows("find_campaigns", **filters, **page)
        return CampaignPage(
            total,
            [campaign_of(row) for row in rows],
            self._active(wanted.vdn, wanted.now, SKILL_DEVICES),
            self._active(wanted.vdn, wanted.now, IVR_DEVICES),
        )

    def lock(self, vdns: Iterable[int]) -> dict[int, int]:
        """Lock what some VDNs define, and return the last campaign id that each gave out."""
        return {
            vdn: self._session.rows("lock_campaigns", vdn=vdn)[0][0] for vdn in sorted(set(vdns))
        }

    def _note(self, campaign: Campaign, cause: NewCampaign | CampaignOrder, what: str) -> None:
        """Put a person's change among the deeds as well; the history has it in full."""
        if is_person(cause.by):
            subject, at = f"campaign {campaign.id}", campaign.changed_at
            self._deeds.append(Deed(0, at, cause.by, f"campaign_{what}", subject, campaign.vdn))

    def _once_added(self, vdn: int, campaign_id: int) -> Campaign | None:
        """Return a campaign that was added once, deleted or not."""
        rows = self._session.rows("campaign_or_deleted", vdn=vdn, id=campaign_id)
        return campaign_of(rows[0]) if rows else None

    def _was_carried_out(self, order: CampaignOrder, old: Campaign) -> bool:
        asked = (order.vdn, f"{_SUBJECT}{order.id}", order.request or "")
        return bool(order.request and self._history.carried_out({asked: old.version}))

    def _opened(self, opening: NewCampaign, next_id: int) -> Campaign:
        kind = same_kind(opening.plan.device_type)
        new = opening.campaign(next_id, self._active(opening.vdn, opening.at, kind))
        check_name(new.name, self._holder(new.vdn, new.name), new.id)
        if self._session.rows("campaign_id_given", vdn=new.vdn, id=new.id):
            raise ParameterWrong(
                "{number} is, or was, the id of another campaign", about="id", number=new.id
            )
        return new

    def _holder(self, vdn: int, name: str) -> int | None:
        rows = self._session.rows("campaign_named", vdn=vdn, name=name)
        return int(rows[0][0]) if rows else None

    def _active(self, vdn: int, now: Instant, kind: frozenset[int]) -> int:
        rows = self._session.rows("active_campaigns", vdn=vdn, now=now)
        return sum(count for device_type, count in rows if device_type in kind)


def campaign_of(row: Row) -> Campaign:
    """Return the campaign of a row of its columns."""
    columns = dict(zip(Campaign.__struct_fields__, row, strict=True))
    columns |= {name: msgspec.json.decode(columns[name]) for name in _JSON}
    columns["policies"] = policies_of(columns["policies"])
    return msgspec.convert(columns, Campaign)


def _columns(campaign: Campaign) -> dict[str, object]:
    columns = {name: getattr(campaign, name) for name in Campaign.__struct_fields__}
    columns["terms"] = column_of(columns.pop("policies"))
    return columns | {name: msgspec.json.encode(columns[name]).decode() for name in _JSON}


def _event(
    campaign: Campaign, cause: NewCampaign | CampaignOrder, what: str, detail: msgspec.Struct
) -> Event:
    return Event(
        vdn=campaign.vdn,
        subject=f"{_SUBJECT}{campaign.id}",
        version=campaign.version,
        happened_at=campaign.changed_at,
        what=what,
        by_whom=cause.by,
        detail=detail_of(detail),
        request=cause.request,
    )
