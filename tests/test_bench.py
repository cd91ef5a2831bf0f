"""What the benchmarks wrote down is what the pages say."""

import subprocess
import sys
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path
from shutil import which

import pytest

from bench import (
    aims,
    console,
    firing,
    firing_report,
    invite,
    open_pages,
    options,
    page,
    pgbench,
    report,
    write_aims,
    writes,
)
from bench.engine import engine
from bench.server import ours_apart, running
from bench.stage import prepare
from bench.volley import CpuMeter, Volley
from callkeeper.clock import SystemClock
from tests.conftest import leave_out
from tests.far_end import FarEnd
from tests.private_asterisk import PrivateAsterisk
from tests.private_postgres import PrivatePostgres

ROOT = Path(page.__file__).parent.parent


def test_the_page_is_that_of_the_figures() -> None:
    assert (page.HERE / "RESULTS.md").read_text("utf-8") == page.text(page.written_down())


def test_the_plots_of_the_readme_are_there() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for name in ("writes.svg", "lists.svg"):
        assert f"](bench/{name})" in readme
        assert (page.HERE / name).read_text("utf-8").startswith("<?xml")


FIGURES = {
    "machine": {
        "date": "2026-11-30",
        "processor": "p",
        "cores": 2,
        "kernel": "k",
        "file_system": "f",
        "syncs_per_second": 1,
        "load_before": 0.1,
        "provisional": False,
        "versions": {},
    },
    "parameters": {
        "sizes": [1_000],
        "looks": 1,
        "pages": 300,
        "results": 50,
        "connections": 1,
        "rounds": 1,
        "seconds": 1,
        "reservations": 40,
        "per_second": 10,
        "calls": 5,
    },
}


def test_the_console_is_measured_on_a_small_one_and_told(tmp_path: Path) -> None:
    if which("wrk") is None:
        leave_out("there is no wrk; apt-get install wrk")
    clock = SystemClock()
    how = Namespace(pages=17, results=20, seconds=3, rounds=1, sizes=[1_000])
    how.connections, how.requests_per_second = 2, 1_000
    with engine("sqlite") as on:
        stage = console.prepare(on, tmp_path, how.sizes[0], clock, how.pages)
        with running(ours_apart(stage.settings), on, tmp_path) as server:
            assert server.console != server.url
            found = {
                "sizes": {"1000": console.looks(server, tmp_path, stage, 3)},
                "bytes": console.first_bytes(server, stage),
                "stream_kib": console.stream_kib(server, stage),
            }
            way = open_pages.measure(server, tmp_path, stage, how, clock)
    did, beside, paced = way["alone"], way["beside"], way["paced"]
    assert did["fetched"] >= did["streams"] == beside["onlookers"]["streams"] == how.pages
    assert did["moved"] > 0
    assert (did["results"] > 0, did["failed"]) == (True, 0)
    assert 0 <= did["shown_p50_ms"] <= did["shown_p99_ms"]
    assert 0 < paced["with"]["p50_ms"] <= paced["with"]["p99_ms"]
    assert beside["onlookers"]["results"] > 0
    assert (
        0
        < beside["part"]
        == (
            beside["with"]["requests_per_second"]["median"]
            / beside["without"]["requests_per_second"]["median"]
        )
    )
    beside |= {"part": 1.0, "times_p99": 1.0}
    paced |= {name: {"p50_ms": 1.0, "p99_ms": 2.0, "a_second": 50.0} for name in paced}
    told = FIGURES | {"engines": {"sqlite": found | {"open": {"together": way, "apart": way}}}}
    text = page.text({"console.json": told})
    assert "## What the console costs" in text
    for by in ("one process", "a console port"):
        where = f"300 pages, sqlite, {by}"
        assert f"| results beside {where}: 0.97 of without | 1.000 | met |" in text
        assert f"| 50 results a second beside {where}: 0.97 of them | 1.000 | met |" in text
        assert f"| their 99 %, {where}: at most 1.25 times that of without | 1.00 | met |" in text
        assert "| the same, 99 %: at most 1.25 times that of without | 1.00 | met |" in text
        assert f"| a result on its open page of {where}: 99 % within 2 s |" in text
    assert "| our own scripts: at most 8 kB |" in text


USUAL = ["usual, threads", "usual, loop"]
PEERS = {
    "sqlite": [
        *("expert", "expert, one by one", *USUAL, "empty handler", "empty handler, 2 workers"),
    ],
    "postgres": [
        *("expert", "expert, 2 workers", *USUAL, "empty handler", "empty handler, 2 workers"),
    ],
}
ALIKE = ("callkeeper, 2 workers", "usual, threads")  # to start them tells nothing more


