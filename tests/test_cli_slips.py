"""What a person may get wrong at the shell, and the one line that tells it."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper import bounds
from callkeeper.core.campaigns.dial_settings import CALLS_MAX
from tests.command_line import commands
from tests.house import House
from tests.test_cli import Ended, at_house, book, run, run_in, started

URL = "postgresql://u:hush@127.0.0.1:1/x"
NO_TEXT = "\udcff"  # as Python keeps a byte that is no UTF-8
END = "2090-01-01T00:00:00.789+00:00"


def one_line(ended: Ended, word: str) -> bool:
    return (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1) and word in ended.err


def add(data_dir: Path, *more: str, end: str = END) -> Ended:
    where = ["--vdn", "25", "--data-dir", str(data_dir)]
    return run("campaign", "add", "--name", "more", "--end", end, *where, *more)


@pytest.mark.parametrize(
    "command",
    [["why", NO_TEXT], ["key", "create", "--all-vdns", "--note", NO_TEXT], ["cancel", NO_TEXT]],
)
def test_an_argument_that_is_no_text_is_wrong_usage(command: list[str], tmp_path: Path) -> None:
    ended = run(*command, CALLKEEPER_DATA_DIR=str(tmp_path))
    assert ended.status == 2
    assert "is not valid UTF-8" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("ak", ["\u00e9", NO_TEXT])
def test_an_access_key_id_is_ascii(ak: str) -> None:
    known = {"CALLKEEPER_AK": ak, "CALLKEEPER_SK": "secret", "CALLKEEPER_VDN": "25"}
    assert one_line(run("list", **known), "CALLKEEPER_AK")
    assert one_line(run("sign", "GET", "http://host/", **known), "CALLKEEPER_AK")


def test_a_secret_that_is_no_text_is_not_repeated() -> None:
    known = {"CALLKEEPER_AK": "ak", "CALLKEEPER_SK": f"sec{NO_TEXT}", "CALLKEEPER_VDN": "25"}
    ended = run("list", **known)
    assert one_line(ended, "CALLKEEPER_SK")
    assert "sec" not in ended.err


def test_a_setting_from_the_environment_is_text() -> None:
    ended = run("key", "list", CALLKEEPER_DATABASE=f"postgresql://{NO_TEXT}")
    assert one_line(ended, "not valid UTF-8")


def test_a_text_that_is_no_url_is_not_signed() -> None:
    ended = run("sign", "POST", "http://[", CALLKEEPER_AK="ak", CALLKEEPER_SK="secret")
    assert ended.status == 2
    assert "is no URL" in ended.err


def test_a_sealing_key_of_raw_bytes_is_one_line(tmp_path: Path) -> None:
    where = started(tmp_path)
    (tmp_path / "sealing.key").write_bytes(bytes(range(128, 160)))
    ended = run("key", "create", "--all-vdns", *where)
    assert one_line(ended, "is not base64")


def test_settings_that_cannot_be_read_are_told_with_who_may(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    ended = run("key", "list", CALLKEEPER_CONFIG=str(tmp_path / "folder.toml"))
    assert one_line(ended, "folder.toml cannot be read (Is a directory); run this as a user that")


def test_a_file_of_somebody_else_in_the_folder_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "callkeeper.toml"
    file.write_text('data_dir = "theirs"\n')
    file.chmod(0o666)
    ended = run_in(tmp_path, "migrate")
    assert one_line(
        ended, "callkeeper.toml in this folder is not read, for somebody else can write"
    )
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    assert run_in(tmp_path, "migrate", CALLKEEPER_CONFIG=str(file)).status == 0
    file.chmod(0o644)
    assert run_in(tmp_path, "migrate").status == 0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hush@127.0.0.1:1/x",
        "postgresql://u:@127.0.0.1:1/x",
        "postgresql://u:a/hush@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x?password=hush",
        "postgresql://127.0.0.1:1/x?a=b&pass%77ord=hush",
        "postgresql:///x?sslpassword=hush",
    ],
)
def test_a_password_on_a_command_line_is_refused(tmp_path: Path, url: str) -> None:
    for command in (["serve"], ["dial"], ["doctor"], ["key", "list"], ["migrate"]):
        ended = run_in(tmp_path, *command, "--database", url)
        assert one_line(ended, "set CALLKEEPER_DATABASE instead")
        assert "hush" not in ended.err
    assert "Connection refused" in run_in(tmp_path, "key", "list", CALLKEEPER_DATABASE=URL).err


@pytest.mark.parametrize(
    "url", ["postgresql://u@127.0.0.1:1/x", "postgresql://[::1]:1/x?user=a%40b"]
)
def test_a_url_without_one_is_no_secret(tmp_path: Path, url: str) -> None:
    assert "Connection refused" in run_in(tmp_path, "key", "list", "--database", url).err


@pytest.fixture
def taken_port() -> Iterator[str]:
    """Return a port at which nobody else can serve."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield str(taken.getsockname()[1])


