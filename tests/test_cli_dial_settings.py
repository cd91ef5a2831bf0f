"""How a campaign's automatic calls are made, shown and changed at the terminal."""

import pytest

from tests.house import VDN, House
from tests.test_cli_dialer import TASK, at_data


def test_dial_settings_are_shown_and_changed_part_by_part(house: House) -> None:
    house.has_campaign(int(TASK))
    arrange = ["campaign", "dialing", TASK, "--vdn", str(VDN)]
    limits = ["--retry", "busy:3:10m", "--time-zone", "Europe/Berlin", "--calls-max", "2"]
    told = at_data(house, *arrange, *limits).out
    assert told == (
        "campaign 7: its windows are in Europe/Berlin; at most 2 calls at once; "
        "after busy at most 3 times again, 600 s apart\n"
    )
    campaign = house.store.campaigns.get(VDN, int(TASK))
    assert campaign is not None
    assert campaign.dial_settings.retries[0].spacing_seconds == 600
    assert at_data(house, *arrange).out == told
    assert house.store.campaigns.get(VDN, int(TASK)) == campaign
    more = at_data(house, *arrange, "--retry", "no_answer:1:1d").out
    assert more == told.replace("\n", "; after no_answer at most 1 times again, 86400 s apart\n")
    less = at_data(house, *arrange, "--no-retry", "--no-calls-max").out
    assert less == "campaign 7: its windows are in Europe/Berlin\n"
    none = at_data(house, *arrange, "--no-time-zone").out
    assert none == "campaign 7: as the settings have it\n"


def test_the_time_zone_that_a_campaign_was_added_with_stays(house: House) -> None:
    vdn = ["--vdn", str(VDN)]
    limits = ["--name", "spring", "--end", "+30d", "--time-zone", "Asia/Tokyo", "--json"]
    made = at_data(house, "campaign", "add", *vdn, *limits).value
    arrange = ["campaign", "dialing", str(made["id"]), *vdn]
    changed = at_data(house, *arrange, "--calls-max", "3", "--json").value["dialing"]
    assert changed == {"time_zone": "Asia/Tokyo", "calls_max": 3}
    assert at_data(house, *arrange, "--json").value["dialing"] == changed


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["7", "--retry", "busy:10m"], 2, "must read OUTCOME:TIMES:SPACING"),
        (["7", "--retry", "unknown:3:10m"], 2, "the outcome 'unknown' is none of busy, no_answer"),
        (["7", "--retry", "busy:99:10m"], 2, "the times '99' must be 1 to 20"),
        (["7", "--retry", "busy:1:0"], 2, "the spacing '0' must read like 30s, 10m, 2h or 1d"),
        (
            ["7", "--retry", "busy:1:8d"],
            2,
            "the spacing '8d' must read like 30s, 10m, 2h or 1d, up",
        ),
        (["7", "--retry", "busy:1:5", "--retry", "busy:2:5"], 1, "one retry for an outcome"),
        (["7", "--time-zone", "Mars/Base"], 2, "there is no time zone"),
        (["8"], 1, "there is no campaign 8"),
        (["8", "--no-retry"], 1, "there is no campaign 8"),
        (["7", "--time-zone", "UTC", "--no-time-zone"], 2, "either --time-zone or --no-time-zone"),
        (["7", "--calls-max", "1", "--no-calls-max"], 2, "either --calls-max or --no-calls-max"),
    ],
)
def test_dial_settings_that_cannot_be_met_are_refused(
    house: House, arguments: list[str], status: int, says: str
) -> None:
    house.has_campaign(int(TASK))
    ended = at_data(house, "campaign", "dialing", "--vdn", str(VDN), *arguments)
    assert (ended.status, ended.out) == (status, "")
    assert says in " ".join(ended.err.split())
