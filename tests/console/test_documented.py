"""The page about the console tells every page that there is."""

import re

from tests.console.pages import PAGES
from tests.surface import ROOT

TOLD = (ROOT / "docs" / "console.md").read_text("utf-8")
NAMES = {"{vdn}": "VDN", "{id}": "ID", "{token}": "TOKEN", "{login}": "LOGIN", "{date}": "DATE"}
NAMES |= {"{ak}": "AK", "{campaign}": "CAMPAIGN"}
FORM = re.compile(
    r"(/console/VDN/(?:reservations/ID|campaigns/CAMPAIGN|results|days/DATE|board))((?:/[\w-]+)+)"
)


def test_every_page_is_told() -> None:
    for page in PAGES:
        path = page.path
        for written, told in NAMES.items():
            path = path.replace(written, told)
        form = FORM.fullmatch(path)
        for part in form.groups() if form else (path,):
            assert f"`{part}`" in TOLD, path
