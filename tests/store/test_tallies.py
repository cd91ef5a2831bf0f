"""The tallies, which triggers keep: after whatever writes, they are what counting would find."""

from collections.abc import Callable
from random import Random
from zoneinfo import ZoneInfo

import msgspec
import pytest

from callkeeper.core.instants import DAY_MS
from callkeeper.core.reservations.changes import Cancel, Move, Result
from callkeeper.store.engine.migrate import migrations
from callkeeper.store.engine.statements import Engine
from callkeeper.store.port.reservations import Wanted
from tests.store.orders import (
    CAMPAIGN,
    HOUR,
    NOW,
    Opened,
    Opener,
    book,
    booked,
    booking,
    carry_out,
    has_campaign,
    order,
)
from tests.store.test_rolling_upgrade import old_program

COUNTED = {
    "campaign_day": """
        SELECT vdn, appoint_at / 86400000, campaign_id, COUNT(*) FROM reservation
        WHERE state <> 'cancelled' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """,
    "agent_day": """
        SELECT vdn, agent, appoint_at / 86400000, campaign_id, COUNT(*) FROM reservation
        WHERE state <> 'cancelled' AND agent IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    """,
}
TALLIED = {
    "campaign_day": """
        SELECT vdn, day, campaign_id, SUM(listed) FROM campaign_day
        GROUP BY 1, 2, 3 HAVING SUM(listed) <> 0 ORDER BY 1, 2, 3
    """,
    "agent_day": """
        SELECT vdn, agent, day, campaign_id, SUM(listed) FROM agent_day
        GROUP BY 1, 2, 3, 4 HAVING SUM(listed) <> 0 ORDER BY 1, 2, 3, 4
    """,
}
AGENTS = (None, "ann", "bob", "cem")
TALLIES = 3  # the migration


def check(opener: Opener) -> int:
    """Insist that each tally is what there is, and return how many are listed in all."""
    for table, text in COUNTED.items():
        assert opener.look(TALLIED[table]) == opener.look(text), table
    return int(opener.look("SELECT COALESCE(SUM(listed), 0) FROM campaign_day")[0][0])


def some_change(chance: Random) -> Cancel | Move | Result:
    return chance.choice(
        (
            Cancel(),
            Move(appoint_at=NOW + chance.randint(1, 200) * HOUR),
            Move(appoint_at=NOW + HOUR, agent=chance.choice(AGENTS)),
            Result(fail_code="00000"),
            Result(agent=chance.choice(AGENTS), fail_code="00000"),
        )
    )


def test_after_thousands_of_changes_by_chance_the_tallies_are_what_there_is(
    opened: Opened, opener: Opener
) -> None:
    chance = Random(1)  # noqa: S311 - test data
    has_campaign(opened.session, 1, 8)
    many = 400
    for first in range(0, many, 40):
        booked(
            opened.store,
            *(
                booking(
                    number,
                    vdn=1 + number % 2,
                    kind=chance.choice(("manual", "manual", "automatic")),
                    campaign_id="8" if number % 4 == 0 else "7",
                    agent=chance.choice(AGENTS),
                    appoint_at=NOW + chance.randint(1, 200) * HOUR,
                )
                for number in range(first, first + 40)
            ),
        )
    for _ in range(100):
        numbers = [chance.randrange(many) for _ in range(chance.randint(1, 40))]
        carry_out(
            opened.store,
            *(order(f"r{n:05d}", some_change(chance), vdn=1 + n % 2) for n in numbers),
        )
    assert 0 < check(opener) < many


def test_a_batch_that_fails_leaves_no_tally(opened: Opened, opener: Opener) -> None:
    class Enough(Exception):  # noqa: N818 - what it is
        pass

    def fail() -> None:
        with opened.store.transaction():
            opened.store.reservations.add([booking(1)])
            raise Enough

    with pytest.raises(Enough):
        fail()
    assert check(opener) == 0


