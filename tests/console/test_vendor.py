"""What browsers are given: what others wrote is as they wrote it, and our own script is small."""

import tomllib
from hashlib import sha256

from callkeeper.console.assets import Assets
from tests.surface import SOURCE

VENDOR = SOURCE / "console" / "vendor"
OWN_MOST = 13_000  # bytes of all our scripts together, as they are: decision 0037


def test_what_others_wrote_is_as_it_was_published() -> None:
    told = tomllib.loads((VENDOR / "vendor.toml").read_text("utf-8"))
    for name, each in told.items():
        assert sha256((VENDOR / each["file"]).read_bytes()).hexdigest() == each["sha256"]
        assert each["integrity"].startswith("sha512-")
        assert (VENDOR / f"LICENSE-{name}").read_text("utf-8").startswith("Zero-Clause BSD")
    named = {each["file"] for each in told.values()} | {f"LICENSE-{each}" for each in told}
    assert {each.name for each in VENDOR.iterdir()} == named | {"vendor.toml"}


def test_pages_give_browsers_what_others_wrote_and_little_of_our_own() -> None:
    assets = Assets()
    assert assets.path("htmx.min.js") in assets.by_path
    own = (SOURCE / "console" / "static").glob("*.js")
    assert sum(each.stat().st_size for each in own) <= OWN_MOST
