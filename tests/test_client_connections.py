"""How the client reads a server's URL, and by which way it goes there."""

import asyncio
import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from callkeeper.client import Client, Patience, Unreachable
from callkeeper.client.connections import Server
from tests.async_server import AsyncServer
from tests.house import VDN, House
from tests.ports import free_port
from tests.test_client import showing
from tests.test_client_answers import Saying

ONCE = Patience(tries=1)
NOTHING = b'{"resultCode":"0200000","totalCount":0,"data":[]}'


class Proxy(Saying):
    """A proxy that keeps what it is asked, and answers it by itself."""

    said = NOTHING
    asked: ClassVar[list[str]] = []
    credentials: ClassVar[list[str | None]] = []

    def do_POST(self) -> None:  # noqa: N802 - its name there
        self.asked.append(f"{self.path} {self.headers['host']}")
        self.credentials.append(self.headers["proxy-authorization"])
        super().do_POST()

    def do_CONNECT(self) -> None:  # noqa: N802 - the same
        self.asked.append(f"CONNECT {self.path}")
        self.send_error(403)


@contextmanager
def proxy(monkeypatch: pytest.MonkeyPatch, **more: str) -> Iterator[type[Proxy]]:
    """Let the environment name a proxy."""
    kind = type("ThisProxy", (Proxy,), {"asked": [], "credentials": []})
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with showing(kind) as url:
        monkeypatch.setenv("all_proxy", url.replace("://", "://ann:s%40fe@"))
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        yield kind


def client_of(url: str, **how: Any) -> Client:
    return Client(url, "ak", "sk", VDN, patience=ONCE, timeout=5, **how)


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("http://PBX.example.com/", "pbx.example.com", ""),
        ("http://pbx.example.com:80", "pbx.example.com", ""),
        ("https://pbx.example.com:443/calls/", "pbx.example.com", "/calls"),
        ("https://pbx.example.com:28443/a b/%20", "pbx.example.com:28443", "/a%20b/%20"),
        ("http://[::1]:28443", "[::1]:28443", ""),
        ("https://bücher.example", "xn--bcher-kva.example", ""),
    ],
)
def test_the_host_that_is_signed_is_the_one_that_a_server_expects(
    url: str, host: str, path: str
) -> None:
    server = Server.read(url)
    assert (server.header(), server.path) == (host, path)


@pytest.mark.parametrize("url", ["http://h?q=1", "http://h/#a", "http://h..example", "http://h:0x"])
def test_a_url_that_leads_to_no_server_is_told_with_how_to_write_one(url: str) -> None:
    with pytest.raises(Unreachable, match="URL"):
        client_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@pbx.example.com",
        "https://user:secret@pbx.example.com/?x",
        "user:secret@pbx.example.com",
        "https://user:sec/ret@pbx.example.com",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Unreachable, match="no user and no password") as refused:
        client_of(url)
    assert "sec" not in str(refused.value)


def test_a_server_abroad_is_asked_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with proxy(monkeypatch) as asked, client_of("http://pbx.example.com/calls") as client:
        assert client.list().total == 0
    path = f"/calls/rest/isales/v1/openapi/campaigns/{VDN}/appoint/list"
    assert asked.asked == [f"http://pbx.example.com{path} pbx.example.com"]
    assert asked.credentials == [f"Basic {b64encode(b'ann:s@fe').decode()}"]


def test_a_proxy_that_lets_nobody_through_was_not_sent_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        proxy(monkeypatch) as asked,
        client_of("https://pbx.example.com") as client,
        pytest.raises(Unreachable, match="the request was not sent") as lost,
    ):
        client.list()
    assert asked.asked == ["CONNECT pbx.example.com:443"]
    assert not lost.value.maybe_done


@pytest.mark.parametrize("no_proxy", ["pbx.invalid", ".invalid", "*"])
def test_no_proxy_is_asked_for_a_server_that_the_environment_excepts(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    with (
        proxy(monkeypatch, no_proxy=no_proxy) as asked,
        client_of("http://pbx.invalid") as client,
        pytest.raises(Unreachable, match="the request was not sent"),
    ):
        client.list()
    assert asked.asked == []


def test_no_proxy_is_asked_for_a_server_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    with (
        proxy(monkeypatch) as asked,
        Client(house.url, house.key.ak, house.key.secret, VDN) as client,
    ):
        assert client.list().total == 0
    assert asked.asked == []


def test_a_proxy_of_another_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        proxy(monkeypatch, all_proxy="socks5://127.0.0.1:1080"),
        pytest.raises(
            Unreachable, match=r"socks5://127\.0\.0\.1 as the proxy, and only one of HTTP"
        ),
    ):
        client_of("http://pbx.example.com")


