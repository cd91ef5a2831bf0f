"""What the expert's server puts on record: the values, in the order of the statements' places."""

from typing import NamedTuple


class Filed(NamedTuple):
    """A result, and what its row of history says."""

    vdn: int
    id: str
    agent: str | None
    caller_no: str | None
    fail_code: str | None
    call_id: str | None
    business_result: str | None
    business_sub_result: str | None
    begin_at: int | None
    end_at: int | None
    changed_at: int
    signed_at: int
    by_whom: str
    detail: str
    request: str


class Made(NamedTuple):
    """A reservation, and what its row of history says."""

    vdn: int
    id: str
    kind: str
    campaign_id: int
    called_no: str
    agent: str | None
    appoint_at: int
    call_data: str | None
    remark: str | None
    request: str
    made_at: int
    by_whom: str
    detail: str
