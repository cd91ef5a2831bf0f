"""The dialer from its settings: what cannot be is refused before anything is dialed."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.dialing.policy import Limits
from callkeeper.dialer.line.ari import AriLine
from callkeeper.dialer.line.rehearsal import RehearsalLine
from callkeeper.installation.database import open_store
from callkeeper.processes.dial import build_line, dial, duty_beside, limits, line_name
from callkeeper.processes.gauges import Gauges
from callkeeper.settings import Settings, SettingsWrong, load
from tests.store.orders import NOW

CLOCK = HandClock(NOW)


def settings(tmp_path: Path, **fields: Any) -> Settings:
    return load({"data_dir": tmp_path / "data", "line": "rehearsal"} | fields, {})


def never(name: str) -> None:
    pytest.fail(f"{name} began to dial")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"line": None}, "line: say which"),
    ({"time_zone": "Europe/Atlantis"}, "time_zone: there is no 'Europe/Atlantis'"),
    ({"time_zone": ""}, "time_zone: there is no ''"),
    ({"time_zone": "Europe"}, "time_zone: there is no 'Europe'"),
    ({"time_zone": "../etc/passwd"}, "time_zone: there is no"),
    ({"destination": "nowhere"}, "destination: 'nowhere' is no destination"),
    ({"destinations": {"ivr 1": "nowhere"}}, "'nowhere' is no destination"),
    ({"fail_codes": {"cause x": "1"}}, "fail_codes: 'cause x' is no evidence"),
    ({"fail_codes": {"busy": "1"}}, "fail_codes: 'busy' is no evidence"),
    ({"fail_codes": {"sip 4861": "1"}}, "fail_codes: 'sip 4861' is no evidence"),
    ({"line": "asterisk"}, "ari_password: set it"),
    (
        {"line": "asterisk", "ari_password": "p", "ari_endpoint": "PJSIP/trunk"},
        "ari_endpoint: has no {number}",
    ),
]


@pytest.mark.parametrize(("fields", "said"), WRONG)
def test_a_setting_that_cannot_be_is_named_and_nothing_is_dialed(
    tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsWrong) as raised:
        dial(settings(tmp_path, **fields), CollectorRegistry(), never)
    assert said in str(raised.value)


@pytest.mark.parametrize(("fields", "said"), [each for each in WRONG if each[0] != {"line": None}])
def test_a_server_says_the_same_before_it_serves(
    tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    def begin() -> None:
        given = settings(tmp_path, **fields)
        duty_beside(AsyncStore(open_store(given)), given, CLOCK, Gauges(CollectorRegistry()))

    with pytest.raises(SettingsWrong) as raised:
        begin()
    assert said in str(raised.value)


@pytest.mark.parametrize("fields", [{"line": None}, {"dialer": False}])
def test_a_server_without_a_line_or_told_not_to_dials_nothing(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    given = settings(tmp_path, **fields)
    assert (
        duty_beside(AsyncStore(open_store(given)), given, CLOCK, Gauges(CollectorRegistry()))
        is None
    )


@pytest.mark.parametrize(
    "evidence", ["cause 17", "cause 102", "sip 486", "answered", "ring timeout", "silence"]
)
def test_a_code_may_be_set_for_any_evidence(tmp_path: Path, evidence: str) -> None:
    given = settings(tmp_path, fail_codes={evidence: "X1"})
    assert (
        duty_beside(AsyncStore(open_store(given)), given, CLOCK, Gauges(CollectorRegistry()))
        is not None
    )


def test_the_settings_are_the_terms_of_all_campaigns(tmp_path: Path) -> None:
    given = settings(
        tmp_path, grace_seconds=60, time_zone="Asia/Tokyo", vdn_calls_max=3, campaign_calls_max=2
    )
    assert limits(given) == Limits(60_000, "Asia/Tokyo", 3, 2)
    assert limits(settings(tmp_path)) == Limits(1_800_000, "UTC", None, None)


def test_a_line_is_the_one_that_is_named(tmp_path: Path) -> None:
    assert isinstance(build_line(settings(tmp_path), CLOCK), RehearsalLine)
    asterisk = settings(tmp_path, line="asterisk", ari_password="p")
    assert isinstance(build_line(asterisk, CLOCK), AriLine)


def test_a_line_is_called_as_it_is_unless_it_has_a_name(tmp_path: Path) -> None:
    assert line_name(settings(tmp_path)) == "rehearsal"
    assert line_name(settings(tmp_path, line_name="trunk-2")) == "trunk-2"
    assert line_name(settings(tmp_path, line=None)) == "none"
