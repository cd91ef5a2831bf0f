"""Campaigns: add, modify, delete, query, pause and resume, cec_07_0721 to cec_07_0729."""

from collections.abc import Mapping
from typing import Any

import msgspec

from callkeeper.api import examples
from callkeeper.api.campaigns.form import InitStatus, form_v1, form_v2, plan
from callkeeper.api.campaigns.record import DETAIL, ENDED, ROW, STATUS, detail, row
from callkeeper.api.contract.auth import Caller
from callkeeper.api.contract.fields import Choice, Field, Form, Integer, Text, Values
from callkeeper.api.contract.interface import Admitted, Interface
from callkeeper.api.contract.times import DateTime
from callkeeper.clock import Clock
from callkeeper.core.campaigns.campaign import IVR_DEVICES, SKILL_DEVICES, campaign_id
from callkeeper.core.campaigns.changes import CampaignChange, Delete, Pause, Resume, Revision
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import NoSuchCampaign, ParameterWrong
from callkeeper.http.admission import Admission
from callkeeper.http.answer import Answer
from callkeeper.store.port.campaigns import CampaignsWanted
from callkeeper.usecases.campaigns import Campaigns

VDN_V1 = "/rest/isales/v1/openapi/campaigns/{vdn}"
VDN_V2 = "/rest/isales/v2/openapi/campaigns/{vdn}"
ONE_V1 = VDN_V1 + "/{campaign}"
ONE_V2 = VDN_V2 + "/{campaign}"

_NOTHING = Phrase("")  # what the pages' answers say

# Of the eleven codes that every interface of the family may answer with, those that ours do. A
# database failure is 0200006, also where a page leaves it out.
VALIDATION = "0200006 02000001 02000002 02000003 02000006 02000007 02000009 02000011"
_V1_VALIDATION = "0200006 02000001 02000002 02000003 02000006 02000007 02000009"
_ADD = "0200000 0200001 0200002 0200003 0200004 0200005 0200017"
_MODIFY = f"0200000 0200001 0200002 0200005 0200007 0200016 0200017 {VALIDATION}"
_DELETE = f"0200000 0200001 0200007 0200009 {VALIDATION}"
_ONE = f"0200000 0200001 0200007 {VALIDATION}"
_ALL = f"0200000 0200001 {VALIDATION}"
_SWITCH = f"0200000 0200001 0200007 0200011 {VALIDATION}"

_ROWS_DEFAULT = 10
_PAGE_MAX = 10**9


