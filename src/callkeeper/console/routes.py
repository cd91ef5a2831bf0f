"""The pages, as a list you can read: path, who may see it, what shows it, what is done there."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from callkeeper.console.assets import Asset, Assets
from callkeeper.console.board import BoardPage
from callkeeper.console.book import BookPage
from callkeeper.console.calendar import CalendarRoute
from callkeeper.console.call import CallActs
from callkeeper.console.day import DayPage
from callkeeper.console.door import Door
from callkeeper.console.figures import ConsoleFigures
from callkeeper.console.find import FindPage
from callkeeper.console.help import HelpPage
from callkeeper.console.home import HomePage
from callkeeper.console.house_rules import HouseRulesPage
from callkeeper.console.me import MePages
from callkeeper.console.office import Office, office_pages
from callkeeper.console.page import INTERFACE, ConsolePage, NoSuchPage, Shown
from callkeeper.console.press import HEADERS, Press, lead_to
from callkeeper.console.reservation import ReservationPage
from callkeeper.console.sign_in import HOME, SignInPages
from callkeeper.console.sign_on import SignOn, SignOnPages
from callkeeper.console.stream import StreamPage, Streams
from callkeeper.console.times import PageTimes, zone_names
from callkeeper.console.today import TodayPage
from callkeeper.http.admission import CheckVdn, serve_all
from callkeeper.http.head import Head
from callkeeper.http.request_facts import Trace
from callkeeper.http.tarpit import Tarpit
from callkeeper.usecases.by_hand import HandCalls
from callkeeper.usecases.calendars import Calendars
from callkeeper.usecases.calling import Calling
from callkeeper.usecases.filing import Filing
from callkeeper.usecases.house_rules import RuleKeeping
from callkeeper.usecases.people import People
from callkeeper.usecases.search import Search
from callkeeper.usecases.slots import SlotBookings
from callkeeper.usecases.supervision import Supervision
from callkeeper.usecases.work import Work

_FOR_EVER = "public, max-age=31536000, immutable"


class Console(NamedTuple):
    """What its pages ask, and whose clock they go by.

    ``sign_on`` is the single sign-on, if there is one.
    """

    people: People
    office: Office
    work: Work
    rules: RuleKeeping
    supervision: Supervision
    slots: SlotBookings
    streams: Streams
    figures: ConsoleFigures
    calendars: Calendars
    filing: Filing
    search: Search
    calling: Calling
    by_hand: HandCalls
    times: PageTimes
    url: str | None  # where people find it, if a setting says so
    sign_on: SignOn | None = None
    check_vdn: CheckVdn = serve_all

    async def close(self) -> None:
        """End what works for the pages."""
        await self.people.close()
        if self.sign_on is not None:
            await self.sign_on.provider.close()


def shown(console: Console, press: Press, door: Door) -> list[Shown]:
    """Return all pages."""
    people, times = console.people, console.times
    work, rules, supervision = console.work, console.rules, console.supervision
    slots = console.slots
    signing = SignInPages(people, door, press, times.clock, has_sign_on=console.sign_on is not None)
    single = SignOnPages(console.sign_on, door, press, times.clock)
    me = MePages(people, console.calendars, press, times, console.url)
    home = HomePage(press)
    today = TodayPage(work, console.streams, press, times)
    house = HouseRulesPage(rules, press, times.zone)
    day = DayPage(supervision, press, times)
    board = BoardPage(supervision, console.streams, press, times)
    find = FindPage(console.search, press, times)
    book = BookPage(slots, press, times)
    one = ReservationPage(work, console.filing, slots, console.streams, press, times)
    calls = CallActs(console.calling, console.by_hand, one)
    of_one = "/console/{vdn}/reservations/{id}"
    return [
        Shown("/console/sign-in", signing.show, signing.sign_in, anybody=True),
        Shown("/console/sign-out", post=signing.sign_out, anybody=True),
        Shown("/console/sign-on", single.begin, anybody=True),
        Shown("/console/sign-on/back", single.back, anybody=True),
        Shown("/console/welcome/{token}", signing.welcome, signing.begin, anybody=True),
        Shown(
            "/console/changes", StreamPage(console.streams, door).show, anybody=True, listens=True
        ),
        Shown("/console/", home.show),
        Shown("/console/help", HelpPage(press).show),
        Shown("/console/me", me.show, me.change, keeps_typed=True),
        Shown("/console/me/away", post=me.change_presence),
        Shown("/console/me/password", post=me.change_password),
        Shown("/console/me/sessions", post=me.end_sessions),
        Shown("/console/me/calendar", post=me.change_calendar),
        *office_pages(console.office, console.figures, press, times),
        Shown("/console/{vdn}/today", today.show),
        Shown("/console/{vdn}/board", board.show),
        Shown("/console/{vdn}/board/seen", post=board.seen),
        Shown("/console/{vdn}/board/reassign", post=board.reassign),
        Shown("/console/{vdn}/board/pause", post=board.pause),
        Shown("/console/{vdn}/board/resume", post=board.resume),
        Shown("/console/{vdn}/days/{date}", day.show),
        Shown("/console/{vdn}/days/{date}/csv", day.export),
        Shown("/console/{vdn}/find", find.show, find.find, keeps_typed=True),
        Shown("/console/{vdn}/find/csv", post=find.export),
        Shown(of_one, one.show),
        Shown(f"{of_one}/number", post=one.show_number, keeps_typed=True),
        Shown(f"{of_one}/pop", one.pop, tells=True),
        Shown(f"{of_one}/result", post=one.file, keeps_typed=True),
        Shown(f"{of_one}/move", post=one.move, keeps_typed=True),
        Shown(f"{of_one}/note", post=one.note, keeps_typed=True),
        Shown(f"{of_one}/call", post=calls.call, keeps_typed=True),
        Shown(f"{of_one}/hang-up", post=calls.hang_up, keeps_typed=True),
        Shown(f"{of_one}/by-hand", post=calls.begin_by_hand, keeps_typed=True),
        Shown(f"{of_one}/by-hand/end", post=calls.end_by_hand, keeps_typed=True),
        Shown(f"{of_one}/cancel", post=one.cancel),
        Shown("/console/{vdn}/book", book.show, book.book, keeps_typed=True),
        Shown("/console/{vdn}/house", house.show, house.keep, keeps_typed=True),
    ]


def routes(console: Console, tarpit: Tarpit) -> list[BaseRoute]:
    """Return the routes of the console."""
    zone_names()  # read now, and by no request
    assets = Assets()
    press, door = Press(assets), Door(console.people, console.check_vdn)
    pages = shown(console, press, door)
    return [
        Route("/console", _to_home),
        CalendarRoute(console.calendars, tarpit, console.times.zone, console.url),
        *(ConsolePage(each, press, door, tarpit, console.figures) for each in pages),
        *(_AssetRoute(each) for each in assets.by_path.values()),
        NoSuchPage(press, door, tarpit, console.figures),
    ]


class _AssetRoute(Route):
    """A style, a script or an image: the same for everybody, and for ever."""

    def __init__(self, asset: Asset) -> None:
        super().__init__(asset.path, self._answer)
        self._asset = asset

    async def _answer(self, request: Request) -> Response:
        Trace.of(request.scope).interface = INTERFACE
        headers = HEADERS | {"cache-control": _FOR_EVER, "vary": "accept-encoding"}
        taken = Head.of(request.scope).get(b"accept-encoding", b"")
        if b"gzip" not in taken:
            return Response(self._asset.plain, headers=headers, media_type=self._asset.media_type)
        headers["content-encoding"] = "gzip"
        return Response(self._asset.compressed, headers=headers, media_type=self._asset.media_type)


async def _to_home(_request: Request) -> Response:
    return lead_to(HOME, 308)
