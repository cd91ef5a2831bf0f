"""The operator's commands, straight at the database: keys, agents, why, and its upkeep."""

from math import isnan
from pathlib import Path
from typing import Annotated

import typer

from callkeeper.cli.options import (
    Database,
    DataDir,
    Json,
    LineKind,
    Vdn,
    existing_store,
    read_settings,
    read_text,
    show,
    written,
)
from callkeeper.cli.table import print_table
from callkeeper.client.records import instant
from callkeeper.clock import SystemClock
from callkeeper.core.allowance import Allowance, Limit
from callkeeper.core.refusal import NoSuchReservation, Refusal
from callkeeper.installation.backup import back_up
from callkeeper.installation.database import begin_seal, existing_seal, open_store
from callkeeper.operations.doctor import CheckUp
from callkeeper.processes.dial import terms
from callkeeper.store.port.access import AgentName
from callkeeper.usecases.keys import issue, limit, revoke
from callkeeper.usecases.timeline import Story, stories

_UPKEEP = "Run it"
_RECORDS = "Keys, agents and campaigns"

keys = typer.Typer(no_args_is_help=True, help="Access keys: who may ask, and for which VDN.")
agents = typer.Typer(no_args_is_help=True, help="Agents: what to call them.")


class NoSuchKey(Refusal):
    """There is no such key, or it was revoked before."""


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(keys, name="key", rich_help_panel=_RECORDS)
    app.add_typer(agents, name="agent", rich_help_panel=_RECORDS)
    app.command(rich_help_panel="Find out")(why)
    for command in (migrate, backup, doctor):
        app.command(rich_help_panel=_UPKEEP)(command)


