"""Whoever signs in is told the same whatever is wrong, and waits when it is guessed."""

import asyncio

import pytest

from callkeeper.clock import HandClock
from callkeeper.console.sign_in import TRIES_AT_ONCE, TRIES_PER_SECOND
from callkeeper.core.instants import SECOND_MS
from callkeeper.core.people.changes import Disable
from callkeeper.core.people.guessing import FORGOTTEN_MS, FREE_GUESSES, WAIT_MOST_MS
from callkeeper.core.people.session import SignInRefused, digest_of
from callkeeper.store.port.people import Guess
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.invitations import add_person, change_person
from callkeeper.usecases.passwords import KEPT, THREADS, WAITING_MAX, Passwords, TooBusy
from callkeeper.usecases.people import DELAYED_MAX, DELAYED_OF_ONE, NewSession, People
from tests.usecases.servers import AGENT, PASSWORD, WRONG, CountingHasher, Server, with_people


def test_whatever_is_wrong_the_same_is_said_after_the_same_work(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    for login in ("invited", "disabled"):
        add_person(stores[0], clock, login, None, AGENT)

    async def work(here: Server, _there: Server) -> None:
        change_person(stores[0], clock, "disabled", Disable())
        said = set()
        for login, password in (
            ("ann", "wrong"),
            ("ann", ""),
            ("ann", "x" * 100_000),
            ("nobody", PASSWORD),
            ("", PASSWORD),
            ("\ud800 no text", PASSWORD),
            ("ann\0", PASSWORD),
            ("ann", f"{PASSWORD}\ud800\0"),
            ("invited", PASSWORD),
            ("invited", "the password of nobody"),
            ("disabled", PASSWORD),
        ):
            before = (here.hasher.hashed, here.hasher.verified)
            said.add(await here.refused(login, password))
            assert (here.hasher.hashed, here.hasher.verified) == (before[0], before[1] + 1), login
        assert said == {"The login or the password is wrong."}

    with_people(stores, clock, work)


def test_after_five_failures_each_answer_waits_longer_in_all_processes(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, there: Server) -> None:
        for login in ("ann", "nobody"):
            for number in range(FREE_GUESSES + 8):
                await (here, there)[number % 2].refused(login)
            assert sorted([*here.pauses, *there.pauses]) == [1, 2, 4, 8, 16, 30, 30, 30]
            here.pauses.clear()
            there.pauses.clear()
        # Nobody is locked out; and whoever has signed in begins anew.
        assert isinstance(await here.people.sign_in("ann", PASSWORD), NewSession)
        await there.refused("ann")
        assert (here.pauses, there.pauses) == ([30], [])

    with_people(stores, clock, work)


def test_guesses_at_once_wait_as_one_after_another(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        await asyncio.gather(*[here.refused("ann") for _ in range(FREE_GUESSES + 3)])
        assert sorted(here.pauses) == [1, 2, 4]

    with_people(stores, clock, work)


def test_failures_are_forgotten_after_a_quarter_of_an_hour(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, there: Server) -> None:
        for _ in range(FREE_GUESSES):
            await here.refused("ann")
        clock.move(FORGOTTEN_MS - 1)
        await there.refused("ann")
        clock.move(FORGOTTEN_MS)
        await there.refused("ann")
        assert (here.pauses, there.pauses) == ([], [1])

    with_people(stores, clock, work)


def test_no_more_than_so_many_answers_wait(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        begun = asyncio.Semaphore(0)

        async def pause(_seconds: float) -> None:
            begun.release()
            await asyncio.Event().wait()

        people = People(here.async_store, clock, passwords=Passwords(here.hasher), pause=pause)
        for _ in range(FREE_GUESSES):
            await here.refused("x")
        trying = []
        for _ in range(DELAYED_MAX // 20):
            trying += [asyncio.create_task(people.sign_in("x", WRONG)) for _ in range(20)]
            for _ in range(20):
                await begun.acquire()
        with pytest.raises(TooBusy):
            await people.sign_in("x", WRONG)
        await here.refused("another")
        for each in trying:
            each.cancel()
        await asyncio.wait(trying)
        await people.close()

    with_people(stores, clock, work)


def test_two_hash_twenty_wait_and_more_are_refused(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        here.hasher.may_go.clear()
        room = THREADS + WAITING_MAX
        trying = [
            asyncio.create_task(here.people.sign_in(f"x{n}", "wrong")) for n in range(room + 4)
        ]
        done, _ = await asyncio.wait(trying, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 4:
            done, _ = await asyncio.wait(trying, timeout=0.01)
        assert [type(each.exception()) for each in done] == [TooBusy] * 4
        here.hasher.may_go.set()
        outcomes = await asyncio.gather(*trying, return_exceptions=True)
        assert [type(each) for each in outcomes].count(SignInRefused) == room
        await here.people.sign_in("ann", PASSWORD)
        with stores[1].transaction():  # those who were refused have not been counted
            again = [Guess(digest_of(f"x{n}"), clock.now()) for n in range(room + 4)]
            counted = stores[1].guesses.note(again)
        assert (counted.count(1), counted.count(2)) == (4, room)

    with_people(stores, clock, work)


def test_of_strangers_there_are_never_as_many_that_wait_as_are_refused() -> None:
    longest_seconds = WAIT_MOST_MS // SECOND_MS
    assert TRIES_AT_ONCE + TRIES_PER_SECOND * longest_seconds < DELAYED_MAX


def test_whoever_guesses_from_a_session_delays_nobody_else(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        begun, may_end = asyncio.Semaphore(0), asyncio.Event()

        async def pause(_seconds: float) -> None:
            begun.release()
            await may_end.wait()

        people = People(here.async_store, clock, passwords=Passwords(here.hasher), pause=pause)
        who = await people.whose((await people.sign_in("ann", PASSWORD)).token)
        assert who is not None
        for _ in range(FREE_GUESSES):
            with pytest.raises(SignInRefused):
                await people.prove(who, WRONG)
        trying = []
        for _ in range(DELAYED_OF_ONE):
            trying.append(asyncio.create_task(people.prove(who, WRONG)))
            await begun.acquire()
        with pytest.raises(TooBusy):
            await people.change_password("ann", WRONG, PASSWORD)
        signing_in = asyncio.create_task(people.sign_in("ann", PASSWORD))
        await begun.acquire()
        may_end.set()
        assert isinstance(await signing_in, NewSession)
        await asyncio.wait(trying)
        await people.close()

    with_people(stores, clock, work)


def test_strangers_leave_room_for_whoever_has_a_session(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        who = await here.people.whose((await here.people.sign_in("ann", PASSWORD)).token)
        assert who is not None
        here.hasher.may_go.clear()
        trying = [
            asyncio.create_task(here.people.sign_in(f"x{n}", WRONG))
            for n in range(THREADS + WAITING_MAX)
        ]
        await asyncio.sleep(0)
        proving = [asyncio.create_task(here.people.prove(who, PASSWORD)) for _ in range(KEPT)]
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            await here.people.prove(who, PASSWORD)
        here.hasher.may_go.set()
        await asyncio.gather(*proving)
        await asyncio.wait(trying)
        with pytest.raises(SignInRefused):
            await here.people.sign_in("x0", WRONG)

    with_people(stores, clock, work)


def test_whoever_goes_away_while_a_password_is_hashed_keeps_the_place_until_it_is(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        here.hasher.may_go.clear()
        room = THREADS + WAITING_MAX
        going = asyncio.create_task(here.people.sign_in("x", WRONG))
        assert await asyncio.to_thread(here.hasher.begun.acquire, timeout=20)
        trying = [asyncio.create_task(here.people.sign_in(f"x{n}", WRONG)) for n in range(room - 1)]
        await asyncio.sleep(0)
        going.cancel()
        await asyncio.wait([going])
        with pytest.raises(TooBusy):
            await here.people.sign_in("ann", PASSWORD)
        here.hasher.may_go.set()
        await asyncio.wait(trying)
        await here.people.sign_in("ann", PASSWORD)

    with_people(stores, clock, work)


def test_a_password_is_the_same_however_its_letters_are_composed(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        await here.people.change_password("ann", PASSWORD, "Zürich grüßt dich")
        await here.people.sign_in("ann", "Zu\u0308rich gru\u0308ßt dich")

    with_people(stores, clock, work)


def test_a_hash_is_made_anew_when_its_parameters_grow(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    async def work(here: Server, _there: Server) -> None:
        before = stores[0].sessions.password("ann")
        await here.people.sign_in("ann", PASSWORD)
        assert stores[0].sessions.password("ann") == before
        stronger = CountingHasher(rounds=2)
        people = here.with_hasher(stronger)
        decoys = stronger.hashed
        await people.sign_in("ann", PASSWORD)
        after = stores[0].sessions.password("ann")
        assert "t=1" in (before or "")
        assert "t=2" in (after or "")
        await people.sign_in("ann", PASSWORD)
        assert stronger.hashed == decoys + 1
        await people.close()

    with_people(stores, clock, work)


def test_the_hash_is_argon2id_with_the_parameters_that_the_docs_tell() -> None:
    async def hashed() -> str:
        passwords = Passwords()
        try:
            with passwords.admit(is_known=True) as hashing:
                return await hashing.hash(PASSWORD)
        finally:
            passwords.stop()

    assert asyncio.run(hashed()).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
