"""What the benchmarks wrote down is what the pages say."""

from pathlib import Path
from threading import Event

from bench import console, page, report
from bench.engine import engine
from bench.load import Turn
from bench.server import ours, running
from callkeeper.clock import SystemClock

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
        "looks": 1,
        "pages": 300,
        "results": 50,
        "connections": 1,
        "rounds": 1,
        "seconds": 1,
    },
}


def test_the_console_is_measured_on_a_small_one_and_told(tmp_path: Path) -> None:
    clock = SystemClock()
    with engine("sqlite") as on:
        stage = console.prepare(on, tmp_path, 1_000, clock, 17)
        with running(ours(stage.settings), on, tmp_path) as server:
            found = {
                "sizes": {"1000": console.looks(server, tmp_path, stage, 3)},
                "bytes": console.first_bytes(server, stage),
            }
            visitors = [*stage.supervisors, *stage.agents]
            with console.onlookers(server, tmp_path, stage, visitors, 20) as did:
                Event().wait(1.5)  # the server looks each second whether something has moved
    assert did["fetched"] >= did["streams"] == len(visitors) == 17
    assert did["moved"] > 0
    assert (did["results"] > 0, did["failed"]) == (True, 0)
    turn = Turn(10, 0, 1.0, 1.0, 2.0, 3.0, 0.0, 0.1, 0.0)
    alike = report.summary([turn])
    beside = {"without": alike, "with": alike, "part": 1.0, "onlookers": did}
    told = FIGURES | {"engines": {"sqlite": found | {"beside": beside}}}
    text = page.text({"console.json": told})
    assert "## What the console costs" in text
    assert "| results beside 300 pages, sqlite: 0.97 of without | 1.000 | met |" in text
    assert "| our own scripts: at most 8 kB |" in text
