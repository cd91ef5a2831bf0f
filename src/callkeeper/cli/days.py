"""Days as people name them: ``today``, ``tomorrow``, ``fri``, ``2026-12-01``; by their clock."""

from datetime import date, timedelta
from typing import Any, NamedTuple

import typer

from callkeeper.cli.instants import Which, read_instant
from callkeeper.cli.time_zone import local_times
from callkeeper.core.instants import Instant, LocalTimes, by_clock, midnight

_LIKE = "today, yesterday, tomorrow, fri or 2026-12-01"


class Day(NamedTuple):
    """A day: its date, and its first and its last instant by the reader's clock."""

    date: date
    begin_at: Instant
    end_at: Instant

    @property
    def span(self) -> tuple[Instant, Instant]:
        """Its instants, both included."""
        return self.begin_at, self.end_at


def day_option(says: str, which: Which = "last") -> Any:  # noqa: ANN401 - typer keeps its type
    """Return an option that is a day, as the reader's clock has it."""

    def take(ctx: typer.Context, value: str | None) -> Day | None:
        if value is None:
            return None
        return read_day(value, local_times(ctx.params.get("time_zone")), which)

    return typer.Option(
        parser=str, callback=take, metavar="DAY", help=f"{says}: {_LIKE}.", show_default=False
    )


def read_day(text: str, times: LocalTimes, which: Which = "last") -> Day:
    """Return the day that a person means by a text: of weekdays the last, or the one to come.

    Raise typer.BadParameter.
    """
    wrong = typer.BadParameter(f"{text!r} is no day; write {_LIKE}")
    try:
        begin_at = read_instant(text, times, which)
    except typer.BadParameter as error:
        raise wrong from error
    named = by_clock(begin_at, times.zone).date()
    if ":" in text or begin_at != midnight(named, times.zone):
        raise wrong
    following = named + timedelta(days=1)
    return Day(named, begin_at, midnight(following, times.zone) - 1)
