"""What each setting may be: within its bounds it is taken, beyond them one sentence says so."""

import base64
import os
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from callkeeper.processes.dial import check_rules
from callkeeper.settings import Settings, SettingsWrong, is_ours, load

KEY = base64.b64encode(bytes(32)).decode()


class Bounds(NamedTuple):
    """Values at the bounds of a setting, and the nearest ones beyond."""

    within: list[Any]
    beyond: list[Any]


def whole(least: int, most: int) -> Bounds:
    """Return the bounds of a whole number, and what is no whole number."""
    return Bounds([least, str(most)], [least - 1, most + 1, least + 0.5, "many", True, [least]])


def real(least: float, most: float) -> Bounds:
    """Return the bounds of a number; what is none is beyond."""
    return Bounds(
        [least, str(most), (least + most) / 3], [least * 0.99, most * 1.01, "nan", "inf", 0, -1]
    )


def word(*words: str) -> Bounds:
    """Return the bounds of a setting that is one of some words."""
    return Bounds(list(words), [words[0].upper(), "", 1])


def text(within: list[str], *beyond: str) -> Bounds:
    """Return the bounds of a text, which is neither a number nor a list."""
    return Bounds(within, [*beyond, 5, ["a"]])


TRUTH = Bounds([True, "false", "true"], ["yes", "on", 2, ""])
BOUNDS = {
    "data_dir": text(["a", "/var/lib/callkeeper"], "", "a\0b"),
    "database": text(
        ["postgresql://db/x", "postgres://u:p@db:6432/x?sslmode=require"],
        "",
        "mysql://db/x",
        "db.example.com",
        "callkeeper.db",
    ),
    "host": text(
        ["127.0.0.1", "::", "::1", "pbx.example.com"],
        "",
        "http://here",
        "127.0.0.1:80",
        "[::1]",
        "a b",
        "x" * 256,
    ),
    "port": whole(0, 65_535),
    "workers": whole(1, 256),
    "internal_port": whole(1, 65_535),
    "internal_host": text(["127.0.0.1", "::1", "pbx.example.com"], "", "127.0.0.1:80", "a b"),
    "connections_max": whole(1, 1_000_000),
    "tls": text(["auto", "off", "/a/cert.pem:/a/key.pem"], "", "on", "/a/cert.pem", ":key", "crt:"),
    "deployment": word("integrated", "op"),
    "clock_window_seconds": whole(1, 86_400),
    "lead_seconds": whole(0, 3_600),
    "active_campaigns_max": whole(1, 10_000),
    "alerting_seconds_max": whole(30, 120),
    "skill_queues": Bounds([[], [0], [2**31 - 1, 5]], [[-1], [2**31], [1.5], ["a"], "5", 5]),
    "init_status": word("zero_starts", "one_starts"),
    "busy_seconds": real(0.1, 60),
    "sealing_key": text([KEY], "", "short", KEY[:-4], "not base64!", KEY + KEY),
    "console": TRUTH,
    "console_port": whole(1, 65_535),
    "console_url": text(
        ["https://calls.example.com", "http://10.0.0.5:28443/"],
        "",
        "calls.example.com",
        "ftp://calls.example.com",
        "https://calls.example.com/?x=1",
        "https://user:hush@calls.example.com",
    ),
    "sso_issuer": text(
        [
            "https://login.example.com",
            "https://login.example.com/realms/calls/",
            "http://127.0.0.1:8080",
            "http://localhost/x",
        ],
        "",
        "login.example.com",
        "http://login.example.com",
        "https://login.example.com/?x=1",
        "https://user:hush@login.example.com",
    ),
    "sso_client": text(["a", "x" * 255], "", " ", "x" * 256, "a\nb"),
    "sso_secret": text(["a", "x" * 255, "{"], "", "x" * 256, "a\nb"),
    "sso_scopes": text(["openid", "openid profile groups"], "", "\t"),
    "sso_roles": Bounds(
        [
            {},
            {"ops": "operator", "王": "agent 1", "a b": "supervisor 25", "x": "administrator 9999"},
        ],
        [
            {"a": "agent"},
            {"a": "agent 0"},
            {"a": "agent 10000"},
            {"a": "operator 25"},
            {"a": 5},
            "a",
        ],
    ),
    "sso_groups_claim": text(["groups", "realm_access.roles"], "", "a\nb"),
    "sso_agent_claim": text(["preferred_username"], "", "x" * 256),
    "show_phone_numbers": TRUTH,
    "log_level": word("debug", "info", "warning", "error"),
    "log_format": word("auto", "json", "text"),
    "line": word("rehearsal", "asterisk"),
    "line_name": text(["a", "x" * 64, "trunk-2.b"], "", "x" * 65, "a b", "a/b"),
    "dialer": TRUTH,
    "line_calls_max": whole(1, 10_000),
    "line_calls_per_second": real(0.01, 10_000),
    "vdn_calls_max": whole(1, 10_000),
    "campaign_calls_max": whole(1, 10_000),
    "grace_seconds": whole(60, 604_800),
    "time_zone": text(["UTC", "Europe/Berlin"], "", "Europe", "Europe/Atlantis", "../etc/passwd"),
    "numbers": text(
        ["allow 0 0049; deny 00 0900; length 5-15", "deny 00", "length 3-3", "allow *1 #"],
        "",
        "0049",
        "allow",
        "allow +49",
        "allow 0;",
        "allow 0; allow 1",
        "length 9-3",
        "length 5",
        "deny 0\u0661",
    ),
    "numbers_of_vdns": Bounds(
        [{}, {"25": "deny 00", "9999": "length 3-5"}],
        [{"0": "deny 00"}, {"10000": "deny 00"}, {"a": "deny 00"}, {"25": "nonsense"}, "deny 00"],
    ),
    "destination": text(["a,s", "a,5,2", "PJSIP/1001"], "", "nowhere", "a,s\n", "x" * 256),
    "destinations": Bounds(
        [{}, {"skill 5": "queues,5", "ivr A": "PJSIP/1"}],
        [{"5": "a,s"}, {"skill 5": "nowhere"}, {"skill 5": 5}, ["a,s"], "a,s"],
    ),
    "fail_codes": Bounds(
        [{}, {"cause 17": "0"}, {"sip 486": "A" * 10, "ring timeout": "1"}],
        [{"cause 17": ""}, {"cause 17": "A" * 11}, {"cause 17": "a b"}, {"busy": "1"}, "1"],
    ),
    "ari_url": text(
        ["http://127.0.0.1:8088/ari", "https://pbx.example.com/ari"],
        "",
        "pbx:8088/ari",
        "ws://pbx/ari",
        "http://",
        "http://pbx/ari?x=1",
        "http://pbx:99999/ari",
        "http://user:hush@pbx/ari",
    ),
    "ari_user": text(["a", "x" * 80], "", "x" * 81, "a b", "user:hush"),
    "ari_password": text(["p", "{[null", "12345", "x" * 255], "", "x" * 256, "a\nb"),
    "ari_app": text(["a", "x" * 40], "", "x" * 41, "a b"),
    "ari_endpoint": text(
        ["PJSIP/{number}@trunk", "Local/{number}@out/n"],
        "",
        "PJSIP/trunk",
        "{number}",
        "PJSIP/{number} @trunk",
        "PJSIP/{number}@{trunk}",
        f"PJSIP/{{number}}@{'x' * 255}",
    ),
    "phones": text(
        ["PJSIP/*", "PJSIP/* SIP/desk-*", "Local/*@desks PJSIP/1001"],
        "",
        " ",
        "*",
        "1001",
        "PJSIP/",
        "PJSIP/1&PJSIP/2",
        "PJSIP/${EXTEN}",
        f"PJSIP/{'x' * 250}",
    ),
    "metrics_port": whole(1, 65_535),
}


