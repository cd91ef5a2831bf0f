"""The store's families as the async side sees them: one line for each verb that it asks."""

from callkeeper.asyncstore.grouped import Grouped
from callkeeper.asyncstore.readers import Readers
from callkeeper.asyncstore.writer import Writer
from callkeeper.store.port.access import Keys
from callkeeper.store.port.campaigns import BusinessResults, Campaigns
from callkeeper.store.port.dialing import Attempts, DeskCalls, Due, Leases
from callkeeper.store.port.outstanding import Outstanding
from callkeeper.store.port.people import Deeds, Feeds, Guesses, People, Presence, Rules, Sessions
from callkeeper.store.port.reservations import Reservations


class AsyncReservations:
    """Reservations."""

    def __init__(self, reservations: Reservations, writer: Writer, lists: Readers) -> None:
        self.add = Grouped(writer, reservations.add)
        self.change = Grouped(writer, reservations.change)
        self.find = lists.reading(reservations.find)
        self.vdns = lists.reading(reservations.vdns)


class AsyncOutstanding:
    """What is outstanding."""

    def __init__(self, outstanding: Outstanding, lists: Readers) -> None:
        self.count = lists.reading(outstanding.count)


class AsyncCampaigns:
    """Campaigns."""

    def __init__(self, campaigns: Campaigns, writer: Writer, lists: Readers) -> None:
        self.get = lists.reading(campaigns.get)
        self.add = Grouped(writer, campaigns.add)
        self.change = Grouped(writer, campaigns.change)
        self.find = lists.reading(campaigns.find)


class AsyncBusinessResults:
    """Business results."""

    def __init__(self, results: BusinessResults, writer: Writer, lists: Readers) -> None:
        self.define = Grouped(writer, results.define)
        self.extend = Grouped(writer, results.extend)
        self.offer = Grouped(writer, results.offer)
        self.find = lists.reading(results.find)


class AsyncKeys:
    """Access keys."""

    def __init__(self, keys: Keys, writer: Writer, lists: Readers, looks: Readers) -> None:
        self.get = looks.reading(keys.get)
        self.all = lists.reading(keys.all)
        self.change = Grouped(writer, keys.change)


class AsyncPeople:
    """People."""

    def __init__(self, people: People, writer: Writer, lists: Readers, looks: Readers) -> None:
        self.add = Grouped(writer, people.add)
        self.change = Grouped(writer, people.change)
        self.get = looks.reading(people.get)
        self.tied = looks.reading(people.tied)
        self.all = lists.reading(people.all)
        self.seen = lists.reading(people.seen)


class AsyncSessions:
    """Sessions, passwords and links.

    ``get_again`` is for pages that ask by themselves, thousands of them: no key waits for it.
    """

    def __init__(self, sessions: Sessions, writer: Writer, looks: Readers, pages: Readers) -> None:
        self.password = looks.reading(sessions.password)
        self.link = looks.reading(sessions.link)
        self.add = Grouped(writer, sessions.add)
        self.choose = Grouped(writer, sessions.choose)
        self.get = looks.reading(sessions.get)
        self.get_again = pages.reading(sessions.get)
        self.of = looks.reading(sessions.of)
        self.mark = Grouped(writer, sessions.mark)
        self.end = Grouped(writer, sessions.end)


class AsyncPresence:
    """Who is there."""

    def __init__(self, presence: Presence, writer: Writer) -> None:
        self.renew = Grouped(writer, presence.renew)


class AsyncGuesses:
    """Tries at signing in."""

    def __init__(self, guesses: Guesses, writer: Writer) -> None:
        self.note = Grouped(writer, guesses.note)
        self.forget = Grouped(writer, guesses.forget)


class AsyncFeeds:
    """Calendars that people subscribe to."""

    def __init__(self, feeds: Feeds, writer: Writer, looks: Readers) -> None:
        self.make = Grouped(writer, feeds.make)
        self.end = Grouped(writer, feeds.end)
        self.of = looks.reading(feeds.of)
        self.get = looks.reading(feeds.get)


class AsyncRules:
    """House rules."""

    def __init__(self, rules: Rules, writer: Writer, lists: Readers) -> None:
        self.of = lists.reading(rules.of)
        self.change = Grouped(writer, rules.change)


class AsyncDeeds:
    """What people did to people, keys and rules."""

    def __init__(self, deeds: Deeds, lists: Readers) -> None:
        self.latest = lists.reading(deeds.latest)


class AsyncDue:
    """What is due to be dialed. Its writes go before all that waits."""

    def __init__(self, due: Due, writer: Writer, looks: Readers) -> None:
        self.claim = Grouped(writer, due.claim, goes_first=True)
        self.is_any = looks.reading(due.is_any)
        self.count = looks.reading(due.count)
        self.awaited = looks.reading(due.awaited)
        self.wake_from_ahead = Grouped(writer, due.wake_from_ahead, goes_first=True)


class AsyncAttempts:
    """Attempts. Their writes go before all that waits."""

    def __init__(self, attempts: Attempts, writer: Writer, looks: Readers) -> None:
        self.begin = Grouped(writer, attempts.begin, goes_first=True)
        self.note_progress = Grouped(writer, attempts.note_progress, goes_first=True)
        self.end = Grouped(writer, attempts.end, goes_first=True)
        self.hand_back = Grouped(writer, attempts.hand_back, goes_first=True)
        self.adopt = Grouped(writer, attempts.adopt, goes_first=True)
        self.held = looks.reading(attempts.held)
        self.orphaned = looks.reading(attempts.orphaned)


class AsyncDeskCalls:
    """Calls that agents ask for. A dispatcher's writes go before all that waits.

    It looks at them many times a second, so not where keys and sessions wait to be looked up.
    """

    def __init__(self, desk_calls: DeskCalls, writer: Writer, lists: Readers) -> None:
        self.ask = Grouped(writer, desk_calls.ask)
        self.begin_by_hand = Grouped(writer, desk_calls.begin_by_hand)
        self.take = Grouped(writer, desk_calls.take, goes_first=True)
        self.stop = Grouped(writer, desk_calls.stop)
        self.live = lists.reading(desk_calls.live)


class AsyncLeases:
    """Dispatchers. Their writes go before all that waits."""

    def __init__(self, leases: Leases, writer: Writer) -> None:
        self.renew = Grouped(writer, leases.renew, goes_first=True)
