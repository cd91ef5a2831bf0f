"""The query of a VDN's campaigns, cec_07_0727."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from callkeeper.api.campaigns.record import ENDED, STATUS
from callkeeper.api.contract.fields import Choice, Field, Fields, Form, Integer, Text
from callkeeper.api.contract.times import DateTime
from callkeeper.core.campaigns.campaign import DEVICE_TYPES, Status
from callkeeper.core.instants import Instant
from callkeeper.store.port.campaigns import CampaignsWanted

_ROWS_DEFAULT = 10
_PAGE_MAX = 10**9


class _State(NamedTuple):
    status: Status | None = None
    ended: Literal[True] | None = None


class Query(msgspec.Struct, frozen=True):
    """Which page of which campaigns, of whichever VDN asks; pages count from 1."""

    state: _State
    device_type: int | None
    page: int = 1
    rows: int = _ROWS_DEFAULT
    name: str | None = None
    begin_at: Instant | None = None
    end_at: Instant | None = None

    def of(self, vdn: int, now: Instant) -> CampaignsWanted:
        """Return what is wanted of a VDN."""
        return CampaignsWanted(
            vdn=vdn,
            offset=(self.page - 1) * self.rows,
            limit=self.rows,
            now=now,
            name=self.name,
            status=self.state.status,
            ended=self.state.ended,
            device_type=self.device_type,
            begin_at=self.begin_at,
            end_at=self.end_at,
        )


class PageNumber(Integer, frozen=True, kw_only=True):
    """A page, counted from 1; less is taken as 1."""

    def take(self, value: Any) -> int:  # noqa: ANN401 - JSON comes in
        """Return the page."""
        return max(super().take(value), 1)


class QueryForm(Form[Query]):
    """The query, which gained ``statusV2``: where it is sent, it counts."""

    def __init__(self, *fields: Field) -> None:
        Fields.__init__(self, *fields)  # no form: two of them are for one field of ours
        others = [field for field in fields if field.name not in ("status", "statusV2")]
        newer = next(field for field in fields if field.name == "statusV2")
        must = msgspec.structs.replace(newer, mandatory=True)  # it is there where it is read
        self._newer = Form(Query, must, *others)
        self._older = Form(Query, *(field for field in fields if field.name != "statusV2"))

    def read(self, body: Mapping[str, Any]) -> Query:
        """Return what a query says; raise the fault that comes first."""
        return (self._newer if body.get("statusV2") else self._older).read(body)


_STATUS = Choice(
    name="status",
    ours="state",
    says="0 any, 1 draft, 2 started, 3 paused, 4 ended",
    mandatory=True,
    choices={
        0: _State(),
        **{number: _State(status=status) for status, number in STATUS.items()},
        ENDED: _State(ended=True),
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
        choices={0: None, **{number: number for number in DEVICE_TYPES}},
    ),
    DateTime(name="beginTime", ours="begin_at", says="begins at this time or later, UTC"),
    DateTime(name="endTime", ours="end_at", says="ends at this time or earlier, UTC"),
    PageNumber(
        name="curPage", ours="page", says="page, from 1; less is taken as 1", most=_PAGE_MAX
    ),
    Integer(name="rowsPerPage", ours="rows", says="rows a page, 10 unless said", least=1, most=100),
)
