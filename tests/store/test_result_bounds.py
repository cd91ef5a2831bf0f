"""How many business results there may be, on both engines."""

import msgspec

from callkeeper.core.campaigns.business_result import BusinessResult, SubResult
from callkeeper.core.refusal import TooMany
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW
from tests.store.test_campaigns import EMPTY, definition


def test_people_define_no_more_results_than_pages_show(store: SqlStore) -> None:
    full = [msgspec.structs.replace(definition(f"r{n}", f"r{n}"), by="key K") for n in range(200)]
    below = [
        SubResult(BusinessResult(EMPTY, "r0", f"s{n}", f"s{n}", "", NOW), "person ann")
        for n in range(101)
    ]
    ours, theirs = (
        msgspec.structs.replace(definition(name, name), by=by)
        for name, by in (("ours", "person ann"), ("theirs", "key K"))
    )
    with store.transaction():
        assert store.business_results.define(full) == full
        refused, programs = store.business_results.define([ours, theirs])
        *added, too_many = store.business_results.extend(below)
    assert isinstance(refused, TooMany)
    assert programs == theirs
    assert {type(each) for each in added} == {BusinessResult}
    assert isinstance(too_many, TooMany)
    assert store.business_results.find(EMPTY, 0, 1).total == 201