def test_a_request_that_books_nothing_is_not_counted_again(opened: Opened, opener: Opener) -> None:
    for _ in range(2):
        book(opened.store, booking(1), booking(2))
    assert check(opener) == 2


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("DELETE FROM reservation WHERE id < 'r00004'", 6),
        ("DELETE FROM reservation", 0),
        ("UPDATE reservation SET state = 'cancelled' WHERE id < 'r00004'", 6),
        pytest.param(
            "UPDATE reservation SET vdn = 2, campaign_id = 9, agent = NULL",
            10,
            marks=pytest.mark.of_one_machine("Citus lets no row change its VDN"),
        ),
        ("UPDATE reservation SET appoint_at = appoint_at + 86400000, agent = 'zoe'", 10),
    ],
)
def test_the_operators_own_sql_is_counted_too(
    sql: str, left: int, opened: Opened, opener: Opener, run: Callable[[str], None]
) -> None:
    booked(opened.store, *(booking(n, agent=AGENTS[n % 4]) for n in range(10)))
    run(sql)
    assert check(opener) == left
    run("UPDATE reservation SET state = 'waiting' WHERE state = 'cancelled'")
    check(opener)


def test_reservations_stored_before_there_were_tallies_are_counted(
    engine: Engine, empty: Opener
) -> None:
    session = empty.open().session
    steps = migrations(engine)
    session.migrate([step for step in steps if step.number < TALLIES])
    has_campaign(session, 1)
    store = empty.open().store
    campaign = store.campaigns.get(1, CAMPAIGN)
    with old_program(empty, engine) as run:
        for n in range(10):
            made = booking(n, agent=AGENTS[n % 4]).reservation(campaign, ZoneInfo("UTC"))
            run("add_reservations", msgspec.structs.asdict(made))
        gone = msgspec.structs.replace(made, version=2, state="cancelled")
        run("update_reservations", msgspec.structs.asdict(gone))
    session.migrate()
    assert check(empty) == 9


def test_a_result_that_keeps_the_agent_touches_no_tally(
    opened: Opened, opener: Opener, run: Callable[[str], None]
) -> None:
    booked(opened.store, booking(1))
    run("UPDATE campaign_day SET listed = 5")
    carry_out(opened.store, order("r00001", Result(agent="ann", fail_code="00000")))
    assert opener.look("SELECT SUM(listed) FROM campaign_day") == [(5,)]


@pytest.mark.parametrize("engine", ["postgres"])
def test_writers_at_once_wait_for_no_tally(opened: Opened, opener: Opener) -> None:
    other = opener.open().store
    booked(opened.store, booking(0), booking(4, agent="bob"))  # both agents are known
    with opened.store.transaction():
        opened.store.reservations.add([booking(1)])
        # Nobody has committed: were they to share a row, this would wait for ever.
        booked(other, booking(2), booking(3, agent="bob"))
    assert check(opener) == 5
    assert opener.look("SELECT COUNT(DISTINCT slot) FROM campaign_day") == [(2,)]


def test_a_page_begins_where_the_days_before_it_end(opened: Opened) -> None:
    """Every page of every size, over days of many, of few and of none."""
    noon = NOW // DAY_MS * DAY_MS + DAY_MS // 2
    days = [1, 1, 1, 1, 2, 5, 5, 9, 9, 9, 9, 9, 9]
    booked(
        opened.store,
        *(booking(n, appoint_at=noon + d * DAY_MS + n * HOUR // 9) for n, d in enumerate(days)),
    )
    carry_out(opened.store, order("r00004", Cancel()))  # the only one of its day
    whole = [
        each.reservation.id for each in opened.store.reservations.find(Wanted(1, 0, 99)).listed
    ]
    assert len(whole) == len(days) - 1
    for agents in (None, ["ann", "bob"]):
        for begin_at in (None, noon + DAY_MS + 1, noon + 5 * DAY_MS):
            asked = {"agents": agents, "begin_at": begin_at}
            first = opened.store.reservations.find(Wanted(1, 0, 99, **asked))  # type: ignore[arg-type]
            ids = [each.reservation.id for each in first.listed]
            for size in range(1, 8):
                for offset in range(len(days) + 2):
                    page = opened.store.reservations.find(
                        Wanted(1, offset, size, **asked)  # type: ignore[arg-type]
                    )
                    found = [each.reservation.id for each in page.listed]
                    assert found == ids[offset : offset + size]
                    assert page.total == len(ids)
