"""Whom a call is for, and in which campaign, is chosen, and nobody has what merely stands first."""

import re

from tests.console.test_book import BOOK, form
from tests.console.visitor import SUPERVISOR, Visitor, at_work, promise, rewrite, unlike_any
from tests.house import HOUR, TASK, House


def chosen(visitor: Visitor, name: str) -> list[str]:
    """Return what stands chosen in a select, whose first choice must be none."""
    select = visitor.seen.text.partition(f'<select id="{name}"')[2].partition("</select>")[0]
    options = re.findall(r'<option value="([^"]*)" ?(selected)?', select)
    assert options[0] == ("", "")
    return [value for value, is_chosen in options if is_chosen]


def test_nobody_is_booked_for_an_agent_or_a_campaign_that_they_did_not_choose(
    house: House,
) -> None:
    login = unlike_any()
    chief = at_work(house, f"chief.{login}", SUPERVISOR)
    id_ = promise(house, HOUR, agent=login)
    assert chosen(chief.look(BOOK), "agent") == []
    assert chosen(chief.look(f"{BOOK}?like={id_}"), "agent") == [login]
    assert chosen(chief, "campaign") == [TASK]
    rewrite(house, id_, "UPDATE reservation SET campaign_id = 4711 WHERE id = ?")  # as if it ended
    assert chosen(chief.look(f"{BOOK}?like={id_}"), "campaign") == []
    for name in ("agent", "campaign"):
        page = chief.send(BOOK, form(chief, agent=login) | {name: ""})
        assert (page.status, re.search(f"choose an? {name}", page.text) is None) == (422, False)
        assert chosen(page, name) == []
