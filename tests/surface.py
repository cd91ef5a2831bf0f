"""What the program shows to the outside: interfaces, their fields, modules, committed files."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from callkeeper.api.contract.interface import Interface
from callkeeper.api.contract.router import Router
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import SystemClock
from callkeeper.http.connections import Connections
from callkeeper.installation.database import open_session
from callkeeper.installation.sealing import Seal
from callkeeper.processes.serve import build, server_gauges
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "callkeeper"


def interfaces(data_dir: Path, **settings: Any) -> list[Interface]:
    """Return the interfaces of an application over an empty data directory."""
    routes = _application(data_dir, **settings).routes
    return [each for route in routes if isinstance(route, Router) for each in route.interfaces]


def open_routes(data_dir: Path) -> set[str]:
    """Return the paths that need no signature."""
    routes = _application(data_dir).routes
    return {str(getattr(route, "path", "")) for route in routes if not isinstance(route, Router)}


def field_names(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of all properties of an OpenAPI schema, however deep."""
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from field_names(inner)
    if "items" in schema:
        yield from field_names(schema["items"])


def asked(interface: Interface) -> set[str]:
    """Return the names of the fields that an interface takes."""
    return set(field_names(interface.form.schema()))


def answered(interface: Interface) -> set[str]:
    """Return the names of the fields that an interface answers with, beside the four."""
    return set(field_names({"properties": interface.answers}))


@cache
def committed() -> list[Path]:
    """Return the files that are, or by the look of it will be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],  # noqa: S607 - the user's own git
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = (ROOT / name for name in listed.stdout.split("\0") if name)
    return sorted(file for file in files if file.is_file())


def modules() -> list[str]:
    """Return the modules of the package, as paths below it."""
    return [
        file.relative_to(SOURCE).as_posix()
        for file in sorted(SOURCE.rglob("*.py"))
        if file.name not in ("__init__.py", "__main__.py")
    ]


def shape(path: str) -> str:
    """Return a route's path with its parameters' names left out."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def _application(data_dir: Path, **settings: Any) -> Any:
    given = Settings(data_dir=data_dir, **settings)
    store = SqlStore(open_session(given))
    async_store, clock = AsyncStore(store), SystemClock()
    gauges = server_gauges(given, async_store, clock, Connections(1))
    apps = build(given, async_store, Seal(bytes(32)), clock, gauges)
    return apps.outside
