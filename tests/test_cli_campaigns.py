"""Campaigns at the terminal: listed, shown, paused, resumed, ended; what each says follows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.core.dialing.policy import Limits
from tests.store.calls import claim
from tests.stored import DAY, HOUR, MINUTE, SPRING, VDN, Stored

ID = str(SPRING)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    """An installation with a campaign that has a call due, one to come, and one of an agent's."""
    stored = Stored(tmp_path / "data")
    stored.promise(4 * MINUTE, kind="automatic")  # due, for it is dialed five minutes early
    stored.promise(DAY, kind="automatic")
    stored.promise(HOUR)
    yield stored
    stored.store.close()


def test_campaigns_are_listed_with_what_they_wait_with(stored: Stored) -> None:
    stored.has_campaign(8, name="draft", status="draft")
    stored.has_campaign(9, name="over", end_at=stored.now - DAY)
    rows = [line.split() for line in stored.ask("campaign", "list").out.splitlines()[1:4]]
    assert [row[:5] for row in rows] == [
        [ID, "春季回访", "started", "1", "1"],
        ["8", "draft", "draft", "0", "0"],
        ["9", "over", "ended", "0", "0"],
    ]
    told = stored.ask("campaign", "list", "--json").value["campaigns"]
    assert [(each["id"], each["state"]) for each in told] == [
        (SPRING, "started"),
        (8, "draft"),
        (9, "ended"),
    ]
    assert (told[0]["calls_due"], told[0]["calls_to_come"]) == (1, 1)
    assert told[0]["ends"].endswith("Z")


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (["--state", "draft"], [8]),
        (["--state", "started"], [SPRING]),
        (["--state", "ended"], [9]),
        (["--name", "春"], [SPRING]),
        (["--name", "x"], []),
    ],
)
def test_campaigns_are_listed_by_state_and_by_a_part_of_the_name(
    stored: Stored, filters: list[str], ids: list[int]
) -> None:
    stored.has_campaign(8, name="draft", status="draft")
    stored.has_campaign(9, name="over", end_at=stored.now - DAY)
    told = stored.ask("campaign", "list", *filters, "--json").value["campaigns"]
    assert [each["id"] for each in told] == ids


def test_more_campaigns_than_a_page_are_listed(stored: Stored) -> None:
    for number in range(100, 201):
        stored.has_campaign(number)
    assert len(stored.ask("campaign", "list", "--json").value["campaigns"]) == 102


def test_a_campaign_is_shown_with_its_hours_and_their_zone(stored: Stored) -> None:
    shown = stored.ask("campaign", "show", ID).out
    assert shown.startswith("campaign 7 '春季回访' of VDN 25\n  state  ")
    assert "  dials      all day (UTC)\n" in shown
    assert "  automatic  1 due, 1 to come\n" in shown
    assert stored.ask("campaign", "show", ID, "--json").value["name"] == "春季回访"


def test_where_no_call_is_to_come_pausing_and_resuming_say_so_alike(stored: Stored) -> None:
    stored.has_campaign(8, name="quiet")
    for word in ("pause", "resume"):
        assert "; no automatic call is to come" in stored.ask("campaign", word, "8").out
    stored.promise(DAY, kind="automatic", campaign_id="8")
    for word in ("pause", "resume"):
        told = stored.ask("campaign", word, "8").out
        assert "; no automatic call is due now, 1 to come" in told


@pytest.mark.parametrize("word", ["show", "pause", "resume", "special", "dialing", "end"])
def test_a_campaign_is_meant_by_its_name_too(stored: Stored, word: str) -> None:
    stored.has_campaign(8, name="春季")
    stored.has_campaign(9, name="冬季", status="paused")
    name, id_ = ("冬季", 9) if word == "resume" else ("春季", 8)
    more = ["--yes"] if word == "end" else []
    assert stored.ask("campaign", word, name, *more, "--json").value["id"] == id_
    none = stored.ask("campaign", word, "夏季")
    assert (none.status, none.out) == (1, "")
    assert "there is no campaign named '夏季' in VDN 25" in none.err


@pytest.mark.parametrize("word", ["show", "pause", "resume", "end", "special"])
def test_a_campaign_that_there_is_not_is_refused(stored: Stored, word: str) -> None:
    ended = stored.ask("campaign", word, "99")
    assert (ended.status, ended.out) == (1, "")
    assert "there is no campaign 99 in VDN 25" in ended.err


