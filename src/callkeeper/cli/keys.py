"""Access keys: who may ask, and for which VDN."""

from math import isnan
from pathlib import Path
from typing import Annotated

import typer

from callkeeper.cli.installation import existing_store, other_settings, read_settings, store_of
from callkeeper.cli.options import (
    Database,
    DataDir,
    Json,
    MaybeVdn,
    is_on_the_command_line,
    read_text,
    show,
)
from callkeeper.cli.sentence import say
from callkeeper.cli.table import Column, print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.clock import SystemClock
from callkeeper.core.allowance import (
    BURST_MOST,
    PER_SECOND_LEAST,
    PER_SECOND_MOST,
    Allowance,
    Limit,
)
from callkeeper.core.refusal import Refusal
from callkeeper.installation.database import existing_seal
from callkeeper.usecases.keys import KeyStore, copy, every_key, issue, limit, revoke

Ak = Annotated[str, typer.Argument(metavar="AK", help="The access key's id.")]


class NoSuchKey(Refusal):
    """There is no such key, or it was revoked before."""


def create_key(
    context: typer.Context,
    *,
    vdn: MaybeVdn = None,
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
    """Make an access key, and show its secret once.

    The secret cannot be shown again.

        $ callkeeper key create --vdn 25 --note CRM
        $ callkeeper key create --all-vdns
    """
    if all_vdns and not is_on_the_command_line(context, "vdn"):
        vdn = None
    if (vdn is None) != all_vdns:
        raise typer.BadParameter("give either --vdn N or --all-vdns")
    settings = read_settings(data_dir, database)
    with existing_store(data_dir, database) as store:
        key = issue(store, existing_seal(settings, store), SystemClock(), vdn, note)
    lines = [f"export CALLKEEPER_AK={key.ak}", f"export CALLKEEPER_SK={key.secret}"]
    if vdn is not None:
        lines.append(f"export CALLKEEPER_VDN={vdn}")
    show({"ak": key.ak, "sk": key.secret}, *lines, as_json=json)


def list_keys(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """List all keys, without their secrets.

    $ callkeeper key list
    $ callkeeper key list --json
    """
    with existing_store(data_dir, database) as store:
        found = every_key(store)
    if json:
        fields = ("ak", "vdn", "note", "made_at", "revoked_at", "allowance")
        value = {"keys": [{name: getattr(each, name) for name in fields} for each in found]}
        show(value, as_json=True)
        return
    times = local_times(time_zone)
    rows = [
        (
            key.ak,
            "all" if key.vdn is None else str(key.vdn),
            key.note or "",
            _may(key.allowance),
            times.to_minute(key.made_at),
            "" if key.revoked_at is None else times.to_minute(key.revoked_at),
        )
        for key in found
    ]
    columns = ("ak", "vdn", Column("note", is_cut=True), "limit", "made", "revoked")
    if print_table(columns, rows, "no keys; `callkeeper key create --vdn N` makes one"):
        say(times.note)


def revoke_key(
    ak: Ak,
    *,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Revoke a key.

    Running servers refuse it within two seconds.

        $ callkeeper key revoke 1PXD3SDJQAJ2F6LT47TC
        $ callkeeper key revoke 1PXD3SDJQAJ2F6LT47TC --json
    """
    with existing_store(data_dir, database) as store:
        if not revoke(store, SystemClock(), ak):
            raise NoSuchKey("there is no key {key!r}, or it was revoked before", key=ak)
    show({"ak": ak, "did": "revoked"}, f"revoked {ak}", as_json=json)


def limit_key(
    ak: Ak,
    *,
    per_second: Annotated[
        float | None,
        typer.Option(
            min=PER_SECOND_LEAST, max=PER_SECOND_MOST, help="Requests a second.", show_default=False
        ),
    ] = None,
    burst: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=BURST_MOST,
            help="So many at once after a rest; at first, what a second allows.",
            show_default=False,
        ),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Allow any number.")] = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show or change how many requests a key may send.

    Running servers know within two seconds; each counts alone.

        $ callkeeper key limit 1PXD3SDJQAJ2F6LT47TC --per-second 50 --burst 200
        $ callkeeper key limit 1PXD3SDJQAJ2F6LT47TC --off
    """
    if off and (per_second is not None or burst is not None):
        raise typer.BadParameter("give either --off, or --per-second N and --burst M")
    if per_second is not None and isnan(per_second):
        raise typer.BadParameter("--per-second must be a number from 0.01 to 10000")
    with existing_store(data_dir, database) as store:
        key = limit(store, SystemClock(), ak, Limit(per_second, burst, off))
    if key is None:
        raise NoSuchKey("there is no key {key!r}, or it was revoked before", key=ak)
    said = _may(key.allowance) or "any number"
    show({"ak": ak, "allowance": key.allowance}, f"{ak} may send {said}", as_json=json)


def copy_keys(
    aks: Annotated[
        list[str] | None,
        typer.Argument(metavar="AK", help="Keys; without any, all that are for every VDN."),
    ] = None,
    *,
    into_database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The other installation's postgresql:// URL, without a password.",
            show_default=False,
        ),
    ] = None,
    into_data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Its data directory: its SQLite, or its sealing key; else it has the same.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Bring keys to be in another installation what they are here.

    With the same secret, which is not shown, and the same limit; one that was revoked is revoked
    there. A second time there is nothing to do.

        $ callkeeper key copy --into-database postgresql://db2.example.com/callkeeper
        $ callkeeper key copy 1PXD3SDJQAJ2F6LT47TC --into-data-dir /srv/south
    """
    if into_database is None and into_data_dir is None:
        raise typer.BadParameter(
            "say where: --into-database URL, --into-data-dir DIRECTORY or both"
        )
    source = read_settings(data_dir, database)
    into = other_settings(source, into_data_dir, into_database)
    with (
        existing_store(data_dir, database) as here,
        store_of(into) as there,
    ):
        copied = copy(
            KeyStore(here, existing_seal(source, here)),
            KeyStore(there, existing_seal(into, there)),
            SystemClock(),
            aks or [],
        )
    rows = [
        {"ak": each.ak, "vdn": each.vdn, "changed": each.is_changed, "revoked": each.is_revoked}
        for each in copied
    ]
    changed = sum(each.is_changed for each in copied)
    told = f"{len(copied)} keys match there; {changed} were changed"
    show({"keys": rows}, told, as_json=json)


def _may(allowance: Allowance | None) -> str:
    return f"{allowance.per_second:g}/s, {allowance.burst} at once" if allowance else ""
