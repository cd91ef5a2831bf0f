"""The dialer from the shell: dial, lines, attempts, why, doctor."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from callkeeper.core.dialing.lease import LEASE_MS, Lease
from callkeeper.core.instants import day_in_utc
from callkeeper.installation.database import DATABASE_FILE
from tests.at_terminal import at_terminal
from tests.house import VDN, House
from tests.ports import free_port
from tests.running import running
from tests.test_cli import Ended, at_house, environment, run, started
from tests.waiting import until

TASK = "7"


@pytest.fixture
def dialing(tmp_path: Path) -> Iterator[House]:
    """A server that rehearses, with a campaign for it."""
    with House(tmp_path / "data", line="rehearsal") as house:
        house.has_campaign(int(TASK))
        yield house


def reserve(house: House, number: str, at: str = "+1m") -> str:
    """Reserve an automatic call, and return its id."""
    limits = ["--at", at, "--campaign", TASK, "--agent", "ann", "--automatic", "--json"]
    return str(at_house(house, "reserve", number, *limits).value["id"])


def at_data(house: House, *arguments: str, **more: str) -> Ended:
    """Run an operator's command on a house's database."""
    return run(*arguments, "--data-dir", str(house.settings.data_dir), **more)


def has_result(house: House) -> bool:
    return all(row["failCode"] for row in house.listed(taskId=TASK))


def reserve_by_hand(house: House) -> str:
    house.has_campaign(int(TASK))
    return reserve(house, "66660001", "+2h")


def data_dir(house: House) -> str:
    return str(house.settings.data_dir)


def said_by_a_server(*arguments: str) -> str:
    """Run a server until it serves, and return what it said that is no line of its log."""
    with running(["serve", *arguments], environment()) as server:
        server.line(" serves ")
        return server.end()


def at_a_terminal(house: House, columns: int, *arguments: str) -> str:
    """Run a command at a terminal of so many columns, and return what it shows."""
    known = {"URL": house.url, "AK": house.key.ak, "SK": house.key.secret, "VDN": str(VDN)}
    given: dict[str, Any] = {f"CALLKEEPER_{name}": value for name, value in known.items()}
    return at_terminal(columns, *arguments, **given)


@contextmanager
def dialed(*arguments: str, **more: str) -> Iterator[str]:
    """Run ``callkeeper dial``, and yield the line that it says when it dials."""
    with running(["dial", *arguments], environment(**more)) as dialer:
        yield dialer.line("dials as")
    assert dialer.status == 0


def test_attempts_and_why_tell_what_the_line_said(dialing: House) -> None:
    id_ = reserve(dialing, "66660002")
    until(lambda: has_result(dialing))
    (attempt,) = at_data(dialing, "attempts", id_, "--json").value["attempts"]
    assert (attempt["outcome"], attempt["fail_code"], attempt["cause"]) == ("busy", "00537", 17)
    shown = at_data(dialing, "attempts", id_).out
    assert attempt["id"] in shown
    assert "17 User busy" in shown
    told = at_data(dialing, "why", id_).out
    assert "dialed: try 1 over line rehearsal" in told
    assert "try 1 ended with busy, code 00537; the line said cause 17 User busy, SIP 486" in told
    assert "now: done: a result is on record" in told


def test_the_lines_words_are_shown_as_it_said_them(dialing: House) -> None:
    id_ = reserve(dialing, "66660002")
    until(lambda: has_result(dialing))
    with closing(sqlite3.connect(dialing.settings.data_dir / DATABASE_FILE)) as file, file:
        file.execute("UPDATE attempt SET cause_text = '[/red] [bold]busy'")
    assert "17 [/red] [bold]busy" in at_data(dialing, "attempts", id_).out


def test_attempts_of_an_unknown_id_are_refused(dialing: House) -> None:
    ended = at_data(dialing, "attempts", "nobody")
    assert (ended.status, ended.out) == (1, "")
    assert "there is no reservation 'nobody'" in ended.err


def test_lines_show_who_dials_and_how_many_calls_there_are(dialing: House) -> None:
    reserve(dialing, "66660003")  # rings for long
    shown = until(lambda: at_data(dialing, "lines", "--json").value)
    (dispatcher,) = shown["dispatchers"]
    assert (dispatcher["line"], dispatcher["state"]) == ("rehearsal", "up")
    until(lambda: at_data(dialing, "lines", "--json").value["calls_in_progress"])
    assert dispatcher["dispatcher"] in at_data(dialing, "lines").out


def test_a_line_that_refuses_every_call_is_told_of(house: House) -> None:
    why = "Asterisk lets this user make no calls"
    house.has_campaign(int(TASK))
    now = house.now()
    until_ = now + LEASE_MS
    anna = Lease("anna", "rehearsal", now, now, until_, is_up=True, per_second=0.0, trouble=why)
    with house.store.transaction():
        house.store.leases.renew([anna])
    (row,) = at_data(house, "lines", "--json").value["dispatchers"]
    assert (row["state"], row["trouble"]) == ("line refuses", why)
    assert f"refuses every call: {why}" in " ".join(at_data(house, "lines").out.split())
    told = f"line rehearsal refuses every call: {why}; it is tried again by itself"
    assert told in at_data(house, "why", reserve(house, "66660001")).out
    checked = at_data(house, "doctor", "--line", "rehearsal", "--port", "0")
    assert checked.status == 1
    assert f"dispatcher anna finds that {told}" in " ".join(checked.out.split())


def test_why_says_that_nobody_dials(house: House) -> None:
    house.has_campaign(int(TASK))
    told = at_data(house, "why", reserve(house, "66660001")).out
    assert "no dialer is running" in told
    assert "due since" in told


def test_why_says_when_it_is_next_eligible(dialing: House) -> None:
    hour = dialing.now() // 3_600_000 % 24
    opens = (hour + 2) % 24 * 60
    dialing.has_campaign(8, workday_windows=f'[{{"begin":{opens},"end":{opens + 30}}}]')
    limits = ["--at", "+1m", "--campaign", "8", "--agent", "ann", "--automatic", "--json"]
    id_ = at_house(dialing, "reserve", "66660001", *limits).value["id"]

    def held() -> str | None:
        told = at_data(dialing, "why", id_).out
        return told if "outside the hours" in told else None

    assert "next eligible" in (until(held) or "")


def test_a_dialer_alone_dials_for_a_server_that_does_not(house: House, tmp_path: Path) -> None:
    house.has_campaign(int(TASK))
    reserve(house, "66660004")
    where = ["--data-dir", str(house.settings.data_dir), "--line", "rehearsal"]
    port = str(free_port())
    with dialed(*where, "--metrics-port", port) as said:
        until(lambda: has_result(house))

        def metrics_while_up() -> str | None:
            text = httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
            return text if "callkeeper_database_up 1.0" in text else None

        metrics = until(metrics_while_up) or ""  # a busy machine may not say so in time at first
        name = said.rpartition(" ")[2]
        (row,) = at_data(house, "lines", "--json").value["dispatchers"]
        assert row["dispatcher"] == name
    assert 'callkeeper_outcomes_total{outcome="rejected"} 1.0' in metrics
    assert f"callkeeper_schema_version {house.store.schema_version()}.0" in metrics
    assert "callkeeper_overdue_reservations" not in metrics  # a server counts them
    (row,) = at_data(house, "lines", "--json").value["dispatchers"]
    assert row["state"] == "gone"  # told at once when it is stopped
    assert (tmp_path / "data").exists()


def test_to_dial_over_no_line_is_a_wrong_command_which_a_service_does_not_try_again(
    tmp_path: Path,
) -> None:
    ended = run("dial", *started(tmp_path / "data"))
    assert (ended.status, ended.out) == (2, "")
    assert "--line: say which, asterisk or rehearsal, or set `line` in callkeeper.toml" in ended.err


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"LINE": "asterisk"}, "ari_password: set it"),
        ({"LINE": "asterisk", "ARI_PASSWORD": "x", "ARI_ENDPOINT": "PJSIP/1"}, "has no {number}"),
        ({"LINE": "rehearsal", "TIME_ZONE": "Mars/Base"}, "time_zone: there is no 'Mars/Base'"),
        ({"LINE": "rehearsal", "DESTINATION": "no where"}, "destination: 'no where' is no"),
        (
            {"LINE": "rehearsal", "DESTINATIONS": '{"skill 5":"x y"}'},
            "destinations, 'skill 5': 'x y' is no",
        ),
        ({"LINE": "rehearsal", "DESTINATIONS": '{"ivr1":"a,b"}'}, "destinations: 'ivr1' must"),
        ({"LINE": "rehearsal", "FAIL_CODES": '{"bored":"1"}'}, "fail_codes: 'bored' is no evide"),
        ({"LINE": "rehearsal", "FAIL_CODES": '{"cause 17":"a b"}'}, "fail_codes, 'cause 17': "),
        ({"LINE": "rehearsal", "DESTINATIONS": '{"ivr 1":3}'}, "destinations, 'ivr 1': write"),
        ({"LINE": "telegraph"}, "line: write rehearsal or asterisk, not 'telegraph'"),
        ({"LINE": "rehearsal", "DIALER": "yes"}, "dialer: write true or false, not 'yes'"),
        ({"LINE": "rehearsal", "LINE_CALLS_MAX": "0"}, "line_calls_max: write a whole"),
        (
            {"LINE": "asterisk", "ARI_PASSWORD": "x", "ARI_URL": "pbx:8088/ari"},
            "ari_url: not a valid URL",
        ),
        ({"LINE": "asterisk", "ARI_PASSWORD": "x", "ARI_URL": "http://u:pw@pbx/ari"}, "leave the"),
        (
            {"ARI_PASSWORD": "x", "LINE": "asterisk", "ARI_URL": "http://pbx:x/ari"},
            "ari_url: not a valid",
        ),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(
    tmp_path: Path, given: dict[str, str], says: str
) -> None:
    more = {f"CALLKEEPER_{name}": value for name, value in given.items()}
    ended = run("dial", "--data-dir", str(tmp_path / "data"), **more)
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1), ended
    assert says in ended.err
    assert "pw" not in ended.err


def test_a_variable_that_is_no_setting_is_told_and_changes_nothing(tmp_path: Path) -> None:
    ended = run("migrate", "--data-dir", str(tmp_path), CALLKEEPER_LIEN="x", CALLKEEPER_AK="x")
    assert ended.status == 0
    assert ended.err == (
        "callkeeper: CALLKEEPER_LIEN is no setting and changes nothing;"
        " did you mean CALLKEEPER_LINE?\n"
    )


def test_the_doctor_says_what_to_look_at_where_no_asterisk_answers(tmp_path: Path) -> None:
    run("migrate", "--data-dir", str(tmp_path))
    url = f"http://127.0.0.1:{free_port()}/ari"
    more = {"CALLKEEPER_ARI_URL": url, "CALLKEEPER_ARI_PASSWORD": "x"}
    told = run("doctor", "--line", "asterisk", "--data-dir", str(tmp_path), **more).out
    assert f"no connection to Asterisk at {url}; see that Asterisk runs, that http.conf" in told


def test_a_server_without_a_line_says_that_nothing_is_dialed(tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path), "--port", "0"]
    assert "no line is set, so automatic reservations are not dialed" in said_by_a_server(*where)
    assert "no line" not in said_by_a_server(*where, "--no-dialer")
    assert "no line" not in said_by_a_server(*where, "--line", "rehearsal")


def test_a_server_says_how_the_first_person_comes_until_there_is_one(tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path), "--port", "0"]
    assert "`callkeeper person add LOGIN --operator` prints a link" in said_by_a_server(*where)
    assert run("person", "add", "ann", "--operator", *where[:2]).status == 0
    assert "nobody can sign in" not in said_by_a_server(*where)


def test_where_nothing_is_to_be_shown_a_sentence_says_so(house: House) -> None:
    assert at_data(house, "lines").out == "no dispatcher is running, no call in progress\n"
    assert at_house(house, "list").out == "no reservations\n0 of 0\n"
    id_ = reserve_by_hand(house)
    assert at_data(house, "attempts", id_).out == "no attempts: it was not dialed\n"


def test_each_line_stands_once_with_its_calls_and_the_gone_are_left_out(house: House) -> None:
    now = house.now()
    leases = [
        Lease(name, line, now, now, until_, is_up=True, per_second=0.0)
        for name, line, until_ in [
            ("gone", "a", now),
            ("anna", "a", now + LEASE_MS),
            ("bert", "a", now + LEASE_MS),
            ("carl", "b", now + LEASE_MS),
        ]
    ]
    with house.store.transaction():
        house.store.leases.renew(leases)
    _, *rows, note = at_data(house, "lines").out.splitlines()
    shown = [line.split()[:3] for line in rows]
    assert note == "times are in UTC"
    today = day_in_utc(now)
    assert shown == [["a", "0", "0.0"], ["bert", "up", today], ["b", "0", "0.0"]]
    assert len(at_data(house, "lines", "--json").value["dispatchers"]) == len(leases)


def test_on_a_narrow_terminal_no_value_is_broken(dialing: House) -> None:
    id_ = reserve(dialing, "66660002")
    until(lambda: has_result(dialing))
    (attempt,) = at_data(dialing, "attempts", id_, "--json").value["attempts"]
    shown = at_a_terminal(dialing, 80, "attempts", id_, "--data-dir", data_dir(dialing))
    assert f"attempt   {attempt['id']}" in shown
    assert "cause     17 User busy" in shown
    assert "ended     +" in shown
    assert "times are in UTC; +… is how long after it was asked for" in shown


def test_a_list_is_one_row_a_line_at_80_columns_and_says_what_it_leaves_out(
    dialing: House,
) -> None:
    id_ = reserve(dialing, "66660002")
    until(lambda: has_result(dialing))
    head, row, count = at_a_terminal(dialing, 80, "list").splitlines()
    assert head.split() == ["at", "number", "agent", "result", "id", "campaign", "kind"]
    assert row.split()[2:6] == ["66660002", "ann", "00537", id_[-8:]]
    assert row.split()[6:] == ["campaign", TASK, "automatic"]
    assert count == "1 of 1; times are in UTC"
    assert max(map(len, (head, row, count))) <= 80
    head, row, left_out, _ = at_a_terminal(dialing, 70, "list").splitlines()
    assert head.split() == ["at", "number", "agent", "result", "id", "campaign"]
    assert left_out == "a wider terminal shows kind too, and so does `| less -S`"
    assert id_ in at_house(dialing, "list").out


def test_a_list_tells_names_and_notes_at_80_columns_and_whole_ids_to_a_pipe(house: House) -> None:
    house.has_campaign(int(TASK), name="春季回访")
    at_data(house, "agent", "name", "ann", "Ann Li", "--vdn", str(VDN))
    more = ["--at", "+2h", "--campaign", TASK, "--agent", "ann", "--remark", "call after lunch"]
    id_ = at_house(house, "reserve", "13800138149", *more, "--json").value["id"]
    head, row, _ = at_a_terminal(house, 80, "list").splitlines()
    assert head.split() == ["at", "number", "agent", "id", "campaign", "remark"]
    for each in ("13800138149", "Ann Li", f" {id_[-8:]} ", "春季回访", "call after lunch"):
        assert each in row
    piped = at_house(house, "list").out
    assert id_ in piped
    assert "Ann Li" in piped
    (told,) = at_house(house, "list", "--json").value["reservations"]
    assert (told["id"], told["agent"]) == (id_, "ann")


def test_a_metrics_port_that_is_taken_is_told_in_one_line(house: House, tmp_path: Path) -> None:
    port = house.url.rpartition(":")[2]
    where = started(tmp_path / "other")
    ended = run("dial", *where, "--line", "rehearsal", "--metrics-port", port)
    assert (ended.status, ended.err.count("\n")) == (1, 1)
    assert f"metrics_port: cannot listen on 127.0.0.1 port {port}" in ended.err


def test_the_doctor_looks_at_the_line(house: House) -> None:
    port = house.url.rpartition(":")[2]
    good = at_data(house, "doctor", "--port", port, "--line", "rehearsal")
    assert "good  line: the rehearsal line" in good.out
    assert "no dispatchers at work" in good.out
    none = at_data(house, "doctor", "--port", port).out
    assert "line: none is set for this command; nobody dials, so automatic reservations" in none
    wrong = at_data(house, "doctor", "--port", port, CALLKEEPER_DESTINATION="nowhere")
    assert "BAD   line: destination: 'nowhere' is no destination" in wrong.out
    beyond = at_data(house, "doctor", "--port", port, CALLKEEPER_TIME_ZONE="Mars/Base")
    assert "time_zone: there is no 'Mars/Base'" in beyond.err
    silent = at_data(
        house,
        "doctor",
        "--port",
        port,
        "--line",
        "asterisk",
        CALLKEEPER_ARI_URL="http://127.0.0.1:9/ari",
        CALLKEEPER_ARI_PASSWORD="x",
    )
    assert silent.status == 1
    assert "BAD   line: " in silent.out


def test_the_doctor_tells_who_dials_though_no_line_is_set_where_it_is_asked(dialing: House) -> None:
    port = dialing.url.rpartition(":")[2]
    (who,) = until(lambda: at_data(dialing, "lines", "--json").value["dispatchers"])
    told = at_data(dialing, "doctor", "--port", port).out
    dials = f"none is set for this command; {who['dispatcher']} dials over line rehearsal"
    assert f"good  line: {dials}\n" in told
