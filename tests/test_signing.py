"""The C2 signature, against fixed vectors and against its own reading."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from timeit import repeat
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from callkeeper import signing
from callkeeper.api.contract.auth import Caller, Signatures
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.refusal import NotAuthenticated
from callkeeper.http.admission import Admission
from callkeeper.http.head import Head
from callkeeper.http.tarpit import Tarpit
from callkeeper.installation.database import open_store
from callkeeper.installation.sealing import Seal
from callkeeper.settings import Settings
from callkeeper.usecases.keys import Keyring, OpenKey, issue

FILE = msgspec.json.decode(Path(__file__).with_name("vectors").joinpath("c2.json").read_bytes())
VECTORS = pytest.mark.parametrize("vector", FILE["vectors"], ids=lambda vector: vector["name"])
NOW = 1_747_310_400_000  # 2025-05-15T12:00:00Z
PREFIX = "auth-v2/AK/2025-05-15T12:00:00Z"


@VECTORS
def test_a_fixed_vector_has_its_signature(vector: dict[str, Any]) -> None:
    header = signing.authorize(FILE["ak"], FILE["secret"], **_request(vector))
    prefix, _, signature = header.rpartition("/")
    assert signature == vector["signature"]
    if "prefix" in vector:
        assert prefix == vector["prefix"]
    if "signing_key" in vector:
        assert signing.signing_key(FILE["secret"], prefix) == vector["signing_key"]


@VECTORS
def test_a_fixed_vector_has_its_canonical_request(vector: dict[str, Any]) -> None:
    request = _request(vector)
    del request["at"]
    headers = {name: value.encode() for name, value in request.pop("headers").items()}
    text = signing.canonical_request(**request, headers=headers, signed_headers=";".join(headers))
    if "canonical" in vector:
        assert text == vector["canonical"].replace("⏎", "\n")
    if "canonical_length" in vector:
        assert len(text) == vector["canonical_length"]
    assert text.endswith(vector.get("canonical_end", ""))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "auth-v2",
        "Bearer abc",
        "auth-v1/AK/2025-05-15T12:00:00Z/host/00",
        "auth-v2/AK/2025-05-15T12:00:00Z/host",
        "auth-v2/AK/2025-05-15T12:00:00Z/host/00/00",
        f"{PREFIX}/content-type/00",
        f"{PREFIX}//00",
        f"{PREFIX}/HOST/00",
        f"{PREFIX}/authorization;host/00",
    ],
)
def test_a_value_that_is_no_authorization_is_refused(value: str) -> None:
    with pytest.raises(signing.SigningError):
        signing.Authorization.parse(value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [("2025-05-15T12:00:00Z", NOW), ("2025-05-15T12:00:00.123Z", NOW + 123)],
)
def test_both_forms_of_the_timestamp_are_read_and_written(text: str, instant: int) -> None:
    claim = signing.Authorization("AK", text, "host", "")
    assert claim.signed_at == instant
    assert signing.timestamp(instant, milliseconds="." in text) == text


@pytest.mark.parametrize(
    "text",
    [
        "2025-05-15T12:00:00",
        "2025-05-15 12:00:00Z",
        "2025-05-15T12:00:00+00:00",
        "2025-05-15T12:00:00.1Z",
        "2025-02-30T12:00:00Z",
        "2025-05-15T25:00:00Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٥-05-15T12:00:00Z",
        "2025-05-15T12:00:00Z\n",
    ],
)
def test_any_other_timestamp_is_refused(text: str) -> None:
    with pytest.raises(signing.SigningError):
        _ = signing.Authorization("AK", text, "host", "").signed_at


class Door:
    """Admission over a real store, and a key that it knows."""

    def __init__(self, data_dir: Path) -> None:
        clock = HandClock(NOW)
        store = open_store(Settings(data_dir=data_dir))
        seal = Seal(bytes(32))
        self.key = issue(store, seal, clock, 25)
        self.async_store = AsyncStore(store)
        signatures = Signatures(Keyring(self.async_store, seal, clock), clock, 900_000)
        self._admission = Admission(signatures.read, Tarpit())
        self.runner = asyncio.Runner()

    def admit(self, scope: dict[str, Any], body: bytes) -> Caller:
        async def admitted() -> Caller:
            credentials = self._admission.read(scope, Head.of(scope))
            visit = self._admission.tarpit.visit(scope)
            await self._admission.find(credentials, visit, len(body))
            return await self._admission.admit(credentials, body, visit)

        return self.runner.run(admitted())


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    door = Door(tmp_path_factory.mktemp("door"))
    with door.runner:
        yield door
        door.runner.run(door.async_store.close())


text = some.text(some.characters(exclude_categories=["Cs"]))
header_names = some.from_regex(r"x-[a-z0-9-]{1,20}", fullmatch=True)
header_values = some.text(some.characters(min_codepoint=33, exclude_categories=["Cs"]), min_size=1)


@settings(deadline=None)
@given(
    path=text,
    query=some.lists(some.tuples(text, text), max_size=5),
    headers=some.dictionaries(header_names, header_values, max_size=4),
    body=some.binary(max_size=200),
    at=some.integers(NOW - 900_000, NOW + 900_000),
    milliseconds=some.booleans(),
    empty_query_line=some.booleans(),
    quoted=some.sampled_from([quote, quote_plus]),
    another=some.binary(max_size=200),
)
def test_a_signed_request_is_let_in_and_no_other(
    door: Door,
    *,
    path: str,
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    at: int,
    milliseconds: bool,
    empty_query_line: bool,
    quoted: Callable[..., str],
    another: bytes,
) -> None:
    # In whole seconds an instant inside the window may be written as one outside of it.
    assume(milliseconds or at - at % 1000 >= NOW - 900_000)
    raw_path = quote(f"/{path}")
    headers = {**headers, "host": "example.com"}
    header = _signed(
        door.key,
        at=signing.timestamp(at, milliseconds=milliseconds),
        method="POST",
        path=raw_path,
        query=query,
        headers=headers,
        body=body,
        empty_query_line=empty_query_line and not query,
    )
    scope = {
        "method": "POST",
        "raw_path": raw_path.encode(),
        "query_string": urlencode(query, quote_via=quoted).encode(),
        "headers": [
            (b"authorization", header.encode()),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ],
    }
    assert door.admit(scope, body).key == door.key
    if another != body:
        with pytest.raises(NotAuthenticated):
            door.admit(scope, another)
    for changed in ({"method": "PUT"}, {"raw_path": b"/elsewhere/x"}, {"query_string": b"q=%00"}):
        if scope | changed != scope and query != [("q", "\0")]:
            with pytest.raises(NotAuthenticated):
                door.admit(scope | changed, body)


@given(some.binary())
def test_bytes_are_encoded_as_the_library_encodes_them(value: bytes) -> None:
    assert signing.encode(value) == quote(value, safe="")


def test_bytes_of_any_kind_are_encoded_about_as_fast_as_plain_json() -> None:
    def fastest(value: bytes) -> float:
        return min(repeat(lambda: signing.encode(value), number=10, repeat=20))

    # Whoever is not known yet sends what he likes, and it is paid for.
    assert fastest(bytes(range(256)) * 64) < 5 * fastest(b'{"failCode":"00000"}' * 820)


def _signed(key: OpenKey, **request: Any) -> str:
    return signing.authorize(key.ak, key.secret, **request)


def _request(vector: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": vector["at"],
        "method": vector["method"],
        "path": vector["path"],
        "query": vector.get("query", []),
        "headers": vector["headers"],
        "body": vector["body"].encode(),
        "empty_query_line": vector.get("empty_query_line", False),
    }