class CampaignInterfaces:
    """The interfaces, over the use cases.

    ``alerting_seconds_max`` bounds V2's ringing time; ``init_status`` says which one starts.
    """

    def __init__(
        self,
        campaigns: Campaigns,
        clock: Clock,
        alerting_seconds_max: int,
        init_status: InitStatus,
    ) -> None:
        self._campaigns = campaigns
        self._clock = clock
        self._alerting_seconds_max = alerting_seconds_max
        self._init_status = init_status

    def all(self, admission: Admission[Caller]) -> list[Interface]:
        """Return the interfaces, ready to be routed.

        Their paths match any word after the VDN: routes that name one must come before them.
        """
        return [
            *self._writing(admission),
            *self._deleting_and_switching(admission),
            *self._querying(admission),
        ]

    def _writing(self, admission: Admission[Caller]) -> list[Interface]:
        longest = self._alerting_seconds_max
        return [
            Interface(
                method="POST",
                path=VDN_V1,
                name="addCampaign",
                page="cec_07_0721",
                says="Add a campaign with one caller number",
                form=form_v1(adding=self._init_status),
                codes=f"{_ADD} {_V1_VALIDATION}",
                example=examples.ADD_CAMPAIGN,
                handler=self.add,
                admission=admission,
                answers={"returnObject": _RETURN_OBJECT},
            ),
            Interface(
                method="POST",
                path=VDN_V2,
                name="addCampaignV2",
                page="cec_07_0722",
                says="Add a campaign with several caller numbers and its policies",
                form=form_v2(longest, adding=self._init_status),
                codes=f"{_ADD} {VALIDATION}",
                example=examples.ADD_CAMPAIGN_V2,
                handler=self.add,
                admission=admission,
                answers={"returnObject": _RETURN_OBJECT},
            ),
            Interface(
                method="PUT",
                path=ONE_V1,
                name="modifyCampaign",
                page="cec_07_0723",
                says="Modify a campaign that has not ended; what is not sent stays",
                form=form_v1(),
                codes=_MODIFY,
                example=examples.MODIFY_CAMPAIGN,
                handler=self.modify,
                admission=admission,
            ),
            Interface(
                method="PUT",
                path=ONE_V2,
                name="modifyCampaignV2",
                page="cec_07_0724",
                says="Modify a campaign and its policies; what is not sent stays",
                form=form_v2(longest),
                codes=_MODIFY,
                example=examples.MODIFY_CAMPAIGN_V2,
                handler=self.modify,
                admission=admission,
            ),
        ]

    def _deleting_and_switching(self, admission: Admission[Caller]) -> list[Interface]:
        return [
            Interface(
                method="DELETE",
                path=ONE_V1,
                name="deleteCampaign",
                page="cec_07_0725",
                says="Delete a campaign that is not started",
                form=_DELETE_FORM,
                codes=_DELETE,
                example=examples.DELETE_CAMPAIGN,
                handler=self.delete,
                admission=admission,
            ),
            Interface(
                method="PUT",
                path=f"{ONE_V1}/pause",
                name="pauseCampaign",
                page="cec_07_0728",
                says="Pause a started campaign",
                form=Form(),
                codes=_SWITCH,
                example=examples.PAUSE,
                handler=self.pause,
                admission=admission,
            ),
            Interface(
                method="PUT",
                path=f"{ONE_V1}/resume",
                name="resumeCampaign",
                page="cec_07_0729",
                says="Resume a paused campaign, or start a draft",
                form=Form(),
                codes=_SWITCH,
                example=examples.RESUME,
                handler=self.resume,
                admission=admission,
            ),
        ]

    def _querying(self, admission: Admission[Caller]) -> list[Interface]:
        count = {"type": "integer"}
        return [
            Interface(
                method="GET",
                path=ONE_V1,
                name="queryCampaign",
                page="cec_07_0726",
                says="Query one campaign",
                form=Form(),
                codes=_ONE,
                example=examples.QUERY_CAMPAIGN,
                handler=self.query_one,
                reads=True,
                admission=admission,
                answers={"returnObject": DETAIL},
                in_query=True,
            ),
            Interface(
                method="GET",
                path=VDN_V1,
                name="queryCampaigns",
                page="cec_07_0727",
                says="Query the campaigns of a VDN, by id",
                form=_QUERY_FORM,
                codes=_ALL,
                example=examples.QUERY_CAMPAIGNS,
                handler=self.query_all,
                reads=True,
                admission=admission,
                answers={
                    "curPage": count,
                    "totalSize": count,
                    "rowsPerPage": count,
                    "data": {"type": "array", "items": ROW},
                    "curSkillQueueCount": count,
                    "curIvrCount": count,
                },
                in_query=True,
            ),
        ]

    async def add(self, asked: Admitted) -> Answer:
        """Add a campaign."""
        values, origin = asked.values, asked.origin
        added = await self._campaigns.add(
            origin.vdn,
            plan(values),
            (values["begin_at"], values["end_at"]),
            values.get("status", "started"),
            origin.by,
            request=origin.request,
        )
        return Answer(_NOTHING, payload={"returnObject": {"id": added.id}})

    async def modify(self, asked: Admitted) -> Answer:
        """Modify a campaign."""
        values = asked.values
        revision = Revision(plan(values), values.get("begin_at"), values.get("end_at"))
        return await self._change(asked, revision)

    async def delete(self, asked: Admitted) -> Answer:
        """Delete a campaign."""
        return await self._change(asked, Delete(**asked.values))

    async def pause(self, asked: Admitted) -> Answer:
        """Pause a campaign."""
        return await self._change(asked, Pause())

    async def resume(self, asked: Admitted) -> Answer:
        """Resume a campaign."""
        return await self._change(asked, Resume())

    async def query_one(self, asked: Admitted) -> Answer:
        """Answer with all of a campaign."""
        campaign = await self._campaigns.one(asked.origin.vdn, _id(asked))
        return Answer(_NOTHING, payload={"returnObject": detail(campaign, self._clock.now())})

    async def query_all(self, asked: Admitted) -> Answer:
        """Answer with a page of campaigns."""
        now = self._clock.now()
        page = max(asked.values.pop("page", 1), 1)
        rows = asked.values.pop("rows", _ROWS_DEFAULT)
        found = await self._campaigns.find(_wanted(asked.origin.vdn, now, page, rows, asked.values))
        return Answer(
            _NOTHING,
            payload={
                "curPage": page,
                "totalSize": found.total,
                "rowsPerPage": rows,
                "data": [row(campaign, now) for campaign in found.campaigns],
                "curSkillQueueCount": found.active_skill,
                "curIvrCount": found.active_ivr,
            },
        )

    async def _change(self, asked: Admitted, change: CampaignChange) -> Answer:
        origin = asked.origin
        await self._campaigns.change(
            origin.vdn, _id(asked), change, origin.by, request=origin.request
        )
        return Answer()


