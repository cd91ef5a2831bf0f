"""Screen pops: where a call leads in somebody else's program, and what no value can do to that."""

from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.reservations.screen_pop import (
    check_template,
    names_number,
    screen_pop,
    unknown_names,
)
from tests.store.orders import HOUR, NOW

TEMPLATE = "https://crm.example.com/c/{customerId}?tel={number}"


def reservation(call_data: object = None, **fields: object) -> Reservation:
    made = Reservation(
        vdn=25,
        id="r1",
        version=1,
        kind="manual",
        state="waiting",
        campaign_id=7,
        called_no="13800138000",
        agent="ann",
        appoint_at=NOW + HOUR,
        due_at=None,
        tries=0,
        call_data=None if call_data is None else msgspec.json.encode(call_data).decode(),
        remark=None,
        caller_no=None,
        fail_code=None,
        call_id=None,
        business_result=None,
        business_sub_result=None,
        begin_at=None,
        end_at=None,
        request="",
        made_at=NOW,
        changed_at=NOW,
    )
    return msgspec.structs.replace(made, **fields)


def test_a_place_has_the_value_of_its_name() -> None:
    call = reservation({"customerId": 4711, "number": "not ours"})
    assert screen_pop(TEMPLATE, call, "full") == "https://crm.example.com/c/4711?tel=13800138000"
    ours = "https://crm.example.com/{id}/{vdn}/{agent}/{campaign}"
    assert screen_pop(ours, call, "never") == "https://crm.example.com/r1/25/ann/7"
    assert screen_pop("https://crm.example.com", call, "never") == "https://crm.example.com"
    assert screen_pop(None, call, "full") is None


@pytest.mark.parametrize(
    ("call_data", "unknown"),
    [
        (None, ["customerId"]),
        ({"customerId": ""}, ["customerId"]),
        ({"customerId": None}, ["customerId"]),
        ({"customerId": ["4711"]}, ["customerId"]),
        ({"customerId": {"id": 1}}, ["customerId"]),
        ({"customerid": "4711"}, ["customerId"]),
        ({"customerId": "4711"}, []),
    ],
    ids=str,
)
def test_a_call_without_a_value_leads_nowhere(call_data: object, unknown: list[str]) -> None:
    call = reservation(call_data)
    assert unknown_names(TEMPLATE, call, "full") == unknown
    assert (screen_pop(TEMPLATE, call, "full") is None) is bool(unknown)


def test_where_numbers_are_never_shown_no_address_has_one() -> None:
    call = reservation({"customerId": "1", "number": "13800138000"})
    assert unknown_names(TEMPLATE, call, "never") == ["number"]
    assert screen_pop(TEMPLATE, call, "never") is None
    assert names_number(TEMPLATE)
    assert not names_number("https://crm.example.com/number?a={customerId}")


def test_what_nobody_has_is_unknown() -> None:
    assert unknown_names("https://a.b/{agent}{x}{agent}", reservation(agent=None), "full") == [
        "agent",
        "x",
    ]


@given(value=some.text(min_size=1))
def test_whatever_a_value_is_it_stays_in_its_place(value: str) -> None:
    call = reservation({"customerId": value.encode("utf-8", "replace").decode()})
    address = screen_pop("https://crm.example.com/c/{customerId}/x?a={customerId}#f", call, "full")
    assert address is not None
    assert address.isascii()
    found = urlsplit(address)
    assert (found.scheme, found.netloc, found.fragment) == ("https", "crm.example.com", "f")
    begin, name, end = found.path.rsplit("/", 2)
    assert (begin, end) == ("/c", "x")
    meant = value.encode("utf-8", "replace").decode()
    assert unquote(name) == meant
    assert parse_qs(found.query, keep_blank_values=True)["a"] == [meant]


@pytest.mark.parametrize(
    "template",
    [
        "http://crm.example.com/{number}",
        "HTTPS://crm.example.com/",
        "javascript:alert({number})",
        "//crm.example.com/",
        "https://",
        "https:///{number}",
        "https://{number}.example.com/",
        "https://crm.example.com{number}/",
        "https://crm.example.com:{number}/",
        "https://ann:secret@crm.example.com/",
        "https://crm.example.com/{}",
        "https://crm.example.com/{number",
        "https://crm.example.com/number}",
        "https://crm.example.com/{{number}}",
        "https://crm.example.com/a b",
        "https://crm.example.com/\u4e2d",
        "https://crm.example.com/\r\nset-cookie:a=b",
        "https://crm.example.com/" + "a" * 500,
    ],
    ids=lambda each: each[:40],
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(ParameterWrong) as refused:
        check_template(template)
    assert refused.value.about == "screen_pop"


@pytest.mark.parametrize(
    "template", [TEMPLATE, "https://a.b:8443", "https://a.b?x={call id}#{客户号}"]
)
def test_what_is_one_is_taken(template: str) -> None:
    check_template(template)