@keys.command("create")
def create_key(
    *,
    vdn: Annotated[
        int | None,
        typer.Option(help="The VDN that it is for.", min=1, max=9999, show_default=False),
    ] = None,
    all_vdns: Annotated[bool, typer.Option("--all-vdns", help="It is for every VDN.")] = False,
    note: Annotated[
        str | None,
        typer.Option(
            parser=read_text,
            metavar="TEXT",
            help="Whose it is, for `key list`.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Make an access key. Its secret is shown once, now, and cannot be shown again."""
    if (vdn is None) != all_vdns:
        raise typer.BadParameter("give either --vdn N or --all-vdns")
    settings = read_settings(data_dir, database)
    with existing_store(data_dir, database) as store:
        key = issue(store, existing_seal(settings, store), SystemClock(), vdn, note)
    lines = [f"export CALLKEEPER_AK={key.ak}", f"export CALLKEEPER_SK={key.secret}"]
    if vdn is not None:
        lines.append(f"export CALLKEEPER_VDN={vdn}")
    show({"ak": key.ak, "sk": key.secret}, *lines, as_json=json)


@keys.command("list")
def list_keys(*, data_dir: DataDir = None, database: Database = None, json: Json = False) -> None:
    """List all keys, without their secrets."""
    with existing_store(data_dir, database) as store:
        found = store.access_keys()
    if json:
        fields = ("ak", "vdn", "note", "made_at", "revoked_at", "allowance")
        value = {"keys": [{name: getattr(each, name) for name in fields} for each in found]}
        show(value, as_json=True)
        return
    rows = [
        (
            key.ak,
            "all" if key.vdn is None else str(key.vdn),
            key.note or "",
            written(instant(key.made_at)),
            written(instant(key.revoked_at)),
            _may(key.allowance),
        )
        for key in found
    ]
    columns = ("ak", "vdn", "note", "made", "revoked", "limit")
    print_table(columns, rows, "no keys; `callkeeper key create --vdn N` makes one")


@keys.command("revoke")
def revoke_key(
    ak: Annotated[str, typer.Argument(show_default=False)],
    *,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Revoke a key. Running servers refuse it within two seconds."""
    with existing_store(data_dir, database) as store:
        if not revoke(store, SystemClock(), ak):
            raise NoSuchKey("there is no key {key!r}, or it was revoked before", key=ak)
    show({"ak": ak, "did": "revoked"}, f"revoked {ak}", as_json=json)


@keys.command("limit")
def limit_key(
    ak: Annotated[str, typer.Argument(show_default=False)],
    *,
    per_second: Annotated[
        float | None,
        typer.Option(min=0.01, max=10_000, help="Requests a second.", show_default=False),
    ] = None,
    burst: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100_000,
            help="So many at once after a rest; at first, what a second allows.",
            show_default=False,
        ),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Allow any number.")] = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show how many requests a key may send, or change what is named of it.

    Running servers know within two seconds; each counts alone.
    """
    if off and (per_second is not None or burst is not None):
        raise typer.BadParameter("give either --off, or --per-second N and --burst M")
    if per_second is not None and isnan(per_second):
        raise typer.BadParameter("--per-second must be a number from 0.01 to 10000")
    change = Limit(per_second, burst, off)
    with existing_store(data_dir, database) as store:
        key = store.access_key(ak) if change == Limit() else limit(store, ak, change)
    if key is None or key.revoked_at is not None:
        raise NoSuchKey("there is no key {key!r}, or it was revoked before", key=ak)
    said = _may(key.allowance) or "any number"
    show({"ak": ak, "allowance": key.allowance}, f"{ak} may send {said}", as_json=json)


@agents.command("name")
def name_agent(
    account: Annotated[
        str,
        typer.Argument(parser=read_text, metavar="ACCOUNT", help="Business account or agent id."),
    ],
    user_name: Annotated[
        str, typer.Argument(parser=read_text, metavar="NAME", help="What lists call the agent.")
    ],
    *,
    vdn: Vdn,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Say what to call an agent; a second time renames."""
    with existing_store(data_dir, database) as store, store.transaction():
        store.name_agents([AgentName(vdn, account, user_name, SystemClock().now())])
    value = {"vdn": vdn, "account": account, "userName": user_name}
    show(value, f"agent {account} of VDN {vdn} is {user_name}", as_json=json)


def why(
    id: Annotated[str, typer.Argument(metavar="APPOINT_ID", show_default=False)],  # noqa: A002 - the word for it
    *,
    show_numbers: Annotated[
        bool, typer.Option("--show-numbers", help="Show phone numbers in full.")
    ] = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Tell what happened to a reservation, by whom, and what it waits for."""
    general = terms(read_settings(data_dir, database))
    with existing_store(data_dir, database) as store:
        found = stories(store, id, general, SystemClock().now(), show_numbers=show_numbers)
    if not found:
        raise NoSuchReservation("there is no reservation {id!r} in any VDN", id=id)
    # An id can be in several VDNs only if somebody brought it there by hand.
    told = [line for each in found for line in ("", *_told(each))][1:]
    show({"stories": found}, *told, as_json=json)


def migrate(*, data_dir: DataDir = None, database: Database = None, json: Json = False) -> None:
    """Bring the database's schema up to date; `serve` does so too. The first one starts it all."""
    settings = read_settings(data_dir, database)
    store = open_store(settings)
    try:
        begin_seal(settings, store)
        version = store.schema_version()
    finally:
        store.close()
    show({"schema": version}, f"the schema is at {version}", as_json=json)


def backup(
    target: Annotated[Path, typer.Argument(help="A directory that does not exist yet.")],
    *,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Copy a SQLite installation while it runs: database, sealing key, certificate.

    To restore: callkeeper serve --no-dialer --data-dir TARGET, and `callkeeper settle` what was
    due since; then dial.
    """
    notes = back_up(read_settings(data_dir, database), target)
    show({"target": str(target), "notes": notes}, f"copied to {target}", *notes, as_json=json)


def doctor(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    host: Annotated[str | None, typer.Option(show_default=False)] = None,
    port: Annotated[int | None, typer.Option(show_default=False)] = None,
    tls: Annotated[str | None, typer.Option(show_default=False)] = None,
    line: LineKind = None,
    json: Json = False,
) -> None:
    """Check database, a write, clocks, keys, certificate, disk, port and line; makes nothing.

    The exit status is 0 only when everything is good.
    """
    settings = read_settings(data_dir, database, host=host, port=port, tls=tls, line=line)
    checks = CheckUp(settings, SystemClock()).run()
    good = all(each.good for each in checks)
    lines = [f"{'good' if each.good else 'BAD ':4}  {each.name}: {each.says}" for each in checks]
    show({"good": good, "checks": checks}, *lines, as_json=json)
    if not good:
        raise typer.Exit(1)


def _may(allowance: Allowance | None) -> str:
    return f"{allowance.per_second:g}/s, {allowance.burst} at once" if allowance else ""


def _told(story: Story) -> list[str]:
    lines = [f"{story.kind} reservation {story.id} of VDN {story.vdn}"]
    lines += [f"  {each.at}  {each.says} (by {each.by})" for each in story.events]
    return [*lines, f"  now: {story.now}"]