@pytest.mark.parametrize(
    "url",
    ["nonsense hush", "http://u:hush@p:abc", "http://u:hush@[::1", "http://u:hush@p..q"],
)
def test_a_proxy_whose_url_is_none_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with (
        proxy(monkeypatch, all_proxy=url),
        pytest.raises(Unreachable, match="a proxy whose URL is none") as told,
    ):
        client_of("http://pbx.example.com")
    assert "hush" not in str(told.value)


def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with (
        proxy(monkeypatch, all_proxy=f"http://ann:hush@127.0.0.1:{port}"),
        client_of("http://pbx.example.com") as client,
        pytest.raises(
            Unreachable, match=f"did not answer over the proxy 127.0.0.1:{port} "
        ) as told,
    ):
        client.list()
    assert "hush" not in str(told.value)


class ProxyOverIpv6(ThreadingHTTPServer):
    """Where a proxy listens that has an IPv6 address."""

    address_family = socket.AF_INET6


def test_a_proxy_may_have_an_ipv6_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy(monkeypatch) as asked, ProxyOverIpv6(("::1", 0), asked) as six:
        Thread(target=six.serve_forever, daemon=True).start()
        monkeypatch.setenv("all_proxy", f"http://[::1]:{six.server_port}")
        with client_of("http://pbx.example.com") as client:
            assert client.list().total == 0
        six.shutdown()
    assert len(asked.asked) == 1


def test_a_certificate_that_nobody_vouches_for_is_not_trusted_unless_it_is_given(
    tmp_path: Path,
) -> None:
    with House(tmp_path / "data", tls="auto") as house:
        key = (house.key.ak, house.key.secret, VDN)
        with (
            Client(house.url, *key, patience=ONCE) as wary,
            pytest.raises(Unreachable, match="the request was not sent"),
        ):
            wary.list()
        with Client(house.url, *key, verify=tmp_path / "data/tls-certificate.pem") as told:
            assert told.list().total == 0
        with Client(house.url, *key, verify=False) as careless:
            assert careless.list().total == 0


def test_a_server_that_speaks_no_tls_was_not_sent_the_request(house: House) -> None:
    with (
        client_of(house.url.replace("http", "https")) as client,
        pytest.raises(Unreachable, match="the request was not sent"),
    ):
        client.list()


def test_nobody_who_listens_is_told_with_where_that_was() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with client_of(f"{url}/calls") as client, pytest.raises(Unreachable, match=f"{url}/calls did"):
        client.list()


def test_the_certificate_of_a_server_must_be_there() -> None:
    with pytest.raises(FileNotFoundError):
        client_of("https://pbx.example.com", verify="/nowhere.pem")


class Dripping(AsyncServer):
    """A server whose answer goes on for ever, a byte now and then."""

    def __init__(self, begins: bytes) -> None:
        super().__init__()
        self._begins = begins

    async def _serve(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        await here.readuntil(b"\r\n\r\n")
        back.write(self._begins)
        while not back.is_closing():
            back.write(b"x")
            await back.drain()
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "begins", [b"", b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"]
)
@pytest.mark.parametrize("over", ["itself", "a proxy"])
def test_a_try_ends_in_time_however_its_answer_drips(
    monkeypatch: pytest.MonkeyPatch, begins: bytes, over: str
) -> None:
    async def ask() -> float:
        async with Dripping(begins) as server:
            if over == "a proxy":
                monkeypatch.setenv("all_proxy", server.url)
            url = server.url if over == "itself" else "https://pbx.example.com"
            with Client(url, "ak", "sk", VDN, patience=ONCE, timeout=0.5) as client:
                begun = time.monotonic()
                with pytest.raises(Unreachable):
                    await asyncio.to_thread(client.list)
                return time.monotonic() - begun

    assert asyncio.run(ask()) < 5
