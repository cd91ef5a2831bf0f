"""Why a reservation was, or was not, dialed."""

from callkeeper.cli.installation import existing_store, read_settings
from callkeeper.cli.options import (
    Database,
    DataDir,
    Json,
    MaybeVdn,
    ReservationId,
    ShowNumbers,
    show,
)
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.core.instants import LocalTimes, in_utc
from callkeeper.processes.dial import limits
from callkeeper.usecases.short_ids import reservations_of
from callkeeper.usecases.timeline import Timeline, timeline


def why(
    id: ReservationId,  # noqa: A002 - the word for it
    *,
    vdn: MaybeVdn = None,
    show_numbers: ShowNumbers = False,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """Tell what happened to a reservation, and what it waits for.

    $ callkeeper why 4674595509
    $ callkeeper why 4674595509 --show-numbers --json
    """
    times = local_times(time_zone)
    general = limits(read_settings(data_dir, database))
    with existing_store(data_dir, database) as store:
        found = [
            timeline(
                store,
                each,
                general,
                times.now,
                show_numbers=show_numbers,
                written=in_utc if json else times.exactly,
            )
            for each in reservations_of(store, vdn, id, times.now)
        ]
    # An id can be in several VDNs only if somebody brought it there by hand.
    told = [line for each in found for line in ("", *_told(each, times))][1:]
    show({"stories": found}, *told, as_json=json)


def _told(story: Timeline, times: LocalTimes) -> list[str]:
    lines = [f"{story.kind} reservation {story.id} of VDN {story.vdn}; {times.note}"]
    lines += [f"  {times.exactly(each.at)}  {each.says} (by {each.by})" for each in story.events]
    return [*lines, f"  now: {story.now}"]
