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
    """The files of ``static/``, read once; without what browsers have no use for."""

    def __init__(self) -> None:
        self.by_path: dict[str, Asset] = {}
        self._paths: dict[str, str] = {}
        for file in files("callkeeper.console").joinpath("static").iterdir():
            media_type = _TYPES.get(file.name[file.name.rfind(".") :])
            if media_type is not None:
                plain = _FOR_READERS.sub(b"", file.read_bytes())
                digest = sha256(plain).hexdigest()[:_DIGITS]
                path = f"/console/static/{digest}/{file.name}"
                self._paths[file.name] = path
                self.by_path[path] = Asset(path, media_type, plain, gzip.compress(plain, mtime=0))

    def path(self, name: str) -> str:
        """Return where a file is found; KeyError if there is none of that name."""
        return self._paths[name]
