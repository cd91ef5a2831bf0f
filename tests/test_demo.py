"""The demo: every published example gets the expected answer, and it ends by itself."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from rich.console import Console

from callkeeper.console.door import COOKIE
from callkeeper.operations.demo import play
from callkeeper.settings import SettingsWrong


def test_the_demo_ends_by_itself_and_every_answer_is_the_expected_one() -> None:
    program = [sys.executable, "-m", "callkeeper", "demo", "--once"]
    played = subprocess.run(program, capture_output=True, text=True, timeout=30, check=False)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "15 of 15 answers were the expected ones" in played.stdout
    assert "NOT AS EXPECTED" not in played.stdout
    assert played.stderr == ""
    # The published result goes out value for value.
    assert (
        '{"appointId":"174738152455111432454674595509","failCode":"00000",'
        '"callId":"1747316188-341779","busiResult":"17549503","busiSubStatus":"17124429",'
        '"beginTime":1747220297000,"endTime":1747220365000}'
    ) in played.stdout


def test_the_demo_leaves_a_database_that_is_there_alone(tmp_path: Path) -> None:
    (tmp_path / "callkeeper.db").write_bytes(b"")
    with pytest.raises(SettingsWrong, match="wants a new one"):
        play(Console(quiet=True), tmp_path, once=True)
    assert (tmp_path / "callkeeper.db").read_bytes() == b""


class Looking:
    """The demo as it stays up, and who looks at its console."""

    def __init__(self, running: "subprocess.Popen[str]") -> None:
        assert running.stdout is not None
        self.running = running
        self.said = ""
        for line in running.stdout:
            self.said += line
            if line.startswith("Calls fall due"):
                break
        told = re.findall(
            r"^(http://127\.0\.0\.1:\d+/[\w-]{43})  (.+), (.+)$", self.said, re.MULTILINE
        )
        self.links = {role: link for link, _, role in told}
        (self.url,) = re.findall(r"The console is at (http://127\.0\.0\.1:\d+)/console/", self.said)

    def come(self, role: str) -> dict[str, str]:
        """Open a link, and return the cookie that it gives."""
        came = httpx2.get(self.links[role], trust_env=False)
        assert (came.status_code, came.headers["location"]) == (303, f"{self.url}/console/")
        cookie = came.headers["set-cookie"].partition(";")[0]
        assert cookie.startswith(COOKIE)
        return {"cookie": cookie, "accept-language": "en"}

    def look(self, path: str, headers: dict[str, str]) -> httpx2.Response:
        return httpx2.get(f"{self.url}{path}", headers=headers, trust_env=False)


@pytest.fixture(scope="module")
def looking() -> Iterator[Looking]:
    program = [sys.executable, "-m", "callkeeper", "demo"]
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        yield Looking(running)
        running.send_signal(signal.SIGINT)
        said, troubles = running.communicate(timeout=30)
        assert (running.returncode, troubles, "stopped" in said) == (-signal.SIGINT, "", True)


def test_the_demo_stays_up_with_a_link_for_each_role(looking: Looking) -> None:
    assert "15 of 15 answers were the expected ones" in looking.said
    assert looking.links.keys() == {
        "an agent",
        "an agent who reads Chinese",
        "a supervisor",
        "an administrator",
        "an operator",
    }
    for role in ("an agent", "a supervisor", "an agent"):  # and back again
        home = looking.look("/console/help", looking.come(role))
        assert home.status_code == 200
    chinese = looking.look("/console/help", looking.come("an agent who reads Chinese"))
    assert 'lang="zh-Hans"' in chinese.text


def test_its_agent_has_calls_that_are_late_that_come_and_that_are_done(looking: Looking) -> None:
    today = looking.look("/console/25/today", looking.come("an agent"))
    assert re.search(r"1 late, \d\d to come", today.text)
    assert "VIP call backs" in today.text
    assert "续费回访" in today.text


def test_its_supervisor_has_something_of_each_kind_on_the_board(looking: Looking) -> None:
    board = looking.look("/console/25/board", looking.come("a supervisor")).text
    for words in ("late", "broken", "unknown", "Satisfaction survey", "李伟", "Fatima Zahra"):
        assert words in board


def test_nobody_comes_in_without_a_link_of_the_demo(looking: Looking) -> None:
    assert looking.look("/console/help", {}).status_code == 303
    link = looking.links["an operator"]
    origin = link.rpartition("/")[0]
    for wrong in (f"{origin}/", f"{link}x", link.lower() + "?", f"{origin}/console/"):
        came = httpx2.get(wrong, trust_env=False)
        assert (came.status_code, came.headers.get("set-cookie")) == (404, None)
    # A name of somebody's own that leads to this machine is not the demo's.
    came = httpx2.get(link, headers={"host": "evil.example"}, trust_env=False)
    assert (came.status_code, came.headers.get("set-cookie")) == (404, None)