@pytest.mark.parametrize("command", [["serve", "--workers", "2"], ["dial"]])
def test_before_it_runs_it_tells_what_others_can_read(
    tmp_path: Path, command: list[str], taken_port: str
) -> None:
    """Neither runs: one finds its port taken, the other no line."""
    where = started(tmp_path / "data")
    if command[0] == "serve":
        where += ["--port", taken_port]
    ended = run(*command, *where)
    assert ended.status in (1, 2)
    assert "others can get at" not in ended.err
    for name in ("sealing.key", ""):
        (tmp_path / "data" / name).chmod(0o755)
        told = run(*command, *where).err.splitlines()[0]
        assert told.startswith("callkeeper: others can get at ")
        assert str(tmp_path / "data" / name).rstrip("/") in told
    key = tmp_path / "given.pem"
    key.touch(0o644)
    assert str(key) in run(*command, *where, CALLKEEPER_TLS=f"{key}:{key}").err


def test_a_host_that_no_certificate_can_name_is_one_line(tmp_path: Path) -> None:
    ended = run("serve", "--host", "\u00e9.local", "--port", "0", "--data-dir", str(tmp_path))
    assert one_line(ended, "ASCII")


def test_an_added_campaign_is_kept_in_whole_seconds(house: House) -> None:
    made = add(house.settings.data_dir, "--json").value
    found = house.store.campaigns.get(25, made["id"])
    assert found is not None
    assert (found.begin_at % 1000, found.end_at % 1000) == (0, 0)


def test_a_campaign_is_added_as_started_unless_it_is_to_be_paused(house: House) -> None:
    for more, status in (([], "started"), (["--name", "later", "--paused"], "paused")):
        made = add(house.settings.data_dir, "--json", *more).value
        found = house.store.campaigns.get(25, made["id"])
        assert found is not None
        assert found.status == status


def test_a_campaign_that_the_wire_would_refuse_is_not_added(tmp_path: Path) -> None:
    started(tmp_path)
    assert add(tmp_path, "--alerting-seconds", "8").status == 2
    assert add(tmp_path, "--caller", "10086", "--caller", "10086").status == 2
    assert add(tmp_path, "--name", "n" * 101).status == 2
    assert add(tmp_path, "--window", "12:00-11:00").status == 2
    assert add(tmp_path, "--window", "12:00-24:01").status == 2
    four = [f"--window=0{hour}:00-0{hour}:30" for hour in range(4)]
    assert "--window: has 4 elements, at most 3 fit" in add(tmp_path, *four).err
    beyond = add(tmp_path, end="2100-01-01T00:00:00+00:00")
    assert beyond.status == 2
    assert "--end: '2100-01-01T00:00:00+00:00' is not in the years 2000 to 2099" in beyond.err
    assert one_line(add(tmp_path, end="2020-01-01T00:00:00+00:00"), "--end: the campaign would not")
    assert add(tmp_path, "--alerting-seconds", "8", "--device-type", "2").status == 0


