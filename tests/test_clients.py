"""Clients in five languages, docs/clients, talk to a real server; each prints what it was told."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import leave_out
from tests.documented_signing import AK, REQUESTS, SK
from tests.house import TASK, VDN, House
from tests.surface import ROOT

CLIENTS = {
    "java": ["java", "-XX:TieredStopAtLevel=1", "Client.java"],
    "node": ["node", "client.js"],
    "php": ["php", "client.php"],
    "go": ["go", "run", "client.go"],
    "bash": ["bash", "client.sh"],
}
NEEDS = {"bash": ("curl", "openssl")}
# A plus sign, which a query may mean for a blank, and characters of more than one byte.
NAME = "回访 A+B"
FORMS = 8

Told = list[tuple[str, int, str]]
DONE: Told = [
    ("wrong signature", 401, "0200001"),
    ("create manual", 200, "0200000"),
    ("create automatic", 200, "0200000"),
    *[("list", 200, "0200000")] * FORMS,
    ("update", 200, "0200000"),
    ("define a business result", 200, "0200000"),
    ("update result", 200, "0200000"),
    ("delete", 200, "0200000"),
    ("query campaigns", 200, "0200000"),
    ("pause", 200, "0200000"),
    ("list all", 200, "0200000"),
]


@pytest.fixture(params=["http", "https"])
def serving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A server whose campaign has a name that is hard to put into a query, beside another one."""
    tls = "auto" if request.param == "https" else "off"
    with House(tmp_path / "data", tls=tls) as house:
        house.has_campaign(8, name=f"{NAME} again")
        house.has_campaign(9, name="回访 A B")
        yield house


@pytest.fixture(scope="session")
def go_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where Go keeps what it compiled."""
    return str(tmp_path_factory.mktemp("go"))


@pytest.mark.parametrize("language", CLIENTS)
def test_a_client_written_after_the_docs_does_all_that_it_means_to(
    language: str, serving: House, go_cache: str
) -> None:
    steps = play(language, serving, go_cache)
    assert [(each["step"], each["status"], code(each)) for each in steps] == DONE

    (id_,) = {row["appointId"] for each in steps[3 : 3 + FORMS] for row in listed(each)}
    assert id_ == steps[1]["answer"]["returnObject"]["appointId"]
    (first, *others) = (listed(each) for each in steps[3 : 3 + FORMS])
    assert first[0] | {"remark": "回访 A&B", "callType": "1", "userAccount": "ann"} == first[0]
    assert all(each == first for each in others)

    campaigns = steps[-3]["answer"]["data"]
    assert [each["name"] for each in campaigns] == [f"{NAME} again"]
    (last,) = listed(steps[-1])
    told = {"remark": "改期", "busiResult": "sold", "failCode": "00000", "taskStatus": "3"}
    assert last | told | {"appointTime": first[0]["appointTime"] + 1} == last
    automatic = steps[2]["answer"]["returnObject"]["appointId"]
    (kept,) = serving.store.reservations.with_id(automatic)
    assert (kept.state, json.loads(kept.call_data or "")) == ("cancelled", {"name": "张三"})


@pytest.mark.parametrize("language", CLIENTS)
def test_a_client_signs_the_documented_requests_without_a_server(
    language: str, go_cache: str
) -> None:
    key = {"CALLKEEPER_AK": AK, "CALLKEEPER_SK": SK, "CALLKEEPER_VDN": "25"}
    there = {"CALLKEEPER_URL": "http://isales.example.com:28443"}
    printed = run(language, "check", there | key, go_cache)
    assert printed.splitlines() == [told.steps["Authorization"] for told in REQUESTS]


def test_every_client_there_is_is_run_and_told() -> None:
    named = {command[-1] for command in CLIENTS.values()}
    assert {file.name for file in (ROOT / "docs" / "clients").iterdir()} == named
    api = (ROOT / "docs" / "api.md").read_text("utf-8")
    assert [name for name in named if f"](clients/{name})" not in api] == []


def play(language: str, house: House, go_cache: str) -> list[dict[str, Any]]:
    """Let a client play, and return what it printed, step by step."""
    given = {
        "CALLKEEPER_URL": house.url,
        "CALLKEEPER_AK": house.key.ak,
        "CALLKEEPER_SK": house.key.secret,
        "CALLKEEPER_VDN": str(VDN),
    }
    if house.url.startswith("https:"):
        given["CALLKEEPER_CA"] = str(house.settings.data_dir / "tls-certificate.pem")
    return [json.loads(line) for line in run(language, TASK, given, go_cache).splitlines()]


def run(language: str, what: str, given: dict[str, str], go_cache: str) -> str:
    """Run a client as its user would, and return what it printed."""
    command = CLIENTS[language]
    missing = [each for each in (command[0], *NEEDS.get(language, ())) if not shutil.which(each)]
    if missing:
        leave_out(f"the client in {language}: no {', '.join(missing)} here")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CALLKEEPER_")}
    go = {"GOCACHE": go_cache, "GOPATH": go_cache, "GOPROXY": "off", "GO111MODULE": "auto"}
    ended = subprocess.run(
        [*command, what],
        cwd=ROOT / "docs" / "clients",
        env=kept | go | given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    return ended.stdout


def code(step: dict[str, Any]) -> str:
    return str(step["answer"]["resultCode"])


def listed(step: dict[str, Any]) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = step["answer"]["data"]
    return data
