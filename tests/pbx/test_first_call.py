"""The way of docs/operating.md from an empty Asterisk to the first call, gone as it stands."""

import re

import pytest

from tests.asterisks import NEWER, Asterisk
from tests.conftest import leave_out
from tests.pbx.documented import OPERATING, blocks
from tests.pbx.walk import missing, walk


def test_the_documented_way_ends_with_an_answered_call(kind: Asterisk) -> None:
    if not kind.is_there and kind is NEWER:
        pytest.skip(f"Asterisk {kind.version}: {kind.missing}")
    if lacking := missing() if kind.is_there else kind.missing:
        leave_out(f"Asterisk: {lacking}")
    ended = walk(kind, blocks())
    assert ended.status == 0, ended.said
    assert [words for words in _told() if words not in ended.said] == []


def _told() -> list[str]:
    """Return what doctor and attempts are said to show, without the one version that is named."""
    (doctor,) = re.findall(r"says of the line `Asterisk \S+( .*)`\. `online` means", OPERATING)
    (attempts,) = re.findall(
        r"shows one try that was `(.*)` .* `(.*)`, with the cause\n +`(.*)`: ", OPERATING
    )
    return [doctor, *attempts]
