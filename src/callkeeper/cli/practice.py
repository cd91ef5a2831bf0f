"""``campaign practice``: how a campaign's automatic calls are made, beyond what the wire says."""

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from callkeeper.cli.options import Database, DataDir, Json, Vdn, existing_store, show
from callkeeper.clock import SystemClock
from callkeeper.core.campaign import Arrange, CampaignOrder
from callkeeper.core.practice import (
    RETRIABLE,
    RETRIES_MAX,
    SPACING_SECONDS_MAX,
    Practice,
    Retry,
)
from callkeeper.core.refusal import Refusal

_PARTS = 3
_TIMES = re.compile(r"[0-9]{1,3}")
_SPACING = re.compile(r"(?P<count>[0-9]{1,7})(?P<unit>[smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def read_zone(text: str) -> str:
    """Return the name of a time zone that there is."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise typer.BadParameter(
            f"there is no time zone {text!r}; write it like Europe/Berlin"
        ) from error


def read_retry(text: str) -> Retry:
    """Return a retry as a person writes it: ``busy:3:10m``."""
    parts = text.split(":")
    if len(parts) != _PARTS:
        raise typer.BadParameter(f"{text!r} must read OUTCOME:TIMES:SPACING like busy:3:10m")
    outcome, times, spacing = parts
    if outcome not in RETRIABLE:
        raise typer.BadParameter(
            f"{text!r}: the outcome {outcome!r} is none of {', '.join(RETRIABLE)}"
        )
    if not _TIMES.fullmatch(times) or not 1 <= int(times) <= RETRIES_MAX:
        raise typer.BadParameter(f"{text!r}: the times {times!r} must be 1 to {RETRIES_MAX}")
    span = _SPACING.fullmatch(spacing)
    seconds = int(span["count"]) * _UNIT_SECONDS[span["unit"]] if span else 0
    if not 1 <= seconds <= SPACING_SECONDS_MAX:
        raise typer.BadParameter(
            f"{text!r}: the spacing {spacing!r} must read like 30s, 10m, 2h or 1d,"
            f" up to {SPACING_SECONDS_MAX // _UNIT_SECONDS['d']}d"
        )
    return Retry(outcome, int(times), seconds)


TimeZone = Annotated[
    str | None,
    typer.Option(
        parser=read_zone,
        metavar="ZONE",
        help="Of its windows, like Europe/Berlin; as the setting time_zone if absent.",
        show_default=False,
    ),
]


def practice(
    id: Annotated[int, typer.Argument(metavar="CAMPAIGN", min=1, show_default=False)],  # noqa: A002 - the word for it
    *,
    vdn: Vdn,
    time_zone: TimeZone = None,
    calls_max: Annotated[
        int | None,
        typer.Option(
            help="Its calls at once; as the setting campaign_calls_max if absent.",
            min=1,
            show_default=False,
        ),
    ] = None,
    retry: Annotated[
        list[Any] | None,
        typer.Option(
            parser=read_retry,
            metavar="OUTCOME:TIMES:SPACING",
            help="Try again after busy, no_answer or congestion, like busy:3:10m; repeat it.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Say how a campaign's automatic calls are made. What is not given is as the settings have it.

    The second time replaces the first. It counts from the next call on.
    """
    arranged = Practice(time_zone=time_zone, calls_max=calls_max, retries=tuple(retry or ()))
    order = CampaignOrder(vdn, id, Arrange(arranged), "operator", SystemClock().now())
    with existing_store(data_dir, database) as store:
        with store.transaction():
            (outcome,) = store.change_campaigns([order])
        if isinstance(outcome, Refusal):
            raise outcome
    show({"id": id, "practice": arranged}, _told(id, arranged), as_json=json)


def _told(campaign_id: int, arranged: Practice) -> str:
    told = []
    if arranged.time_zone:
        told.append(f"its windows are in {arranged.time_zone}")
    if arranged.calls_max:
        told.append(f"at most {arranged.calls_max} calls at once")
    told += [
        f"after {each.outcome} at most {each.times} times again, {each.spacing_seconds} s apart"
        for each in arranged.retries
    ]
    return f"campaign {campaign_id}: {'; '.join(told) or 'as the settings have it'}"
