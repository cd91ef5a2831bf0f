"""Standing: why a reservation stands as it does, in words that pages tell in any language."""

from callkeeper.core.instants import Instant
from callkeeper.store.port.store import Store
from callkeeper.usecases.board import hindering_lines
from callkeeper.usecases.promises import Kept, campaign_obstacle


def causes(store: Store, kept: Kept, now: Instant) -> list[str]:
    """Return why, the nearest cause first; nothing where nothing stands against it.

    Of what waits to be dialed that is also what keeps it from that now: its campaign, or the lines;
    of an agent's call the campaign, of which no agent has a phone rung.
    """
    reservation = kept.listed.reservation
    found: list[str | None] = [kept.cause]
    if reservation.kind == "manual" and reservation.state == "waiting":
        found.append(campaign_obstacle(kept.listed, now))
    if reservation.kind == "automatic" and reservation.state == "waiting":
        lines = [each.obstacle for each in hindering_lines(store.leases.all(), 1, now)]
        found = [kept.held.removeprefix("a "), *lines]
        if not any(found):
            found = [reservation.held_by or kept.cause]
    return list(filter(None, found))