def test_a_campaign_for_a_skill_queue_that_there_is_not_is_not_added(tmp_path: Path) -> None:
    where = started(tmp_path)
    command = ["campaign", "add", "--name", "x", "--vdn", "25", "--end", "+30d", *where]
    for queue, status in (("6", 1), ("5", 0)):
        ended = run(*command, "--goes-to", f"skill {queue}", CALLKEEPER_SKILL_QUEUES="[5]")
        assert ended.status == status, ended


def test_a_database_and_its_copy_are_for_the_owner_alone(house: House, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    data_dir = house.settings.data_dir
    assert run("backup", str(copy), "--data-dir", str(data_dir)).status == 0
    files = [data_dir / f"callkeeper.db{end}" for end in ("", "-wal", "-shm")]
    for file in (*files, copy / "callkeeper.db"):
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_backup_removes_nothing_of_others(tmp_path: Path) -> None:
    where = started(tmp_path / "data")
    copy, others = tmp_path / "copy", tmp_path / "copy.unfinished"
    others.mkdir()
    (others / "thesis").write_text("all of it")
    assert run("backup", str(copy), *where).status == 0
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert one_line(run("backup", str(tmp_path / "link"), *where), "exists")
    (tmp_path / "data" / "sealing.key").unlink()
    (tmp_path / "data" / "sealing.key").mkdir()  # no file that could be copied
    assert run("backup", str(tmp_path / "again"), *where).status == 1
    assert (others / "thesis").read_text() == "all of it"
    assert {each.name for each in tmp_path.iterdir()} == {"data", "copy", others.name, "link"}


def test_a_result_or_a_move_that_says_nothing_is_a_wrong_command(house: House) -> None:
    id_ = book(house)
    where = ["--data-dir", str(house.settings.data_dir)]
    for command, option in (("result", "--fail-code"), ("move", "--at")):
        ended = at_house(house, command, id_)
        assert (ended.status, ended.out) == (2, "")
        told = " ".join(ended.err.split())
        assert option in told
        assert "`callkeeper why APPOINT_ID` shows what is on record" in told
    assert at_house(house, "result", id_, "--agent", "bert").out == f"noted the agent of {id_}\n"
    told = run("why", id_, *where).out
    assert "result: it tells of no call, agent bert (by" in told
    assert "now: waiting for" in told


def test_a_fail_code_of_zeros_only_is_success(house: House) -> None:
    id_ = book(house)
    assert at_house(house, "result", id_, "--fail-code", "000").status == 0
    assert "the call succeeded" in run("why", id_, "--data-dir", str(house.settings.data_dir)).out


def test_a_settings_file_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "callkeeper.toml", 0o600)
    for command in (["doctor"], ["migrate"], ["serve"]):
        assert one_line(run_in(tmp_path, *command), "callkeeper.toml is no file that could be read")
    given = str(tmp_path / "callkeeper.toml")
    assert one_line(run("doctor", CALLKEEPER_CONFIG=given), "is no file that could be read")


def test_nor_is_a_sealing_key_that_is_one(tmp_path: Path) -> None:
    where = started(tmp_path)
    (tmp_path / "sealing.key").unlink()
    os.mkfifo(tmp_path / "sealing.key", 0o600)
    assert one_line(run("key", "create", "--vdn", "25", *where), "sealing.key is no file")


NUMBERS = [
    (name, each)
    for name, command in commands().items()
    for each in command.params
    if each.type_descriptor.annotation is int
]