_RETURN_OBJECT: dict[str, Any] = {
    "type": "object",
    "properties": {"id": {"type": "integer", "format": "int64"}},
}
_DELETE_FORM = Form(
    Choice(
        name="archiveHistory",
        ours="to_history",
        says="0 delete outright, 1 move to the history; either way the history keeps it",
        choices={0: False, 1: True},
    )
)


class CampaignsForm(Form):
    """The query of cec_07_0727, which gained ``statusV2``: where it is sent, it counts."""

    def __init__(self, *fields: Field) -> None:
        super().__init__(*fields)
        others = [field for field in fields if field.name not in ("status", "statusV2")]
        newer = next(field for field in fields if field.name == "statusV2")
        self._newer = Form(newer, *others)
        self._older = Form(*(field for field in fields if field.name != "statusV2"))

    def read(self, body: Mapping[str, Any]) -> Values:
        """Return the values that are there, by our names; raise the fault that comes first."""
        return (self._newer if body.get("statusV2") else self._older).read(body)


_STATUS = Choice(
    name="status",
    ours="state",
    says="0 any, 1 draft, 2 started, 3 paused, 4 ended",
    mandatory=True,
    choices={
        0: {},
        **{number: {"status": status} for status, number in STATUS.items()},
        ENDED: {"ended": True},
    },
)
_QUERY_FORM = CampaignsForm(
    Text(name="name", ours="name", says="part of the name", longest=30),
    _STATUS,
    msgspec.structs.replace(_STATUS, name="statusV2", mandatory=False),
    Choice(
        name="deviceType",
        ours="device_type",
        says="1, 2, 3, 5, 6; 0 any",
        mandatory=True,
        choices={0: None, **{number: number for number in sorted(IVR_DEVICES | SKILL_DEVICES)}},
    ),
    DateTime(name="beginTime", ours="begin_at", says="begins at this time or later, UTC"),
    DateTime(name="endTime", ours="end_at", says="ends at this time or earlier, UTC"),
    Integer(name="curPage", ours="page", says="page, from 1; less is taken as 1", most=_PAGE_MAX),
    Integer(name="rowsPerPage", ours="rows", says="rows a page, 10 unless said", least=1, most=100),
)


def _wanted(vdn: int, now: int, page: int, rows: int, values: Values) -> CampaignsWanted:
    state = values.pop("state")
    return CampaignsWanted(
        vdn=vdn, offset=(page - 1) * rows, limit=rows, now=now, **state, **values
    )


def _id(asked: Admitted) -> int:
    """Return the campaign that the path names; what no campaign's id can be is not there."""
    text = asked.path["campaign"]
    if not (text.isascii() and text.isdecimal()):
        raise ParameterWrong("{text!r} is no integer", text=text[:64]).within("campaignId")
    id_ = campaign_id(text)
    if id_ is None:
        raise NoSuchCampaign(
            "there is no campaign {id} in VDN {vdn}", id=text[:64], vdn=asked.origin.vdn
        )
    return id_
