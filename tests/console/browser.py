"""A real browser: Debian's Chromium, a window for each test, and what it must never say."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from axe_playwright_python.base import (  # type: ignore[import-untyped]
    AXE_SCRIPT,
    AxeResults,
)
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from callkeeper.console.door import COOKIE
from tests.console.pages import PAGES

PROGRAM = Path("/usr/bin/chromium")
PATIENCE_MS = 10_000
NARROW, WIDE = 320, 1280  # the first is what 1280 become at 400 %
TARGET_LEAST = 28  # pixels, each way; WCAG 2.2 asks for 24
HEIGHT = 800
_STOPS_MAX = 80

# What a browser saves, or its scripts hear, and nobody is shown.
FILES = {
    "/console/changes",
    "/console/{vdn}/days/{date}/csv",
    "/console/{vdn}/reservations/{id}/pop",
}

# A page that is shown with a status of its own is logged by Chromium, as if it were missing.
_STATUS_IS_LOGGED = "Failed to load resource: the server responded with a status of "
_TELLS_VIOLATIONS = """document.addEventListener("securitypolicyviolation", found =>
  console.error(`policy: ${found.effectiveDirective} ${found.blockedURI}`))"""

_FOCUS = """at => {
  const style = getComputedStyle(at), box = at.getBoundingClientRect()
  const isWithin = box.width > 0 && box.top >= 0 && box.left >= 0 &&
    box.top < innerHeight && box.left < innerWidth
  const isRinged = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
  return [at.outerHTML, isWithin && isRinged]
}"""

# Links in a sentence are as high as its line; of a choice its label is as good.
_SMALL = """(all, least) => all
  .filter(each => each.checkVisibility() && !each.closest("p:has(> a)"))
  .map(each => each.closest("label.choice") ?? each)
  .filter(each => {
    const box = each.getBoundingClientRect()
    return box.width < least || box.height < least
  }).map(each => each.outerHTML)"""

# What scrolls inside itself, as fields and wide tables do, is not wider for that.
_SPILLED = """all => all
  .filter(each => each.checkVisibility())
  .filter(each => !each.closest(".unseen, .wide, svg, input, select, textarea"))
  .filter(each => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
  .map(each => each.outerHTML.slice(0, 300))"""

# Whatever Tab comes to next stands below or beside what it left, as it is read.
_OUT_OF_ORDER = """all => {
  const stops = all.filter(each => each.checkVisibility() && !each.closest(".skip"))
  const boxes = stops.map(each => each.getBoundingClientRect())
  return stops.filter((each, at) => {
    const box = boxes[at], before = boxes[at - 1]
    const isBack = before && box.bottom <= before.top && box.left <= before.left
    return isBack || each.tabIndex > 0
  }).map(each => each.outerHTML)
}"""

_LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_ALL_RULES = {
    "runOnly": {"type": "tag", "values": _LEVELS},
    "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2, and left out unless asked for
}
# All that axe asks of colours; to whatever else it asks a page answers the same in the dark.
_COLOUR_RULES = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
_AXE = {
    "resultTypes": ["violations"],
    "preload": False,  # of styles that nobody fetches again
    "elementRef": False,
}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser until the end of a block.

    No longer than the tests of a file: meanwhile no other loop can run in their thread.
    """
    expect.set_options(timeout=PATIENCE_MS)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=arguments)
        yield browser
        browser.close()


class Stop(NamedTuple):
    """What Tab led to, and whether whoever looks sees that it did."""

    what: str
    is_seen: bool


class Served(Protocol):
    """A server that can be found."""

    @property
    def url(self) -> str:
        """Where it is."""


