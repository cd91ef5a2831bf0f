"""What needs no signature."""

import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from callkeeper.installation.database import DATABASE_FILE
from tests.house import House
from tests.waiting import until


def test_a_running_server_is_alive_and_ready(any_house: House) -> None:
    assert any_house.http.get(f"{any_house.url}/healthz").text == "ok\n"
    ready = any_house.http.get(f"{any_house.url}/readyz")
    version = any_house.store.schema_version()
    assert (ready.status_code, ready.text) == (200, f"ready, schema {version}\n")


def test_a_server_whose_database_does_not_answer_is_alive_but_not_ready(house: House) -> None:
    with sqlite3.connect(house.settings.data_dir / DATABASE_FILE) as database:
        database.execute("ALTER TABLE schema_version RENAME TO elsewhere")
    database.close()
    ready = house.http.get(f"{house.url}/readyz")
    assert (ready.status_code, ready.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    assert house.http.get(f"{house.url}/healthz").status_code == 200


def test_metrics_count_requests_by_interface_status_and_code(house: House) -> None:
    house.reserve()
    house.post("create", {})
    house.http.post(f"{house.url}/rest/isales/v1/openapi/campaigns/25/appoint/create")
    text = house.http.get(f"{house.url}/metrics").text
    for status, code in ((200, "0200000"), (200, "02000001"), (401, "0200001")):
        labels = f'{{code="{code}",interface="create",status="{status}"}}'
        assert f"callkeeper_requests_total{labels} 1.0" in text
    assert 'callkeeper_request_seconds_count{interface="create"} 3.0' in text


def test_many_who_ask_at_once_all_hear_how_it_stands(any_house: House) -> None:
    def ask(path: str) -> int:
        return any_house.http.get(any_house.url + path).status_code

    with ThreadPoolExecutor(40) as threads:
        assert set(threads.map(ask, ["/readyz", "/metrics"] * 100)) == {200}


def test_a_request_is_counted_before_the_metrics_are_asked_for_next(house: House) -> None:
    for number in range(1, 6):
        house.post("create", {})
        counted = f'callkeeper_request_seconds_count{{interface="create"}} {number}.0'
        assert counted in house.http.get(f"{house.url}/metrics").text


def test_a_client_that_went_away_is_no_mistake_of_the_server(house: House) -> None:
    host, _, port = house.url.removeprefix("http://").partition(":")
    path = "/rest/isales/v1/openapi/campaigns/25/appoint/create"
    with socket.create_connection((host, int(port)), 20) as client:
        head = f"POST {path} HTTP/1.1\r\nHost: it\r\nAuthorization: {house.claim()}\r\n"
        client.sendall(f"{head}Content-Length: 9\r\n\r\n{{".encode())
    gone = 'callkeeper_requests_total{code="gone",interface="create",status="499"} 1.0'
    until(lambda: gone in house.http.get(f"{house.url}/metrics").text)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"])
def test_they_are_only_for_reading(shared_house: House, path: str) -> None:
    response = shared_house.http.post(shared_house.url + path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert response.json()["resultCode"] == "0200001"
