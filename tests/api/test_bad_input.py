"""What must not come, and what becomes of it: a clean refusal, never a 500."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from callkeeper.api.contract.endpoint import BODY_MAX
from callkeeper.api.contract.fields import Form
from callkeeper.api.reservation_form import Addressed
from callkeeper.core.characters import BLANKS
from callkeeper.core.refusal import ParameterWrong
from callkeeper.installation.database import DATABASE_FILE
from tests.house import HOUR, TASK, VDN, House
from tests.surface import interfaces

FAMILY = f"/rest/isales/v1/openapi/campaigns/{VDN}/appoint"
NAMES = ["create", "update", "updateResult", "delete", "list"]
EVERY_INTERFACE = pytest.mark.parametrize("name", NAMES)
FOUR = {"returnCode", "resultCode", "resultDesc", "returnDesc"}


def code(response: httpx2.Response, status: int = 200) -> str:
    """Return the result code of an answer with the four fields."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    answer = response.json()
    assert answer.keys() >= FOUR
    assert answer["resultCode"] == answer["returnCode"]
    assert answer["resultDesc"] == answer["returnDesc"] != ""
    assert "Traceback" not in response.text
    return str(answer["resultCode"])


def good(house: House, name: str) -> dict[str, Any]:
    """Return a body that the interface takes."""
    if name == "list":
        return {"offset": 0, "limit": 10}
    if name == "create":
        return {
            "callType": 1,
            "calledNo": "66660001",
            "userAccount": "anna",
            "taskId": TASK,
            "appointTime": house.now() + HOUR,
        }
    return {"appointId": house.reserve()}


@EVERY_INTERFACE
@pytest.mark.parametrize("body", [b"", b"  \r\n", b"{}", b'{"unknown":1}'])
def test_a_body_without_fields_lacks_the_mandatory_ones(
    shared_house: House, name: str, body: bytes
) -> None:
    assert code(shared_house.post(name, body)) == "02000001"


@EVERY_INTERFACE
@pytest.mark.parametrize(
    "body",
    [
        b"hello",
        b"[]",
        b'[{"offset":0,"limit":10}]',
        b'"text"',
        b"null",
        b"17",
        b"{",
        b'{"offset":0,"limit":10',
        b'{"offset":0,"limit":10}}',
        b'{"offset":0,"limit":10}{}',
        b"{'offset':0}",
        b'{"offset":NaN}',
        b'{"offset":Infinity}',
        b'{"offset":1e400}',
        b'{"offset":' + b"1" * 5000 + b"}",
        b'{"offset":01}',
        b'{"remark":"\\ud800"}',
        b'{"remark":"\\udc00\\ud800"}',
        b'{"remark":"\xed\xa0\x80"}',
        b'{"remark":"\xff"}',
        b'{"remark":"\x00"}',
        b'{"remark":"\n"}',
        '{"offset":0}'.encode("utf-16"),
        b"offset=0&limit=10",
        b"<offset>0</offset>",
        b'{"remark":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"remark":' * 50_000,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_is_no_json_object_is_refused(
    shared_house: House, name: str, body: bytes
) -> None:
    assert code(shared_house.post(name, body)) == "0200001"


@EVERY_INTERFACE
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/json; charset=GBK",
        "application/json; charset=UTF-16",
        "x" * 5000,
    ],
)
def test_a_body_in_another_charset_or_form_is_refused(
    shared_house: House, name: str, content_type: str
) -> None:
    headers = {"content-type": content_type}
    response = shared_house.post(name, good(shared_house, name), headers=headers)
    assert code(response) == "0200001"
    assert response.json()["resultDesc"].startswith("Content-Type: ")


def test_a_body_over_1_mib_is_refused_by_its_announced_length(shared_house: House) -> None:
    response = shared_house.post("create", b" " * (BODY_MAX + 1))
    assert code(response, 413) == "0200001"
    assert code(shared_house.post("create", b" " * 2 * BODY_MAX), 413) == "0200001"


def test_a_body_of_1_mib_is_read(shared_house: House) -> None:
    body = json.dumps(good(shared_house, "create")).encode().ljust(BODY_MAX)
    assert code(shared_house.post("create", body)) == "0200000"


def test_a_body_over_1_mib_is_refused_when_it_comes_in_chunks(shared_house: House) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(32):
            yield b" " * 65536

    url = f"{shared_house.url}{FAMILY}/create"
    known = {"authorization": shared_house.claim()}
    response = shared_house.http.post(url, content=chunks(), headers=known)
    assert code(response, 413) == "0200001"


