"""The pages for people, from the settings: what they ask, built once."""

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.console.figures import ConsoleFigures
from callkeeper.console.office import Office
from callkeeper.console.people import ConsolePlace
from callkeeper.console.routes import Console
from callkeeper.console.stream import Streams
from callkeeper.console.times import PageTimes
from callkeeper.installation.sealing import Seal
from callkeeper.processes.dial import limits, measure
from callkeeper.processes.doctor import CheckUp
from callkeeper.processes.gauges import ServerGauges
from callkeeper.processes.sign_on import sign_on_of
from callkeeper.settings import Settings
from callkeeper.usecases.by_hand import HandCalls
from callkeeper.usecases.calendars import Calendars
from callkeeper.usecases.calling import Calling
from callkeeper.usecases.campaign_keeping import CampaignKeeping
from callkeeper.usecases.campaigns import Campaigns
from callkeeper.usecases.checks import CheckUps
from callkeeper.usecases.deeds import Deeds
from callkeeper.usecases.filing import Filing
from callkeeper.usecases.house_rules import RuleKeeping
from callkeeper.usecases.key_keeping import KeyKeeping
from callkeeper.usecases.lines import LineLook
from callkeeper.usecases.people import People
from callkeeper.usecases.presence import Attendance
from callkeeper.usecases.reservations import Bookings
from callkeeper.usecases.result_keeping import ResultKeeping
from callkeeper.usecases.search import Search
from callkeeper.usecases.slots import SlotBookings
from callkeeper.usecases.staff import Staff
from callkeeper.usecases.supervision import Supervision
from callkeeper.usecases.watch import Watches
from callkeeper.usecases.work import Work


def console_of(  # noqa: PLR0913 - three are named
    settings: Settings,
    async_store: AsyncStore,
    clock: Clock,
    gauges: ServerGauges,
    *,
    seal: Seal,
    bookings: Bookings,
    campaigns: Campaigns,
) -> Console:
    """Return what the pages ask, over a store."""
    people = People(async_store, clock, heard=gauges.note_sign_in)
    figures = ConsoleFigures(gauges.registry)
    watches = Watches(async_store, clock, measure(settings), hear=figures.pulse.observe)
    supervision = Supervision(async_store, clock, measure(settings))
    slots = SlotBookings(async_store, clock, bookings, settings.time_zone)
    times = PageTimes(clock, settings.time_zone)
    return Console(
        people=people,
        office=Office(
            people,
            Staff(
                async_store,
                clock,
                people,
                settings.phones,
                groups_give_roles=bool(settings.sso_roles),
            ),
            Deeds(async_store),
            KeyKeeping(async_store, seal, clock),
            CampaignKeeping(async_store, clock, campaigns),
            ResultKeeping(async_store, clock),
            supervision,
            LineLook(async_store),
            CheckUps(CheckUp(settings, clock).run, clock),
            ConsolePlace(settings.console_url, settings.sso_issuer),
        ),
        work=Work(async_store, clock, measure(settings)),
        rules=RuleKeeping(async_store, clock, settings.time_zone),
        calendars=Calendars(async_store, clock),
        slots=slots,
        calling=Calling(async_store, clock, limits(settings), settings.phones),
        by_hand=HandCalls(async_store, clock, limits(settings)),
        filing=Filing(async_store, clock, bookings, slots),
        search=Search(async_store, clock, measure(settings)),
        supervision=supervision,
        streams=Streams(watches, Attendance(async_store.presence.renew, clock), figures, times),
        figures=figures,
        times=times,
        url=settings.console_url,
        sign_on=sign_on_of(settings, async_store, seal, clock, gauges.note_sign_in),
    )
