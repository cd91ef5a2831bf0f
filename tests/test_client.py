"""The public client, against the real server, and against a network that loses answers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from callkeeper.client import (
    AlreadyCalled,
    AnswerUnreadable,
    Client,
    NoSuchCampaign,
    NoSuchReservation,
    NotAuthenticated,
    NumberRefused,
    ParameterRefused,
    Patience,
    Refused,
    StateForbids,
    Style,
    TimeRefused,
    Unreachable,
)
from tests.house import HOUR, TASK, VDN, House
from tests.ports import free_port
from tests.relay import Relay


class Naps:
    """Counts pauses instead of making them."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def client_of(house: House, url: str | None = None, **how: Any) -> Client:
    return Client(url or house.url, house.key.ak, house.key.secret, VDN, sleep=Naps(), **how)


def reserve(client: Client, house: House, number: str = "66660001") -> str:
    return client.reserve(number, at=house.now() + HOUR, campaign=TASK, agent="testName")


def window() -> dict[str, Any]:
    now = datetime.now(UTC).replace(microsecond=0)
    return {"begin": now, "end": now + timedelta(days=2), "workday_windows": [("09:00", "18:00")]}


def test_a_reservation_is_listed_with_aware_times(house: House) -> None:
    at = datetime(2090, 1, 2, 3, 4, 5, tzinfo=UTC)
    with client_of(house) as client:
        id_ = client.reserve(
            "66660001", at=at, campaign=1106025109, agent="testName", remark="备注"
        )
        page = client.list(called="66660001")
    (found,) = page.reservations
    assert (found.id, found.at, found.remark, found.kind) == (id_, at, "备注", "manual")
    assert (page.total, found.campaign_status, found.begin) == (1, "started", None)


def test_a_result_is_filed_and_its_reservation_cannot_be_cancelled(house: House) -> None:
    with client_of(house) as client:
        id_ = reserve(client, house)
        client.record_result(id_, fail_code="00000", begin=1747220297000, end=1747220365000)
        (found,) = client.list().reservations
        assert found.fail_code == "00000"
        assert found.end == datetime(2025, 5, 14, 10, 59, 25, tzinfo=UTC)
        with pytest.raises(AlreadyCalled) as refused:
            client.cancel(id_)
    assert refused.value.code == "04000005"
    assert "cannot be deleted" in refused.value.sentence


def test_a_moved_reservation_is_at_its_new_time_and_a_cancelled_one_is_gone(house: House) -> None:
    later = datetime(2091, 1, 1, tzinfo=UTC)
    with client_of(house) as client:
        id_ = reserve(client, house)
        client.move(id_, at=later, agent="other")
        (found,) = client.list().reservations
        assert (found.at, found.agent) == (later, "other")
        client.cancel(id_)
        assert client.list().total == 0
        with pytest.raises(NoSuchReservation):
            client.cancel(id_)


def test_iterating_yields_every_page_once(house: House) -> None:
    with client_of(house) as client:
        for number in range(103):
            reserve(client, house, f"{number:08}")
        called = [each.called for each in client.iterate(agents=["testName"])]
    assert sorted(called) == [f"{number:08}" for number in range(103)]


def test_a_datetime_without_a_zone_is_refused(house: House) -> None:
    naive = datetime(2090, 1, 1)  # noqa: DTZ001 - what is refused
    with client_of(house) as client, pytest.raises(ValueError, match="has no time zone"):
        client.reserve("66660001", at=naive, campaign=TASK, agent="testName")


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda c: c.reserve("1", at=1_000_000_000_000, campaign=TASK, agent="a"), TimeRefused),
        (lambda c: c.reserve("x", at=4_000_000_000_000, campaign=TASK, agent="a"), NumberRefused),
        (lambda c: c.reserve("1", at=4_000_000_000_000, campaign=9, agent="a"), NoSuchCampaign),
        (lambda c: c.reserve("1", at=4_000_000_000_000, campaign=TASK), ParameterRefused),
        (lambda c: c.move("17", remark="x"), NoSuchReservation),
        (lambda c: c.campaign(17), NoSuchCampaign),
    ],
)
def test_a_refusal_has_a_kind_of_its_own(
    house: House, ask: Callable[[Client], object], kind: type[Refused]
) -> None:
    with client_of(house) as client, pytest.raises(kind):
        ask(client)


