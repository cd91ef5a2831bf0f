"""The demo: every published example gets the expected answer, and it ends by itself."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

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
