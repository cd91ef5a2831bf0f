"""The command line: what each command prints, where, and how it ends."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from callkeeper import signing
from callkeeper.installation.database import find_store, open_seal
from callkeeper.settings import Settings
from tests.house import TASK, VDN, House
from tests.running import running
from tests.warm import Order, run_cold, run_warm

PROGRAM = [sys.executable, "-m", "callkeeper"]
COMMANDS = """
serve dial migrate spread backup settle doctor demo reservations board broken seen show why lines
attempts sign reserve move result cancel list reassign
key person vdn agent campaign business-result
""".split()  # noqa: SIM905 - a list would take a page
SECONDS_MAX = 30
RESULT_ID = "174738152455111432454674595509"


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def value(self) -> dict[str, Any]:
        """What it printed, which is one JSON object and nothing else."""
        assert (self.status, self.out.count("\n")) == (0, 1), self
        found: dict[str, Any] = json.loads(self.out)
        return found


def environment(**more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CALLKEEPER_")}
    return {**kept, "TZ": "UTC", **more, "COLUMNS": "200"}


def run(*arguments: str, given: str = "", **more: str) -> Ended:
    return run_in(Path.cwd(), *arguments, given=given, **more)


def run_in(folder: Path, *arguments: str, given: str = "", **more: str) -> Ended:
    """Run a command in a folder, with settings of its own."""
    is_ours = all(name.startswith("CALLKEEPER_") or name == "TZ" for name in more)
    order = Order(arguments, given, environment(**more), folder, SECONDS_MAX)
    return Ended(*(run_warm if is_ours else run_cold)(order))


def at_house(house: House, *arguments: str, url: str | None = None, **more: str) -> Ended:
    """Run a command with the environment that an integrator has."""
    return run(
        *arguments,
        **more,
        CALLKEEPER_URL=url or house.url,
        CALLKEEPER_AK=house.key.ak,
        CALLKEEPER_SK=house.key.secret,
        CALLKEEPER_VDN=str(VDN),
    )


def book(house: House) -> str:
    terms = ["--at", "+2h", "--campaign", TASK, "--agent", "testName"]
    return str(at_house(house, "reserve", "66660001", *terms, "--json").value["id"])


def started(data_dir: Path) -> list[str]:
    """Begin an installation, and return the option that names it."""
    where = ["--data-dir", str(data_dir)]
    assert run("migrate", *where).status == 0
    return where


@contextmanager
def served(*arguments: str) -> Iterator[str]:
    """Run a server, and yield the line that it says when it is ready."""
    with running(["serve", *arguments], environment()) as server:
        yield server.line(" serves ")


def test_help_names_every_command() -> None:
    shown = run("--help")
    assert shown.status == 0
    for word in COMMANDS:
        assert f"\n  {word} " in shown.out


def test_a_server_says_where_it_is_and_a_key_made_beside_it_is_let_in(tmp_path: Path) -> None:
    with served("--data-dir", str(tmp_path), "--port", "0", "--tls", "off") as said:
        url = said.rpartition(" ")[2]
        key = run("key", "create", "--vdn", "25", "--json", "--data-dir", str(tmp_path)).value
        assert set(key) == {"ak", "sk"}
        assert httpx2.get(f"{url}/healthz", trust_env=False).text == "ok\n"
        listed = run(
            "list",
            "--json",
            CALLKEEPER_URL=url,
            CALLKEEPER_AK=key["ak"],
            CALLKEEPER_SK=key["sk"],
            CALLKEEPER_VDN="25",
        )
    assert listed.value == {"total": 0, "reservations": []}


def test_https_is_trusted_by_the_certificate_in_the_data_directory(tmp_path: Path) -> None:
    with served("--data-dir", str(tmp_path), "--port", "0", "--tls", "auto") as said:
        key = run("key", "create", "--all-vdns", "--json", "--data-dir", str(tmp_path)).value
        known = {
            "CALLKEEPER_URL": said.rpartition(" ")[2],
            "CALLKEEPER_AK": key["ak"],
            "CALLKEEPER_SK": key["sk"],
            "CALLKEEPER_VDN": "25",
        }
        trusted = run("list", CALLKEEPER_CA=str(tmp_path / "tls-certificate.pem"), **known)
        strange = run("list", **known)
    assert (trusted.status, trusted.out.splitlines()[-1]) == (0, "0 of 0")
    assert (strange.status, strange.out) == (3, "")
    assert "CERTIFICATE_VERIFY_FAILED" in strange.err


def test_a_reservation_goes_through_its_life_from_the_shell(house: House) -> None:
    id_ = book(house)
    assert at_house(house, "move", id_, "--at", "2090-01-01T10:00+01:00").status == 0
    (listed,) = at_house(house, "list", "--json").value["reservations"]
    assert (listed["id"], listed["at"]) == (id_, "2090-01-01T09:00:00Z")
    assert at_house(house, "result", id_, "--fail-code", "00000").status == 0
    refused = at_house(house, "cancel", id_)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("callkeeper: 04000005 ")
    assert refused.err.count("\n") == 1


def test_all_pages_are_listed_and_filters_hold(house: House) -> None:
    for number in range(101):
        house.reserve(calledNo=f"{number:05}")
    assert len(at_house(house, "list", "--all", "--json").value["reservations"]) == 101
    assert at_house(house, "list", "--called", "00007").out.splitlines()[-1] == (
        "1 of 1; times are in UTC"
    )


def test_without_a_key_the_missing_names_are_told() -> None:
    ended = run("list")
    assert ended.status == 1
    assert "set CALLKEEPER_AK, CALLKEEPER_SK, CALLKEEPER_VDN" in ended.err


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    for arguments in (
        ["serve", "--data-dir", str(tmp_path), "--tls", "nonsense"],
        ["serve", "--data-dir", str(tmp_path), "--deployment", "nonsense"],
        ["migrate", "--database", "mysql://x"],
        ["migrate", "--data-dir", "/proc/nowhere"],
    ):
        ended = run(*arguments)
        assert (ended.status, ended.err.count("\n")) == (1, 1), ended
        assert ended.err.startswith("callkeeper: ")


def test_a_key_is_listed_without_its_secret_and_can_be_revoked_once(tmp_path: Path) -> None:
    where = started(tmp_path)
    key = run("key", "create", "--vdn", "7", "--note", "the [crm]", "--json", *where).value
    shown = run("key", "list", *where).out
    assert key["ak"] in shown
    assert "the [crm]" in shown
    assert key["sk"] not in shown
    limited = ["key", "limit", key["ak"], *where]
    allowance = {"per_second": 2.5, "burst": 3}
    assert run(*limited, "--per-second", "2.5", "--json").value["allowance"] == allowance
    assert "2.5/s, 3 at once" in run("key", "list", *where).out
    assert run("key", "list", "--json", *where).value["keys"][0]["allowance"] == allowance
    assert run(*limited, "--json").value["allowance"] == allowance
    wider = {"per_second": 2.5, "burst": 9}
    assert run(*limited, "--burst", "9", "--json").value["allowance"] == wider
    assert run(*limited, "--off", "--json").value["allowance"] is None
    assert run("key", "revoke", key["ak"], "--json", *where).value["did"] == "revoked"
    assert run(*limited, "--off").status == 1
    assert run("key", "revoke", key["ak"], *where).status == 1
    assert run("key", "list", "--json", *where).value["keys"][0]["revoked_at"] is not None


def test_a_key_is_for_one_vdn_or_for_all_and_never_by_chance(tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path)]
    assert run("key", "create", *where).status == 2
    assert run("key", "create", "--vdn", "1", "--all-vdns", *where).status == 2
    assert run("key", "create", "--vdn", "10000", *where).status == 2


def test_a_key_is_copied_with_its_secret_its_limit_and_its_end(tmp_path: Path) -> None:
    here, there = started(tmp_path / "here"), started(tmp_path / "there")
    copying = ["key", "copy", *here, "--into-data-dir", there[1]]
    assert run("key", "copy", *here).status == 2
    assert run(*copying[:2], *here, "--into-data-dir", here[1]).status == 1
    made = run("key", "create", "--all-vdns", "--note", "both", "--json", *here).value
    other = run("key", "create", "--vdn", "7", "--json", *here).value
    assert [each["changed"] for each in run(*copying, "--json").value["keys"]] == [True]
    limit = ["--per-second", "2", "--burst", "3"]
    assert run("key", "limit", made["ak"], *limit, *here).status == 0
    assert run(*copying).out.startswith("1 keys match there; 1 were changed")
    ended = run(*copying, other["ak"])
    assert (ended.status, other["sk"] in ended.out) == (0, False)
    kept = {each["ak"]: each for each in run("key", "list", "--json", *there).value["keys"]}
    assert kept == {each["ak"]: each for each in run("key", "list", "--json", *here).value["keys"]}
    assert opened(there, made["ak"]) == made["sk"]
    assert opened(there, other["ak"]) == other["sk"]
    assert run("key", "revoke", made["ak"], *here).status == 0
    assert [each["changed"] for each in run(*copying, "--json").value["keys"]] == [True]
    assert [each["changed"] for each in run(*copying, "--json").value["keys"]] == [False]
    assert run("key", "revoke", other["ak"], *there).status == 0
    assert "was revoked there" in run(*copying, other["ak"]).err
    assert "there is no key" in run(*copying, "NOBODY").err


def opened(where: list[str], ak: str) -> str:
    """Return the secret of a key as the installation there opens it."""
    settings = Settings(data_dir=Path(where[1]))
    store = find_store(settings)
    key = store.keys.get(ak)
    store.close()
    assert key is not None
    return open_seal(settings).open(key.sealed_secret, key.ak, key.vdn)


def test_why_tells_the_story_with_numbers_masked(house: House) -> None:
    where = ["--data-dir", str(house.settings.data_dir)]
    id_ = book(house)
    at_house(house, "move", id_, "--agent", "other")
    at_house(house, "result", id_, "--fail-code", "00603", "--caller", "10086")
    told = run("why", id_, *where)
    lines = told.out.splitlines()
    assert "a manual call to …01 at " in lines[1]
    assert f"(by key {house.key.ak})" in lines[1]
    assert "to agent other" in lines[2]
    assert "the call failed: no answer (00603)" in lines[3]
    assert "10086" not in told.out
    assert lines[4] == "  now: done: a result is on record"
    (story,) = run("why", id_, "--json", "--show-numbers", *where).value["stories"]
    assert [each["what"] for each in story["events"]] == ["reserved", "moved", "result"]
    assert story["events"][0]["detail"]["called_no"] == "66660001"


def test_why_of_an_unknown_id_is_refused(house: House) -> None:
    ended = run("why", RESULT_ID, "--data-dir", str(house.settings.data_dir))
    assert (ended.status, ended.out) == (1, "")
    assert "there is no reservation" in ended.err


@pytest.mark.parametrize("url", ["http://[::1", "foo"])
def test_a_url_that_is_none_is_one_line(house: House, url: str) -> None:
    ended = at_house(house, "list", url=url)
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1), ended


def test_a_settings_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    ended = run("migrate", "--data-dir", str(tmp_path / "x"), CALLKEEPER_CONFIG="/nil/a.toml")
    assert (ended.status, ended.err.count("\n")) == (1, 1)
    assert "CALLKEEPER_CONFIG names '/nil/a.toml'" in ended.err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("wrong", ["", " ", "a\nb", "a\x1b[31mb"])
def test_a_name_is_one_line_that_is_not_empty(wrong: str, tmp_path: Path) -> None:
    where = ["--vdn", "25", "--data-dir", str(tmp_path / "data")]
    for command in (
        ["campaign", "add", "--name", wrong, "--end", "+30d"],
        ["agent", "name", "testName", wrong],
        ["agent", "name", wrong, "Test Name"],
        ["key", "create", "--note", wrong],
    ):
        ended = run(*command, *where)
        assert (ended.status, ended.out) == (2, ""), ended
    assert not (tmp_path / "data").exists()


def test_a_key_is_not_sealed_with_another_sealing_key_than_the_others(tmp_path: Path) -> None:
    create = ["key", "create", "--vdn", "25", *started(tmp_path)]
    assert run(*create).status == 0
    (tmp_path / "sealing.key").unlink()
    ended = run(*create)
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1), ended
    assert "the key that they were sealed with" in ended.err
    assert not (tmp_path / "sealing.key").exists()


def test_why_says_what_holds_an_automatic_call(house: House) -> None:
    house.has_campaign(7, status="paused")
    terms = ["--at", "+2h", "--campaign", "7", "--agent", "a", "--automatic", "--json"]
    id_ = at_house(house, "reserve", "1", *terms).value["id"]
    told = run("why", id_, "--data-dir", str(house.settings.data_dir)).out
    assert "campaign 7 is paused; resume it" in told


def test_sign_explains_the_published_vector() -> None:
    """Vector T2 of authentication.md."""
    body = f'{{"appointId":"{RESULT_ID}","failCode":"00000"}}'
    path = "/rest/isales/v1/openapi/campaigns/25/appoint/updateResult"
    arguments = ["--three-headers", "--timestamp", "2025-05-15T12:00:00.000Z", "--explain"]
    keys = {"CALLKEEPER_AK": "EXAMPLEAK0001", "CALLKEEPER_SK": "ExampleSecretKey-0001"}
    host = ["--host", "isales.example.com:28443"]
    told = run("sign", "POST", path, *host, "--body", body, *arguments, **keys).out
    assert "290 characters" in told
    assert "content-length:65⏎\n" in told
    assert "c1b264025f27108d237a2628b5c10183bd9b9487b22ed512366ca921d82368ec" in told
    assert "do not paste it" in told
    url = f"https://isales.example.com:28443{path}"
    kept = run(
        "sign",
        "POST",
        url,
        "--file",
        "-",
        "--empty-query-line",
        "--json",
        *arguments,
        given=body,
        **keys,
    ).value
    assert kept["signature"] == "cabe6919c6c5180d18c9056f1d9b1ea0339640ed2e4f753bb71eaa6839697ff1"
    assert kept["characters"] == 291


def test_sign_without_explaining_prints_a_header_that_is_let_in(house: House) -> None:
    path = f"/rest/isales/v1/openapi/campaigns/{VDN}/appoint/list"
    body = '{"offset":0,"limit":1}'
    signed = at_house(house, "sign", "POST", house.url + path, "--body", body).out.strip()
    name, _, value = signed.partition(": ")
    headers = {name: value, "content-type": "application/json"}
    answer = house.http.post(house.url + path, content=body, headers=headers)
    assert answer.json()["resultCode"] == "0200000"
    assert signing.Authorization.parse(value).names == ["host"]


def test_a_backup_taken_while_serving_can_be_served(house: House, tmp_path: Path) -> None:
    id_ = house.reserve()
    copy = tmp_path / "copy"
    where = ["--data-dir", str(house.settings.data_dir)]
    assert run("backup", str(copy), *where).status == 0
    assert run("backup", str(copy), *where).status == 1
    with served("--data-dir", str(copy), "--port", "0") as said:
        listed = at_house(house, "list", "--json", url=said.rpartition(" ")[2])
    assert [each["id"] for each in listed.value["reservations"]] == [id_]


def test_a_backup_of_postgresql_points_to_its_own_tools(tmp_path: Path) -> None:
    ended = run("backup", str(tmp_path / "copy"), "--database", "postgresql:///x")
    assert ended.status == 1
    assert "pg_dump" in ended.err
    assert "sealing.key" in ended.err


def test_the_doctors_exit_status_says_whether_all_is_good(house: House) -> None:
    port = house.url.rpartition(":")[2]
    where = ["--data-dir", str(house.settings.data_dir), "--port", port]
    good = run("doctor", *where)
    assert (good.status, good.out.count("good  ")) == (0, 13), good
    bad = run("doctor", "--json", "--data-dir", str(house.settings.data_dir / "nowhere"))
    assert bad.status == 1
    assert json.loads(bad.out)["good"] is False


def test_an_agent_is_named_in_the_list(house: House) -> None:
    house.reserve()
    where = ["--vdn", str(VDN), "--data-dir", str(house.settings.data_dir)]
    assert run("agent", "name", "testName", "Test Name", *where).status == 0
    assert house.listed()[0]["userName"] == "Test Name"


def test_a_campaign_is_added_with_the_id_that_a_crm_holds(house: House) -> None:
    where = ["--vdn", "25", "--end", "+30d", "--data-dir", str(house.settings.data_dir)]
    windows = ["--window", "13:00-17:30", "--window", "08:00-11:30"]
    made = run("campaign", "add", "--name", "moved", "--id", "42", "--json", *windows, *where)
    assert made.value == {"id": 42}
    assert house.reserve(taskId="42")
    again = run("campaign", "add", "--name", "other", "--id", "42", *where)
    assert (again.status, again.out) == (1, "")
    crossed = ["--window", "08:00-12:00", "--window", "11:00-13:00"]
    assert run("campaign", "add", "--name", "x", *crossed, *where).status == 2


def test_migrating_twice_is_as_good_as_once(tmp_path: Path, empty_database: str | None) -> None:
    more = ["--database", empty_database] if empty_database else []
    where = ["--data-dir", str(tmp_path), *more]
    first = run("migrate", "--json", *where).value
    assert len(first["ran"]) == first["schema"] >= 1
    assert run("migrate", "--json", *where).value == {"schema": first["schema"], "ran": []}