def test_a_wrong_secret_is_not_authenticated_and_not_tried_again(house: House) -> None:
    naps = Naps()
    with (
        Client(house.url, house.key.ak, "wrong", VDN, sleep=naps) as client,
        pytest.raises(NotAuthenticated) as refused,
    ):
        client.list()
    assert (refused.value.status, naps.seconds) == (401, [])


@pytest.mark.parametrize(
    "style",
    [
        Style(),
        Style(milliseconds=False),
        Style(empty_query_line=True),
        Style(three_headers=True),
        Style(milliseconds=False, empty_query_line=True, three_headers=True),
    ],
)
def test_every_style_of_signing_is_let_in(house: House, style: Style) -> None:
    with client_of(house, style=style) as client:
        assert client.list().total == 0
        assert client.campaigns(name="数 a/b").total == 0


@pytest.mark.parametrize("path", ["/calls", "/a b/calls/"])
def test_a_path_that_a_proxy_cuts_is_sent_and_not_signed(house: House, path: str) -> None:
    cut = path.rstrip("/").replace(" ", "%20")
    with Relay(house.url, cut=cut) as relay, client_of(house, f"{relay.url}{path}") as client:
        id_ = reserve(client, house)
        assert [each.id for each in client.list().reservations] == [id_]
        assert client.campaigns(name="数 a/b").total == 0
    sent = f" {cut}/rest/isales/".encode()
    assert all(sent in each.partition(b"\r\n")[0] for each in relay.requests)


def test_a_create_whose_answer_is_lost_is_sent_again_byte_for_byte_and_books_once(
    house: House,
) -> None:
    with Relay(house.url, lose=2) as relay, client_of(house, relay.url) as client:
        id_ = reserve(client, house)
        assert [each.id for each in client.list().reservations] == [id_]
    assert relay.requests[0] == relay.requests[1] == relay.requests[2]


def test_a_create_is_sent_once_to_a_server_that_would_book_twice(house: House) -> None:
    with (
        Relay(house.url, lose=1) as relay,
        client_of(house, relay.url, books_once=False) as client,
    ):
        with pytest.raises(Unreachable) as lost:
            reserve(client, house)
        assert lost.value.maybe_done
    assert len(relay.requests) == 1


def test_a_result_whose_answer_is_lost_is_signed_anew(house: House) -> None:
    instants = iter(range(house.now(), house.now() + 1_000_000, 1_000))
    with client_of(house) as client:
        id_ = reserve(client, house)
    with (
        Relay(house.url, lose=1) as relay,
        client_of(house, relay.url, now=lambda: next(instants)) as client,
    ):
        client.record_result(id_, fail_code="00000")
    first, second = relay.requests
    assert first != second
    assert first.partition(b"\r\n\r\n")[2] == second.partition(b"\r\n\r\n")[2]


def test_a_cancel_whose_answer_is_lost_is_done_when_it_finds_nothing(house: House) -> None:
    with Relay(house.url, lose=1) as relay, client_of(house, relay.url) as client:
        id_ = reserve_directly(house)
        client.cancel(id_)
        with pytest.raises(NoSuchReservation):
            client.cancel(id_)


def test_a_cancel_that_failed_with_0200006_is_done_when_it_then_finds_nothing(
    house: House,
) -> None:
    with Relay(house.url, deny=1) as relay, client_of(house, relay.url) as client:
        client.cancel(reserve_directly(house))
    assert len(relay.requests) == 2
    assert house.listed() == []


def test_a_campaign_whose_deletion_failed_with_0200006_is_gone_when_it_is_not_found(
    house: House,
) -> None:
    house.has_campaign(7, status="paused")
    with Relay(house.url, deny=1) as relay, client_of(house, relay.url) as client:
        client.delete_campaign(7)
        with pytest.raises(NoSuchCampaign):
            client.campaign(7)


@pytest.mark.parametrize("wrong", ["http://[::1", "foo", "", "http://", "ftp://h", "http://h:x"])
def test_a_url_that_is_none_is_refused_in_one_sentence_and_nothing_was_done(wrong: str) -> None:
    with pytest.raises(Unreachable, match="URL") as refused:
        Client(wrong, "ak", "sk", VDN)
    assert not refused.value.maybe_done


