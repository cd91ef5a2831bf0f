"""Admission: whatever shows who sends a request, here a ticket as a browser could have one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from starlette.types import Scope

from callkeeper.core.refusal import NotAuthenticated
from callkeeper.http.admission import Admission
from callkeeper.http.head import Head
from callkeeper.http.large_bodies import LARGE
from callkeeper.http.tarpit import Tarpit, Visit

HOLDERS = {"ann": "A1", "bob": "B2"}


class Ticket:
    """The name and the ticket that a request bears."""

    def __init__(self, name: str, ticket: str, remembered: set[str]) -> None:
        self.name = name
        self._ticket = ticket
        self._remembered = remembered
        self._valid: str | None = None

    @property
    def is_known(self) -> bool:
        return self.name in self._remembered

    def refusal(self, _body: bytes) -> NotAuthenticated:
        return NotAuthenticated("the ticket is not valid")

    def recall(self) -> bool:
        self._valid = HOLDERS[self.name] if self.is_known else None
        return self.is_known

    async def find(self) -> bool:
        self._valid = HOLDERS.get(self.name)
        if self._valid is not None:
            self._remembered.add(self.name)
        return self._valid is not None

    def check(self, _body: bytes) -> str | None:
        return self.name if self._ticket == self._valid else None

    async def check_large(self, body: bytes) -> str | None:
        return self.check(body)


class Door:
    """Lets in who shows a ticket. Of turns there are two at once, and then none for long."""

    def __init__(self) -> None:
        self._remembered: set[str] = set()
        self.admission = Admission(self._read, Tarpit(per_second=0.02, at_once=2))

    def _read(self, scope: Scope, _head: Head) -> Ticket:
        name, ticket = scope["ticket"]
        return Ticket(name, ticket, self._remembered)

    async def come(self, name: str, ticket: str, size: int = 0) -> tuple[str, Visit]:
        scope: dict[str, Any] = {"ticket": (name, ticket), "client": ("10.0.0.1", 1)}
        visit = self.admission.tarpit.visit(scope)
        credentials = self.admission.read(scope, Head([]))
        await asyncio.wait_for(self.admission.find(credentials, visit, size), 0.1)
        return await self.admission.admit(credentials, b"x" * size, visit), visit

    async def come_in_vain(self, name: str, ticket: str, size: int = 0) -> None:
        with pytest.raises(NotAuthenticated, match="not valid"):
            await self.come(name, ticket, size)


def run(work: Callable[[Door], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work(Door()))


def test_a_proof_spends_no_turn_and_the_visit_bears_its_name() -> None:
    async def work(door: Door) -> None:
        for _ in range(5):
            caller, visit = await door.come("ann", "A1")
            assert (caller, visit.name) == ("ann", "ann")

    run(work)


def test_a_name_that_nobody_has_takes_turns_with_all_of_them_and_finds_none_left() -> None:
    async def work(door: Door) -> None:
        await door.come_in_vain("eve", "E3")
        await door.come_in_vain("mallory", "M4")
        with pytest.raises(TimeoutError):
            await door.come("trent", "T5")

    run(work)


def test_a_name_that_was_forged_waits_and_a_remembered_one_does_not() -> None:
    async def work(door: Door) -> None:
        await door.come("ann", "A1")
        await door.come("bob", "B2")
        await door.come_in_vain("ann", "B2")  # remembered: it costs no turn, and the name its trust
        await door.come_in_vain("eve", "E3")
        await door.come_in_vain("eve", "E3")
        assert (await door.come("bob", "B2"))[0] == "bob"
        with pytest.raises(TimeoutError):
            await door.come("ann", "A1")

    run(work)


def test_a_large_body_that_proves_nothing_costs_turns_by_its_size() -> None:
    async def work(door: Door) -> None:
        await door.come("ann", "A1")
        await door.come_in_vain("ann", "A2", size=2 * LARGE)
        with pytest.raises(TimeoutError):
            await door.come("ann", "A1")

    run(work)