def test_the_body_of_somebody_unknown_is_not_waited_for(shared_house: House) -> None:
    head = b"POST %s/create HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    assert _raw(shared_house, head % FAMILY.encode()).startswith(b"HTTP/1.1 401 ")


def test_a_body_that_is_only_announced_as_huge_is_not_waited_for(shared_house: House) -> None:
    head = b"POST %s/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    assert _raw(shared_house, head % FAMILY.encode()).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("vdn", ["0", "-1", "10000", "abc", "25a", "2.5", "1" * 400, "٢٥", "25 "])
@EVERY_INTERFACE
def test_a_vdn_that_is_none_is_refused(shared_house: House, name: str, vdn: str) -> None:
    path = httpx2.URL(f"http://x/v1/openapi/campaigns/{vdn}/appoint/{name}").raw_path.decode()
    response = shared_house.send("POST", path, good(shared_house, name))
    assert code(response) == "0200001"
    assert response.json()["resultDesc"].startswith("vdnId: ")


def test_a_vdn_may_be_written_with_zeros_before_it(shared_house: House) -> None:
    body = good(shared_house, "list")
    assert code(shared_house.post("list", body, vdn="0025")) == "0200000"


@pytest.mark.parametrize(
    "number", [2**63, -(2**63) - 1, 2**64, 10**30, -(10**30), 1.5, 1e300, -0.5]
)
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("create", "callType"),
        ("create", "appointTime"),
        ("update", "appointTime"),
        ("updateResult", "beginTime"),
        ("updateResult", "endTime"),
        ("list", "offset"),
        ("list", "limit"),
        ("list", "beginTime"),
        ("list", "endTime"),
    ],
)
def test_a_number_beyond_its_field_is_refused(
    shared_house: House, name: str, field: str, number: float
) -> None:
    body = good(shared_house, name) | {field: number}
    assert code(shared_house.post(name, body)) in ("0200001", "04000001")


NASTY = [
    "'; DROP TABLE reservation; --",
    "1 OR 1=1",
    '" OR ""="',
    "%s %(vdn)s :vdn ? $1",
    "<script>alert(1)</script>",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "../../etc/passwd",
    "a\\b\\",
    "\u202egnp.exe",
    "\ufeff\u200b",
    "\U0001f4de" * 10,
    "e\u0301 é",
    " padded ",
    "null",
    "\x00",
    "a\x01b",
    "a\tb",
    "\r\nset-cookie: a=b",
    "\x1b[31m",
    "\x85",
]
TEXTS = {
    "create": ["calledNo", "userAccount", "taskId", "callData", "remark"],
    "update": ["appointId", "userAccount", "remark"],
    "updateResult": [
        "appointId",
        "userAccount",
        "callerNo",
        "failCode",
        "callId",
        "busiResult",
        "busiSubStatus",
    ],
    "delete": ["appointId"],
    "list": ["calledNo", "userAccountList", "taskId"],
}


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_a_nasty_text_is_refused_or_stored_and_given_back_unchanged(
    any_house: House, text: str
) -> None:
    any_house.reserve(calledNo="1")
    for name, fields in TEXTS.items():
        for field in fields:
            sent = [text] if field == "userAccountList" else text
            body = good(any_house, name) | {field: sent}
            answer = any_house.post(name, body)
            if code(answer) != "0200000" or name == "list":
                continue
            appoint_id = body.get("appointId") or answer.json()["returnObject"]["appointId"]
            (kept,) = [e[field] for e in any_house.listed() if e["appointId"] == appoint_id]
            blank_leaves = text.strip(BLANKS) or "testName"
            assert kept == (blank_leaves if field == "userAccount" else text)
    assert len(any_house.listed(calledNo="1")) == 1


def test_a_nasty_agent_is_found_by_its_very_name(any_house: House) -> None:
    names = [text for text in NASTY[:15] if text.strip(BLANKS)]
    for place, text in enumerate(names):
        any_house.reserve(userAccount=text, calledNo=place)
    for place, text in enumerate(names):
        found = any_house.listed(userAccountList=[text])
        assert [each["calledNo"] for each in found] == [str(place)]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/rest/isales/v1/openapi/campaigns",
        "/rest/isales/v1/openapi/campaigns/25/appoint/",
        "/rest/isales/v1/openapi/campaigns/25/appoint/create/",
        "/rest/isales/v1/openapi/campaigns/25/appoint/Create",
        "/rest/isales/v1/openapi/campaigns//appoint/create",
        "/rest/isales/v9/openapi/campaigns/25/appoint/create",
        "//rest/isales/v1/openapi/campaigns/25/appoint/create",
        "/docs/../../etc/passwd",
        "/%ff%00<script>",
    ],
)
def test_an_unknown_path_is_404_with_the_four_fields(shared_house: House, path: str) -> None:
    assert code(shared_house.http.post(shared_house.url + path), 404) == "0200001"


