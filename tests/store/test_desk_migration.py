"""Migrations about agents' calls, where much was dialed: they read none of it."""

import psycopg
import pytest

from callkeeper.store.engine.migrate import migrations

READ = """
SELECT seq_tup_read, COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
WHERE relname IN ('attempt', 'reservation') ORDER BY relname
"""


@pytest.mark.parametrize("engine", ["postgres"])
@pytest.mark.parametrize("number", [17, 22])
def test_nobody_waits_until_all_attempts_were_read(empty_database: str | None, number: int) -> None:
    steps = migrations("postgres")
    with psycopg.connect(empty_database or "", autocommit=True) as connection:
        for step in steps[: number - 1]:
            for statement in step.statements:
                connection.execute(statement.encode())
        connection.execute("""
            INSERT INTO attempt (
              vdn, id, reservation_id, campaign_id, number, line, holder, state, called_no,
              alerting_seconds, due_at, claimed_at
            )
            SELECT 1, 'a' || n, 'r' || n, 7, 1, 'pbx', 'dora', 'ended', '66660001', 20, n, n
            FROM generate_series(1, 100) AS n
        """)
        with connection.transaction():
            for statement in steps[number - 1].statements:
                connection.execute(statement.encode())
            assert connection.execute(READ).fetchall() == [(0, 0), (0, 0)]
