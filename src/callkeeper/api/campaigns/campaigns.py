"""Campaigns: add, modify, delete, query, pause and resume, cec_07_0721 to cec_07_0729."""

from typing import Any

from callkeeper.api import examples
from callkeeper.api.campaigns.form import (
    CampaignBody,
    NewCampaignBody,
    add_form_v1,
    add_form_v2,
    modify_form_v1,
    modify_form_v2,
)
from callkeeper.api.campaigns.query import QUERY_FORM, Query
from callkeeper.api.campaigns.record import DETAIL, PAGE, RETURN_OBJECT, detail, row
from callkeeper.api.contract.fields import Choice, Form, Nothing
from callkeeper.api.contract.interface import Admitted, interface
from callkeeper.clock import Clock
from callkeeper.core.campaigns.campaign import campaign_id
from callkeeper.core.campaigns.changes import CampaignChange, Delete, Pause, Resume, Revision
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import NoSuchCampaign, ParameterWrong
from callkeeper.http.answer import Answer
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


_DELETE_FORM = Form(
    Delete,
    Choice(
        name="archiveHistory",
        ours="to_history",
        says="0 delete outright, 1 move to the history; either way the history keeps it",
        choices={0: False, 1: True},
    ),
)


class CampaignInterfaces:
    """The interfaces, over the use cases."""

    def __init__(self, campaigns: Campaigns, clock: Clock) -> None:
        self._campaigns = campaigns
        self._clock = clock

    @interface(
        "POST",
        VDN_V1,
        "addCampaign",
        page="cec_07_0721",
        says="Add a campaign with one caller number",
        form=add_form_v1,
        codes=f"{_ADD} {_V1_VALIDATION}",
        example=examples.ADD_CAMPAIGN,
        answers={"returnObject": RETURN_OBJECT},
    )
    @interface(
        "POST",
        VDN_V2,
        "addCampaignV2",
        page="cec_07_0722",
        says="Add a campaign with several caller numbers and its policies",
        form=add_form_v2,
        codes=f"{_ADD} {VALIDATION}",
        example=examples.ADD_CAMPAIGN_V2,
        answers={"returnObject": RETURN_OBJECT},
    )
    async def add(self, asked: Admitted[NewCampaignBody]) -> Answer:
        """Add a campaign."""
        body, origin = asked.said, asked.origin
        added = await self._campaigns.add(
            origin.vdn,
            body.plan(),
            (body.begin_at, body.end_at),
            body.status,
            origin.by,
            request=origin.request,
        )
        return Answer(
            _NOTHING,
            payload={"returnObject": {"id": added.id}},
            made={"campaign": str(added.id)},
        )

    @interface(
        "PUT",
        ONE_V1,
        "modifyCampaign",
        page="cec_07_0723",
        says="Modify a campaign that has not ended; what is not sent stays",
        form=modify_form_v1,
        codes=_MODIFY,
        example=examples.MODIFY_CAMPAIGN,
    )
    @interface(
        "PUT",
        ONE_V2,
        "modifyCampaignV2",
        page="cec_07_0724",
        says="Modify a campaign and its policies; what is not sent stays",
        form=modify_form_v2,
        codes=_MODIFY,
        example=examples.MODIFY_CAMPAIGN_V2,
    )
    async def modify(self, asked: Admitted[CampaignBody]) -> Answer:
        """Modify a campaign."""
        body = asked.said
        return await self._change(asked, Revision(body.plan(), body.begin_at, body.end_at))

    @interface(
        "DELETE",
        ONE_V1,
        "deleteCampaign",
        page="cec_07_0725",
        says="Delete a campaign that is not started",
        form=_DELETE_FORM,
        codes=_DELETE,
        example=examples.DELETE_CAMPAIGN,
    )
    async def delete(self, asked: Admitted[Delete]) -> Answer:
        """Delete a campaign."""
        return await self._change(asked, asked.said)

    @interface(
        "PUT",
        ONE_V1 + "/pause",
        "pauseCampaign",
        page="cec_07_0728",
        says="Pause a started campaign",
        form=Form(Nothing),
        codes=_SWITCH,
        example=examples.PAUSE,
    )
    async def pause(self, asked: Admitted[Nothing]) -> Answer:
        """Pause a campaign."""
        return await self._change(asked, Pause())

    @interface(
        "PUT",
        ONE_V1 + "/resume",
        "resumeCampaign",
        page="cec_07_0729",
        says="Resume a paused campaign, or start a draft",
        form=Form(Nothing),
        codes=_SWITCH,
        example=examples.RESUME,
    )
    async def resume(self, asked: Admitted[Nothing]) -> Answer:
        """Resume a campaign."""
        return await self._change(asked, Resume())

    @interface(
        "GET",
        ONE_V1,
        "queryCampaign",
        page="cec_07_0726",
        says="Query one campaign",
        form=Form(Nothing),
        codes=_ONE,
        example=examples.QUERY_CAMPAIGN,
        answers={"returnObject": DETAIL},
        in_query=True,
        reads=True,
    )
    async def query_one(self, asked: Admitted[Nothing]) -> Answer:
        """Answer with all of a campaign."""
        campaign = await self._campaigns.one(asked.origin.vdn, _id(asked))
        return Answer(_NOTHING, payload={"returnObject": detail(campaign, self._clock.now())})

    @interface(
        "GET",
        VDN_V1,
        "queryCampaigns",
        page="cec_07_0727",
        says="Query the campaigns of a VDN, by id",
        form=QUERY_FORM,
        codes=_ALL,
        example=examples.QUERY_CAMPAIGNS,
        answers=PAGE,
        in_query=True,
        reads=True,
    )
    async def query_all(self, asked: Admitted[Query]) -> Answer:
        """Answer with a page of campaigns."""
        query, now = asked.said, self._clock.now()
        found = await self._campaigns.find(query.of(asked.origin.vdn, now))
        return Answer(
            _NOTHING,
            payload={
                "curPage": query.page,
                "totalSize": found.total,
                "rowsPerPage": query.rows,
                "data": [row(campaign, now) for campaign in found.campaigns],
                "curSkillQueueCount": found.active_skill,
                "curIvrCount": found.active_ivr,
            },
        )

    async def _change(self, asked: Admitted[Any], change: CampaignChange) -> Answer:
        origin = asked.origin
        await self._campaigns.change(
            origin.vdn, _id(asked), change, origin.by, request=origin.request
        )
        return Answer()


def _id(asked: Admitted[Any]) -> int:
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