def reserve_directly(house: House) -> str:
    with client_of(house) as client:
        return reserve(client, house)


def test_a_business_result_whose_answer_is_lost_is_not_sent_again(house: House) -> None:
    with Relay(house.url, lose=1) as relay, client_of(house, relay.url) as client:
        with pytest.raises(Unreachable) as lost:
            client.add_business_result("once")
        assert lost.value.maybe_done
    assert len(relay.requests) == 1


def test_without_a_connection_everything_is_tried_again_and_nothing_was_done() -> None:
    naps = Naps()
    patience = Patience(tries=5, first_pause_seconds=1, longest_pause_seconds=3)
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url, "ak", "sk", VDN, patience=patience, sleep=naps) as client:
        with pytest.raises(Unreachable) as nobody:
            client.add_business_result("once")
        assert not nobody.value.maybe_done
    assert len(naps.seconds) == 4
    steps = zip(naps.seconds, (1, 2, 3, 3), strict=True)
    assert all(step / 2 <= pause <= step for pause, step in steps)


class Page(BaseHTTPRequestHandler):
    """What a proxy shows: a page that is no JSON."""

    status = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.status)
        self.send_header("content-length", "13")
        self.end_headers()
        self.wfile.write(b"<html></html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


class BadGateway(Page):
    status = 502


@contextmanager
def showing(page: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(10)


def test_a_page_that_is_not_this_api_is_named(house: House) -> None:
    with (
        showing(Page) as url,
        client_of(house, url) as client,
        pytest.raises(AnswerUnreadable, match="html"),
    ):
        client.list()


def test_a_bad_gateway_is_asked_again_and_then_refuses(house: House) -> None:
    naps = Naps()
    with (
        showing(BadGateway) as url,
        Client(url, house.key.ak, house.key.secret, VDN, sleep=naps) as client,
        pytest.raises(Refused) as refused,
    ):
        client.list()
    assert (refused.value.status, len(naps.seconds)) == (502, 3)


def test_a_campaign_lives_from_paused_to_deleted(house: House) -> None:
    with client_of(house) as client:
        id_ = client.add_campaign(
            name="spring",
            device_type=5,
            alerting_seconds_max=20,
            caller="10085",
            skill={"skillId": 5, "skillName": "Voice", "outBoundType": 2},
            start=False,
            **window(),
        )
        assert client.campaign(id_).status == "paused"
        client.resume_campaign(id_)
        assert client.campaign(id_).status == "started"
        with pytest.raises(StateForbids):
            client.delete_campaign(id_)
        client.pause_campaign(id_)
        assert client.campaigns(name="spring").campaigns[0].status == "paused"
        client.delete_campaign(id_)
        with pytest.raises(NoSuchCampaign):
            client.campaign(id_)


def test_a_campaign_of_v2_can_be_modified(house: House) -> None:
    terms: dict[str, Any] = {
        "device_type": 3,
        "alerting_seconds_max": 20,
        "callers": [("88889527", 3), ("88880066", 4)],
        "ivr": {"deviceSign": "1000", "callCount": 1, "callInterval": 5},
        "priority": 4,
        **window(),
    }
    with client_of(house) as client:
        id_ = client.add_campaign_v2(name="before", **terms)
        client.modify_campaign_v2(id_, name="after", **terms)
        found = client.campaign(id_)
        assert (found.name, found.begin, found.end) == ("after", terms["begin"], terms["end"])
        v1 = {name: terms[name] for name in ("device_type", "alerting_seconds_max", "ivr")}
        client.modify_campaign(id_, name="again", caller="88880066", **v1, **window())
        assert client.campaign(id_).name == "again"


def test_a_field_of_the_other_version_is_refused_before_it_is_sent(house: House) -> None:
    with client_of(house) as client, pytest.raises(ValueError, match="priority"):
        client.add_campaign(name="x", priority=1)


def test_business_results_come_back_with_their_children(house: House) -> None:
    with client_of(house) as client:
        client.add_business_result(
            "呼叫失败", code="123456", children=[{"name": "客户关机", "code": "100002"}]
        )
        for number in range(60):
            client.add_business_result(f"more {number}", code=f"more-{number}")
        first, *others = client.business_results()
    assert (first.name, first.code, first.children[0].code) == ("呼叫失败", "123456", "100002")
    assert len(others) == 60
