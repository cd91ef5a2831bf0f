"""A hot copy of all that one machine keeps: database, sealing key, certificate.

Only SQLite is copied here. A PostgreSQL is backed up with its own tools, by those who run it.
"""

import os
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol, runtime_checkable

from callkeeper.core.refusal import Refusal
from callkeeper.installation.database import DATABASE_FILE, TLS_KEY_FILE, open_session
from callkeeper.installation.sealing import SEALING_FILE
from callkeeper.settings import Settings

TLS_FILES = ("tls-certificate.pem", TLS_KEY_FILE)


class BackupRefused(Refusal):
    """The backup was not made."""


@runtime_checkable
class HotCopy(Protocol):
    """A database that can be copied to a file while it is in use."""

    def backup(self, target: Path) -> None:
        """Copy the database to a file that does not exist yet."""


def back_up(settings: Settings, target: Path) -> list[str]:
    """Copy everything to a new directory, which a server can then serve; return what to know.

    The directory appears under its name when it is whole, so a copy that broke off is never
    taken for one. Raise BackupRefused.
    """
    if settings.database is not None:
        raise BackupRefused(
            "the data is in PostgreSQL, which has a better way to copy itself: run "
            "pg_dump --format=custom --file=callkeeper.dump URL, and keep sealing.key from the "
            "data directory with it, for without that the secret keys cannot be opened"
        )
    if os.path.lexists(target):
        raise BackupRefused("{target} exists; name a directory that does not", target=str(target))
    if not (settings.data_dir / DATABASE_FILE).exists():
        raise BackupRefused("there is no database in {folder}", folder=str(settings.data_dir))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A name that nobody has: what is cleared away when it fails is ours, whoever else copies.
        draft = Path(mkdtemp(prefix=f"{target.name}.", suffix=".unfinished", dir=target.parent))
    except OSError as error:
        raise BackupRefused(
            "{target} cannot be made ({error}); name a directory where this user may make one",
            target=str(target),
            error=error.strerror or str(error),
        ) from error
    try:
        _copy_database(settings, draft / DATABASE_FILE)
        notes = _copy_keys(settings, draft)
        draft.replace(target)
    except BaseException:
        shutil.rmtree(draft)
        raise
    return notes


def _copy_database(settings: Settings, target: Path) -> None:
    session = open_session(settings)
    try:
        if not isinstance(session, HotCopy):
            raise BackupRefused("this database cannot be copied while it is in use")
        session.backup(target)
    finally:
        session.close()


def _copy_keys(settings: Settings, target: Path) -> list[str]:
    notes = []
    for name in (SEALING_FILE, *TLS_FILES):
        if (settings.data_dir / name).exists():
            shutil.copy2(settings.data_dir / name, target / name)  # with its mode, 0600
    if (target / SEALING_FILE).exists():
        notes.append("it holds sealing.key, which opens the secret keys: guard the copy as well")
    else:
        notes.append("the sealing key comes from the environment: keep it with the copy")
    if (target / TLS_FILES[0]).exists():
        notes.append("it holds the self-signed certificate and its key, as clients know them")
    else:
        notes.append("it holds no TLS certificate: there is none in the data directory")
    return notes