def test_every_setting_has_bounds_here() -> None:
    assert list(BOUNDS) == list(Settings.__struct_fields__)


@pytest.mark.parametrize("name", BOUNDS)
def test_a_setting_may_be_what_is_within_its_bounds(name: str) -> None:
    for each in BOUNDS[name].within:
        check_rules(load({name: each}, {}))
        if not isinstance(each, bool):
            written = each if isinstance(each, str) else msgspec.json.encode(each).decode()
            taken = load({}, {f"CALLKEEPER_{name.upper()}": written})
            assert taken == load({name: each}, {}), each


@pytest.mark.parametrize("name", BOUNDS)
def test_beyond_them_one_sentence_says_what_it_may_be(name: str) -> None:
    for each in BOUNDS[name].beyond:
        with pytest.raises(SettingsWrong) as raised:
            check_rules(load({name: each}, {}))
        said = str(raised.value)
        assert f"{name}" in said, each
        assert "\n" not in said
        assert "`" not in said, "it speaks of Python's types"
        assert "Expected" not in said
        assert "hush" not in said


@pytest.mark.parametrize("source", ["file", "environment"])
def test_a_data_directory_is_taken_from_wherever_it_is_set(tmp_path: Path, source: str) -> None:
    environment = {"CALLKEEPER_DATA_DIR": "/var/lib/x"}
    if source == "file":
        file = tmp_path / "a.toml"
        file.write_text('data_dir = "/var/lib/x"')
        environment = {"CALLKEEPER_CONFIG": str(file)}
    assert load({}, environment).data_dir == Path("/var/lib/x")


