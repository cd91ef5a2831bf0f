"""``doctor``: whether an installation is in order."""

from typing import Annotated

import typer

from callkeeper.cli.installation import read_settings
from callkeeper.cli.options import Database, DataDir, Json, LineKind, show
from callkeeper.clock import SystemClock
from callkeeper.processes.doctor import CheckUp


def doctor(
    *,
    data_dir: DataDir = None,
    database: Database = None,
    host: Annotated[
        str | None, typer.Option(help="Address that is listened on.", show_default=False)
    ] = None,
    port: Annotated[int | None, typer.Option(help="And the port.", show_default=False)] = None,
    tls: Annotated[
        str | None, typer.Option(help="auto, off or CERT:KEY, as for `serve`.", show_default=False)
    ] = None,
    line: LineKind = None,
    line_name: Annotated[
        str | None,
        typer.Option(help="What it is called, where it has a name.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Check everything; creates nothing.

    Looks at database, a write, clocks, keys, certificate, disk, port and line. The exit status is 0
    only when everything is good.

        $ callkeeper doctor --data-dir /var/lib/callkeeper
        $ callkeeper doctor --line asterisk --json
    """
    of_line = {"line": line, "line_name": line_name}
    settings = read_settings(data_dir, database, host=host, port=port, tls=tls, **of_line)
    checks = CheckUp(settings, SystemClock()).run()
    good = all(each.good for each in checks)
    lines = [f"{'good' if each.good else 'BAD ':4}  {each.name}: {each.says}" for each in checks]
    show({"good": good, "checks": checks}, *lines, as_json=json)
    if not good:
        raise typer.Exit(1)
