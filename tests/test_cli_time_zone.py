"""The zone of whoever sits at the terminal, as TZ or the machine says."""

import shutil
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import pytest
import typer

from callkeeper.cli.time_zone import read_zone, reader_zone
from callkeeper.core.instants import LocalTimes
from callkeeper.settings import SettingsWrong

WINTER, SUMMER = 1_795_787_040_000, 1_782_914_400_000  # 13:44 on 27 Nov, 14:00 on 1 Jul 2026


def shown(given: str | None, localtime: Path = Path("/nowhere")) -> tuple[str, str, str]:
    """Return the name of a zone, and what its clock shows in winter and in summer."""
    zone = reader_zone(given, localtime)
    times = LocalTimes(zone, WINTER)
    return str(zone), times.to_minute(WINTER)[-5:], times.to_minute(SUMMER)[-5:]


def stored(name: str) -> Path:
    """Return the file of a zone on this machine."""
    return next(each for path in TZPATH if (each := Path(path, name)).exists())


@pytest.mark.parametrize(
    ("given", "zone"),
    [
        ("Europe/Berlin", ("Europe/Berlin", "14:44", "16:00")),
        (":Asia/Shanghai", ("Asia/Shanghai", "21:44", "22:00")),
        ("", ("UTC", "13:44", "14:00")),
        ("UTC", ("UTC", "13:44", "14:00")),
        ("CST-8", ("CST-8", "21:44", "22:00")),
        ("<+0330>-3:30", ("<+0330>-3:30", "17:14", "17:30")),
        ("CET-1CEST,M3.5.0,M10.5.0/3", ("CET-1CEST,M3.5.0,M10.5.0/3", "14:44", "16:00")),
    ],
)
def test_tz_is_taken_as_the_c_library_takes_it(given: str, zone: tuple[str, str, str]) -> None:
    assert shown(given) == zone


@pytest.mark.parametrize(
    "wrong", ["Mars/Base", "/nowhere", "../../etc/passwd", "8", "\udcff", "a\nb"]
)
def test_a_tz_that_is_no_zone_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsWrong, match="there is no such time zone"):
        reader_zone(wrong)


def test_a_zone_is_named_in_upper_or_lower_case() -> None:
    assert str(read_zone("asia/SHANGHAI")) == "Asia/Shanghai"
    assert str(read_zone("utc")) == "UTC"
    with pytest.raises(typer.BadParameter, match="there is no time zone 'Asia/Beijing'"):
        read_zone("Asia/Beijing")


def test_without_tz_the_machines_zone_is_named_by_its_file(tmp_path: Path) -> None:
    linked, copied = tmp_path / "linked", tmp_path / "copied"
    linked.symlink_to(stored("Asia/Tokyo"))
    shutil.copyfile(stored("Asia/Tokyo"), copied)
    assert shown(None, linked) == ("Asia/Tokyo", "22:44", "23:00")
    assert shown(None, copied) == ("local time", "22:44", "23:00")
    assert shown(str(copied)) == ("local time", "22:44", "23:00")
    assert isinstance(reader_zone(None, linked), ZoneInfo)


def test_a_machine_without_a_zone_goes_by_utc(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert shown(None)[0] == shown(None, empty)[0] == "UTC"