@pytest.mark.parametrize("name", options.ENGINES)
def test_writes_are_measured_beside_peers_on_a_small_one_and_told(
    tmp_path: Path, name: str
) -> None:
    if which("wrk") is None:
        leave_out("there is no wrk; apt-get install wrk")
    with engine(name) as on, ExitStack() as stack:
        stage = prepare(on, tmp_path, 200, SystemClock())
        names = [each.name for each in stage.programs]
        assert [each for each in names if not each.startswith("callkeeper")] == PEERS[name]
        programs = [each for each in stage.programs if each.name not in ALIKE]
        servers = [stack.enter_context(running(each, on, tmp_path)) for each in programs]
        bench = writes.Bench(on, tmp_path, stage, servers, SystemClock())
        turns = bench.updates(1, 1)
        creates = {each.name: bench.create(each, 1, 1) for each in servers[:2]}
    assert {"callkeeper", "expert"} == creates.keys()
    assert (set(pgbench.FORMS) <= turns.keys()) == (name == "postgres")
    assert all(of.requests > of.failed == 0 for of in [*turns.values(), *creates.values()])
    found = {
        interface: {"1": {who: report.summary([turn]) for who, turn in of.items()}}
        for interface, of in (("updateResult", turns), ("create", creates))
    }
    told = FIGURES | {"engines": {name: {"version": "0", **found}}}
    text = page.text({"writes.json": told})
    assert f"| updateResult, {name}, one connection: 2 times the usual (loop) |" in text
    assert "| 1 | expert |" in text


def test_a_row_for_one_connection_and_one_for_each_form_of_pgbench() -> None:
    ours, slow = ({"requests_per_second": {"median": each}} for each in (90.0, 30.0))
    late = {"p99_ms": {"median": 60.0}}
    names = ("usual, threads", "usual, loop", "expert", *pgbench.FORMS)
    servers = {"callkeeper": ours | late} | dict.fromkeys(names, slow)
    found = {"updateResult": dict.fromkeys(("1", "64", "256"), servers)}
    rows = {aim: rest for aim, *rest in write_aims.rows({"engines": {"postgres": found}})}
    assert rows == {
        "updateResult, postgres: 10 times the usual (threads)": ["3.0", False],
        "updateResult, postgres: 10 times the usual (loop)": ["3.0", False],
        "updateResult, postgres: 3 times the best by hand (expert)": ["3.0", True],
        "updateResult, postgres: 99 % under 50 ms": ["60.0 ms", False],
        "updateResult, postgres, 64 connections: 0.6 of pgbench, bare update": ["3.00", True],
        "updateResult, postgres, 256 connections: 1.0 of pgbench, bare update": ["3.00", True],
        "updateResult, postgres, 64 connections: 1.0 of pgbench, both rows": ["3.00", True],
        "updateResult, postgres, one connection: 2 times the usual (loop)": ["3.0", True],
    }


def test_an_aim_beside_what_was_not_measured_says_so() -> None:
    of = {"requests_per_second": {"median": 100.0}, "p99_ms": {"median": 1.0}}
    servers = {"callkeeper": of, "usual, threads": of, "usual, loop": of, "empty handler": of}
    rows = write_aims.rows({"engines": {"sqlite": {"updateResult": {"64": servers}}}})
    by_hand = "updateResult, sqlite: 3 times the best by hand (expert)"
    assert (by_hand, "not measured", None) in rows
    assert f"| {by_hand} | not measured |  |" in aims.table(rows)


def test_from_a_signed_create_to_the_invite_of_its_call(
    tmp_path: Path, asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    how = Namespace(rounds=2, calls=5, per_second=5.0)
    with engine("sqlite") as on:
        network = invite.Network(asterisk, far_end)
        found = invite.measured(on, tmp_path, network, how, SystemClock())
    assert found["calls"] == 10
    assert found["answered_p50_ms"]["median"] > 0
    assert 0 < found["p50_ms"]["median"] <= found["p99_ms"]["most"] <= found["last_ms"]["most"]
    text = page.text({"invite.json": FIGURES | {"engines": {"sqlite": found}}})
    assert "## From a signed create to the phone network" in text
    assert "| signed create to INVITE, postgres: 99 % under 150 ms | not measured |  |" in text


def test_the_cpu_time_of_firing_is_that_of_all_processes(tmp_path: Path) -> None:
    with PrivatePostgres() as postgres:
        range_ = firing.Range(tmp_path, postgres)
        ours = next(each for each in firing.CONTENDERS if each.engine == "postgres")
        fired = range_.fire(ours, 200)
    assert fired.cpu_seconds > 0 < fired.database_cpu_seconds
    of = firing_report.summary([fired])
    assert of["cpu_seconds"]["median"] == fired.cpu_seconds + fired.database_cpu_seconds
    told = FIGURES | {"engines": {"postgres": "p"}, "at-once": {"postgres": {"callkeeper": of}}}
    assert "without PostgreSQL's\nprocesses" in page.text({"firing.json": told})
    assert "started, and PostgreSQL's." in page.text(
        {"firing.json": told | {"counts_all_cpu": True}}
    )


def test_a_meter_counts_what_a_program_has_started(tmp_path: Path) -> None:
    meter = CpuMeter(Volley(count=1, due_at=0, folder=str(tmp_path)))
    meter.begin()
    burn = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running_still:
        assert running_still.stdout is not None
        running_still.stdout.readline()
        own, database = meter.used()
        running_still.kill()
    assert (own >= 0.25, database) == (True, 0.0)
