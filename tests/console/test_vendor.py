"""What browsers are given that others wrote is as they wrote it."""

import tomllib
from hashlib import sha256

from callkeeper.console.assets import Assets
from tests.surface import SOURCE

VENDOR = SOURCE / "console" / "vendor"


def test_what_others_wrote_is_as_it_was_published() -> None:
    told = tomllib.loads((VENDOR / "vendor.toml").read_text("utf-8"))
    for name, each in told.items():
        assert sha256((VENDOR / each["file"]).read_bytes()).hexdigest() == each["sha256"]
        assert each["integrity"].startswith("sha512-")
        assert (VENDOR / f"LICENSE-{name}").read_text("utf-8").startswith("Zero-Clause BSD")
    named = {each["file"] for each in told.values()} | {f"LICENSE-{each}" for each in told}
    assert {each.name for each in VENDOR.iterdir()} == named | {"vendor.toml"}


def test_pages_give_browsers_what_others_wrote() -> None:
    assets, name = Assets(), "idiomorph.min.js"
    assert assets.by_path[assets.path(name)].plain == (VENDOR / name).read_bytes()