@pytest.mark.parametrize(
    ("owner", "group", "mode", "ours"),
    [
        (1000, 1000, 0o600, True),
        (1000, 1000, 0o664, True),  # a group of one's own, as many systems have it
        (0, 0, 0o644, True),
        (1000, 100, 0o640, True),
        (1000, 100, 0o664, False),
        (1000, 1000, 0o666, False),
        (0, 0, 0o664, False),
        (1001, 1000, 0o644, False),
    ],
)
def test_a_file_is_ours_if_nobody_else_can_write_it(
    owner: int, group: int, mode: int, *, ours: bool
) -> None:
    info = os.stat_result((mode, 0, 0, 1, owner, group, 0, 0, 0, 0))
    assert is_ours(info, 1000, 1000) is ours


def test_a_list_or_a_table_in_the_environment_that_is_no_json_is_named() -> None:
    for name, example in (("skill_queues", "[1, 2]"), ("destinations", "{"), ("fail_codes", "{")):
        with pytest.raises(SettingsWrong, match=f"CALLKEEPER_{name.upper()} is no JSON") as raised:
            load({}, {f"CALLKEEPER_{name.upper()}": "{5,hush"})
        assert example in str(raised.value)
        assert "hush" not in str(raised.value)


def test_a_setting_of_the_file_that_is_wrong_is_told_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    for said, says in (("foo = 1", "there is no 'foo'"), ("port = -1", "port: ")):
        file.write_text(said)
        with pytest.raises(
            SettingsWrong, match=f"a setting in {re.escape(str(file))} is wrong: {says}"
        ):
            load({}, {"CALLKEEPER_CONFIG": str(file)})
    with pytest.raises(SettingsWrong, match=r"^a setting is wrong: port: "):
        load({}, {"CALLKEEPER_PORT": "-2"})
    assert load({"port": 5}, {"CALLKEEPER_CONFIG": str(file)}).port == 5


@pytest.mark.parametrize("end", ["", "/", "///"])
def test_where_people_find_the_console_ends_as_a_path_begins(end: str) -> None:
    environment = {"CALLKEEPER_CONSOLE_URL": f"https://calls.example.com/desk{end}"}
    assert load({}, environment).console_url == "https://calls.example.com/desk"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"console_port": 5, "console": False}, "console_port is set, and console is false"),
        ({"console_port": 5, "port": 5}, "port and console_port are both 5"),
        ({"console_port": 5, "internal_port": 5}, "internal_port and console_port are both 5"),
        ({"internal_port": 5, "port": 5}, "port and internal_port are both 5"),
    ],
)
def test_settings_that_cannot_be_together_are_told(given: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsWrong, match=says):
        load(given, {})
    environment = {f"CALLKEEPER_{name.upper()}": str(each).lower() for name, each in given.items()}
    with pytest.raises(SettingsWrong, match=says):
        load({}, environment)


@pytest.mark.parametrize(
    ("host", "inside", "is_refused"),
    [
        ("192.0.2.1", "127.0.0.1", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", None, True),
        ("0.0.0.0", "127.0.0.1", True),  # noqa: S104 - an address that a setting has
        ("192.0.2.1", "::", True),
    ],
)
def test_two_addresses_may_have_the_same_port(
    host: str, inside: str | None, *, is_refused: bool
) -> None:
    given = {"host": host, "internal_host": inside, "port": 5, "internal_port": 5}
    with pytest.raises(SettingsWrong, match="are both 5") if is_refused else nullcontext():
        load(given, {})


def test_where_the_console_is_goes_by_its_port_unless_it_is_said() -> None:
    assert Settings(port=5, console_port=6).console_address == "http://127.0.0.1:6"
    assert Settings(port=5, tls="auto").console_address == "https://127.0.0.1:5"
    assert Settings(console_port=6, console_url="https://x").console_address == "https://x"
    assert Settings(host="::1", port=5).console_address == "http://[::1]:5"
    assert Settings(host="::", tls="off", port=5).console_address == "http://[::1]:5"
    assert Settings(host="192.0.2.1", port=5).console_address == "https://192.0.2.1:5"
