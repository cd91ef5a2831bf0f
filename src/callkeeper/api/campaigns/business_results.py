"""Business results: what agents may file, defined and listed, cec_07_0732 and cec_07_0733."""

from typing import Any

import msgspec

from callkeeper.api import examples
from callkeeper.api.campaigns.campaigns import VALIDATION, VDN_V1
from callkeeper.api.contract.fields import Field, Form, Integer, Schema, Text
from callkeeper.api.contract.interface import Admitted, interface
from callkeeper.api.contract.objects import Objects
from callkeeper.core.campaigns.business_result import (
    CODE,
    DESCRIPTION,
    NAME,
    SUB_RESULTS_MAX,
    BusinessResult,
)
from callkeeper.core.phrase import Phrase
from callkeeper.http.answer import Answer
from callkeeper.usecases.campaigns import Definitions, Naming, NewResult

_TOP = "1"
_SUB = "2"
_PAGE_MAX = 10**9

_ADDED = Phrase("addBusinessResult success")


def _naming() -> tuple[Field, ...]:
    return (
        Text(
            name="name",
            ours="name",
            says="name",
            mandatory=True,
            longest=NAME.longest,
            characters=NAME.characters,
        ),
        Text(
            name="code",
            ours="code",
            says="code that is filed; one is made up when it is absent",
            longest=CODE.longest,
            characters=CODE.characters,
        ),
        Text(
            name="description",
            ours="description",
            says="description",
            longest=DESCRIPTION.longest,
            characters=DESCRIPTION.characters,
        ),
    )


# What may be defined, whoever asks.
ADD_FORM = Form(
    NewResult,
    *_naming(),
    Objects(
        name="children",
        ours="children",
        says="sub-results",
        each=Form(Naming, *_naming()),
        most=SUB_RESULTS_MAX,
    ),
)


class Query(msgspec.Struct, frozen=True):
    """Which page of the results, from 1, and how many it holds."""

    size: int
    page: int


_QUERY_FORM = Form(
    Query,
    Integer(name="pageSize", ours="size", says="results a page", mandatory=True, least=1, most=50),
    Integer(
        name="pageNum", ours="page", says="page, from 1", mandatory=True, least=1, most=_PAGE_MAX
    ),
)

_RECORD: dict[str, Schema] = {
    "name": {"type": "string"},
    "code": {"type": "string"},
    "defLevel": {"type": "string", "enum": [_TOP, _SUB]},
}
_RESULT: Schema = {
    "type": "object",
    "properties": {
        **_RECORD,
        "children": {"type": "array", "items": {"type": "object", "properties": _RECORD}},
    },
}
_PAGE: dict[str, Schema] = {
    "totalCount": {"type": "integer", "format": "int64"},
    "data": {"type": "array", "items": _RESULT},
}


class BusinessResultInterfaces:
    """The interfaces, over the use cases."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    @interface(
        "POST",
        VDN_V1 + "/addBusinessResult",
        "addBusinessResult",
        page="cec_07_0732",
        says="Define a business result and its sub-results",
        form=ADD_FORM,
        codes=f"0200000 0200001 {VALIDATION}",
        example=examples.ADD_BUSINESS_RESULT,
    )
    async def add(self, asked: Admitted[NewResult]) -> Answer:
        """Define a result; a code or a name that was defined before is refused."""
        origin = asked.origin
        await self._definitions.define(origin.vdn, asked.said, origin.by, request=origin.request)
        return Answer(_ADDED)

    @interface(
        "GET",
        VDN_V1 + "/queryBusinessResults",
        "queryBusinessResults",
        page="cec_07_0733",
        says="Query the business results of a VDN, oldest first",
        form=_QUERY_FORM,
        codes=f"0200000 0200001 0200005 0200007 {VALIDATION}",
        example=examples.QUERY_BUSINESS_RESULTS,
        answers=_PAGE,
        in_query=True,
        reads=True,
    )
    async def query(self, asked: Admitted[Query]) -> Answer:
        """Answer with a page of results."""
        size = asked.said.size
        offset = (asked.said.page - 1) * size
        found = await self._definitions.find(asked.origin.vdn, offset, size)
        data = [
            {**_record(result, _TOP), "children": [_record(child, _SUB) for child in children]}
            for result, children in found.results
        ]
        return Answer(payload={"totalCount": found.total, "data": data})


def _record(result: BusinessResult, level: str) -> dict[str, Any]:
    return {"name": result.name, "code": result.code, "defLevel": level}
