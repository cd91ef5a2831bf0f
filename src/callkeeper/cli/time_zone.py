"""The zone in which times are given and shown: of an option, of TZ, or of this machine.

It is the reader's. The setting ``time_zone`` is another: in that one campaigns dial.
"""

import os
import struct
from datetime import UTC, tzinfo
from io import BytesIO
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import typer

from callkeeper.clock import SystemClock
from callkeeper.core.instants import LocalTimes, retold
from callkeeper.settings import SettingsWrong

_LIKE = "write it like Europe/Berlin"
_LOCALTIME = Path("/etc/localtime")
# One type of local time, which only times before the first rule would have.
_NO_TRANSITIONS = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0"


def read_zone(name: str) -> ZoneInfo:
    """Return the time zone that a person names, in upper or lower case."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        for each in available_timezones():
            if each.lower() == name.lower():
                return ZoneInfo(each)
        raise typer.BadParameter(f"there is no time zone {name!r}; {_LIKE}") from error


# Eager, for it must be known when the options that are times are read.
TimeZone = Annotated[
    ZoneInfo | None,
    typer.Option(
        parser=read_zone,
        metavar="ZONE",
        is_eager=True,
        help="Of times, given and shown, like Europe/Berlin; TZ or this machine's if absent.",
        show_default=False,
    ),
]


def local_times(zone: tzinfo | None) -> LocalTimes:
    """Return times as the reader sees them now. Raise SettingsWrong if TZ is no zone."""
    return LocalTimes(zone or reader_zone(os.environ.get("TZ")), SystemClock().now())


def retold_locally(sentence: str) -> str:
    """Return a sentence that names instants in UTC, with them as the reader's clock shows them."""
    try:
        times = local_times(None)
    except SettingsWrong:  # perhaps it is what the sentence tells
        return sentence
    return retold(sentence, lambda instant: f"{times.exactly(instant)} ({times.zone})")


def reader_zone(given: str | None, localtime: Path = _LOCALTIME) -> tzinfo:
    """Return the zone that TZ names, as the C library takes it, or the machine's if it is absent.

    Raise SettingsWrong for one that there is none of, where the C library would go by UTC.
    """
    if given is None:
        return _of_machine(localtime)
    name = given.removeprefix(":")
    if not name:
        return UTC
    try:
        return _of_file(Path(name)) if name.startswith("/") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _by_rule(name)


def _of_machine(localtime: Path) -> tzinfo:
    try:
        return _of_file(localtime)
    except (ValueError, OSError):
        return UTC


def _of_file(path: Path) -> tzinfo:
    """Return the zone of a file, by its name where the file is one of the database's."""
    _, is_there, name = str(path.resolve()).rpartition("/zoneinfo/")
    if is_there:
        try:
            return ZoneInfo(name)
        except ZoneInfoNotFoundError:
            pass
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key="local time")


def _by_rule(text: str) -> tzinfo:
    """Return the zone of a POSIX rule, like ``CST-8``: a zone's file ends with one."""
    try:
        file = BytesIO(_NO_TRANSITIONS * 2 + f"\n{text}\n".encode())
        return ZoneInfo.from_file(file, key=text)
    except ValueError:
        raise SettingsWrong(f"TZ is {text!r}, and there is no such time zone; {_LIKE}") from None