@pytest.mark.parametrize(
    ("name", "given"),
    [(name, max(each.opts, key=len)) for name, each in NUMBERS],
)
@pytest.mark.parametrize("number", ["99999999999999999999", "-99999999999999999999", "9" * 5_000])
def test_a_number_beyond_any_database_is_no_bug(
    installed: list[str], name: str, given: str, number: str
) -> None:
    """Give a command such a number where it takes one, and something for all else it needs."""
    words = [*name.split(), "--json"]
    for each in commands()[name].params:
        longest = max(each.opts, key=len)
        if longest == "--data-dir":
            words += installed
        elif longest == given:
            words += [f"{given}={number}"] if given.startswith("--") else ["--", number][1:]
        elif each.required:
            known = {"vdn": "25", "end": "+9d"}
            value = known.get(each.name, "1")
            words += [longest, value] if longest.startswith("--") else [value]
    ended = run(*words, CALLKEEPER_URL="http://127.0.0.1:9", CALLKEEPER_AK="a", CALLKEEPER_SK="s")
    assert ended.status in (1, 2, 3), ended
    assert json.loads(ended.err)["error"]["says"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return started(tmp_path_factory.mktemp("installed"))


@pytest.mark.parametrize("variable", ["AGENT", "AK", "CA", "URL", "CONFIG", "DESTINATIONS", "X"])
def test_no_variable_of_ours_may_be_no_text(installed: list[str], variable: str) -> None:
    for command in (["reservations", "--mine", "--vdn", "25", *installed], ["list"]):
        ended = run(*command, **{f"CALLKEEPER_{variable}": NO_TEXT, "CALLKEEPER_SK": "s"})
        assert one_line(ended, f"CALLKEEPER_{variable}"), ended


@pytest.mark.parametrize("depth", [300, 900, 5_000, 100_000])
@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_a_setting_that_is_nested_deep_is_wrong(tmp_path: Path, opened: str, depth: int) -> None:
    closed = {"[": "]"}.get(opened, "}")
    for text in (opened * depth, opened * depth + "1" + closed * depth):
        for variable in ("DESTINATIONS", "FAIL_CODES", "NUMBERS_OF_VDNS", "SKILL_QUEUES"):
            if len(text) < 100_000:  # the system takes no longer variable
                assert one_line(
                    run("lines", **{f"CALLKEEPER_{variable}": text}), variable.lower()
                ) or one_line(run("lines", **{f"CALLKEEPER_{variable}": text}), variable)
        for name in ("a", "destinations", "skill_queues", "port"):
            (tmp_path / "callkeeper.toml").write_text(f"{name}={text.replace(':', '=')}")
            assert run_in(tmp_path, "lines").err.count("\n") == 1


@pytest.mark.parametrize("header", ["a;b: x", "a/b: x", "a b: x", ": x", "é: x", "host;host: x"])
def test_a_header_is_signed_by_a_name_that_headers_have(header: str) -> None:
    known = {"CALLKEEPER_AK": "ak", "CALLKEEPER_SK": "secret"}
    ended = run("sign", "GET", "http://h/p", "--header", header, **known)
    assert ended.status == 2
    assert 'must read "name: value"' in ended.err


@pytest.mark.parametrize(
    "url", ["http://u:hush@h/p", "http://u:hush@[/p", "//u:hush@h", "https://u:hu/hush@h/p"]
)
def test_a_password_in_a_url_is_not_signed_and_not_repeated(url: str) -> None:
    known = {"CALLKEEPER_AK": "ak", "CALLKEEPER_SK": "secret"}
    ended = run("sign", "GET", url, "--explain", **known)
    assert (ended.status, ended.out) == (2, "")
    assert "has no user and no password" in ended.err
    assert "hush" not in ended.err


def test_a_campaign_has_as_many_calls_at_once_as_the_settings_may_say(tmp_path: Path) -> None:
    setting = ("campaign_calls_max", bounds.Calls)
    assert bounds.trouble(*setting, CALLS_MAX) is None
    assert bounds.trouble(*setting, CALLS_MAX + 1)
    add(tmp_path, *started(tmp_path))
    dialing = ["campaign", "dialing", "1", "--vdn", "25", "--data-dir", str(tmp_path)]
    assert run(*dialing, "--calls-max", "10000").status == 0
    for many in ("10001", "0"):
        ended = run(*dialing, "--calls-max", many)
        assert (ended.status, ended.out) == (2, "")
        assert "1 to 10000" in ended.err
