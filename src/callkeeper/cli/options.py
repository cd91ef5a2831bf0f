"""What the commands share: their common options, and printing."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from callkeeper.cli.sentence import say
from callkeeper.core.characters import ANY, BLANKS
from callkeeper.core.instants import in_iso, instant_of
from callkeeper.core.vdn import VDN_MAX
from callkeeper.settings import SettingsWrong
from callkeeper.terminal import harmless, is_text

DataDir = Annotated[
    Path | None,
    typer.Option(help="Where data lives: database, sealing key, certificate.", show_default=False),
]
Database = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="A postgresql:// URL without a password; if absent, SQLite in the data directory.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")
]
LineKind = Annotated[
    str | None,
    typer.Option(
        "--line",
        help="asterisk, or rehearsal, which rings nobody; without one, nothing is dialed.",
        show_default=False,
    ),
]
Vdn = Annotated[int, typer.Option(help="The VDN.", envvar="CALLKEEPER_VDN", min=1, max=VDN_MAX)]
MaybeVdn = Annotated[
    int | None, typer.Option(help="The VDN.", envvar="CALLKEEPER_VDN", min=1, max=VDN_MAX)
]
CampaignMeant = Annotated[
    str,
    typer.Argument(metavar="CAMPAIGN", help="The campaign's id (digits are one), or its name."),
]
ReservationId = Annotated[
    str,
    typer.Argument(
        metavar="APPOINT_ID",
        help="The reservation's id, or some of its digits as lists show them.",
        show_default=False,
    ),
]
ShowNumbers = Annotated[bool, typer.Option("--show-numbers", help="Show phone numbers in full.")]

_INSTANTS = ("at", "before")  # and whatever is named …_at


def read_text(text: str) -> str:
    """Return a text that lists will show: not empty, on one line, without blanks at its ends."""
    if not text.strip() or not text.strip(BLANKS):
        raise typer.BadParameter("it is empty")
    if ANY.wrong.search(text):
        raise typer.BadParameter(f"{text!r} holds a control character")
    return text.strip(BLANKS)


def check_key(ak: str, secret: str) -> None:
    """Refuse what no header can carry, and a secret that is no text. Raise SettingsWrong."""
    if not (ak.isascii() and ak.isprintable()):
        raise SettingsWrong(f"CALLKEEPER_AK is {ak!r}; an access key id is ASCII")
    if not is_text(secret):
        raise SettingsWrong("CALLKEEPER_SK is not valid UTF-8")


def is_on_the_command_line(context: typer.Context, option: str) -> bool:
    """Whether an option was typed, and does not come from the environment or a default."""
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def show(value: Any, *lines: str, as_json: bool) -> None:  # noqa: ANN401 - JSON goes out
    """Print a value as JSON, or lines about it, of which none becomes two.

    Every instant in JSON has one form: ISO 8601 in UTC.
    """
    if as_json:
        plain = msgspec.to_builtins(value, builtin_types=(datetime,))
        typer.echo(harmless(msgspec.json.encode(_in_json(plain)).decode()))
    else:
        say(*map(harmless, lines))


def _in_json(value: Any, name: str = "") -> Any:  # noqa: ANN401
    """Return what is told under a name, with each instant in ISO 8601."""
    match value:
        case dict():
            return {each: _in_json(inner, each) for each, inner in value.items()}
        case list() | tuple():
            return [_in_json(each) for each in value]
        case datetime():
            return in_iso(instant_of(value))
        case int() if name in _INSTANTS or name.endswith("_at"):
            return in_iso(value)
    return value
