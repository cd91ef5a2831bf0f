"""A calendar as programs fetch it: iCalendar, of RFC 5545 and RFC 7986."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import icalendar
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from callkeeper.console.page import INTERFACE
from callkeeper.console.press import HEADERS
from callkeeper.console.visit import Visit
from callkeeper.core.instants import DAY_MS, MINUTE_MS, Instant, by_clock
from callkeeper.core.phrase import Phrase, Translate
from callkeeper.core.refusal import DatabaseFailed, Refusal, TooManyRequests
from callkeeper.core.reservations.number_policy import masked
from callkeeper.core.wall_time import clock_set
from callkeeper.http.request_facts import Trace
from callkeeper.http.tarpit import PAGES, Tarpit
from callkeeper.language import named, translator
from callkeeper.store.zones import clock_of
from callkeeper.usecases.calendars import Calendars, Entry, Subscribed

_REFRESHED = timedelta(minutes=15)
_COLOR = "steelblue"


class CalendarRoute(Route):
    """The calendar at a secret address. ``zone`` is that of people who have none.

    ``url`` is where people find the console, if a setting says so.
    """

    def __init__(self, calendars: Calendars, tarpit: Tarpit, zone: str, url: str | None) -> None:
        super().__init__("/console/calendar/{token}.ics", self._answer)
        self._calendars = calendars
        self._tarpit = tarpit
        self._zone = zone
        self._url = url

    async def _answer(self, request: Request) -> Response:
        Trace.of(request.scope).interface = INTERFACE
        turn = self._tarpit.visit(request.scope, PAGES)
        await turn.pay()
        visit = Visit(request, None)
        try:
            feed = await self._calendars.feed(request.path_params["token"])
            found = None
            if feed is not None:
                turn.prove()
                found = await self._calendars.subscribed(feed)
        except (TooManyRequests, DatabaseFailed) as refused:
            return _refused(visit, refused)
        if found is None:
            return PlainTextResponse("Not Found", 404, HEADERS)
        Trace.of(request.scope).also = {"person": found.person.login}
        # Hundreds of events take a while, in which the loop has others to answer.
        body = await asyncio.to_thread(self._written, found, self._url or visit.origin)
        return Response(body, 200, HEADERS, media_type="text/calendar; charset=utf-8")

    def _written(self, found: Subscribed, url: str) -> bytes:
        language = found.person.language or found.language
        return written(
            found,
            clock_of(found.person.zone or found.zone, self._zone),
            url,
            translator(None if language is None else named(language)),
        )


def _refused(visit: Visit, refused: Refusal) -> Response:
    seconds, status = 5, 503
    if isinstance(refused, TooManyRequests):
        seconds, status = refused.wait_seconds, 429
    says = refused.phrase.told(translator(visit.language))
    return PlainTextResponse(says, status, HEADERS | {"retry-after": str(seconds)})


def written(found: Subscribed, zone: ZoneInfo, url: str, translate: Translate) -> bytes:
    """Return a calendar by the clock of a zone; ``url`` is where its reader finds the console."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Callkeeper//Calls//EN")
    calendar.add("version", "2.0")
    for name in ("name", "x-wr-calname"):
        calendar.add(name, Phrase("My calls").told(translate))
    calendar.add("color", _COLOR)
    # The library leaves the kind of the first away, and writes the second as 0:15:00, unless told.
    calendar.add("refresh-interval", _REFRESHED, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", icalendar.vDuration(_REFRESHED))
    calendar.add_component(_clock(zone, found.begin_at, found.end_at))
    for entry in found.entries:
        calendar.add_component(_event(entry, zone, url, translate))
    return bytes(calendar.to_ical())


def _event(entry: Entry, zone: ZoneInfo, url: str, translate: Translate) -> icalendar.Event:
    reservation = entry.listed.reservation
    changed = by_clock(reservation.changed_at, UTC).replace(microsecond=0)
    end_at = reservation.appoint_at + entry.slot_minutes * MINUTE_MS
    event = icalendar.Event()
    event.add("uid", f"{reservation.id}.{reservation.vdn}@{urlsplit(url).hostname}")
    event.add("sequence", reservation.version)
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("dtstart", _local(reservation.appoint_at, zone))
    event.add("dtend", _local(end_at, zone))
    event.add("summary", _summary(entry).told(translate))
    event.add("status", "CANCELLED" if reservation.state == "cancelled" else "CONFIRMED")
    is_to_come = reservation.state in ("waiting", "calling")
    event.add("transp", "OPAQUE" if is_to_come else "TRANSPARENT")
    event.add("class", "PRIVATE")
    event.add("url", f"{url}/console/{reservation.vdn}/reservations/{reservation.id}")
    return event


def _summary(entry: Entry) -> Phrase:
    """Return what an event is, with as much of the number as a list shows."""
    listed = entry.listed
    return Phrase(
        "Call {number}, {campaign}",
        number=masked(listed.reservation.called_no),
        campaign=listed.campaign_name or listed.reservation.campaign_id,
    )


def _local(at: Instant, zone: ZoneInfo) -> datetime:
    """Return an instant by a zone's clock; in UTC where that shows it for the second time.

    A time that comes twice means the first one, in a calendar.
    """
    local = by_clock(at, zone).replace(microsecond=0)
    return local.astimezone(UTC) if local.fold else local


def _clock(zone: ZoneInfo, begin_at: Instant, end_at: Instant) -> icalendar.Timezone:
    """Return what a zone's clock does between two instants, and a day around them.

    By the rules of RFC 5545 an observance begins by the clock before it is set; the library's own
    take it by the clock afterwards, and an hour goes wrong.
    """
    clock = icalendar.Timezone()
    clock.add("tzid", str(zone))
    for at in (begin_at - DAY_MS, *_clocks_set(zone, begin_at - DAY_MS, end_at + DAY_MS)):
        before, after = by_clock(at - 1, zone), by_clock(at, zone)
        is_summer = bool(after.dst())
        part = icalendar.TimezoneDaylight() if is_summer else icalendar.TimezoneStandard()
        by_clock_before = by_clock(at, UTC).replace(tzinfo=None) + _offset(before)
        part.add("dtstart", by_clock_before.replace(microsecond=0))
        part.add("tzoffsetfrom", _offset(before))
        part.add("tzoffsetto", _offset(after))
        part.add("tzname", after.tzname())
        clock.add_component(part)
    return clock


def _clocks_set(zone: ZoneInfo, begin_at: Instant, end_at: Instant) -> Iterator[Instant]:
    """Yield the instants, after one and until another, at which a zone's clock is set."""
    for at in range(begin_at, end_at, DAY_MS):
        found = clock_set(zone, at, min(at + DAY_MS, end_at))
        if found is not None:
            yield found


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta(0)
