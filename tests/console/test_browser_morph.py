"""A part of a page becomes its twin, in a real browser, and what both have stays the same."""

from collections.abc import Iterator
from random import Random

import pytest
from playwright.sync_api import Browser, Page

from callkeeper.console.assets import Assets

# Makes a part what its twin is; returns what it then is, and which named elements stayed the same.
_MORPH = """([part, twin]) => {
  const [here, there] = [part, twin].map(text =>
    new DOMParser().parseFromString(`<div>${text}</div>`, "text/html").querySelector("div"))
  document.body.replaceChildren(here)
  const before = new Map([...here.querySelectorAll("[id]")].map(each => [each.id, each]))
  morph(here, there)
  const isSame = each => before.get(each.id) === each
  return [here.innerHTML, [...here.querySelectorAll("[id]")].filter(isSame).map(each => each.id)]
}"""


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    """A page with nothing on it but the script."""
    page = browser.new_page()
    (script,) = [each for each in Assets().by_path.values() if each.path.endswith("/morph.js")]
    page.add_script_tag(content=script.plain.decode())
    yield page
    page.close()


def table(rows: list[int], words: str = "a call") -> str:
    """Return a table of calls, each with a box to tick."""
    lines = (
        f'<tr id="r{each}"><td><input id="i{each}"></td><td>{words}</td></tr>' for each in rows
    )
    return f'<div class="wide"><table><tbody id="rows">{"".join(lines)}</tbody></table></div>'


def part(chance: Random, depth: int = 3) -> str:
    """Return some markup; the same names come again and again, each at most once in its row."""
    names = iter(chance.sample(range(6), 6))
    found = []
    for _ in range(chance.randrange(5)):
        tag = chance.choice(["p", "div", "ul", "b"])
        name = f' id="{tag}{depth}{next(names)}"' if chance.random() < 0.5 else ""
        shade = f' class="c{chance.randrange(3)}"' if chance.random() < 0.5 else ""
        within = part(chance, depth - 1) if depth and tag != "p" else "words"
        found.append(f"<{tag}{name}{shade}>{within}</{tag}>{chance.choice(['', ' and '])}")
    return "".join(found)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_a_part_was_it_becomes_its_twin(blank: Page, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - the same at every run
    before, after = part(chance), part(chance)
    found, _ = blank.evaluate(_MORPH, [before, after])
    plain, _ = blank.evaluate(_MORPH, ["", after])
    assert found == plain


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (table([1, 2, 3]), table([2, 3])),
        (table([2, 3]), table([1, 2, 3])),
        (table([1, 2, 3]), table([3, 1, 2], "other words")),
        (f"<p>More.</p>{table([1, 2])}", table([1, 2])),
        (table([1, 2]), f"<p>More.</p>{table([1, 2])}<p>Less.</p>"),
        (f"{table([1])}<h2>Others</h2>", f'<div class="wide"></div><p></p>{table([1])}'),
    ],
)
def test_rows_that_both_have_stay_the_same_wherever_they_move(
    blank: Page, before: str, after: str
) -> None:
    found, same = blank.evaluate(_MORPH, [before, after])
    assert found == after
    in_both = [
        each for each in ("rows", "r1", "r2", "r3") if before.count(each) == after.count(each)
    ]
    assert {each for each in in_both if each in before} <= set(same)


def test_what_is_typed_ticked_open_and_focused_stays_and_what_is_hidden_is_new(blank: Page) -> None:
    def shown(rows: str, hidden: int) -> str:
        return (
            f'<p>{hidden}</p><input type="hidden" id="h" value="{hidden}"><ul id="rows">{rows}</ul>'
        )

    row = (
        '<li id="x"><details id="d"><summary>more</summary>it</details>'
        '<input id="text" value="old"><input id="box" type="checkbox"></li>'
    )
    blank.set_content(f"<main>{shown(row, 1)}</main>")
    blank.locator("#text").fill("typed")
    blank.locator("#box").check()
    blank.locator("summary").click()
    blank.locator("#text").focus()
    blank.evaluate(
        """text => morph(document.querySelector("main"),
            new DOMParser().parseFromString(text, "text/html").body)""",
        shown(f'<li id="w">new</li>{row}', 2),
    )
    assert blank.locator("#text").input_value() == "typed"
    assert blank.locator("#box").is_checked()
    assert blank.locator("details[open]").count() == 1
    assert blank.evaluate("document.activeElement.id") == "text"
    assert blank.locator("#h").input_value() == "2"
    assert blank.locator("li").evaluate_all("all => all.map(each => each.id)") == ["w", "x"]
