"""The expert's store on PostgreSQL: both rows by one statement, a transaction by itself."""

import asyncpg

from bench.expert_rows import Filed, Made

# Of each process: more than the cores of a small machine keep busy.
_CONNECTIONS = 16

_FILE = """
WITH filed AS (
  UPDATE reservation SET
    version = version + 1, state = 'done', agent = COALESCE($3, agent),
    caller_no = COALESCE($4, caller_no), fail_code = COALESCE($5, fail_code),
    call_id = COALESCE($6, call_id), business_result = COALESCE($7, business_result),
    business_sub_result = COALESCE($8, business_sub_result), begin_at = COALESCE($9, begin_at),
    end_at = COALESCE($10, end_at), changed_at = $11, signed_at = $12
  WHERE vdn = $1 AND id = $2 AND state <> 'cancelled'
  RETURNING version
)
INSERT INTO event (vdn, subject, version, happened_at, what, by_whom, detail, request)
SELECT $1, $2, version, $11, 'result', $13, $14, $15 FROM filed
RETURNING version
"""
_MAKE = """
WITH made AS (
  INSERT INTO reservation (
    vdn, id, version, kind, state, campaign_id, called_no, agent, appoint_at, tries, call_data,
    remark, request, made_at, changed_at
  )
  VALUES ($1, $2, 1, $3, 'waiting', $4, $5, $6, $7, 0, $8, $9, $10, $11, $11)
  ON CONFLICT (vdn, id) DO NOTHING
  RETURNING version
)
INSERT INTO event (vdn, subject, version, happened_at, what, by_whom, detail)
SELECT $1, $2, version, $11, 'reserved', $12, $13 FROM made
RETURNING version
"""


class PostgresStore:
    """A pool of connections, whose statements stay prepared."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._pool: asyncpg.Pool

    async def open(self) -> None:
        """Open the connections."""
        self._pool = await asyncpg.create_pool(
            self._database, min_size=_CONNECTIONS, max_size=_CONNECTIONS, reset=_keep
        )

    async def file(self, filed: Filed) -> bool:
        """Put a result and its row of history on record; False if there is no such reservation."""
        return await self._pool.fetchval(_FILE, *filed) is not None

    async def make(self, made: Made) -> bool:
        """Put a reservation and its row of history on record; False if it was there before."""
        return await self._pool.fetchval(_MAKE, *made) is not None

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()


async def _keep(_connection: object) -> None:
    """Give a connection back as it is: to reset what nobody changes is a round trip."""
