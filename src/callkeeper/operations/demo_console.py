"""The demo's servers: the one that the examples are sent to, and the one with a console."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from callkeeper import log
from callkeeper.clock import Clock
from callkeeper.core.people.changes import Describe
from callkeeper.installation.database import open_store
from callkeeper.operations.demo_day import fill, people
from callkeeper.operations.demo_links import Links
from callkeeper.processes.serve import prepare_server
from callkeeper.settings import Settings, SettingsWrong
from callkeeper.usecases.invitations import add_person, change_person

_READY_SECONDS = 15


class Shown(NamedTuple):
    """The console: where it is, and a link for each who can be looked over the shoulder."""

    url: str
    links: list[tuple[str, str]]  # who, and where to


@contextmanager
def serving_console(settings: Settings, vdn: int, clock: Clock) -> Iterator[Shown]:
    """Run a console over the same database, with a day of calls in it."""
    own = msgspec.structs.replace(
        settings, port=0, tls="off", dialer=False, console=True, console_port=None
    )
    store = open_store(own)
    try:
        fill(store, vdn, clock.now())
        invited = [
            (each, add_person(store, clock, each.login, each.name, each.role))
            for each in people(vdn)
        ]
        for each, _ in invited:
            change_person(store, clock, each.login, Describe(language=each.language))
    finally:
        store.close()
    with serving(own, clock) as url:
        links = Links(url)
        with links.serving():
            yield Shown(
                f"{url}/console/",
                [
                    (f"{each.name}, {each.told}", links.take(each.login, came.token))
                    for each, came in invited
                ],
            )


@contextmanager
def serving(settings: Settings, clock: Clock) -> Iterator[str]:
    """Run the server on a thread; yield its URL."""
    log.configure(settings)
    ready = threading.Event()
    urls: list[str] = []

    def is_ready(url: str) -> None:
        urls.append(url)
        ready.set()

    server = prepare_server(settings, clock=clock, ready=is_ready)
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    if not ready.wait(_READY_SECONDS):
        raise SettingsWrong("the server did not come up")
    try:
        yield urls[0]
    finally:
        server.should_exit = True
        thread.join(_READY_SECONDS)
