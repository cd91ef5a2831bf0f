"""What PostgreSQL does when nothing stands before it, by pgbench: a row updated, or both."""

import subprocess
from pathlib import Path
from shutil import which

from bench import processes
from bench.engine import Engine, run
from bench.load import Turn
from bench.signed import VDN
from callkeeper.clock import monotonic
from tests.private_postgres import binaries

BARE = "pgbench, bare update"
BOTH = "pgbench, both rows"

# It must know the ids without asking, so those of its own database are numbers.
_NUMBERED = """
UPDATE reservation SET id = lpad(numbered.number::text, 30, '0')
FROM (SELECT id AS old, row_number() OVER () AS number FROM reservation) AS numbered
WHERE id = numbered.old
"""
_NUMBER = "\\set number random(1, :reservations)\n"  # pgbench's own
_UPDATE = f"""\
UPDATE reservation
SET version = version + 1, state = 'done', caller_no = '10086', fail_code = '00000',
  call_id = '1747316188-341779', business_result = '17549503', business_sub_result = '17124429',
  begin_at = 1747220297000, end_at = 1747220365000, changed_at = 1747220365000
WHERE vdn = {VDN} AND id = lpad(:number::text, 30, '0')
"""  # noqa: S608 - pgbench's own variables
# pgbench takes a colon before a digit for a variable.
_DETAIL = (
    '{"caller_no":"10086","fail_code":"00000","call_id":"1747316188-341779",'
    '"business_result":"17549503","business_sub_result":"17124429",'
    '"begin_at":"1747220297000","end_at":"1747220365000"}'
)
# One statement: as few ways to and fro as one row needs, and a transaction by itself.
_UPDATE_AND_EVENT = f"""\
WITH filed AS ({_UPDATE} RETURNING id, version)
INSERT INTO event (vdn, subject, version, happened_at, what, by_whom, detail, request)
SELECT {VDN}, id, version, 1747220365000, 'result', 'MDEyMzQ1Njc4OUFCQ0RF',
  '{_DETAIL}', '{"0123456789abcdef" * 4}'
FROM filed
"""  # noqa: S608 - the same
FORMS = {BARE: _UPDATE, BOTH: _UPDATE_AND_EVENT}


def prepare(database: str) -> str:
    """Give the reservations of a copied database ids that pgbench can make; return the copy."""
    run(database, _NUMBERED, "VACUUM FULL ANALYZE reservation")
    return database


def turn(
    engine: Engine, database: str, folder: Path, connections: int, seconds: int, *, form: str
) -> Turn:
    """Update random reservations over so many connections, every commit durable."""
    script, log = folder / "update.sql", folder / "pgbench"
    script.write_text(f"{_NUMBER}{FORMS[form]};\n", "utf-8")
    ((reservations,),) = run(database, "SELECT COUNT(*) FROM reservation")
    program = binaries() / "pgbench"
    command = [str(program) if program.exists() else which("pgbench") or "pgbench"]
    command += ["-n", "-M", "prepared", "-j", "2", "-c", str(connections), "-T", str(seconds)]
    command += ["-D", f"reservations={reservations}", "-f", str(script)]
    before, own = engine.cpu_seconds(), processes.ended_children_cpu_seconds()
    begun = monotonic()
    subprocess.run(
        [*command, "--log", "--log-prefix", str(log), database],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=seconds + 60,
        check=True,
    )
    took = monotonic() - begun
    late = sorted(_milliseconds(folder))
    return Turn(
        requests=len(late),
        failed=0,
        seconds=min(took, seconds),
        p50=late[len(late) * 50 // 100],
        p99=late[len(late) * 99 // 100],
        p999=late[len(late) * 999 // 1000],
        generator_cpu=processes.ended_children_cpu_seconds() - own,
        server_cpu=0.0,
        database_cpu=engine.cpu_seconds() - before,
    )


def _milliseconds(folder: Path) -> list[float]:
    """Return how long each transaction took, and remove the logs."""
    found = []
    for file in folder.glob("pgbench.*"):
        lines = file.read_text("ascii").splitlines()
        found += [int(line.split()[2]) / 1000 for line in lines]
        file.unlink()
    return found
