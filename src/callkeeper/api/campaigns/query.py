"""The query of a VDN's campaigns, cec_07_0727."""

from collections.abc import Mapping
from typing import Any

import msgspec

from callkeeper.api.campaigns.record import ENDED, STATUS
from callkeeper.api.contract.fields import Choice, Field, Form, Integer, Text, Values
from callkeeper.api.contract.times import DateTime
from callkeeper.core.campaigns.campaign import IVR_DEVICES, SKILL_DEVICES
from callkeeper.store.port.campaigns import CampaignsWanted

_PAGE_MAX = 10**9


class QueryForm(Form):
    """The query, which gained ``statusV2``: where it is sent, it counts."""

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
QUERY_FORM = QueryForm(
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


def wanted(vdn: int, now: int, page: int, rows: int, values: Values) -> CampaignsWanted:
    """Return what is to be found, from the form's other values."""
    state = values.pop("state")
    return CampaignsWanted(
        vdn=vdn, offset=(page - 1) * rows, limit=rows, now=now, **state, **values
    )
