"""An installation: its data directory, its database, its seal. It alone names concrete stores."""

import os
import sqlite3
import stat
from contextlib import suppress
from errno import EACCES
from importlib import import_module
from pathlib import Path

import structlog

from callkeeper.core.refusal import DatabaseFailed, DatabaseForbids, told_in_full
from callkeeper.installation.sealing import SEALING_FILE, Seal, SealBroken, load_seal
from callkeeper.settings import Settings, SettingsWrong, folder_wrong
from callkeeper.store.engine.migrate import migrations
from callkeeper.store.engine.session import SchemaMissing, Session, StatementFailed, UrlWrong
from callkeeper.store.engine.sqlite import OLDEST, SqliteSession
from callkeeper.store.file_identity import Inode
from callkeeper.store.port.access import AccessKey
from callkeeper.store.port.store import Store
from callkeeper.store.rows.store import SqlStore

DATABASE_FILE = "callkeeper.db"
TLS_KEY_FILE = "tls-key.pem"


class NoInstallation(SettingsWrong):
    """There is none where the settings say; the message says how to name or to start one."""


def open_session(settings: Settings, *, make: bool = True, file: Inode | None = None) -> Session:
    """Return the database that the settings name; for SQLite, a new data directory is made.

    SQLite's file is made too when it is first used, unless ``make`` is false. ``file``: it must be
    this one.
    """
    if settings.database is None:
        if sqlite3.sqlite_version_info < OLDEST:
            raise SettingsWrong(
                f"database: this Python's SQLite is {sqlite3.sqlite_version}, and must be 3.38 or "
                "newer; use another Python, or a postgresql:// URL"
            )
        path = (data_dir(settings) if make else settings.data_dir) / DATABASE_FILE
        return SqliteSession(path, busy_seconds=settings.busy_seconds, make=make, file=file)
    # Its driver takes longer to import than most commands run, and mostly there is SQLite.
    engine = import_module("callkeeper.store.engine.postgres")
    try:
        session: Session = engine.PostgresSession(settings.database)
    except UrlWrong:
        raise SettingsWrong(
            "database: is not a valid postgresql:// URL; in a user or a password write @ as %40, "
            "/ as %2F, % as %25 and a blank as %20"
        ) from None
    return session


def attach_store(settings: Settings, file: Inode | None) -> Store:
    """Return the store as it is; its database is not even looked at before the first use.

    ``file`` is which one another process of ours has open, if it is SQLite's.
    """
    return SqlStore(open_session(settings, make=False, file=file))


def found_store(settings: Settings) -> Store:
    """Return the store of an installation that is there, its schema up to date."""
    store = find_store(settings)
    store.migrate()
    return store


def open_store(settings: Settings) -> Store:
    """Return the store, its schema up to date; raise SettingsWrong where it cannot be made."""
    store = begin_store(settings)
    store.migrate()
    return store


def begin_store(settings: Settings) -> Store:
    """Return the store as it is, even if it is new; raise SettingsWrong where it cannot be made."""
    if settings.database is None:
        folder = data_dir(settings)
        file = folder / DATABASE_FILE
        if not file.exists() and not os.access(folder, os.W_OK | os.X_OK):
            error = PermissionError(EACCES, os.strerror(EACCES))
            # SQLite would say no more than that it cannot open it.
            raise folder_wrong(file, error) from error
    return SqlStore(open_session(settings))


def find_store(settings: Settings) -> Store:
    """Return the store of an installation that is there, whatever its schema; nothing is made.

    Raise NoInstallation when there is none, and DatabaseFailed when its database does not answer.
    """
    if settings.database is None and not (settings.data_dir / DATABASE_FILE).is_file():
        raise _no_installation(settings)
    store = SqlStore(open_session(settings))
    try:
        store.database_now()
        with suppress(StatementFailed, DatabaseForbids):  # whoever wants to know the number is told
            store.schema_version()
    except SchemaMissing:
        store.close()
        raise _no_installation(settings) from None
    except DatabaseFailed:
        store.close()
        raise
    return store


def is_anybody_there(settings: Settings) -> bool:
    """Whether there is a person; without one nobody can sign in.

    Where the database is away there may be some, and whatever needs it next says that it is away.
    """
    try:
        store = find_store(settings)
    except NoInstallation:  # as before the first start
        return False
    except DatabaseFailed:
        return True
    try:
        return store.people.is_any()
    except SchemaMissing:  # of before there were people; a start brings it up to date
        return False
    except DatabaseFailed:
        return True
    finally:
        store.close()


def newest_schema() -> int:
    """Return the number of the newest schema that this version knows."""
    return migrations("sqlite")[-1].number


