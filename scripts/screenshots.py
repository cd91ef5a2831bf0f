"""Pictures of the console's pages for the documents, from the demo, by Debian's Chromium.

    .venv/bin/python scripts/screenshots.py [FOLDER]

Begin it anew whenever the pages look otherwise; nothing else makes these pictures.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
PROGRAM = Path("/usr/bin/chromium")
LINK = re.compile(r"(http://127\.0\.0\.1:\d+/[\w-]+)  ([^,]+), (.+)")
VDN = 25
WIDTH, HEIGHT = 1120, 760
COLORS = 128  # a page has few


class Picture(NamedTuple):
    """What is shown: to whom, which page, and the name of the file."""

    name: str
    login: str
    path: str


PICTURES = [
    Picture("today", "Ann Li", f"/console/{VDN}/today"),
    Picture("board", "Sam Okafor", f"/console/{VDN}/board"),
]


@contextmanager
def demo() -> Iterator[dict[str, str]]:
    """Run the demo; yield each person's link."""
    command = [sys.executable, "-m", "callkeeper", "demo"]
    ours = os.environ | {"TZ": "Europe/Berlin"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ours) as running:
        links: dict[str, str] = {}
        try:
            for line in running.stdout or ():
                if found := LINK.match(line):
                    links[found[2]] = found[1]
                if line.startswith("Calls fall due"):
                    break
            yield links
        finally:
            running.send_signal(signal.SIGINT)


def main() -> None:
    """Take all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with demo() as links, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=arguments)
        for each in PICTURES:
            page = opened(browser, links[each.login], each)
            keep(page.screenshot(), folder / f"{each.name}.png")
        browser.close()


def opened(browser: Browser, link: str, picture: Picture) -> Page:
    """Return a page as somebody sees it."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    page = context.new_page()
    page.goto(link)
    origin = page.url.partition("/console/")[0]
    page.goto(f"{origin}{picture.path}")
    return page


def keep(png: bytes, file: Path) -> None:
    """Write a picture with as few colors as it needs."""
    image = Image.open(BytesIO(png)).convert("RGB").quantize(COLORS)
    image.save(file, optimize=True)
    print(f"{file}: {file.stat().st_size} bytes")


main()
