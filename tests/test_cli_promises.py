"""What a supervisor and an agent ask at the terminal: what is open, what was broken, and one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from callkeeper.core.reservations.changes import Cancel, Result
from callkeeper.usecases.short_ids import short_id
from tests.stored import DAY, HOUR, MINUTE, VDN, Stored


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    """An installation with a campaign and an agent of names."""
    stored = Stored(tmp_path / "data")
    yield stored
    stored.store.close()


def first_ids(stored: Stored, *arguments: str) -> list[str]:
    found = stored.ask(*arguments, "--json").value["reservations"]
    return [each["id"] for each in found]


def test_overdue_reservations_come_first_and_then_the_next_ones(stored: Stored) -> None:
    late, broken = stored.promise(-5 * MINUTE), stored.promise(-2 * DAY)
    later, next_ = stored.promise(3 * HOUR), stored.promise(90 * MINUTE + 20_000)
    shown = stored.ask("reservations")
    lines = shown.out.splitlines()
    told = [short_id(each) for each in (broken, late, next_, later)]
    assert [line.split()[2] for line in lines[1:5]] == told
    assert "broken 2 d" in lines[1]
    assert "late 5 min" in lines[2]
    assert "in 1 h 30 min" in lines[3]
    assert all("Ann Li" in line and "春季回访" in line for line in lines[1:5])
    assert lines[5] == "2 overdue"
    assert lines[6].startswith("times are in ")
    assert first_ids(stored, "reservations", "--overdue") == [broken, late]


def test_the_reservations_are_told_as_json(stored: Stored) -> None:
    id_ = stored.promise(-HOUR, called_no="13800130001", remark="请下午联系")
    (told,) = stored.ask("reservations", "--json").value["reservations"]
    assert (told["id"], told["short_id"], told["keeping"]) == (id_, id_[-8:], "broken")
    assert (told["number"], told["note"], told["why"]) == (
        "…0001",
        "请下午联系",
        "agent Ann Li has not called yet",
    )
    assert (told["agent"], told["agent_name"], told["campaign_name"]) == (
        "ann",
        "Ann Li",
        "春季回访",
    )
    assert told["at"].endswith("Z")


def test_numbers_are_shown_in_full_to_who_asks_for_it(stored: Stored) -> None:
    id_ = stored.promise(HOUR, called_no="13800130001")
    for command in (["reservations"], ["show", id_]):
        assert "13800130001" not in stored.ask(*command).out
        assert "13800130001" in stored.ask(*command, "--show-numbers").out


def test_a_number_is_masked_alike_wherever_it_is_shown(stored: Stored) -> None:
    id_ = stored.promise(-HOUR, called_no="13800138149")
    for command in (["reservations"], ["broken"], ["show", id_], ["why", id_], ["board"]):
        for more in ([], ["--json"]):
            shown = stored.ask(*command, *more).out
            assert "…8149" in shown
            assert "*" not in shown
            assert "38149" not in shown


def test_an_agent_sees_their_own(stored: Stored) -> None:
    anns, bobs = stored.promise(HOUR), stored.promise(HOUR, agent="bob")
    mine = stored.ask("reservations", "--mine", "--json", CALLKEEPER_AGENT="bob")
    assert [each["id"] for each in mine.value["reservations"]] == [bobs]
    assert mine.err == ""  # the name of the variable is known
    for said in ("ann", "Ann Li"):
        assert first_ids(stored, "reservations", "--agent", said) == [anns]


def test_an_agent_that_there_is_not_is_told_and_not_taken_for_one_with_nothing_to_do(
    stored: Stored,
) -> None:
    stored.name("ann2", "Ann Li")
    for command in ("reservations", "broken"):
        for agent, says in (("anne", "there is no agent 'anne'"), ("Ann Li", "several agents")):
            ended = stored.ask(command, "--agent", agent)
            assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
            assert says in ended.err
        assert stored.ask(command, "--mine", CALLKEEPER_AGENT="an").status == 1


def test_a_text_that_is_one_agents_account_and_anothers_name_means_neither(stored: Stored) -> None:
    ghosts, anns = stored.promise(HOUR, agent="Ann Li"), stored.promise(HOUR)
    for command in (["reservations", "--agent"], ["reassign", "--to", "bob", "--from"]):
        ended = stored.ask(*command, "Ann Li")
        assert (ended.status, ended.out) == (1, "")
        assert "account of one agent in VDN 25 and the name of another one, ann;" in ended.err
    assert first_ids(stored, "reservations", "--agent", "ann") == [anns]
    stored.ask("agent", "name", "ann", "Ann L.")
    assert first_ids(stored, "reservations", "--agent", "Ann Li") == [ghosts]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mine"], "set CALLKEEPER_AGENT"),
        (["--mine", "--agent", "ann"], "either --mine or --agent"),
        (["--overdue", "--state", "done"], "--overdue goes with neither"),
        (["--overdue", "--day", "today"], "--overdue goes with neither"),
        (["--state", "gone"], "none of waiting, calling, done, cancelled, expired"),
        (["--day", "15:00"], "is no day; write today"),
        (["--day", "+2h"], "is no day; write today"),
        (["--day", "someday"], "is no day; write today"),
    ],
)
def test_what_cannot_be_meant_is_a_wrong_command(
    stored: Stored, arguments: list[str], said: str
) -> None:
    ended = stored.ask("reservations", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert said in " ".join(ended.err.split())


def test_a_campaign_is_meant_by_its_id_or_its_name(stored: Stored) -> None:
    stored.has_campaign(8, name="春季")
    stored.promise(HOUR)
    other = stored.promise(HOUR, campaign_id="8")
    for said in ("8", "春季"):
        assert first_ids(stored, "reservations", "--campaign", said) == [other]
    ended = stored.ask("reservations", "--campaign", "summer")
    assert (ended.status, ended.out) == (1, "")
    assert "no campaign named 'summer' in VDN 25; `callkeeper campaign list`" in ended.err


def test_states_are_asked_for_and_closed_ones_come_latest_first(stored: Stored) -> None:
    done = [stored.promise(-2 * HOUR), stored.promise(-HOUR)]
    cancelled = stored.promise(HOUR)
    for each in done:
        stored.change(each, Result(fail_code="00537"))
    stored.change(cancelled, Cancel())
    assert first_ids(stored, "reservations", "--state", "done") == done[::-1]
    assert first_ids(stored, "reservations", "--state", "cancelled") == [cancelled]
    shown = stored.ask("reservations", "--state", "DONE").out
    assert " busy" in shown
    assert "00537" not in shown  # which `show` tells
    assert stored.ask("reservations").out == "nothing is open\n"
    assert stored.ask("reservations", "--state", "calling").out == "nothing is calling\n"
    assert stored.ask("reservations", "--overdue").out == "nothing is overdue\n"


def test_more_than_fit_are_announced(stored: Stored) -> None:
    for number in range(4):
        stored.promise(HOUR + number)
    shown = stored.ask("reservations", "--limit", "3").out
    assert "these are 3; --limit 6 shows more" in shown
    assert stored.ask("reservations", "--limit", "3", "--json").value["has_more"] is True


def test_what_is_long_overdue_hides_nobodys_next_call(stored: Stored) -> None:
    overdue = [stored.promise(-DAY + number) for number in range(5)]
    next_ = stored.promise(HOUR)
    for more in range(2):
        stored.promise(2 * HOUR + more)
    assert first_ids(stored, "reservations", "--limit", "4") == [
        *overdue[:2],
        next_,
        *first_ids(stored, "reservations")[6:7],
    ]
    shown = stored.ask("reservations", "--limit", "4").out
    assert "\n5 overdue, 2 shown\n" in shown
    assert "\n5 overdue, 3 shown\n" in stored.ask("reservations", "--overdue", "--limit", "3").out
    assert "\n5 overdue\n" in stored.ask("reservations").out


def test_as_many_are_overdue_as_whoever_is_asked_about_has(stored: Stored) -> None:
    for place in range(8):
        stored.promise(-HOUR - place, agent="bob" if place < 3 else "ann")
    stored.promise(HOUR)
    shown = stored.ask("reservations", "--agent", "ann", "--limit", "4").out
    assert "\n5 overdue, 3 shown\n" in shown


def test_a_day_is_reported_by_how_its_promises_were_kept(stored: Stored) -> None:
    ids = [stored.promise(-n * MINUTE) for n in range(1, 5)]
    begin = stored.now
    stored.change(ids[0], Result(fail_code="00000", begin_at=begin))
    stored.change(ids[1], Result(fail_code="00537", begin_at=begin + 2 * HOUR))
    stored.change(ids[2], Cancel())
    zone = "Etc/GMT-2"
    day = ["reservations", "--day", "today", "--time-zone", zone]
    where_it_is_noon = _zone_of_noon(begin)
    shown = stored.ask(*day[:-1], where_it_is_noon).out.splitlines()
    assert shown[0].endswith(
        ": 4 promises: 1 late, 1 kept, 1 kept late, 1 cancelled; of the 2 kept 1 answered, 1 not"
    )
    assert "kept 2 h 2 min late" in "\n".join(shown)
    told = stored.ask(*day[:-1], where_it_is_noon, "--json").value
    assert told["counts"] == {"late": 1, "kept": 1, "kept_late": 1, "cancelled": 1}
    assert told["answers"] == {"answered": 1, "not_answered": 1}
    assert [each["id"] for each in told["reservations"]] == [ids[3], ids[1], ids[0]]
    for other in ("yesterday", "tomorrow", "2026-01-01"):
        report = stored.ask("reservations", "--day", other, "--time-zone", where_it_is_noon)
        assert report.out.endswith(": no reservation is for that day\n")


def test_a_result_without_a_begin_is_not_said_to_be_in_time_because_it_was_filed(
    stored: Stored,
) -> None:
    stored.change(stored.promise(-2 * HOUR), Result(fail_code="00000"))
    stored.change(stored.promise(-MINUTE), Result(business_result="10"))
    zone = _zone_of_noon(stored.now)
    day = ["reservations", "--day", "today", "--time-zone", zone]
    head, _, *rows = stored.ask(*day).out.splitlines()
    assert head.endswith("1 kept, 1 kept sometime; of the 2 kept 1 answered, 1 with no word of it")
    assert ["kept sometime" in row for row in rows[:2]] == [True, False]
    told = stored.ask(*day, "--json").value["reservations"]
    assert [each["keeping"] for each in told] == ["kept_sometime", "kept"]


def test_at_80_columns_a_days_results_are_told(stored: Stored) -> None:
    for minutes in (1, 2):
        stored.change(stored.promise(-minutes * MINUTE), Result(fail_code="00603"))
    zone = _zone_of_noon(stored.now)
    shown = stored.at_terminal("reservations", "--day", "today", "--time-zone", zone)
    assert shown.count("no answer") == 2
    assert max(map(len, shown.splitlines()[1:])) <= 80


def _zone_of_noon(instant: int) -> str:
    """Return a zone in which it is noon or so, so that no day ends meanwhile."""
    ahead = 12 - instant // HOUR % 24
    return f"Etc/GMT{-ahead:+d}"  # signed as POSIX does


def test_what_was_broken_is_told_with_its_reason(stored: Stored) -> None:
    anns, nobodys = stored.promise(-2 * DAY), stored.promise(-3 * HOUR, agent=None)
    automatic = stored.promise(-2 * HOUR, kind="automatic", agent=None)
    stored.promise(-MINUTE)
    lines = stored.ask("broken").out.splitlines()
    assert [line.split()[2] for line in lines[1:4]] == [
        short_id(each) for each in (anns, nobodys, automatic)
    ]
    for line, why in zip(
        lines[1:4],
        ("agent Ann Li has not called yet", "no agent has it", "no dialer has looked at it"),
        strict=True,
    ):
        assert line.endswith(why)
    assert lines[4] == "`callkeeper why ID` tells all of one"
    stored.change(anns, Result(fail_code="00000"))
    assert first_ids(stored, "broken") == [nobodys, automatic]
    assert stored.ask("broken", "--agent", "ann").out == "no promise was broken\n"
    assert first_ids(stored, "broken", "--day", "2026-01-01") == []


def test_at_80_columns_the_reason_is_told_to_its_end(stored: Stored) -> None:
    stored.promise(-3 * DAY)
    stored.promise(-2 * DAY, agent=None)
    stored.name("ann", "Annabelle Featherstonehaugh")
    shown = stored.at_terminal("broken").splitlines()
    assert max(map(len, shown)) <= 80
    head, anns, more, yet, nobodys, *rest = shown
    assert head.split() == ["when", "id", "how", "number", "why"]
    assert anns.endswith("  agent Annabelle")
    assert f"{more.strip()} {yet.strip()}" == "Featherstonehaugh has not called yet"
    assert nobodys.endswith("no agent has it")
    assert rest[0] == "a wider terminal shows agent, campaign too, and so does `| less -S`"
    assert "春季回访" in stored.at_terminal("broken", columns=120)


def test_what_a_campaign_keeps_from_being_dialed_is_held_and_not_on_its_way(
    stored: Stored,
) -> None:
    for id_ in (8, 9):
        stored.has_campaign(id_, name=f"c{id_}", status="paused")
        stored.promise(HOUR + id_, kind="automatic", campaign_id=str(id_), agent=None)
        stored.promise(2 * HOUR + 60_000 + id_, campaign_id=str(id_))
    stored.promise(-DAY, kind="automatic", campaign_id="8", agent=None)
    stored.ask("campaign", "end", "9", "--yes")
    lines = stored.at_terminal("reservations").splitlines()
    late, paused, ended, *by_hand = [line for line in lines if "…" in line]
    assert "held: paused" in paused
    assert "held: ended" in ended
    assert all("automatic" in each for each in (late, paused, ended))
    assert all("in 2 h" in each and "automatic" not in each for each in by_hand)
    told = stored.ask("reservations", "--json").value["reservations"]
    assert [each["held"] for each in told] == ["paused", "paused", "ended", "", ""]
    assert stored.ask("broken").out.splitlines()[1].endswith("campaign 8 is paused")


def test_one_reservation_is_shown_with_all_that_is_on_record(stored: Stored) -> None:
    id_ = stored.promise(HOUR, remark="call after lunch")
    shown = stored.ask("show", id_, vdn=None).out
    assert shown.startswith(f"manual reservation {id_} of VDN 25\n")
    lines = [line.split() for line in shown.splitlines()]
    for each in (
        "agent ann (Ann Li)",
        "campaign 7 (春季回访)",
        "note call after lunch",
        "number …01",
    ):
        assert each.split() in lines
    assert lines[-1][:3] == ["now", "waiting", "for"]
    (told,) = stored.ask("show", id_, "--json").value["reservations"]
    assert (told["id"], told["state"]) == (id_, "waiting")
    assert told["outlook"].startswith("waiting for ")


@pytest.mark.parametrize("command", ["show", "why", "attempts"])
def test_a_short_id_stands_for_the_whole_one(stored: Stored, command: str) -> None:
    id_ = stored.promise(HOUR)
    whole = stored.ask(command, id_, vdn=None)
    assert whole.status == 0
    assert stored.ask(command, short_id(id_)) == whole
    assert stored.ask(command, id_[:13]) == whole
    assert stored.ask(command, short_id(id_), vdn=None, CALLKEEPER_VDN=str(VDN)) == whole


@pytest.mark.parametrize("command", ["show", "why", "attempts"])
def test_a_short_id_that_stands_for_nothing_says_what_to_type(stored: Stored, command: str) -> None:
    stored.promise(HOUR)
    for arguments, said in (
        (["12345"], "no reservation of VDN 25 begins with 12345, and none of the 200000 nearest"),
        (["abcde"], "there is no reservation 'abcde' in any VDN"),
    ):
        ended = stored.ask(command, *arguments)
        assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
        assert said in ended.err
    ended = stored.ask(command, "12345", vdn=None)
    assert (ended.status, ended.out) == (1, "")
    assert "give --vdn, or set CALLKEEPER_VDN" in ended.err


def test_agents_are_listed_with_their_names(stored: Stored) -> None:
    stored.promise(HOUR, agent="bob")
    assert stored.ask("agent", "list").out.split() == ["account", "name", "ann", "Ann", "Li", "bob"]
    agents = stored.ask("agent", "list", "--json").value["agents"]
    assert agents == [{"account": "ann", "name": "Ann Li"}, {"account": "bob", "name": None}]
    assert stored.ask("agent", "list", vdn=9).out.startswith("no agents in VDN 9; ")


LONG = "asks for Bert, who knows about the invoice of last year and the two reminders that came"


def test_at_a_terminal_sentences_are_broken_between_words_and_elsewhere_not_at_all(
    stored: Stored,
) -> None:
    id_ = stored.promise(-DAY, remark=LONG, agent="Annabelle")
    commands = (
        ["show", id_],
        ["why", id_],
        ["campaign", "pause", "7"],
        ["campaign", "resume", "7"],
        ["move", id_, "--at", "+1h"],
        ["reservations", "--agent", "nobody of that name"],
    )
    for command in commands:
        status = int(command[-1] in ("+1h", "nobody of that name"))
        shown = stored.at_terminal(*command, columns=60, status=status)
        assert max(map(cell_len, shown.splitlines())) <= 60
        piped = stored.ask(*command)
        words = " ".join(shown.split())
        if command[0] not in ("show", "campaign"):
            assert words == " ".join(f"{piped.out}{piped.err}".split())
    lines = stored.at_terminal("show", id_, columns=60).splitlines()
    (place,) = (place for place, line in enumerate(lines) if "asks for Bert" in line)
    below = lines[place + 1]
    assert len(below) - len(below.lstrip()) == lines[place].index("asks")


@pytest.mark.parametrize(
    ("ahead", "told"),
    [(119 * MINUTE, "in 1 h 59 min"), (2 * HOUR, "in 2 h"), (3 * DAY + 80 * MINUTE, "in 3 d 1 h")],
)
def test_lists_and_sentences_round_a_span_alike(stored: Stored, ahead: int, told: str) -> None:
    id_ = stored.promise(ahead + 20_000)
    (row,) = [each for each in stored.ask("reservations").out.splitlines() if id_[-8:] in each]
    assert f"  {told}  " in row
    assert f"(UTC, {told})" in stored.ask("show", id_).out
