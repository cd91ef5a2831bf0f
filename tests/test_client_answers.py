"""What the client makes of answers that are none of this API, or are made to do it harm."""

import gzip
import json
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import pytest

from callkeeper.client import AnswerUnreadable, CallkeeperError, DatabaseFailed
from callkeeper.client.connections import ANSWER_BYTES_MAX
from tests.house import House
from tests.test_client import client_of, reserve, showing

ROW = {"appointId": "1", "appointTime": 1_800_000_000_000}


class Saying(BaseHTTPRequestHandler):
    """A server that says something of its own to everything."""

    said = b""
    headers_sent: ClassVar[Mapping[str, str]] = {}

    def do_POST(self) -> None:
        self._say()

    def do_GET(self) -> None:
        self._say()

    def _say(self) -> None:
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.send_response(200)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(self.said)))
        self.end_headers()
        with suppress(ConnectionError):  # who has heard enough does not listen to the end
            self.wfile.write(self.said)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


def saying(said: bytes, headers: Mapping[str, str] | None = None) -> type[Saying]:
    return type("ThisPage", (Saying,), {"said": said, "headers_sent": headers or {}})


@pytest.mark.parametrize(
    "fields",
    [
        {"returnObject": None, "data": 5, "totalSize": 1},
        {"returnObject": [], "data": [[]]},
        {"returnObject": {"id": None}, "data": [{}]},
        {"returnObject": {"appointId": "", "id": ""}, "data": [ROW | {"appointId": ""}]},
        {"returnObject": "x", "data": [ROW | {"appointTime": "soon"}, {"id": "x"}]},
        {"returnObject": 5, "data": [ROW | {"appointTime": 10**30}, {"id": 10**30}]},
        {"returnObject": {}, "data": [], "totalCount": "many", "totalSize": [1]},
    ],
    ids=str,
)
def test_a_success_that_does_not_hold_what_it_should_is_named(
    house: House, fields: dict[str, Any]
) -> None:
    said = json.dumps({"resultCode": "0200000", **fields}).encode()
    with showing(saying(said)) as url, client_of(house, url) as client:
        for ask in (
            lambda: reserve(client, house),
            client.list,
            lambda: client.campaign(1),
            client.campaigns,
            client.business_results,
            lambda: client.add_campaign(name="a"),
        ):
            with pytest.raises(AnswerUnreadable, match="is not as this API writes it"):
                ask()


@pytest.mark.parametrize("total", [-5, 1e308, 2**64, "-1"])
def test_a_total_that_counts_nothing_is_not_told(house: House, total: object) -> None:
    fields = {"resultCode": "0200000", "data": [], "totalCount": total, "totalSize": total}
    with showing(saying(json.dumps(fields).encode())) as url, client_of(house, url) as client:
        for ask in (client.list, client.campaigns, client.business_results):
            with pytest.raises(AnswerUnreadable, match="is not as this API writes it"):
                ask()


@pytest.mark.parametrize("wanted", ["9" * 5_000, "-1", "soon", "\xb2", "1.5", ""])
def test_a_retry_after_that_is_none_is_passed_over(house: House, wanted: str) -> None:
    said = b'{"resultCode":"0200006","resultDesc":"busy"}'
    with (
        showing(saying(said, {"retry-after": wanted})) as url,
        client_of(house, url) as client,
        pytest.raises(DatabaseFailed),
    ):
        client.list()


@pytest.mark.parametrize("depth", [100, 300, 490, 990])
@pytest.mark.parametrize(
    "whole",
    [
        '{"resultCode":%s}',
        '{"resultCode":"1","resultDesc":%s}',
        '{"resultCode":"0200000","data":[%s]}',
        '{"resultCode":"0200000","data":[{"appointId":"1","remark":%s}]}',
    ],
)
def test_a_field_that_is_nested_deep_is_no_bug(house: House, whole: str, depth: int) -> None:
    said = (whole % ("[" * depth + "]" * depth)).encode()
    with (
        showing(saying(said)) as url,
        client_of(house, url) as client,
        suppress(CallkeeperError),
    ):
        client.list()


def test_a_text_that_a_server_writes_otherwise_is_still_a_text(house: House) -> None:
    row = ROW | {"userAccount": 101, "callData": {"a": 1}, "remark": True, "taskName": None}
    said = json.dumps({"resultCode": "0200000", "data": [row], "totalCount": "1"}).encode()
    with showing(saying(said)) as url, client_of(house, url) as client:
        (found,) = client.list().reservations
    assert (found.agent, found.call_data, found.remark) == ("101", '{"a":1}', "true")
    assert found.campaign_name is None


@pytest.mark.parametrize(
    ("said", "headers", "why"),
    [
        (b"[" * 100_000, {}, r"'\[\[.*\[' is no answer of this API"),
        (b" " * (ANSWER_BYTES_MAX + 1), {}, "longer than 16777216 bytes"),
        (gzip.compress(b" " * 2 * ANSWER_BYTES_MAX), {"content-encoding": "gzip"}, "is packed"),
    ],
    ids=["deep", "long", "packed"],
)
def test_an_answer_that_would_take_a_client_down_is_none(
    house: House, said: bytes, headers: dict[str, str], why: str
) -> None:
    with (
        showing(saying(said, headers)) as url,
        client_of(house, url) as client,
        pytest.raises(AnswerUnreadable, match=why),
    ):
        client.list()
