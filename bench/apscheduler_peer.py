"""A volley fired by APScheduler 3, its jobs kept in a database by SQLAlchemy. It has three forms.

``documented``  as its guide shows it: a URL and a pool of threads. When a job is handed to a thread
                its row is deleted and committed. That it ran, and how it ended, is not kept.
``tuned``       the same with SQLite in WAL, which is faster and as durable
``kept``        the same, and the job puts a result on record, as one that makes a call has to

In all of them nothing is dropped for being late (``misfire_grace_time=None``).
"""

import logging
from datetime import UTC, datetime
from threading import Event
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore  # type: ignore[import-untyped]
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    func,
    select,
)

from bench.volley import CpuMeter, Volley, ordered, tell
from callkeeper.clock import SystemClock

THREADS = 10  # its default; with 1 and with 40 it was not faster
_SECONDS_MAX = 300
_BUSY_SECONDS = 60  # the scheduler's thread and the jobs' write to one file

_CLOCK = SystemClock()
_RESULT = Table(
    "result",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("ended_at", BigInteger, nullable=False),
)


class Tally:
    """What the jobs share; APScheduler finds them by name, so it is the module's."""

    def __init__(self) -> None:
        self.volley = ordered()
        self.engine = _engine(self.volley)
        self.fired: list[int] = []
        self.ended: list[int] = []
        self.all_ended = Event()

    def end(self, number: int) -> None:
        """Note that a job is over."""
        self.ended.append(number)
        if len(self.ended) >= self.volley.count:
            self.all_ended.set()


def job(number: int, due_at: int) -> None:
    """Note that a job was begun, and how late."""
    _tally.fired.append(_CLOCK.now() - due_at)
    if _tally.volley.form == "kept":
        with _tally.engine.begin() as connection:
            connection.execute(_RESULT.insert().values(number=number, ended_at=_CLOCK.now()))
    _tally.end(number)


def main() -> None:
    """Fire the volley that this program was given."""
    volley = _tally.volley
    _RESULT.create(_tally.engine)
    scheduler = _scheduler(_tally.engine)
    for number in range(volley.count):
        due_at = volley.due(number)
        at = datetime.fromtimestamp(due_at / 1000, UTC)
        scheduler.add_job(job, "date", run_date=at, args=(number, due_at))
    scheduler.start()
    meter = CpuMeter(volley)
    now = _CLOCK.now()
    volley.check_prepared(now)
    Event().wait((volley.due_at - now) / 1000)
    meter.begin()
    _tally.all_ended.wait(_SECONDS_MAX)
    left = scheduler.get_jobs()  # waits until it is done with those that are due
    done_ms = _CLOCK.now() - volley.due_at
    used = meter.used()
    scheduler.shutdown()
    _check_stored(len(left))
    tell(_tally.fired, done_ms, used)


def _check_stored(left: int) -> None:
    volley = _tally.volley
    with _tally.engine.connect() as connection:
        kept = connection.execute(select(func.count()).select_from(_RESULT)).scalar()
    if left or kept != (volley.count if volley.form == "kept" else 0):
        raise RuntimeError(f"{left} of {volley.count} jobs were left, and {kept} results kept")


def _scheduler(engine: Engine) -> Any:  # noqa: ANN401 - it has no types
    return BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(engine=engine)},
        executors={"default": ThreadPoolExecutor(THREADS)},
        job_defaults={"misfire_grace_time": None},
        timezone=UTC,
    )


def _engine(volley: Volley) -> Engine:
    if volley.database is not None:
        url = volley.database.replace("postgresql:", "postgresql+psycopg:")
        return create_engine(url, pool_size=THREADS + 1)
    file = f"sqlite:///{volley.folder}/jobs.db"
    engine = create_engine(file, pool_size=THREADS + 1, connect_args={"timeout": _BUSY_SECONDS})
    if volley.form != "documented":

        @event.listens_for(engine, "connect")
        def _(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")

    return engine


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    _tally = Tally()
    main()