class Window:
    """A browser of one person: cookies, language and size of its own. ``page`` is what it shows."""

    def __init__(
        self,
        browser: Browser,
        house: Served,
        *,
        language: str = "en",
        scripts: bool = True,
        elsewhere: str | None = None,
    ) -> None:
        self.house = house
        self._elsewhere = elsewhere  # where people may be sent too
        self.troubles: list[str] = []
        self._context = browser.new_context(
            base_url=house.url,
            locale=language,
            viewport={"width": WIDE, "height": HEIGHT},
            java_script_enabled=scripts,
            reduced_motion="reduce",  # what has the focus is there at once
        )
        self._context.set_default_timeout(PATIENCE_MS)
        self._context.add_init_script(_TELLS_VIOLATIONS)
        self._context.on("console", self._heard)
        self._context.on("weberror", lambda error: self.troubles.append(str(error.error)))
        self._context.on("request", self._asked)
        self.page: Page = self._context.new_page()

    def bear(self, cookie: str) -> "Window":
        """Take the session of somebody who has signed in."""
        self._context.add_cookies(
            [
                {
                    "name": COOKIE,
                    "value": cookie,
                    # The prefix is refused elsewhere; a cookie is the same for every port.
                    "url": self.house.url.replace("http:", "https:"),
                    "secure": True,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )
        return self

    def look(self, path: str) -> Page:
        """Load a page."""
        self.page.goto(path)
        return self.page

    def press(self, *keys: str) -> None:
        """Press keys, one after the other; not before the scripts of a page hear them."""
        for key in keys:
            self.page.wait_for_load_state("domcontentloaded")
            self.page.keyboard.press(key)

    def tab_to(self, wanted: Locator) -> None:
        """Press Tab until something has the focus; fail if it never gets it."""
        for _ in range(_STOPS_MAX):
            if wanted.evaluate("wanted => wanted === document.activeElement"):
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {wanted}")

    def stops(self) -> list[Stop]:
        """Return where Tab leads, from the top of the page to its end."""
        found: list[Stop] = []
        focused = self.page.locator(":focus")
        within = self.page.locator(":focus, input:focus-within")  # as on the calendar of a date
        for _ in range(_STOPS_MAX):  # past the end: a page may begin in the middle
            if not within.count():
                break
            self.press("Tab")
        for _ in range(_STOPS_MAX):
            self.press("Tab")
            if not within.count():
                break
            if focused.count():
                found.append(Stop(*focused.evaluate(_FOCUS)))
        return found

    def close(self) -> None:
        """Close it. Raise AssertionError if the browser had something to complain of."""
        self._context.close()
        assert not self.troubles, self.troubles

    def _heard(self, message: ConsoleMessage) -> None:
        if str(message.type) == "verbose" and not message.text.startswith("[DOM]"):
            return  # how long something took
        is_status = message.text.startswith(_STATUS_IS_LOGGED)
        is_of_page = message.location["url"].startswith(f"{self.house.url}/console/")
        is_of_asset = "/static/" in message.location["url"]
        if not (is_status and is_of_page and not is_of_asset):
            self.troubles.append(f"{message.type}: {message.text} {message.location['url']}")

    def _asked(self, request: Request) -> None:
        ours = (f"{self.house.url}/console/", *filter(None, [self._elsewhere]))
        if not request.url.startswith(ours):
            self.troubles.append(f"loaded from elsewhere: {request.url}")


Opens = Callable[..., Window]


def paths() -> list[str]:
    """Return the paths of all pages that can be looked at, as the routes have them.

    Of a page that there is for a VDN and for the installation as well, the latter alone: it has the
    same on it, and more.
    """
    shown = [each.path for each in PAGES if each.get is not None and each.path not in FILES]
    return [each for each in shown if each.replace("/{vdn}", "", 1) not in {*shown} - {each}]


def unfold(page: Page) -> None:
    """Open all that a page keeps folded."""
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")


def is_for_everybody(page: Page, widths: Sequence[int] = (NARROW, WIDE)) -> None:
    """Check a page for all eyes and hands, in each size, light and dark, and with all unfolded."""
    unfold(page)
    page.evaluate(AXE_SCRIPT)
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        where = f"{page.url}, {width} px"
        assert (overflow(page), spilled(page)) == (0, []), where
        assert (small_targets(page), out_of_order(page)) == ([], []), where
        for scheme, rules in (("dark", _COLOUR_RULES), ("light", _ALL_RULES)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert violations(page, rules) == "", f"{where}, {scheme}"


def violations(page: Page, rules: Mapping[str, object]) -> str:
    """Return what axe finds against WCAG 2.2 A and AA; nothing if there is nothing."""
    found = AxeResults(page.evaluate("options => axe.run(options)", {**_AXE, **rules}))
    return str(found.generate_report()) if found.violations_count else ""


def small_targets(page: Page) -> list[str]:
    """Return what is too small to be hit; axe leaves out what stands beside words."""
    targets = page.locator("a, button, summary, input, select, textarea")
    return list(targets.evaluate_all(_SMALL, TARGET_LEAST))


def out_of_order(page: Page) -> list[str]:
    """Return what Tab comes to before what stands above it."""
    stops = page.locator("a[href], button, summary, input, select, textarea, [tabindex]")
    return list(stops.evaluate_all(_OUT_OF_ORDER))


def spilled(page: Page) -> list[str]:
    """Return what has more in it than it is wide, but for what is made to be scrolled."""
    return list(page.locator("body *").evaluate_all(_SPILLED))


def overflow(page: Page) -> int:
    """Return how many pixels of a page lie beside the window."""
    root = page.locator("html")
    return int(root.evaluate("root => root.scrollWidth - root.clientWidth"))