def check_schema(store: Store) -> int:
    """Return the schema's number; raise SettingsWrong if this program wants a later one."""
    latest = newest_schema()
    try:
        number = store.schema_version()
    except (StatementFailed, DatabaseForbids) as error:
        raise DatabaseFailed(
            "the schema's number cannot be read", detail=told_in_full(error)
        ) from error
    if number < latest:
        raise SettingsWrong(
            f"the schema is at {number}, this program wants {latest}; run `callkeeper migrate`"
        )
    return number


def _no_installation(settings: Settings) -> NoInstallation:
    if settings.database is None:
        where, how = f"at {settings.data_dir}", "--data-dir (or CALLKEEPER_DATA_DIR)"
    else:
        where, how = "in this database", "--database (or CALLKEEPER_DATABASE)"
    return NoInstallation(
        f"there is no installation {where}; name one with {how}, or start one with "
        "`callkeeper serve` or `callkeeper migrate`"
    )


def open_seal(settings: Settings) -> Seal:
    """Return the seal of the secrets; a new data directory is made for a new key."""
    if settings.sealing_key is None:
        data_dir(settings)
    return _load_seal(settings, make=True)


def fitting_seal(settings: Settings, store: Store) -> Seal:
    """Return the seal, tried on what is stored; raise SealBroken if it opens none of it.

    A sealing key is made only while there is no secret that it would not open.
    """
    valid = _valid_keys(store)
    if not valid:
        return open_seal(settings)
    seal = _load_seal(settings, make=False)
    for number, each in enumerate(valid, 1):
        try:
            seal.open(each.sealed_secret, each.ak, each.vdn)
        except SealBroken:  # one whose row was changed keeps nobody else out
            if number == len(valid):
                raise
        else:
            break
    return seal


def _load_seal(settings: Settings, *, make: bool) -> Seal:
    try:
        return load_seal(settings.data_dir, settings.sealing_key, make=make)
    except OSError as error:
        raise folder_wrong(settings.data_dir / SEALING_FILE, error) from error


def existing_seal(settings: Settings, store: Store) -> Seal:
    """Return the same for a command beside the servers, which makes none in their place."""
    file = settings.data_dir / SEALING_FILE
    if settings.sealing_key is None and not file.exists() and not _valid_keys(store):
        raise SealBroken(
            f"there is no {file}; name the data directory of the servers with --data-dir, or give "
            "their sealing key in CALLKEEPER_SEALING_KEY; `callkeeper serve` and "
            "`callkeeper migrate` make one where there is none"
        )
    return fitting_seal(settings, store)


def begin_seal(settings: Settings, store: Store) -> None:
    """Make the sealing key of an installation that has none yet; bind secrets of old to VDNs.

    Without the sealing key, as where only the schema is seen to, they stay as they are.
    """
    if not _valid_keys(store):
        open_seal(settings)
    elif settings.sealing_key is not None or (settings.data_dir / SEALING_FILE).exists():
        _bind(store, fitting_seal(settings, store))


def _bind(store: Store, seal: Seal) -> None:
    """Bind the secrets of old, bound to their name alone, to their VDN too."""
    with store.transaction():
        bound = [
            (each.ak, seal.seal(seal.open(*_sealed(each)), each.ak, each.vdn))
            for each in keys_with_old_seals(store, seal)
        ]
        store.keys.reseal(bound)


def keys_with_old_seals(store: Store, seal: Seal) -> list[AccessKey]:
    """Return the valid keys whose secrets are bound to their names, and not to their VDNs."""
    return [each for each in _valid_keys(store) if not seal.is_bound(*_sealed(each))]


def warn_of_old_seals(store: Store, seal: Seal) -> None:
    """Log, at a start, how many keys another version will not open."""
    if old := keys_with_old_seals(store, seal):
        structlog.get_logger().warning(
            "old_seals_found",
            keys=len(old),
            advice="run `callkeeper migrate` once no older server runs; 0.2 does not open them",
        )


def _sealed(key: AccessKey) -> tuple[str, str, int | None]:
    return key.sealed_secret, key.ak, key.vdn


def _valid_keys(store: Store) -> list[AccessKey]:
    return [each for each in store.keys.all() if each.revoked_at is None]


def exposed(settings: Settings) -> str | None:
    """Return a sentence that names what is secret and others can get at; None if there is none."""
    folder = settings.data_dir
    database = (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm")
    files = [folder / each for each in (*database, SEALING_FILE, TLS_KEY_FILE)]
    if settings.tls_mode not in ("auto", "off"):
        files.append(Path(settings.tls_mode.rpartition(":")[2]))
    there = [each for each in (folder, *files) if each.exists()]
    found = [str(each) for each in there if each.stat().st_mode & stat.S_IRWXO]
    return f"others can get at {', '.join(found)}; run chmod o-rwx on each" if found else None


def data_dir(settings: Settings) -> Path:
    """Return the data directory, made for the owner's eyes only when it is not there."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise folder_wrong(settings.data_dir, error) from error
    return settings.data_dir
