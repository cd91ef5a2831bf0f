"""What is installed is pinned, with the hashes of its files; scripts/hashes.sh writes them."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.surface import ROOT

HASHED = re.compile(
    r"^(?P<what>[^\s#].*?) \\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", re.MULTILINE
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"].values()


def pin(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


def pinned(lines: list[str]) -> dict[str, str]:
    found = [Requirement(each) for each in lines]
    return {canonicalize_name(each.name): pin(each) for each in found}


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return pinned([each for each in lines if not each.startswith("#")])


def hashed(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    assert not HASHED.sub("", text).strip(), "scripts/hashes.sh writes no such line"
    return pinned([each["what"] for each in HASHED.finditer(text)])


def test_each_pinned_version_has_its_hashes() -> None:
    pins, all_of_them = constraints(), hashed("all.txt")
    assert {name: all_of_them.get(name) for name in pins} == pins, "run scripts/hashes.sh"


def test_the_packages_that_run_are_pinned_as_they_were_tested() -> None:
    assert hashed("run.txt").items() <= hashed("all.txt").items()


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("run.txt", PROJECT["project"]["dependencies"]),
        ("all.txt", [each for extra in EXTRAS for each in extra]),
        ("run.txt", PROJECT["build-system"]["requires"]),
    ],
)
def test_all_that_the_project_asks_for_has_its_hashes(name: str, needed: list[str]) -> None:
    versions = hashed(name)
    for each in map(Requirement, needed):
        assert versions[canonicalize_name(each.name)] in each.specifier, "run scripts/hashes.sh"


def test_the_build_is_pinned() -> None:
    built_with = pinned(PROJECT["build-system"]["requires"])
    assert built_with.items() <= constraints().items()
