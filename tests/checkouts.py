"""Copies of this checkout, and environments that need no network to have what ours has."""

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.surface import ROOT, committed


def copied(to: Path) -> Path:
    """Copy what is committed, and nothing that was made since; return the copy."""
    for file in committed():
        place = to / file.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
        place.chmod(file.stat().st_mode)
    return to


def venv_with_packages(venv: Path, python: str = sys.executable) -> Path:
    """Make a .venv that finds the packages in ours, pip too, as if it had them; but not ourselves.

    What is installed there goes before them. Return its Python.
    """
    made = empty_venv(venv, python)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(sysconfig.get_path("purelib"))
    return made


def empty_venv(venv: Path, python: str = sys.executable) -> Path:
    """Make a .venv with nothing in it, not even pip; return its Python."""
    subprocess.run([python, "-m", "venv", "--without-pip", venv], check=True)
    return venv / "bin" / "python"


def wheelhouse(folder: Path, needed: Iterable[str]) -> None:
    """Put into a folder what was installed here of distributions, and of all that they need."""
    waiting, put = [Requirement(each) for each in needed], set[str]()
    folder.mkdir(exist_ok=True)
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in put or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        put.add(name)
        found = distribution(name)
        _pack(found, folder)
        more = [Requirement(each) for each in found.requires or ()]
        extras = wanted.extras or {""}
        waiting += [
            Requirement(f"{each.name}{each.specifier}")
            for each in more
            if not each.marker or any(each.marker.evaluate({"extra": one}) for one in extras)
        ]


def _pack(found: Distribution, folder: Path) -> None:
    """Make a wheel again of an installed distribution, but for its programs."""
    told = found.read_text("WHEEL") or ""
    tags = [each.split("-") for each in re.findall(r"^Tag: (\S+)", told, re.MULTILINE)]
    tag = "-".join(".".join(sorted(set(part))) for part in zip(*tags, strict=True))
    name = re.sub(r"[-_.]+", "_", found.metadata["Name"])
    with ZipFile(folder / f"{name}-{found.version}-{tag}.whl", "w") as wheel:
        for file in found.files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                wheel.write(file.locate(), file.as_posix())
