"""Styles, scripts and images, under names that change with what is in them: kept for ever."""

import gzip
import re
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_DIGITS = 16  # of the digest: enough that no two versions share a name
# What is for those who read the file: lines of a comment alone, and indents.
_FOR_READERS = re.compile(rb"^[ ]*(?://.*)?", re.MULTILINE)


class Asset(NamedTuple):
    """A file: where it is found, what it is, and its bytes as they are and compressed."""

    path: str
    media_type: str
    plain: bytes
    compressed: bytes


class Assets:
    """The files of ``static/``, without what browsers have no use for, and of ``vendor/``.

    The latter are what others wrote, and are served as they are. All are read once.
    """

    def __init__(self) -> None:
        self.by_path: dict[str, Asset] = {}
        self._paths: dict[str, str] = {}
        here = files("callkeeper.console")
        for file in here.joinpath("static").iterdir():
            self._add(file.name, _FOR_READERS.sub(b"", file.read_bytes()))
        for file in here.joinpath("vendor").iterdir():
            self._add(file.name, file.read_bytes())

    def _add(self, name: str, plain: bytes) -> None:
        media_type = _TYPES.get(name[name.rfind(".") :])
        if media_type is None:
            return
        digest = sha256(plain).hexdigest()[:_DIGITS]
        path = f"/console/static/{digest}/{name}"
        self._paths[name] = path
        self.by_path[path] = Asset(path, media_type, plain, gzip.compress(plain, mtime=0))

    def path(self, name: str) -> str:
        """Return where a file is found; KeyError if there is none of that name."""
        return self._paths[name]
