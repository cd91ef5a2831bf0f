"""A Citus: a coordinator and its workers, over which the tables of each database are spread."""

import psycopg
from psycopg.conninfo import make_conninfo

from tests.named_postgres import NamedPostgres

_WORKERS = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 ORDER BY 1, 2"
# What a migration has put there stays.
_TO_EMPTY = """
SELECT string_agg(relname, ', ') FROM pg_stat_user_tables
WHERE schemaname = 'public' AND relname NOT IN ('schema_version', 'probe')
"""


class SpreadPostgres(NamedPostgres):
    """The Citus whose coordinator a URL leads to; the database that it names knows the workers.

    All must be reached from here at the addresses by which the coordinator knows them. A database
    of it cannot be copied: one that was spread is emptied for each test instead.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        with psycopg.connect(url) as connection:
            self._workers = connection.execute(_WORKERS).fetchall()

    def new_database(self, like: str = "template1", more: str = "") -> str:
        """Return the URL of a new database with the workers, or of an emptied one of that name."""
        if like == "template1":
            return super().new_database(like, more)
        with psycopg.connect(self.url(like), autocommit=True) as connection:
            ((tables,),) = connection.execute(_TO_EMPTY).fetchall()
            connection.execute(f"TRUNCATE {tables}".encode())
        return self.url(like)

    def _create(self, like: str, more: str = "") -> str:
        name = super()._create(like, more)
        for host, port in self._workers:
            with psycopg.connect(self._at(host, port), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            with psycopg.connect(self._at(host, port, name), autocommit=True) as connection:
                connection.execute("CREATE EXTENSION citus")
        with (
            psycopg.connect(self.url()) as turn,
            psycopg.connect(self.url(name), autocommit=True) as connection,
        ):
            connection.execute("CREATE EXTENSION citus")
            here = (connection.info.host, connection.info.port)
            connection.execute("SELECT citus_set_coordinator_host(%s, %s)", here)
            # citus_add_node writes roles, which all databases of a worker share: one at a time.
            turn.execute("SELECT pg_advisory_xact_lock(hashtext('citus_add_node'))")
            for worker in self._workers:
                connection.execute("SELECT citus_add_node(%s, %s)", worker)
        return name

    def _drop(self, names: list[str]) -> None:
        for host, port in self._workers:
            with psycopg.connect(self._at(host, port), autocommit=True) as connection:
                for name in names:
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        super()._drop(names)

    def _at(self, host: str, port: int, database: str | None = None) -> str:
        return make_conninfo(self.url(database), host=host, port=port)
