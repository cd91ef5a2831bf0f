"""A command where no installation is, or an older one: it says so, and makes nothing."""

from pathlib import Path

import pytest

from callkeeper.installation.database import open_session
from callkeeper.settings import Settings
from callkeeper.store.engine.migrate import migrations
from tests.command_line import commands
from tests.private_postgres import PrivatePostgres
from tests.test_cli import RESULT_ID, run, run_in

# Every command that asks the database, but for the three that may begin an installation.
BESIDE = [
    ["dial", "--line", "rehearsal"],
    ["why", RESULT_ID],
    ["attempts", RESULT_ID],
    ["lines"],
    ["key", "create", "--vdn", "25"],
    ["key", "list"],
    ["key", "limit", "x", "--off"],
    ["key", "revoke", "x"],
    ["key", "copy", "--into-data-dir", "elsewhere"],
    ["person", "add", "ann", "--operator"],
    ["person", "list"],
    ["person", "role", "ann", "--operator"],
    ["person", "reset", "ann"],
    ["person", "disable", "ann"],
    ["person", "enable", "ann"],
    ["person", "sessions", "ann"],
    ["person", "tie", "ann", "4711", "--issuer", "https://login.example"],
    ["person", "untie", "ann"],
    ["vdn", "export", "25", "vdn.jsonl"],
    ["vdn", "import", "vdn.jsonl"],
    ["vdn", "return", "25", "--yes"],
    ["vdn", "forget", "25", "--yes"],
    ["vdn", "list"],
    ["seen", RESULT_ID, "--vdn", "25"],
    ["agent", "name", "testName", "Test Name", "--vdn", "25"],
    ["campaign", "add", "--vdn", "25", "--name", "x", "--end", "+30d"],
    ["campaign", "dialing", "1", "--vdn", "25"],
    ["spread"],
    ["settle", "--before", "+0s"],
    ["show", RESULT_ID],
    *(
        [*words.split(), "--vdn", "25"]
        for words in (
            "reservations",
            "board",
            "broken",
            "reassign --from ann --to bob",
            "agent list",
            "campaign list",
            "campaign show 1",
            "campaign pause 1",
            "campaign resume 1",
            "campaign end 1",
            "campaign special 1",
            "business-result define x",
            "business-result list",
        )
    ),
]


def test_every_command_that_asks_the_database_is_tried_beside_none() -> None:
    begin = {"serve", "migrate", "demo"}  # the only ones that may make an installation
    elsewhere = {"sign", *"reserve move result cancel list".split()}  # noqa: SIM905
    asks = {
        name
        for name in commands()
        if any(each[: name.count(" ") + 1] == name.split() for each in BESIDE)
    }
    asks |= {"backup", "doctor"}
    assert asks == set(commands()) - begin - elsewhere


@pytest.mark.parametrize("command", BESIDE, ids=" ".join)
def test_a_command_beside_no_installation_makes_none(command: list[str], tmp_path: Path) -> None:
    """As when --data-dir is forgotten."""
    ended = run_in(tmp_path, *command)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (
        "callkeeper: there is no installation at callkeeper-data; name one with --data-dir (or "
        "CALLKEEPER_DATA_DIR), or start one with `callkeeper serve` or `callkeeper migrate`\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", BESIDE, ids=" ".join)
def test_an_empty_database_is_no_installation(
    command: list[str], tmp_path: Path, postgres: PrivatePostgres
) -> None:
    ended = run_in(tmp_path, *command, "--database", postgres.new_database())
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1), ended
    assert "there is no installation in this database; name one with --database" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_backup_and_a_check_up_make_none_either(tmp_path: Path) -> None:
    copied = run_in(tmp_path, "backup", "copy")
    assert (copied.status, copied.out, copied.err.count("\n")) == (1, "", 1)
    checked = run_in(tmp_path, "doctor")
    assert (checked.status, checked.out.count("\n")) == (1, 1)
    assert checked.out.startswith("BAD   installation: there is no installation at callkeeper-data")
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_sealed_with_the_key_of_the_servers_or_not_at_all(
    tmp_path: Path, postgres: PrivatePostgres
) -> None:
    """A database elsewhere, and --data-dir forgotten: the servers' sealing key is not here."""
    database = ["--database", postgres.new_database()]
    assert run_in(tmp_path, "migrate", "--data-dir", "theirs", *database).status == 0
    create = ["key", "create", "--vdn", "25", *database]
    ended = run_in(tmp_path, *create)
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1), ended
    assert "there is no callkeeper-data/sealing.key; name the data directory of" in ended.err
    assert [each.name for each in tmp_path.iterdir()] == ["theirs"]
    assert run_in(tmp_path, *create, "--data-dir", "theirs").status == 0


@pytest.mark.parametrize("command", BESIDE[1:], ids=" ".join)
def test_a_command_beside_an_older_schema_migrates_nothing(
    command: list[str], tmp_path: Path, empty_database: str | None
) -> None:
    settings = Settings(data_dir=tmp_path, database=empty_database)
    session = open_session(settings)
    session.migrate(migrations("postgres" if empty_database else "sqlite")[:2])
    session.close()
    more = ["--database", empty_database] if empty_database else []
    where = ["--data-dir", str(tmp_path), *more]
    for _ in range(2):
        ended = run(*command, *where)
        assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1), ended
        assert "the schema is at 2" in ended.err


def test_names_in_a_database_that_knows_no_encoding_are_kept(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    plain = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
    where = ["--data-dir", str(tmp_path), "--database", postgres.new_database("template0", plain)]
    vdn = ["--vdn", "25", *where]
    assert run("migrate", *where).status == 0
    for command in (
        ["key", "create", "--note", "张伟", *vdn],
        ["agent", "name", "ann", "李安", *vdn],
        ["campaign", "add", "--name", "春季回访", "--end", "+30d", *vdn],
        ["person", "add", "ann", "--operator", "--name", "李安", *where],
    ):
        assert run(*command).status == 0
    assert "张伟" in run("key", "list", *where).out
    assert "李安" in run("agent", "list", *vdn).out
    assert "春季回访" in run("campaign", "list", "--name", "季回", *vdn).out
    assert "李安" in run("person", "list", *where).out
    assert "database: PostgreSQL answers" in run("doctor", *where).out
