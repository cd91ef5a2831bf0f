"""People are known by their session, come by a link, and change what is theirs."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from callkeeper.asyncstore.writer_process import open_async_store
from callkeeper.clock import HandClock
from callkeeper.core.people.changes import Disable
from callkeeper.core.people.guessing import FREE_GUESSES
from callkeeper.core.people.person import NoSuchPerson
from callkeeper.core.people.preferences import Preferences
from callkeeper.core.people.session import (
    IDLE_MS,
    LINK_MS,
    SESSION_MS,
    LinkRefused,
    SignInRefused,
    digest_of,
)
from callkeeper.core.refusal import ParameterWrong
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.invitations import add_person, change_person, reset_person
from callkeeper.usecases.passwords import Passwords
from callkeeper.usecases.people import REMEMBERED_MAX, TRUSTED_MS, USED_MS, NewSession, People
from tests.store.orders import NOW
from tests.usecases.servers import AGENT, PASSWORD, WRONG, CountingHasher, Server, with_people
from tests.usecases.watched import watched


def test_whoever_signs_in_is_known_by_the_token_everywhere(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, there: Server) -> None:
        new = await here.people.sign_in(" ANN", PASSWORD)
        assert new.ends_at == NOW + SESSION_MS
        assert new.token not in repr(new)
        signed_in = await there.people.whose(new.token)
        assert signed_in is not None
        assert (signed_in.person.login, signed_in.person.roles) == ("ann", (AGENT,))
        assert (signed_in.ends_at, signed_in.idle_ends_at) == (new.ends_at, NOW + IDLE_MS)
        assert await there.people.whose(new.token + "x") is None
        assert new.token not in str(stores[0].sessions.of("ann"))

    with_people(stores, clock, work)


def test_a_session_ended_elsewhere_is_gone_within_two_seconds(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, there: Server) -> None:
        for end in (
            here.people.sign_out,
            lambda _: here.people.end_sessions("ann"),
            lambda _: here.people.end_sessions("ann", by="person bob"),
            lambda _: here.people.change_password("ann", PASSWORD, PASSWORD),
            lambda _: asyncio.to_thread(change_person, stores[1], clock, "ann", Disable()),
        ):
            new = await here.people.sign_in("ann", PASSWORD)
            for each in (here, there):
                assert await each.people.whose(new.token) is not None
            await end(new.token)
            clock.move(TRUSTED_MS - 1)
            assert await there.people.whose(new.token) is not None
            clock.move(1)
            for each in (here, there):
                assert await each.people.whose(new.token) is None

    with_people(stores, clock, work)


def test_whoever_ends_a_session_sees_it_gone_at_once(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        one, two = [await here.people.sign_in("ann", PASSWORD) for _ in range(2)]
        assert len(await here.people.sessions_of("ann")) == 3
        for each in (one, two):
            assert await here.people.whose(each.token) is not None
        await here.people.sign_out(one.token)
        assert await here.people.whose(one.token) is None
        assert await here.people.whose(two.token) is not None
        await here.people.end_sessions("ann")
        assert await here.people.whose(two.token) is None
        assert await here.people.sessions_of("ann") == []

    with_people(stores, clock, work)


def test_many_who_ask_at_once_are_one_look(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    asked: list[str] = []

    async def work(here: Server, _there: Server) -> None:
        new = await here.people.sign_in("ann", PASSWORD)
        await asyncio.gather(*[here.people.whose(new.token) for _ in range(40)])
        await here.people.whose(new.token)
        assert asked.count("get") == 1
        for _ in range(3):
            assert await here.people.whose("no such token") is None
        assert asked.count("get") == 2

    with_people((watched(stores[0], "sessions", asked.append), stores[1]), clock, work)


def test_tokens_that_somebody_invents_make_no_session_forgotten(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    asked: list[str] = []

    async def work(here: Server, _there: Server) -> None:
        new = await here.people.sign_in("ann", PASSWORD)
        assert await here.people.whose(new.token) is not None
        for begin in range(0, REMEMBERED_MAX, 100):
            invented = [here.people.whose(f"invented {begin + each}") for each in range(100)]
            assert await asyncio.gather(*invented) == [None] * 100
        before = asked.count("get")
        assert await here.people.whose(new.token) is not None
        assert asked.count("get") == before

    with_people((watched(stores[0], "sessions", asked.append), stores[1]), clock, work)


def test_signing_out_of_what_is_no_session_writes_nothing(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    asked: list[str] = []

    async def work(here: Server, _there: Server) -> None:
        new = await here.people.sign_in("ann", PASSWORD)
        await here.people.sign_out("no such token")
        assert "end" not in asked
        for _ in range(2):
            await here.people.sign_out(new.token)
        assert asked.count("end") == 1
        assert await here.people.whose(new.token) is None

    with_people((watched(stores[0], "sessions", asked.append), stores[1]), clock, work)


def test_a_request_that_comes_while_somebody_signs_out_keeps_no_session_known(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        new = await here.people.sign_in("ann", PASSWORD)
        for _ in range(2):  # the first is looked up, the second is remembered
            await asyncio.gather(here.people.sign_out(new.token), here.people.whose(new.token))
            assert await here.people.whose(new.token) is None

    with_people(stores, clock, work)


def test_a_session_lives_by_clicks_for_twelve_hours(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, there: Server) -> None:
        new = await here.people.sign_in("ann", PASSWORD)
        for _ in range(SESSION_MS // (IDLE_MS - USED_MS)):
            clock.move(IDLE_MS - USED_MS)
            assert await there.people.whose(new.token) is not None
        clock.move(new.ends_at - clock.now() - 1)
        assert await here.people.whose(new.token) is not None
        clock.move(1)
        assert await here.people.whose(new.token) is None

    with_people(stores, clock, work)


def test_a_page_that_asks_by_itself_keeps_no_session_alive(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        new = await here.people.sign_in("ann", PASSWORD)
        for _ in range(IDLE_MS // USED_MS - 1):
            clock.move(USED_MS)
            assert await here.people.whose(new.token, clicked=False) is not None
        clock.move(USED_MS)
        assert await here.people.whose(new.token, clicked=False) is None
        assert await here.people.whose(new.token) is None

    with_people(stores, clock, work)


def test_that_a_session_is_used_is_noted_once_a_minute(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        new = await here.people.sign_in("ann", PASSWORD)

        def used_at() -> int:
            (used,) = [
                each.used_at
                for each in stores[1].sessions.of("ann")
                if each.digest == digest_of(new.token)
            ]
            return used

        clock.move(USED_MS - 1)
        await here.people.whose(new.token)
        assert used_at() == NOW
        clock.move(1)
        await asyncio.gather(*[here.people.whose(new.token) for _ in range(5)])
        assert used_at() == NOW + USED_MS
        clock.move(USED_MS - 1)
        signed_in = await here.people.whose(new.token)
        assert used_at() == NOW + USED_MS
        assert signed_in is not None
        assert signed_in.idle_ends_at == NOW + USED_MS + IDLE_MS

    with_people(stores, clock, work)


def test_a_link_is_taken_once_and_ends_all_older_sessions(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, there: Server) -> None:
        old = await here.people.sign_in("ann", PASSWORD)
        link = reset_person(stores[0], clock, "ann").token
        await here.refused("ann", PASSWORD)
        person = await here.people.link_of(link)
        assert person is not None
        assert person.login == "ann"
        for bad in ("short", "ann"):
            with pytest.raises(ParameterWrong):
                await here.people.take_link(link, bad)
        takers = [each.people.take_link(link, "another password") for each in (here, there)]
        outcomes = await asyncio.gather(*takers, return_exceptions=True)
        assert sorted(type(each).__name__ for each in outcomes) == ["LinkRefused", "NewSession"]
        (new,) = [each for each in outcomes if isinstance(each, NewSession)]
        assert await here.people.link_of(link) is None
        assert await there.people.whose(new.token) is not None
        clock.move(TRUSTED_MS)
        assert await here.people.whose(old.token) is None
        await here.people.sign_in("ann", "another password")

    with_people(stores, clock, work)


def test_an_old_link_and_an_unknown_one_are_refused(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        link = reset_person(stores[0], clock, "ann").token
        clock.move(LINK_MS)
        for each in (link, "no such link"):
            assert await here.people.link_of(each) is None
            with pytest.raises(LinkRefused):
                await here.people.take_link(each, PASSWORD)

    with_people(stores, clock, work)


def test_a_password_is_changed_by_whoever_knows_the_old_one_and_guessing_it_waits(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, there: Server) -> None:
        old = await here.people.sign_in("ann", PASSWORD)
        for _ in range(FREE_GUESSES + 1):
            with pytest.raises(SignInRefused):
                await here.people.change_password("ann", "wrong", "another password")
        assert here.pauses == [1]
        with pytest.raises(ParameterWrong):
            await here.people.change_password("ann", PASSWORD, "short")
        new = await here.people.change_password("ann", PASSWORD, "another password")
        assert await here.people.whose(old.token) is None
        assert await there.people.whose(new.token) is not None
        await there.refused("ann", PASSWORD)
        deeds = [(each.what, each.by_whom) for each in stores[0].deeds.latest(2)]
        assert deeds[0] == ("password_chosen", "person ann")

    with_people(stores, clock, work)


def test_a_person_describes_themselves_and_others_see_it(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        new = await here.people.sign_in("ann", PASSWORD)
        await here.people.whose(new.token)
        changed = await here.people.change("ann", language="zh-Hans", zone="Asia/Shanghai")
        signed_in = await here.people.whose(new.token)
        assert signed_in is not None
        assert signed_in.person == changed == stores[1].people.get("ann")
        wrong: dict[str, Any]
        for wrong, about in (
            ({"zone": "Mars/Olympus"}, "zone"),
            ({"language": "?"}, "language"),
            ({"name": " "}, "name"),
            ({"preferences": Preferences(warning_minutes=61)}, "warning_minutes"),
        ):
            with pytest.raises(ParameterWrong) as refused:
                await here.people.change("ann", **wrong)
            assert refused.value.about == about
        with pytest.raises(NoSuchPerson):
            await here.people.change("nobody", name="x")

    with_people(stores, clock, work)


def test_a_server_with_a_process_that_writes_signs_people_in_and_refuses_them(
    stores: tuple[SqlStore, SqlStore], clock: HandClock, tmp_path: Path, database: str | None
) -> None:
    invited = add_person(stores[0], clock, "ann", "Ann", AGENT)

    async def all_of_it() -> None:
        async_store = open_async_store(Settings(data_dir=tmp_path / "data", database=database))
        people = People(async_store, clock, passwords=Passwords(CountingHasher()))
        try:
            new = await people.take_link(invited.token, PASSWORD)
            changed = await people.change("ann", name="Ann Li")
            signed_in = await people.whose(new.token)
            assert signed_in is not None
            assert signed_in.person == changed
            with pytest.raises(NoSuchPerson, match="there is no person 'bob'"):
                await people.change("bob", name="Bob")
            await people.sign_in("ann", PASSWORD)
            with pytest.raises(SignInRefused):
                await people.sign_in("ann", WRONG)
            await people.end_sessions("ann")
            assert await people.whose(new.token) is None
        finally:
            await people.close()
            await async_store.close()

    asyncio.run(asyncio.wait_for(all_of_it(), 60))
