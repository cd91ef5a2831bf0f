"""Move a VDN between installations from the shell: export, import, return, forget, and a list."""

from pathlib import Path
from threading import Event
from typing import Annotated

import msgspec
import typer

from callkeeper.cli.consent import Yes, agreed, end_without
from callkeeper.cli.installation import existing_store, read_settings
from callkeeper.cli.options import Database, DataDir, Json, show
from callkeeper.cli.progress import progress
from callkeeper.cli.sentence import say
from callkeeper.cli.table import print_table
from callkeeper.cli.time_zone import TimeZone, local_times
from callkeeper.clock import SystemClock
from callkeeper.core.instants import SECOND_MS
from callkeeper.core.vdn import VDN_MAX
from callkeeper.installation.database import existing_seal
from callkeeper.installation.sealing import seal_in
from callkeeper.installation.transfer_file import Sums, TransferFile
from callkeeper.signals import interrupting
from callkeeper.usecases.transfers import Transfers, every_transfer

Moved = Annotated[int, typer.Argument(metavar="VDN", help="The VDN.", min=1, max=VDN_MAX)]


def export(
    vdn: Moved,
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
    *,
    wait: Annotated[
        int, typer.Option(help="Seconds to wait for calls that are on.", min=0, max=3_600)
    ] = 60,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Stop serving a VDN, and write all of it to a file.

    No call of it begins from now on. From when the last one has ended, servers here refuse it.

        $ callkeeper vdn export 25 /srv/vdn25.jsonl
        $ callkeeper vdn export 25 /srv/vdn25.jsonl --wait 600
    """
    settings = read_settings(data_dir, database)
    with existing_store(data_dir, database) as store, interrupting():
        transfers = Transfers(store, existing_seal(settings, store), SystemClock(), Event().wait)
        sums = transfers.export(vdn, file, wait * SECOND_MS)
    told = f"VDN {vdn} is not served here any more; {_rows(sums)} are in {file}"
    show({"vdn": vdn, "file": str(file), "rows": sums.rows}, told, *_by_table(sums), as_json=json)


def bring_in(
    file: Annotated[Path, typer.Argument(help="The file that `callkeeper vdn export` wrote.")],
    *,
    sealed_with: Annotated[
        Path | None,
        typer.Option(
            help="The sealing.key of where it came from, if it is another.", show_default=False
        ),
    ] = None,
    same_people: Annotated[
        bool,
        typer.Option("--same-people", help="Who has the same login here is the same person."),
    ] = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Bring in a VDN from a file, and serve it once every row was compared.

    Cut off, it goes on where it was; a second time there is nothing to do.

        $ callkeeper vdn import /srv/vdn25.jsonl
        $ callkeeper vdn import /srv/vdn25.jsonl --sealed-with /srv/north/sealing.key
    """
    settings = read_settings(data_dir, database)
    with (
        existing_store(data_dir, database) as store,
        interrupting(),
        progress("importing", is_wanted=not json) as tell,
    ):
        seal = existing_seal(settings, store)
        theirs = seal if sealed_with is None else seal_in(sealed_with)
        brought = Transfers(store, seal, SystemClock(), Event().wait).bring_in(
            TransferFile(file, theirs), theirs, same_people=same_people, tell=tell
        )
    value = {"vdn": brought.vdn, "rows": brought.sums.rows, "again": brought.again}
    told = f"VDN {brought.vdn} is served here; {_rows(brought.sums)} are as they were exported"
    if brought.again:
        told = f"VDN {brought.vdn} was imported before; nothing was to be done"
    show(value, told, *_by_table(brought.sums), as_json=json)


def give_back(
    vdn: Moved,
    *,
    yes: Yes = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Serve a VDN here again that was exported and is served nowhere else.

    First give up the import, if there was one: `callkeeper vdn forget` at the other installation.

        $ callkeeper vdn return 25
    """
    asked = f"Is VDN {vdn} served by no other installation, and no file of it to be imported?"
    if not agreed(asked, yes=yes, as_json=json):
        end_without(f"--yes says that VDN {vdn} is served nowhere else", as_json=json)
    with existing_store(data_dir, database) as store:
        settings = read_settings(data_dir, database)
        Transfers(store, existing_seal(settings, store), SystemClock(), Event().wait).give_back(vdn)
    show({"vdn": vdn, "did": "returned"}, f"VDN {vdn} is served here again", as_json=json)


def forget(
    vdn: Moved,
    *,
    yes: Yes = False,
    data_dir: DataDir = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Remove the rows of a VDN that was moved away, or of an import that is given up.

    People stay, without their roles in it.

        $ callkeeper vdn forget 25
        $ callkeeper vdn forget 25 --yes
    """
    asked = f"Remove for good all that is here of VDN {vdn}?"
    if not agreed(asked, yes=yes, as_json=json):
        end_without(f"--yes removes all that is here of VDN {vdn}", as_json=json)
    with existing_store(data_dir, database) as store, interrupting():
        settings = read_settings(data_dir, database)
        Transfers(store, existing_seal(settings, store), SystemClock(), Event().wait).forget(vdn)
    show({"vdn": vdn, "did": "forgotten"}, f"nothing is here of VDN {vdn} any more", as_json=json)


def list_transfers(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """List the VDNs that leave, are gone, arrive, or came from elsewhere.

    $ callkeeper vdn list
    """
    with existing_store(data_dir, database) as store:
        found = every_transfer(store)
    if json:
        show({"vdns": msgspec.to_builtins(found)}, as_json=True)
        return
    times = local_times(time_zone)
    rows = [(str(each.vdn), each.state, times.to_minute(each.begun_at)) for each in found]
    if print_table(("vdn", "state", "since"), rows, "no VDN was moved from here or to here"):
        say(times.note)


def _rows(sums: Sums) -> str:
    return f"{sum(sums.rows.values())} rows"


def _by_table(sums: Sums) -> list[str]:
    return [f"  {table}: {sums.rows[table]}, {sums.digests[table][:16]}" for table in sums.rows]
