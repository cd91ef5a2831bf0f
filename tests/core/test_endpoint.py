"""Endpoints: which may be somebody's phone."""

import pytest

from callkeeper.core.endpoint import lasting, may_ring

DESKS = "PJSIP/* SIP/desk-*  Local/*@desks"


@pytest.mark.parametrize(
    "phone", ["PJSIP/1001", "PJSIP/ann.li_2+x", "SIP/desk-7", "Local/1001@desks"]
)
def test_a_phone_of_an_allowed_form_may_ring(phone: str) -> None:
    assert may_ring(phone, DESKS)


@pytest.mark.parametrize(
    "phone",
    [
        "PJSIP/0090012345@trunk",
        "PJSIP/sip:0090012345@198.51.100.1",
        "PJSIP/1001\n",
        "PJSIP/1001/n",
        "PJSIP/",
        "pjsip/1001",
        "XPJSIP/1001",
        "SIP/0090012345",
        "Local/0090012345@from-internal",
        "Local/1001@desks@from-internal",
        "Local/1001@desks2",
        "Local/1001@xdesks",
        "PJSIP/\u0661",
    ],
)
def test_no_other_may(phone: str) -> None:
    assert not may_ring(phone, DESKS)


def test_a_dot_of_a_form_is_a_dot() -> None:
    assert may_ring("PJSIP/a.b", "PJSIP/a.b")
    assert not may_ring("PJSIP/axb", "PJSIP/a.b")


@pytest.mark.parametrize(
    ("endpoint", "lasts"),
    [
        ("Local/0301@outbound", "Local/0301@outbound/n"),
        ("Local/1001@desks", "Local/1001@desks/n"),
        ("local/1001@desks", "local/1001@desks/n"),
        ("Local/0301@outbound/n", "Local/0301@outbound/n"),
        ("Local/0301@outbound/nj", "Local/0301@outbound/nj"),
        ("PJSIP/0301@trunk", "PJSIP/0301@trunk"),
    ],
)
def test_a_local_channel_stays_for_as_long_as_its_call(endpoint: str, lasts: str) -> None:
    assert lasting(endpoint) == lasts
