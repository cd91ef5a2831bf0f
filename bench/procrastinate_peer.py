"""A volley fired by procrastinate, its jobs kept in PostgreSQL.

What it does for a job: it is fetched and marked as being done, run, and marked as succeeded, each
in a transaction of its own and each with a row of history. Several workers share one process and
loop, as one worker fetches one job after another; they look for due jobs every 50 ms, as Callkeeper
does, and not only every 5 s.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.types import JSONDict

from bench.volley import CpuMeter, Volley, ordered, tell
from callkeeper.clock import SystemClock

# 4 x 5 fired more a second here than 1 x 10, 1 x 50, 2 x 10, 4 x 1 and 4 x 16.
WORKERS = 4
JOBS_AT_ONCE = 5  # of each worker
CONNECTIONS = 10
_POLL_SECONDS = 0.05
_SECONDS_MAX = 300
_BATCH = 500

_CLOCK = SystemClock()


async def main(volley: Volley) -> None:
    """Fire a volley."""
    fired: list[int] = []
    all_fired = asyncio.Event()
    connector = PsycopgConnector(
        conninfo=volley.database, min_size=CONNECTIONS, max_size=CONNECTIONS
    )
    app = App(connector=connector)

    @app.task(name="job")
    async def job(number: int, due_at: int) -> None:
        del number
        fired.append(_CLOCK.now() - due_at)
        if len(fired) >= volley.count:
            all_fired.set()

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        at = datetime.fromtimestamp(volley.due_at / 1000, UTC)
        for begin in range(0, volley.count, _BATCH):
            numbers = range(begin, min(begin + _BATCH, volley.count))
            wanted: list[JSONDict] = [{"number": each, "due_at": volley.due_at} for each in numbers]
            await job.configure(schedule_at=at).batch_defer_async(*wanted)
        working = asyncio.gather(
            *(
                app.run_worker_async(
                    name=f"worker{number}",
                    concurrency=JOBS_AT_ONCE,
                    fetch_job_polling_interval=_POLL_SECONDS,
                    install_signal_handlers=False,
                )
                for number in range(WORKERS)
            )
        )
        meter = CpuMeter(volley)
        now = _CLOCK.now()
        volley.check_prepared(now)
        await asyncio.sleep((volley.due_at - now) / 1000)
        meter.begin()
        async with asyncio.timeout(_SECONDS_MAX):
            await all_fired.wait()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working  # and so for what is to be put down yet
        done_ms = _CLOCK.now() - volley.due_at
        used = meter.used()
    _check_stored(volley)
    tell(fired, done_ms, used)


def _check_stored(volley: Volley) -> None:
    with psycopg.connect(volley.database or "") as connection:
        row = connection.execute(
            "SELECT COUNT(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
        ).fetchone()
    if row is None or row[0] != volley.count:
        raise RuntimeError(f"{row} of {volley.count} jobs are on record")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(ordered()))
