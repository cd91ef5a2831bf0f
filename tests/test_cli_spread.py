"""`callkeeper spread` where nothing can be spread. On a Citus the store's tests run it."""

from pathlib import Path

from tests.private_postgres import PrivatePostgres
from tests.test_cli import run


def test_sqlite_is_on_one_machine(tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path / "data")]
    assert run("spread", *where).status == 1
    assert not (tmp_path / "data").exists()
    assert run("migrate", *where).status == 0
    ended = run("spread", *where)
    assert ended.status == 1
    assert "SQLite is one file on one machine" in ended.err


def test_a_postgresql_without_citus_is_told_what_it_lacks(
    tmp_path: Path, postgres: PrivatePostgres
) -> None:
    where = ["--data-dir", str(tmp_path / "data"), "--database", postgres.new_database()]
    assert run("migrate", *where).status == 0
    ended = run("spread", *where)
    assert ended.status == 1
    assert "CREATE EXTENSION citus" in ended.err
