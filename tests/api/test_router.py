"""Which interface a path leads to: words go before parameters, in whatever order they stand."""

import asyncio
import random
from pathlib import Path

import pytest
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from callkeeper.api.contract.auth import Caller, SignedCredentials
from callkeeper.api.contract.router import InterfaceLayer, Router
from callkeeper.core.refusal import NotAuthenticated
from callkeeper.http.admission import Admission
from callkeeper.http.head import Head
from callkeeper.http.tarpit import Tarpit
from tests.surface import interfaces

CAMPAIGNS = "/rest/isales/v1/openapi/campaigns"


def nobody(_scope: Scope, _head: Head) -> SignedCredentials:
    raise NotAuthenticated


ADMISSION: Admission[Caller] = Admission(nobody, Tarpit())


def found(router: Router, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    match, scope = router.matches({"type": "http", "method": method, "path": path})
    if match is Match.NONE:
        return None
    endpoint = scope["endpoint"].get(method)
    return endpoint and (endpoint.interface.name, scope["path_params"])


def test_every_interface_is_found_in_whatever_order_they_are_declared(
    tmp_path: Path,
) -> None:
    declared = interfaces(tmp_path / "surface")
    for _ in range(5):
        random.shuffle(declared)
        router = Router(declared, ADMISSION)
        for each in declared:
            path = each.path.format(vdn="25", campaign="7")
            params = {"vdn": "25"} | ({"campaign": "7"} if "{campaign}" in each.path else {})
            assert found(router, each.method, path) == (each.name, params)


def test_a_get_is_a_head_too(tmp_path: Path) -> None:
    router = Router(interfaces(tmp_path / "surface"), ADMISSION)
    assert found(router, "HEAD", f"{CAMPAIGNS}/25") == ("queryCampaigns", {"vdn": "25"})


@pytest.mark.parametrize(
    "path",
    ["", "/", CAMPAIGNS, f"{CAMPAIGNS}/", f"{CAMPAIGNS}//7", f"{CAMPAIGNS}/25/7/8", "/{vdn}"],
)
def test_a_path_with_a_part_too_few_too_many_or_empty_is_nobodys(tmp_path: Path, path: str) -> None:
    router = Router(interfaces(tmp_path / "surface"), ADMISSION)
    assert found(router, "GET", path) is None


@pytest.mark.parametrize(
    ("kind", "method", "path", "is_passed_on"),
    [
        ("http", "GET", f"{CAMPAIGNS}/25", False),
        ("http", "HEAD", f"{CAMPAIGNS}/25", False),
        ("http", "PUT", f"{CAMPAIGNS}/25", True),  # the framework says which methods it has
        ("http", "GET", "/docs", True),
        ("lifespan", "", "", True),
    ],
)
def test_an_interface_is_served_before_the_framework_looks_and_all_else_is_passed_on(
    tmp_path: Path, kind: str, method: str, path: str, *, is_passed_on: bool
) -> None:
    passed: list[Scope] = []
    sent: list[Message] = []

    async def framework(scope: Scope, _receive: Receive, _send: Send) -> None:
        passed.append(scope)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": kind, "method": method, "path": path, "headers": [], "query_string": b""}
    first = InterfaceLayer(framework, Router(interfaces(tmp_path / "surface"), ADMISSION))
    asyncio.run(first(scope, receive, send))
    assert (passed == [scope]) is is_passed_on
    assert bool(sent) is not is_passed_on
    if sent:
        assert sent[0]["status"] == 401
