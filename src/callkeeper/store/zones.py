"""Time zones: that of a campaign, a VDN or a person, or the one that the settings name."""

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callkeeper.core.campaigns.campaign import Campaign


def zone_name(campaign: Campaign, otherwise: str) -> str:
    """Return the name of a campaign's time zone."""
    return campaign.dial_settings.time_zone or otherwise


def zone_of(campaign: Campaign, otherwise: str) -> ZoneInfo | None:
    """Return a campaign's time zone; None: this machine does not know it, for now."""
    return zone_named(zone_name(campaign, otherwise))


def zone_named(name: str) -> ZoneInfo | None:
    """Return the time zone of a name; None: this machine does not know it, for now."""
    try:
        return _known(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def clock_of(chosen: str | None, otherwise: str) -> ZoneInfo:
    """Return the zone that was chosen, or another where none was, or none that this machine knows.

    It may have been chosen where another machine serves. People call UTC what machines may call
    Etc/UTC.
    """
    zone = zone_named(chosen or otherwise) or _known(otherwise)
    return _known("UTC") if zone.key == "Etc/UTC" else zone


_known = cache(ZoneInfo)  # what is not known is looked for again, for it may be installed meanwhile
