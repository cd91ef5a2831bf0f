"""Tables spread over several machines by VDN, with Citus: what grows with calls is, the rest stays.

What stays is on the coordinator, to which all connect. A copy of it on each machine, a reference
table, could not be written while one of them is away, and nobody could sign in or dial.
"""

from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

from callkeeper.core.refusal import CannotSpread
from callkeeper.store.engine.migrate import pieces

# What a worker says that is just stopping, crashing or starting.
_SHUTTING_DOWN = ("57P01", "57P02", "57P03")

Run = Callable[[str], list[tuple[Any, ...]]]

# The first is spread by itself, and what a VDN has of all others is where it has that.
SPREAD = (
    "reservation",
    "event",
    "idempotency",
    "agent",
    "campaign",
    "campaign_counter",
    "business_result",
    "attempt",
    "desk_call",
    "campaign_day",
    "agent_day",
    "outstanding",
)
# Triggers of these names count rows otherwise where tables are spread: spread.sql makes them.
_BY_STATEMENT = ("reservation_added", "reservation_removed", "reservation_changed")
# Session settings do not reach the machines; these are what our connections begin with.
ON_MACHINES = {
    "lock_timeout": "10s",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
_IS_CITUS = "SELECT 1 FROM pg_extension WHERE extname = 'citus'"
_SPREAD_ALREADY = """
SELECT t.relname FROM pg_dist_partition AS p JOIN pg_class AS t ON t.oid = p.logicalrelid
WHERE pg_table_is_visible(t.oid)
"""
# Of a table; its own rules are no triggers of ours.
_TRIGGERS = """
SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger
WHERE tgrelid = '{}'::regclass AND NOT tgisinternal ORDER BY tgname
"""


def are_spread(run: Run) -> bool:
    """Whether the tables are spread. Raise CannotSpread where this is not the coordinator."""
    if not run(_IS_CITUS) or SPREAD[0] not in _already(run):
        return False
    if not run("SELECT citus_is_coordinator()")[0][0]:
        raise CannotSpread("the tables are spread, and this is a worker; name the coordinator")
    return True


def spread(run: Run) -> list[str]:
    """Spread the tables that are not yet, inside the caller's transaction; return their names.

    A second call spreads what a migration has added, and tells machines that are new the settings.
    Raise CannotSpread where there is no Citus.
    """
    if not run(_IS_CITUS):
        raise CannotSpread("there is no Citus here; run CREATE EXTENSION citus, and add workers")
    allow_triggers(run)
    done = _already(run)
    missing = [table for table in SPREAD if table not in done]
    for table in SPREAD:
        # It refuses a VDN that has moved, which from spread tables none does, and reads a table
        # that only the coordinator has.
        run(f"DROP TRIGGER IF EXISTS {table}_gone ON {table}")
    triggers = [each for table in missing for each in _without_triggers(run, table)]
    for table in missing:
        beside = "" if table == SPREAD[0] else f", colocate_with => '{SPREAD[0]}'"
        run(f"SELECT create_distributed_table('{table}', 'vdn'{beside})")
        run(f"SELECT truncate_local_data_after_distributing_table('{table}')")
    for definition in triggers:
        run(definition)
    if SPREAD[0] in missing:
        for statement in pieces(files(__package__).joinpath("spread.sql").read_text("utf-8")):
            run(statement)
    _settle(run)
    return missing


def allow_triggers(run: Run) -> None:
    """Let the transaction make triggers on spread tables, and touch their parts one by one.

    Ours write only what is of the same VDN, which is on the same machine.
    """
    run("SET LOCAL citus.enable_unsafe_triggers = on")
    run("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")


def is_of_a_machine(sqlstate: str | None) -> bool:
    """Whether a failure that left our own connection whole is that of one to a worker."""
    return (sqlstate or "")[:2] == "08" or sqlstate in _SHUTTING_DOWN


def _already(run: Run) -> set[str]:
    return {str(row[0]) for row in run(_SPREAD_ALREADY)}


def _without_triggers(run: Run, table: str) -> Iterator[str]:
    """Take a table's triggers away, and return those that Citus lets be made anew.

    They would run for each row that is moved; those over all rows of a statement it has none of.
    """
    for name, definition in run(_TRIGGERS.format(table)):
        run(f"DROP TRIGGER {name} ON {table}")
        if name not in _BY_STATEMENT:
            yield definition


def _settle(run: Run) -> None:
    """Have the machines begin our connections as we begin our own."""
    ((database,),) = run("SELECT quote_ident(current_database())")
    role = f"ALTER ROLE CURRENT_USER IN DATABASE {database} SET"
    orders = "; ".join(f"{role} {name} = '{value}'" for name, value in ON_MACHINES.items())
    text = f"SET citus.enable_ddl_propagation = off; {orders}"
    told = run(f"SELECT success, result FROM run_command_on_workers($it${text}$it$)")  # noqa: S608 - ours
    for success, result in told:
        if not success:
            raise CannotSpread("a worker does not take settings", detail=str(result))
