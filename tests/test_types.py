"""Types, as mypy checks them everywhere, strictly."""

import subprocess
import sys

import pytest

from tests.surface import ROOT


@pytest.mark.timeout(900)  # where it has to begin from nothing, beside the others
def test_all_types_fit() -> None:
    command = [sys.executable, "-m", "mypy"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
