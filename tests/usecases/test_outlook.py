"""What is told of a call that is not due yet, and of one that nobody will ever make."""

import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callkeeper.core.campaigns.campaign import Window
from callkeeper.core.campaigns.changes import CampaignOrder, Revision
from callkeeper.core.campaigns.plan import Plan
from callkeeper.core.dialing.desk_call import ASKED_MS, Asking
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.usecases.outlook import outlook
from tests.store.orders import (
    CAMPAIGN,
    HOUR,
    NOW,
    Opened,
    Opener,
    booked,
    booking,
    has_campaign,
)

MINUTE = 60_000
# NOW is 2027-01-15 08:00 UTC, 09:00 in Berlin.
OFFICE = '[{"begin":540,"end":1080}]'
BERLIN = Limits(grace_ms=30 * MINUTE, zone="Europe/Berlin")


@pytest.fixture
def opened(tmp_path: Path, database: str | None) -> Iterator[Opened]:
    """An empty database."""
    with Opener(tmp_path / "data", database) as opener:
        opened = opener.open()
        opened.store.migrate()
        yield opened


def reserved(opened: Opened, in_ms: int, **fields: Any) -> Reservation:
    """Return an automatic reservation that is due in so many milliseconds."""
    has_campaign(opened.session, 1, **fields)
    appoint_at = NOW + in_ms + 5 * MINUTE
    (reservation,) = booked(opened.store, booking(1, kind="automatic", appoint_at=appoint_at))
    return reservation


def test_closed_hours_are_told_before_the_call_is_due(opened: Opened) -> None:
    evening = reserved(opened, 12 * HOUR, workday_windows=OFFICE)
    told = outlook(opened.store, evening, BERLIN, NOW)
    assert told.startswith(
        "waiting: due 2027-01-15 20:00:00 UTC, but outside the hours of campaign 7; "
        "it opens 2027-01-16 09:00:00 CET; next eligible 2027-01-16 08:00:00 UTC"
    )


def test_a_campaign_that_has_not_begun_says_when_it_will(opened: Opened) -> None:
    early = reserved(opened, HOUR, begin_at=NOW + 2 * HOUR)
    told = outlook(opened.store, early, BERLIN, NOW)
    assert "but campaign 7 begins to dial 2027-01-15 11:00:00 CET" in told


def test_a_pause_and_closed_hours_are_both_told(opened: Opened) -> None:
    evening = reserved(opened, 12 * HOUR, workday_windows=OFFICE, status="paused")
    told = outlook(opened.store, evening, BERLIN, NOW)
    assert "but campaign 7 is paused; resume it; outside the hours of campaign 7; " in told


def test_a_call_that_nothing_will_hold_is_due_and_nothing_more_but_that_nobody_dials(
    opened: Opened,
) -> None:
    noon = reserved(opened, 4 * HOUR, workday_windows=OFFICE)
    told = outlook(opened.store, noon, BERLIN, NOW)
    assert told.startswith("waiting: due 2027-01-15 12:00:00 UTC, but no dialer is running")


@pytest.mark.parametrize(
    ("end_at", "windows", "why"),
    [
        (NOW + 11 * HOUR, (0, 1440), "before the call is due at 2027-01-15 21:00:00 CET"),
        (NOW + 20 * HOUR, (540, 1080), "before it next dials at 2027-01-16 09:00:00 CET"),
    ],
)
def test_a_revision_that_leaves_no_time_for_a_call_is_told_at_once(
    opened: Opened, end_at: int, windows: tuple[int, int], why: str
) -> None:
    evening = reserved(opened, 12 * HOUR)
    plan = Plan("campaign 7", 3, 20, (Window(*windows),), ())
    with opened.store.transaction():
        order = CampaignOrder(1, CAMPAIGN, Revision(plan, end_at=end_at), "key K", NOW)
        (revised,) = opened.store.campaigns.change([order])
    assert not isinstance(revised, Exception)
    told = outlook(opened.store, evening, BERLIN, NOW)
    assert told.startswith("waiting: due 2027-01-15 20:00:00 UTC, but campaign 7 ends ")
    assert told.endswith(f"{why}; it will not be dialed")


def test_a_time_zone_that_is_not_known_here_is_named(opened: Opened) -> None:
    somewhere = reserved(opened, HOUR, dial_settings='{"time_zone":"Moon/Tycho"}')
    told = outlook(opened.store, somewhere, BERLIN, NOW)
    assert "this machine knows no time zone Moon/Tycho" in told


def test_a_time_zone_that_is_installed_meanwhile_is_known_without_a_restart(
    opened: Opened, tmp_path: Path
) -> None:
    name = f"Mars/{tmp_path.name}"  # of this test alone: what is known stays known
    somewhere = reserved(opened, HOUR, dial_settings=f'{{"time_zone":"{name}"}}')
    before = outlook(opened.store, somewhere, BERLIN, NOW)
    zoneinfo.reset_tzpath(to=[*zoneinfo.TZPATH, str(tmp_path)])
    try:
        berlin = next(
            each for path in zoneinfo.TZPATH if (each := Path(path, "Europe/Berlin")).exists()
        )
        (tmp_path / "Mars").mkdir()
        (tmp_path / name).write_bytes(berlin.read_bytes())
        after = outlook(opened.store, somewhere, BERLIN, NOW)
    finally:
        zoneinfo.reset_tzpath()
    assert f"this machine knows no time zone {name}" in before
    assert name not in after


def test_a_call_that_no_dialer_took_in_time_is_asked_for_no_more(opened: Opened) -> None:
    has_campaign(opened.session, 1)
    (promised,) = booked(opened.store, booking(1))
    asking = Asking(1, promised.id, "1-2", "pbx", "PJSIP/1001", "person ann", NOW, BERLIN)
    with opened.store.transaction():
        opened.store.desk_calls.ask([asking])
    in_time = outlook(opened.store, promised, BERLIN, NOW + ASKED_MS)
    assert "person ann asks for the call" in in_time
    assert "asks" not in outlook(opened.store, promised, BERLIN, NOW + ASKED_MS + 1)
