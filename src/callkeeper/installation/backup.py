"""A hot copy of all that one machine keeps: database, sealing key, certificate.

Only SQLite is copied here. A PostgreSQL is backed up with its own tools, by those who run it.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple, Protocol, runtime_checkable

from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import DatabaseFailed, Refusal, told_in_full
from callkeeper.installation.database import DATABASE_FILE, TLS_KEY_FILE, open_session
from callkeeper.installation.sealing import SEALING_FILE
from callkeeper.settings import Settings
from callkeeper.signals import held_back
from callkeeper.store.port.progress import Tell, tell_nobody

TLS_FILES = ("tls-certificate.pem", TLS_KEY_FILE)

_UNFINISHED = ".unfinished"


class BackupRefused(Refusal):
    """The backup was not made."""


class FinishedCopy(NamedTuple):
    """What was copied: the bytes of the database, and what to know of the rest."""

    size: int
    notes: list[str]


@runtime_checkable
class HotCopy(Protocol):
    """A database that can be copied to a file while it is in use."""

    def backup(self, target: Path, tell: Tell) -> int:
        """Copy the database to a file that does not exist yet; tell and return its bytes."""


def back_up(settings: Settings, target: Path, tell: Tell = tell_nobody) -> FinishedCopy:
    """Copy everything to a new directory, which a server can then serve.

    The directory appears under its name when it is whole, so a copy that broke off is never
    taken for one; what there was of it is removed. Raise BackupRefused.
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
    with _draft(target) as draft:
        size = _copy_database(settings, draft / DATABASE_FILE, tell)
        notes = _copy_keys(settings, draft)
        draft.replace(target)
    return FinishedCopy(size, notes)


def left_over(target: Path) -> list[Path]:
    """Return the drafts beside a target that a process left which was killed."""
    drafts = sorted(target.parent.glob(f"*.????????{_UNFINISHED}"))
    return [each for each in drafts if each.is_dir() and not _is_worked_on(each)]


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """Make a directory beside a target, under a name that nobody has; clear it away on failure."""
    draft: Path | None = None
    try:
        with held_back():  # what ends this process comes before it is made, or when it is known
            draft = _made(target)
        with _held(draft):
            yield draft
    except BaseException as error:
        with held_back():
            left = None if draft is None else _clear_away(draft)
        if isinstance(error, OSError | DatabaseFailed) or left:
            cause = error.__cause__ if isinstance(error, DatabaseFailed) else None
            raise BackupRefused(
                "the copy broke off ({error}); {left}",
                error=told_in_full(cause or error) or type(error).__name__,
                left=left or Phrase("nothing is left of it"),
            ) from error
        raise


def _made(target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(mkdtemp(prefix=f"{target.name}.", suffix=_UNFINISHED, dir=target.parent))
    except OSError as error:
        raise BackupRefused(
            "{target} cannot be made ({error}); name a directory where this user may make one",
            target=str(target),
            error=error.strerror or str(error),
        ) from error


@contextmanager
def _held(draft: Path) -> Iterator[None]:
    """Hold a directory while it is worked on; the lock ends with the process."""
    file = os.open(draft, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system has locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _is_worked_on(draft: Path) -> bool:
    try:
        file = os.open(draft, os.O_RDONLY)
    except OSError:  # somebody else's
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


def _clear_away(draft: Path) -> Phrase | None:
    """Remove a directory of ours; return what to do if that fails."""
    try:
        shutil.rmtree(draft)
    except FileNotFoundError:  # it has its name, and is whole
        return None
    except OSError as error:
        why = error.strerror or str(error)
        return Phrase("remove {draft}, which failed ({why})", draft=str(draft), why=why)
    return None


def _copy_database(settings: Settings, target: Path, tell: Tell) -> int:
    session = open_session(settings)
    try:
        if not isinstance(session, HotCopy):
            raise BackupRefused("this database cannot be copied while it is in use")
        return session.backup(target, tell)
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
