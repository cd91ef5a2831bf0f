"""A sick agent's promises are moved in one command."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.clock import SystemClock
from callkeeper.core.people.person import Role
from callkeeper.usecases.invitations import add_person
from callkeeper.usecases.short_ids import short_id
from tests.stored import DAY, HOUR, VDN, Stored

FROM_ANN = ["reassign", "--from", "ann", "--to", "bob"]


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    """An installation with two agents, one of whom has something to do."""
    stored = Stored(tmp_path / "data")
    stored.name("bob", "Bob Meyer")
    yield stored
    stored.store.close()


def test_it_is_shown_first_and_done_with_yes_and_then_there_is_nothing_left(
    stored: Stored,
) -> None:
    ids = [stored.promise(-HOUR), stored.promise(2 * DAY), stored.promise(HOUR, agent="cem")]
    shown = stored.ask(*FROM_ANN)
    assert shown.status == 1
    assert [line.split()[2] for line in shown.out.splitlines()[1:3]] == list(map(short_id, ids[:2]))
    assert shown.err == (
        "callkeeper: nothing was changed; --yes gives 2 reservations from ann (Ann Li) to bob "
        "(Bob Meyer)\n"
    )
    assert list(map(stored.agent_of, ids)) == ["ann", "ann", "cem"]
    done = stored.ask(*FROM_ANN, "--yes")
    assert done.out.endswith("gave 2 reservations to bob (Bob Meyer)\n")
    assert list(map(stored.agent_of, ids)) == ["bob", "bob", "cem"]
    again = stored.ask(*FROM_ANN, "--yes")
    assert (again.status, again.out) == (0, "no reservation waits for ann (Ann Li)\n")
    why = stored.ask("why", ids[0]).out
    assert "reassigned: from agent ann to agent bob (by operator)" in why


def test_agents_are_meant_by_their_names_too(stored: Stored) -> None:
    id_ = stored.promise(HOUR)
    told = stored.ask("reassign", "--from", "Ann Li", "--to", "Bob Meyer", "--yes", "--json").value
    assert (told["from"], told["to"]) == ("ann", "bob")
    assert stored.agent_of(id_) == "bob"


def invite(stored: Stored, login: str, name: str, role: Role) -> None:
    add_person(stored.store, SystemClock(), login, name, role)


def test_somebody_who_was_invited_keeps_them_before_anything_else_tells_of_an_agent(
    stored: Stored,
) -> None:
    invite(stored, "dora", "Dora Fuchs", Role("agent", VDN, "1005"))
    invite(stored, "elsewhere", "Emil Berg", Role("agent", VDN + 1, "1006"))
    one, other = stored.promise(HOUR), stored.promise(2 * HOUR)
    listed = stored.ask("agent", "list", "--json").value["agents"]
    assert {"account": "1005", "name": None} in listed
    assert "1006" not in {each["account"] for each in listed}
    assert "to 1005;" in f"{stored.ask('reassign', '--from', 'ann', '--to', '1005').err.strip()};"
    assert stored.ask("reassign", "--from", "ann", "--to", "1005", "--yes").status == 0
    assert [stored.agent_of(each) for each in (one, other)] == ["1005", "1005"]
    back = stored.ask("reassign", "--from", "1005", "--to", "ann", "--yes")
    assert back.out.endswith("gave 2 reservations to ann (Ann Li)\n")
    for nobody in ("1006", "Emil Berg"):
        refused = stored.ask("reassign", "--from", "ann", "--to", nobody, "--yes")
        assert f"there is no agent '{nobody}' in VDN" in refused.err


def test_what_people_call_themselves_means_nobody_and_keeps_nobody_from_being_meant(
    stored: Stored,
) -> None:
    id_ = stored.promise(HOUR)
    stored.name("1010", "Greta Holm")
    invite(stored, "greta", "g", Role("agent", VDN, "1010"))
    for number, name in enumerate(("Greta Holm", "bob", "Bob Meyer", "Karl Noll", "1010")):
        invite(stored, f"rogue{number}", name, Role("agent", VDN, f"rogue{number}"))
    for named, whose in (("Greta Holm", "1010"), ("bob", "bob"), ("1010", "1010")):
        back = stored.agent_of(id_) or ""
        done = stored.ask("reassign", "--from", back, "--to", named, "--yes")
        assert (done.status, stored.agent_of(id_)) == (0, whose), done.err
    refused = stored.ask("reassign", "--from", "1010", "--to", "Karl Noll", "--yes")
    assert (refused.status, stored.agent_of(id_)) == (1, "1010")
    assert "there is no agent 'Karl Noll' in VDN" in refused.err
    assert stored.ask("reassign", "--from", "1010", "--to", "Bob Meyer", "--yes").status == 0
    assert stored.agent_of(id_) == "bob"


def test_automatic_ones_stay_and_are_told_of(stored: Stored) -> None:
    stays, moves = stored.promise(HOUR, kind="automatic"), stored.promise(HOUR)
    done = stored.ask(*FROM_ANN, "--yes")
    assert done.out.endswith("; 1 automatic one stays, which the system dials\n")
    assert (stored.agent_of(stays), stored.agent_of(moves)) == ("ann", "bob")
    stored.promise(DAY, kind="automatic")
    again = stored.ask(*FROM_ANN, "--yes")
    assert "no reservation waits for ann (Ann Li); 2 automatic ones stay" in again.out


def test_those_of_a_day_alone_are_moved(stored: Stored) -> None:
    soon, later = stored.promise(DAY), stored.promise(3 * DAY)
    told = stored.ask(*FROM_ANN, "--day", "tomorrow", "--yes", "--json", "--time-zone", "UTC")
    assert (told.value["found"], told.value["reassigned"]) == (1, 1)
    assert [each["id"] for each in told.value["reservations"]] == [soon]
    assert (stored.agent_of(soon), stored.agent_of(later)) == ("bob", "ann")
    none = stored.ask(*FROM_ANN, "--day", "tomorrow", "--time-zone", "UTC")
    assert none.out.startswith("no reservation waits for ann (Ann Li) on 20")


def test_what_is_overdue_from_earlier_days_and_stays_is_told_of(stored: Stored) -> None:
    overdue = [stored.promise(-3 * DAY), stored.promise(-2 * DAY)]
    stored.promise(-2 * DAY, kind="automatic")
    stored.promise(-2 * DAY, agent="cem")
    today = stored.promise(DAY)
    day = ["--day", "tomorrow", "--time-zone", "UTC"]
    told = "2 overdue ones of earlier days stay; without --day they go too"
    assert told in stored.ask(*FROM_ANN, *day).out
    done = stored.ask(*FROM_ANN, *day, "--yes", "--json").value
    assert (done["reassigned"], done["overdue_before"]) == (1, 2)
    assert stored.agent_of(today) == "bob"
    again = stored.ask(*FROM_ANN, *day)
    assert (again.status, told in again.out) == (0, True)
    stored.ask(*FROM_ANN, "--yes")
    assert [stored.agent_of(each) for each in overdue] == ["bob", "bob"]
    assert "earlier" not in stored.ask(*FROM_ANN).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "ann", "--to", "nobody"], "--to: there is no agent 'nobody' in VDN 25"),
        (["--from", "nobody", "--to", "ann"], "--from: there is no agent 'nobody' in VDN 25"),
        (["--from", "ann", "--to", "ann"], "--to: it is the same agent"),
    ],
)
def test_an_agent_that_is_none_is_refused_in_the_options_own_name(
    stored: Stored, arguments: list[str], said: str
) -> None:
    ended = stored.ask("reassign", *arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert said in ended.err
