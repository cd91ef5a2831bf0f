"""The pages of administrators and operators, as a list: path, who shows it, what is done there."""

from typing import NamedTuple

from callkeeper.console.campaigns import CampaignPages
from callkeeper.console.deeds import DeedsPage
from callkeeper.console.figures import ConsoleFigures
from callkeeper.console.health import HealthPage
from callkeeper.console.keys import KeysPages
from callkeeper.console.lines import LinesPage
from callkeeper.console.page import Shown
from callkeeper.console.people import ConsolePlace, PeoplePages
from callkeeper.console.press import Press
from callkeeper.console.proof import Proofs
from callkeeper.console.results import ResultsPage
from callkeeper.console.times import PageTimes
from callkeeper.usecases.campaign_keeping import CampaignKeeping
from callkeeper.usecases.checks import CheckUps
from callkeeper.usecases.deeds import Deeds
from callkeeper.usecases.key_keeping import KeyKeeping
from callkeeper.usecases.lines import LineLook
from callkeeper.usecases.people import People
from callkeeper.usecases.result_keeping import ResultKeeping
from callkeeper.usecases.staff import Staff
from callkeeper.usecases.supervision import Supervision


class Office(NamedTuple):
    """What these pages ask, and where people find the console."""

    people: People
    staff: Staff
    deeds: Deeds
    keys: KeyKeeping
    campaigns: CampaignKeeping
    results: ResultKeeping
    supervision: Supervision
    lines: LineLook
    checkups: CheckUps
    place: ConsolePlace


def office_pages(
    office: Office, figures: ConsoleFigures, press: Press, times: PageTimes
) -> list[Shown]:
    """Return the pages."""
    proofs = Proofs(office.people, times.clock)
    staff = PeoplePages(office.staff, proofs, press, times, office.place)
    keys = KeysPages(office.keys, proofs, press, times)
    deeds = DeedsPage(office.deeds, press, times)
    campaigns = CampaignPages(office.campaigns, office.supervision, press, times)
    results = ResultsPage(office.results, press)
    lines = LinesPage(office.lines, press, times)
    health = HealthPage(office.checkups, figures, press, times)
    of_campaign = "/console/{vdn}/campaigns/{campaign}"
    return [
        Shown("/console/people", staff.show, staff.invite),
        Shown("/console/people/{login}", staff.one, staff.change),
        Shown("/console/keys", keys.show, keys.make),
        Shown("/console/keys/{ak}", keys.one, keys.change),
        Shown("/console/deeds", deeds.show),
        Shown("/console/lines", lines.show),
        Shown("/console/health", health.show, health.again),
        Shown("/console/{vdn}/people", staff.show, staff.invite),
        Shown("/console/{vdn}/people/{login}", staff.one, staff.change),
        Shown("/console/{vdn}/campaigns", campaigns.show),
        Shown("/console/{vdn}/campaigns/new", campaigns.blank, campaigns.add, keeps_typed=True),
        Shown(of_campaign, campaigns.one, campaigns.change, keeps_typed=True),
        Shown(f"{of_campaign}/pause", post=campaigns.pause),
        Shown(f"{of_campaign}/resume", post=campaigns.resume),
        Shown(f"{of_campaign}/delete", post=campaigns.delete),
        Shown("/console/{vdn}/results", results.show, results.add, keeps_typed=True),
        Shown("/console/{vdn}/results/retire", post=results.retire),
        Shown("/console/{vdn}/results/offer", post=results.offer),
        Shown("/console/{vdn}/keys", keys.show, keys.make),
        Shown("/console/{vdn}/keys/{ak}", keys.one, keys.change),
        Shown("/console/{vdn}/deeds", deeds.show),
    ]
