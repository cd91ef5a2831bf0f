"""Many reservations at once: automatic ones that wait, spread over VDNs, agents and days.

However many there are, an agent has ten on each of its days, so that a list of an agent's day is
equally long: what grows is how many agents a VDN has, and for how many days.
"""

from pathlib import Path
from typing import NamedTuple

from bench.engine import address, is_postgres, run
from bench.stage import campaign
from callkeeper.clock import Clock
from callkeeper.core.instants import DAY_MS
from callkeeper.installation.database import open_session
from callkeeper.settings import Settings
from callkeeper.store.engine.migrate import migrations
from callkeeper.store.engine.statements import Engine

VDNS = 100
CAMPAIGNS = 5
_A_DAY = 10

# The rows come before this one, which counts what there is; and before the indexes.
_TALLIES = 3

_RESERVATIONS = """
INSERT INTO reservation (
  vdn, id, version, kind, state, campaign_id, called_no, agent, appoint_at, due_at, tries, remark,
  request, made_at, changed_at, look_at
)
WITH RECURSIVE
  number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < {stored}),
  place AS (
    SELECT n, n % {vdns} + 1 AS vdn, n / {vdns} % {agents} AS agent,
      {first_day} + CAST(n / {vdns} / {agents} % {days} AS BIGINT) * {day_ms}
        + n / {vdns} / {agents} / {days} * {gap_ms} AS appoint_at
    FROM number
  )
SELECT vdn, {id}, 1, 'automatic', 'waiting', agent % {campaigns} + 1, '6' || (10000000 + n),
  'agent' || agent, appoint_at, appoint_at - 300000, 0, 'asks for the new tariff',
  {request}, {now}, {now}, appoint_at - 300000
FROM place
"""
_EVENTS = """
INSERT INTO event (vdn, subject, version, happened_at, what, by_whom, detail)
SELECT vdn, id, 1, made_at, 'reserved', 'key AAAAAAAAAAAAAAAAAAAA',
  '{{"kind":"automatic","called_no":"' || called_no || '","campaign_id":"' || campaign_id ||
  '","appoint_at":' || appoint_at || ',"agent":"' || agent ||
  '","remark":"asks for the new tariff"}}'
FROM reservation
"""


class Mass(NamedTuple):
    """What there is, to ask for: each number stands for another, all over the place."""

    stored: int
    agents: int
    days: int
    first_day: int

    @property
    def of_a_vdn(self) -> int:
        """How many reservations a VDN has."""
        return self.stored // VDNS

    def agent(self, number: int) -> str:
        """Return an agent."""
        return f"agent{number * 7_919 % self.agents}"

    def day(self, number: int) -> int:
        """Return the beginning of a day on which every agent has ten reservations."""
        return self.first_day + number * 104_729 % self.days * DAY_MS

    def campaign(self, number: int) -> str:
        """Return a campaign."""
        return str(number * 31 % CAMPAIGNS + 1)


def fill(settings: Settings, stored: int, clock: Clock) -> Mass:
    """Fill a new installation with so many reservations that wait, and return what there is."""
    of_a_vdn = stored // VDNS
    days = max(1, round((of_a_vdn / _A_DAY) ** 0.5)) if of_a_vdn > 10 * _A_DAY else 1
    agents = of_a_vdn // _A_DAY // days
    now = clock.now()
    mass = Mass(VDNS * agents * days * _A_DAY, agents, days, (now // DAY_MS + 2) * DAY_MS)
    database, session = address(settings), open_session(settings)
    engine: Engine = "postgres" if is_postgres(database) else "sqlite"
    session.migrate([each for each in migrations(engine) if each.number < _TALLIES])
    indexes = _without_indexes(database)
    values = {
        "vdns": VDNS,
        "campaigns": CAMPAIGNS,
        "day_ms": DAY_MS,
        "gap_ms": DAY_MS // _A_DAY,
        "now": now,
        "id": "lpad(n::text, 30, '0')" if engine == "postgres" else "printf('%030d', n)",
        "request": "md5(n::text) || md5(n::text)"
        if engine == "postgres"
        else "hex(randomblob(32))",
    }
    run(database, _RESERVATIONS.format(**mass._asdict(), **values), _EVENTS.format(), *indexes)
    session.migrate()
    session.close()
    if engine == "postgres":
        run(database, "VACUUM ANALYZE", "CHECKPOINT")
    _add_campaigns(settings, clock)
    return mass


def bytes_stored(settings: Settings) -> int:
    """Return how large a database is."""
    database = address(settings)
    if is_postgres(database):
        ((size,),) = run(database, "SELECT pg_database_size(current_database())")
        return int(size)
    run(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(database).stat().st_size


def _without_indexes(database: str) -> list[str]:
    """Drop the indexes of reservations, and return how to make them again."""
    if is_postgres(database):
        found = run(
            database,
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE tablename = 'reservation' AND indexname <> 'reservation_pkey'",
        )
    else:
        found = run(
            database,
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'index' AND tbl_name = 'reservation' AND sql IS NOT NULL",
        )
    run(database, *(f"DROP INDEX {name}" for name, _ in found))
    return [str(text) for _, text in found]


def _add_campaigns(settings: Settings, clock: Clock) -> None:
    session = open_session(settings)
    with session.transaction():
        for vdn in range(1, VDNS + 1):
            for number in range(1, CAMPAIGNS + 1):
                session.rows("add_campaign", **campaign(vdn, number, clock.now()))
    session.close()
