"""Pages for those who sign nothing: as spelled, at a pace, in short to those who have them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from starlette.requests import Request

from callkeeper.api.contract.pages import fixed
from callkeeper.http.tarpit import AT_ONCE, PER_SECOND
from tests.api.test_abuse import connected, port_of
from tests.api.test_floods import answered
from tests.api.test_protocol import converse
from tests.house import House
from tests.ports import free_port

PAGES = ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"]


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server whose pages have a listener of their own."""
    with House(tmp_path_factory.mktemp("apart"), internal_port=free_port()) as house:
        yield house


def inside(house: House) -> str:
    return f"http://127.0.0.1:{house.settings.internal_port}"


@pytest.mark.parametrize(
    "path",
    [
        "/%6detrics",
        "/metric%73",
        "/%64ocs",
        "/openapi%2Ejson",
        "/openapi%2ejson",
        "/%68ealthz",
        "/readyz%3F",
        "/docs/",
        "//docs",
        "/DOCS",
    ],
)
def test_a_page_is_at_its_path_as_it_is_spelled_only(shared_house: House, path: str) -> None:
    answer = converse(shared_house, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), count=1)
    assert [status for status, _ in answer] == [404]


@pytest.mark.parametrize("target", [f"{page}#" for page in PAGES] + ["/metrics#/x", "/metrics?a#b"])
def test_a_path_with_a_fragment_leads_nowhere(shared_house: House, target: str) -> None:
    """A proxy's rule for /metrics does not know it, and the parser would pass over what it is."""
    sent = f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    ((status, answer),) = converse(shared_house, sent)
    assert status == 400
    assert answer["resultDesc"].startswith("a # stands in the path")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_a_client_that_has_a_page_is_not_sent_it_again(shared_house: House, path: str) -> None:
    def get(**headers: str) -> tuple[int, bytes]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = shared_house.http.get(shared_house.url + path, headers=given)
        assert answer.headers["etag"] == tag
        return answer.status_code, answer.content

    first = shared_house.http.get(shared_house.url + path)
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        assert get(if_none_match=known) == (304, b"")
    for known in ('"another"', tag[:-2] + '"', tag.strip('"')):
        assert get(if_none_match=known) == (200, first.content)
    assert get() == (200, first.content)


@pytest.mark.parametrize("path", PAGES)
def test_a_flood_of_pages_is_answered_at_a_pace(house: House, path: str) -> None:
    count = AT_ONCE + PER_SECOND
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n".encode()
    begun = monotonic()
    answers = converse(house, request * count, count=count)
    assert {status for status, _ in answers} <= {200, 304}
    assert monotonic() - begun > 0.9


@pytest.mark.parametrize("path", PAGES)
def test_pages_with_a_listener_of_their_own_are_nowhere_else(apart: House, path: str) -> None:
    outside = apart.http.get(apart.url + path)
    assert outside.status_code == 404
    assert "/docs" not in outside.json()["resultDesc"].replace(path, "")
    assert apart.http.get(inside(apart) + path).status_code == 200


def test_interfaces_are_not_where_only_pages_are(apart: House) -> None:
    path = "/rest/isales/v1/openapi/campaigns/25/appoint/list"
    assert apart.http.post(inside(apart) + path).status_code == 404
    assert apart.listed() == []


def test_a_flood_outside_delays_nobody_inside(apart: House) -> None:
    count = AT_ONCE + 4 * PER_SECOND
    request = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
    with connected(port_of(apart), count, request) as made:
        for _ in range(AT_ONCE // 2):
            assert apart.http.get(f"{inside(apart)}/healthz").status_code == 200
        assert apart.http.get(f"{inside(apart)}/nowhere").status_code == 404
        assert answered(made) < count  # in one queue with them, these would have come last


def test_requests_inside_are_counted_as_well(apart: House) -> None:
    apart.http.get(f"{inside(apart)}/nowhere")
    counted = 'callkeeper_requests_total{code="0200001",interface="-",status="404"}'
    assert counted in apart.http.get(f"{inside(apart)}/metrics").text


def test_a_listener_inside_has_a_host_of_its_own(tmp_path: Path) -> None:
    port = free_port()
    with House(tmp_path, internal_port=port, internal_host="127.0.0.3") as house:
        assert house.http.get(f"http://127.0.0.3:{port}/healthz").text == "ok\n"


def test_a_page_that_many_ask_for_first_is_made_once() -> None:
    made: list[bytes] = []

    def make() -> bytes:
        sleep(0.05)  # as long as all of them take to ask
        made.append(b"page")
        return made[-1]

    async def shown() -> list[bytes]:
        answer = fixed(make, "text/plain")
        request = Request({"type": "http", "headers": []})
        answers = await asyncio.gather(*(answer(request) for _ in range(20)))
        return [bytes(each.body) for each in [*answers, await answer(request)]]

    assert asyncio.run(shown()) == [b"page"] * 21
    assert made == [b"page"]
