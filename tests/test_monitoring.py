"""Alerts and dashboard: what Prometheus and Grafana are to load fits what is told at /metrics."""

import json
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.command_line import commands, options
from tests.conftest import leave_out
from tests.house import House
from tests.surface import ROOT
from tests.waiting import until

ALERTS = ROOT / "packaging/prometheus/alerts.yml"
CASES = ROOT / "tests/prometheus/alerts_test.yml"
DASHBOARD = ROOT / "packaging/grafana/callkeeper.json"
OPERATING = (ROOT / "docs/operating.md").read_text("utf-8")

# Labels that Prometheus adds to what it scrapes, and metrics that it makes itself.
SCRAPED = {"job", "instance"}
MADE = {"up": SCRAPED}

_METRIC = re.compile(
    r"\b(?P<name>(?:callkeeper|process|python)_\w+|up)\b(?:\{(?P<labels>[^}]*)\})?"
)
_BY = re.compile(r"\b(?:by|on) \(([^)]*)\)")
_SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>[^}]*)\})? \S+$", re.MULTILINE)
_COMMAND = re.compile(r"`callkeeper ([^`]+)`")


class Query(NamedTuple):
    """A query, and where it stands."""

    where: str
    text: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The labels of each metric of a server with a dialer that serves over TLS."""
    folder = tmp_path_factory.mktemp("data")
    with House(folder, line="rehearsal", tls="auto") as house:
        house.http.close()
        trusting = ssl.create_default_context(cafile=folder / "tls-certificate.pem")
        with httpx2.Client(verify=trusting) as client:
            until(lambda: "callkeeper_line_up 1.0" in client.get(f"{house.url}/metrics").text)
            text = client.get(f"{house.url}/metrics").text
    found: dict[str, set[str]] = {}
    for sample in _SAMPLE.finditer(text):
        labels = re.findall(r'(\w+)="', sample["labels"] or "")
        found.setdefault(sample["name"], set()).update(labels)
    return found


def promtool(*arguments: str) -> str:
    """Run promtool, which must find no fault, and return what it says."""
    tool = shutil.which("promtool")
    if tool is None:
        leave_out("what Prometheus thinks of metrics and alerts: there is no promtool here")
    ran = subprocess.run(
        [str(tool), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def alerts() -> Iterator[Query]:
    """Yield each alert's expression, by its name."""
    for name, rest in re.findall(
        r"- alert: (\w+)\n(.*?)(?=\n      - alert|\Z)", ALERTS.read_text("utf-8"), re.DOTALL
    ):
        (text,) = re.findall(r"expr: (?:>-\n)?(.*?)\n        (?:for|labels):", rest, re.DOTALL)
        yield Query(name, " ".join(text.split()))


def panels() -> Iterator[Query]:
    """Yield each query of the dashboard, by its panel's title."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            text = target["expr"].replace("$__rate_interval", "5m")
            yield Query(panel["title"], re.sub(r"\$(job|instance)", ".*", text))


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return read


def queries() -> list[Query]:
    return [*alerts(), *panels()]


def test_prometheus_reads_the_alerts() -> None:
    assert f"{len(list(alerts()))} rules found" in promtool("check", "rules", str(ALERTS))


def test_the_alerts_do_what_their_cases_say() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(CASES))


def test_prometheus_reads_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:query_{number}", "expr": query.text}
        for number, query in enumerate(panels())
    ]
    file = tmp_path / "rules.yml"  # what is JSON is YAML too
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(file))


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.where)
def test_what_a_query_asks_for_is_told_with_the_labels_that_it_names(
    told: dict[str, set[str]], query: Query
) -> None:
    has = told | MADE
    labels = set(SCRAPED)
    asked = list(_METRIC.finditer(query.text))
    assert asked
    for metric in asked:
        assert metric["name"] in has, query.text
        named = set(re.findall(r"(\w+)(?==~|!=|!~|=)", metric["labels"] or ""))
        assert named <= has[metric["name"]] | SCRAPED, query.text
        labels |= has[metric["name"]]
    grouped = {each.strip() for found in _BY.findall(query.text) for each in found.split(",")}
    assert grouped <= labels, query.text


def test_each_metric_of_ours_is_in_the_dashboard(told: dict[str, set[str]]) -> None:
    asked = {found["name"] for query in panels() for found in _METRIC.finditer(query.text)}
    ours = {re.sub("_(bucket|sum|count)$", "", name) for name in told if name.startswith("call")}
    shown = {re.sub("_(bucket|sum|count)$", "", name) for name in asked}
    assert ours - shown == set()


def test_each_alert_says_what_to_do_and_is_told_with_how_grave_it_is() -> None:
    text = ALERTS.read_text("utf-8")
    graveness = dict(re.findall(r"- alert: (\w+)\n(?:(?!- alert).*\n)*? +severity: (\w+)", text))
    assert list(graveness) == [alert.where for alert in alerts()]
    for word in ("summary:", "description:", "severity:"):
        assert text.count(word) == len(graveness)
    told = re.findall(r"^\| `(Callkeeper\w+)` \| (\w+) \|", OPERATING, re.MULTILINE)
    assert dict(told) == graveness


def test_the_commands_that_an_alert_names_are_there() -> None:
    there = commands()
    for line in _COMMAND.findall(" ".join(ALERTS.read_text("utf-8").split())):
        words = [word for word in line.split() if word.islower() and not word.startswith("--")]
        assert " ".join(words) in there, line
        named = {each for option in options(there[" ".join(words)]) for each in option.opts}
        assert {word for word in line.split() if word.startswith("--")} <= named, line


def test_the_panels_of_the_dashboard_do_not_lie_on_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