@EVERY_INTERFACE
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_wrong_method_is_405_and_says_which_is_right(
    shared_house: House, name: str, method: str
) -> None:
    response = shared_house.http.request(method, f"{shared_house.url}{FAMILY}/{name}")
    assert code(response, 405) == "0200001"
    assert response.headers["allow"] == "POST"


def test_where_a_path_has_several_methods_all_of_them_are_allowed(shared_house: House) -> None:
    response = shared_house.http.patch(f"{shared_house.url}/rest/isales/v1/openapi/campaigns/25")
    assert code(response, 405) == "0200001"
    assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))


@pytest.mark.parametrize(
    ("method", "word", "allowed"),
    [
        ("GET", "addBusinessResult", "POST"),
        ("PUT", "addBusinessResult", "POST"),
        ("DELETE", "queryBusinessResults", "GET, HEAD"),
        ("POST", "25", "DELETE, GET, HEAD, PUT"),
    ],
)
def test_an_interfaces_name_is_never_taken_for_a_campaigns_id(
    shared_house: House, method: str, word: str, allowed: str
) -> None:
    response = shared_house.send(method, f"/v1/openapi/campaigns/25/{word}")
    assert code(response, 405) == "0200001"
    assert response.headers["allow"] == allowed


def test_a_word_that_is_no_interfaces_name_is_read_as_a_campaigns_id(shared_house: House) -> None:
    for method, path in (("GET", "appoint"), ("PUT", "appoint/pause")):
        response = shared_house.send(method, f"/v1/openapi/campaigns/25/{path}")
        assert code(response) == "0200001"
        assert response.json()["resultDesc"] == "campaignId: 'appoint' is no integer"


@EVERY_INTERFACE
def test_a_database_that_fails_is_0200006_and_trying_again_is_safe(house: House, name: str) -> None:
    body = good(house, name)
    with closing(sqlite3.connect(house.settings.data_dir / DATABASE_FILE)) as database:
        database.execute("ALTER TABLE reservation RENAME TO elsewhere")
        answer = house.post(name, body)
        assert code(answer) == "0200006"
        database.execute("ALTER TABLE elsewhere RENAME TO reservation")
    assert code(house.post(name, body)) == "0200000"


def test_a_client_that_goes_away_breaks_nothing(shared_house: House) -> None:
    head = b"POST %s/create HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    host, port = shared_house.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head % FAMILY.encode())
    assert code(shared_house.post("list", good(shared_house, "list"))) == "0200000"


def test_a_request_to_become_a_websocket_is_answered_like_any_other(shared_house: House) -> None:
    upgrade = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
    }
    url = f"{shared_house.url}{FAMILY}/create"
    assert code(shared_house.http.get(url, headers=upgrade), 405) == "0200001"


leaves = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(exclude_categories=["Cs"]))
    | some.from_regex(r"-?[0-9]{1,25}", fullmatch=True)
    | some.sampled_from(["{}", "[]", '{"a":1}', "2030-01-31 08:00:00", "08:00"])
)
anything = some.recursive(
    leaves,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Form[Any]]:
    return {each.name: each.form for each in interfaces(tmp_path_factory.mktemp("forms"))}


@settings(max_examples=300, deadline=None)
@given(data=some.data())
def test_a_form_takes_any_json_or_refuses_it_as_a_wrong_parameter(
    forms: dict[str, Form[Any]], data: some.DataObject
) -> None:
    form = forms[data.draw(some.sampled_from(sorted(forms)))]
    names = [field.name for field in form.fields]
    keys = some.sampled_from(names) | some.text() if names else some.text()
    body = data.draw(some.dictionaries(keys, anything))
    try:
        said = form.read(body)
    except ParameterWrong as refusal:
        assert refusal.sentence  # noqa: PT017 - either end is right, anything else is a bug
    else:
        made = said.change if isinstance(said, Addressed) else said
        assert msgspec.convert(msgspec.to_builtins(made), type(made)) == made


def _raw(house: House, sent: bytes) -> bytes:
    """Send bytes as they are, and return the first that come back."""
    host, port = house.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(sent)
        return connection.recv(65536)
