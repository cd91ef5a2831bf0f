"""What /docs prints is sent as it stands there, and what it prints as the answer comes back."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from callkeeper.api.campaigns.form import add_form_v1
from callkeeper.api.contract.example import CAMPAIGN_ID
from callkeeper.api.contract.interface import Dialect
from callkeeper.api.examples import APPOINTED_AT, STANDING
from callkeeper.clock import HandClock
from callkeeper.core.campaigns.changes import NewCampaign
from callkeeper.operations.demo_examples import RESERVATION_IDS, booking
from tests.house import VDN, House
from tests.surface import interfaces

NOW = 1_795_867_200_000  # 2026-11-28 12:00:00 UTC
DIALECT = Dialect(deployment="integrated", init_status="zero_starts", alerting_seconds_max=60)
NAMES = (
    "create",
    "update",
    "updateResult",
    "delete",
    "list",
    "addCampaign",
    "addCampaignV2",
    "modifyCampaign",
    "modifyCampaignV2",
    "deleteCampaign",
    "pauseCampaign",
    "resumeCampaign",
    "queryCampaign",
    "queryCampaigns",
    "addBusinessResult",
    "queryBusinessResults",
)
BEFORE = {
    "queryBusinessResults": "addBusinessResult",
    "resumeCampaign": "pauseCampaign",
    "deleteCampaign": "pauseCampaign",
}

_SECTION = re.compile(r'<h2 id="(\w+)">(.*?)(?=<h2 )', re.DOTALL)
_EXAMPLE = re.compile(
    r"<h3>Example</h3>\s*<pre>(.*?)</pre>\s*<p>(.*?)</p>\s*<pre>(.*?)</pre>", re.DOTALL
)


class Printed(NamedTuple):
    """An example as the page prints it."""

    method: str
    path: str
    query: str
    body: bytes
    varies: list[str]
    answer: dict[str, Any]


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[House]:
    """A house where everything is that the examples speak of."""
    with House(tmp_path, clock=HandClock(NOW)) as house:
        with house.store.transaction():
            house.store.campaigns.add([_standing()])
            house.store.reservations.add(
                [
                    booking(each, VDN, campaign_id=CAMPAIGN_ID, appoint_at=APPOINTED_AT)
                    for each in RESERVATION_IDS
                ]
            )
        yield house


def test_every_interface_has_an_example(ready: House, tmp_path: Path) -> None:
    names = {each.name for each in interfaces(tmp_path / "surface")}
    assert _printed(ready).keys() == names == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_answered_as_printed(ready: House, name: str) -> None:
    printed = _printed(ready)
    if name in BEFORE:
        _send(ready, printed[BEFORE[name]])
    example = printed[name]
    answer = _send(ready, example)
    for path in example.varies:
        _take_over(path, example.answer, answer)
    assert answer == example.answer


def test_a_field_said_to_vary_is_of_the_printed_kind_and_does(ready: House) -> None:
    for name, example in _printed(ready).items():
        for path in example.varies:
            ours, theirs = (_at(path, body) for body in (_send(ready, example), example.answer))
            assert type(ours) is type(theirs), name
            assert ours != theirs, name
            assert re.sub("[0-9]", "9", str(ours))[:30] == "9" * len(str(ours)), name


def test_the_example_of_the_other_deployment_is_taken_by_it(tmp_path: Path) -> None:
    with House(tmp_path, clock=HandClock(NOW), deployment="op") as house:
        example = _printed(house)["create"]
        assert b"workNo" in example.body
        assert _send(house, example)["resultCode"] == "0200000"


def test_the_document_has_the_same_examples_as_the_page(ready: House) -> None:
    written = ready.http.get(f"{ready.url}/openapi.json").json()
    printed = _printed(ready)
    for methods in written["paths"].values():
        for operation in methods.values():
            shown = printed[operation["operationId"]]
            content = operation["responses"]["200"]["content"]["application/json"]
            assert content["example"] == shown.answer
            assert content.get("x-varies", []) == shown.varies
            if shown.body:
                body = operation["requestBody"]["content"]["application/json"]
                assert body["example"] == msgspec.json.decode(shown.body)


def _printed(house: House) -> dict[str, Printed]:
    """Read the examples off the page, as a person would copy them."""
    page = house.http.get(f"{house.url}/docs").text
    found = {}
    for name, section in _SECTION.findall(page):
        if example := _EXAMPLE.search(section):
            sent, said, answer = (unescape(part) for part in example.groups())
            line, _, body = sent.partition("\n\n")
            method, target = line.split()
            path, _, query = target.partition("?")
            varies = re.findall("<code>(.*?)</code>", said)
            found[name] = Printed(
                method, path, query, body.encode(), varies, msgspec.json.decode(answer)
            )
    return found


def _send(house: House, example: Printed) -> dict[str, Any]:
    answer = house.send(
        example.method,
        example.path.removeprefix("/rest/isales"),
        example.body or None,
        query=example.query,
    )
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def _at(path: str, body: dict[str, Any]) -> Any:
    value: Any = body
    for name in path.split("."):
        value = value[name]
    return value


def _take_over(path: str, printed: dict[str, Any], answer: dict[str, Any]) -> None:
    """Put what is printed in the place of what varies."""
    parent, _, name = path.rpartition(".")
    _at(parent, answer)[name] = _at(path, printed)


def _standing() -> NewCampaign:
    body = add_form_v1(DIALECT).read(STANDING)
    return NewCampaign(
        vdn=VDN,
        plan=body.plan(),
        begin_at=body.begin_at,
        end_at=body.end_at,
        status="started",
        by="migration",
        at=NOW,
        active_max=20,
        id=CAMPAIGN_ID,
    )