def test_pausing_says_what_waits_and_for_how_long_and_resuming_what_is_dialed(
    stored: Stored,
) -> None:
    paused = stored.ask("campaign", "pause", ID)
    assert paused.out == (
        "campaign 7 '春季回访': paused; 1 automatic call due now, 1 to come: each waits until it "
        "is resumed, and expires when it is more than 30 min late; agents ring its manual "
        "reservations as before\n"
    )
    again = stored.ask("campaign", "pause", ID)
    assert (again.status, again.out) == (1, "")
    assert again.err == "callkeeper: the campaign is paused already\n"
    resumed = stored.ask("campaign", "resume", ID)
    assert resumed.out == (
        "campaign 7 '春季回访': started; 1 automatic call due now, 1 to come, dialed within its "
        "hours\n"
    )
    assert "the campaign is started already" in stored.ask("campaign", "resume", ID).err
    events = stored.store.history.of(VDN, "campaign/7")
    assert [(each.what, each.by_whom) for each in events] == [
        ("paused", "operator"),
        ("resumed", "operator"),
    ]


def test_what_is_due_in_a_paused_campaign_expires_past_the_grace_as_was_said(
    stored: Stored,
) -> None:
    stored.ask("campaign", "pause", ID)
    after = stored.now + 4 * MINUTE + 31 * MINUTE
    claim(stored.store, at=after, limits=Limits(30 * MINUTE), sweeps=True)
    told = stored.ask("reservations", "--state", "expired", "--json").value
    (expired,) = told["reservations"]
    assert expired["why"] == "campaign 7 was paused; it is over 30 min late"


def test_ending_is_shown_first_and_done_with_yes_for_good(stored: Stored) -> None:
    shown = stored.ask("campaign", "end", ID)
    assert shown.status == 1
    assert shown.out == (
        "campaign 7 '春季回访': is started; once it ends, its 2 automatic calls to come will not "
        "be made; agents ring its manual reservations as before\n"
    )
    assert shown.err == "callkeeper: nothing was changed; --yes ends it\n"
    assert stored.ask("campaign", "show", ID, "--json").value["state"] == "started"
    ended = stored.ask("campaign", "end", ID, "--yes", "--json").value
    assert (ended["state"], ended["says"][:6]) == ("ended", "ended;")
    for again in (["resume", ID], ["pause", ID], ["end", ID], ["end", ID, "--yes"]):
        refused = stored.ask("campaign", *again)
        assert (refused.status, refused.out) == (1, "")
        assert "ended" in refused.err


def test_why_says_of_what_waits_in_an_ended_campaign_that_it_will_not_be_dialed(
    stored: Stored,
) -> None:
    automatic = stored.promise(2 * DAY, kind="automatic")
    stored.ask("campaign", "end", ID, "--yes")
    told = stored.ask("why", automatic).out
    assert "but campaign 7 ended " in told
    assert "it will not be dialed" in told


def test_a_campaign_that_has_not_begun_is_not_ended(stored: Stored) -> None:
    stored.has_campaign(8, begin_at=stored.now + DAY)
    ended = stored.ask("campaign", "end", "8", "--yes")
    assert (ended.status, ended.out) == (1, "")
    assert "pause it, and it dials nothing" in ended.err


def test_special_hours_are_set_shown_and_taken_away_and_said_not_to_be_used_yet(
    stored: Stored,
) -> None:
    special = ["campaign", "special", ID]
    unused = "; kept and shown, but the dialer does not use them yet\n"
    assert stored.ask(*special).out == f"campaign 7 '春季回访': special days: none{unused}"
    hours = ["--window", "14:00-16:00", "--window", "09:00-11:30"]
    assert stored.ask(*special, *hours).out.endswith(
        f"special days: 09:00-11:30, 14:00-16:00{unused}"
    )
    told = stored.ask("campaign", "show", ID, "--json").value
    assert told["special_windows"] == ["09:00-11:30", "14:00-16:00"]
    assert stored.ask(*special, "--no-window").out.endswith(f"special days: none{unused}")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--window", "9-11"], 2, "must read HH:MM-HH:MM"),
        (["--window", "11:00-09:00"], 2, "must begin before it ends"),
        (["--window", "09:00-11:00", "--window", "10:00-12:00"], 2, "overlap"),
        (["--window", "09:00-11:00", "--no-window"], 2, "either --window or --no-window"),
    ],
)
def test_special_hours_that_cannot_be_are_refused(
    stored: Stored, arguments: list[str], status: int, said: str
) -> None:
    ended = stored.ask("campaign", "special", ID, *arguments)
    assert (ended.status, ended.out) == (status, "")
    assert said in " ".join(ended.err.split())
