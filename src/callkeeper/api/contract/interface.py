"""What an interface is, declared where its handler stands.

    @interface("POST", "/campaigns/{vdn}/appoint/delete", "delete", page="cec_07_0780", ...)
    async def delete(self, admitted: Admitted) -> Answer:

From the declaration come its route, its checks, its part of the OpenAPI document and of the page.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import MethodType
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from callkeeper.api.contract.example import Example
from callkeeper.api.contract.fields import Form, Schema
from callkeeper.http.answer import Answer
from callkeeper.usecases.origin import Origin

T = TypeVar("T", bound=msgspec.Struct)

Deployment = Literal["integrated", "op"]
InitStatus = Literal["zero_starts", "one_starts"]


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What of the contract the operator chooses, by settings of these names."""

    deployment: Deployment
    init_status: InitStatus
    alerting_seconds_max: int


class Admitted(NamedTuple, Generic[T]):
    """A request that was let in: who asks, for which VDN, and what was said."""

    origin: Origin
    said: T
    path: Mapping[str, str]


Handler = Callable[[Any, Admitted[T]], Awaitable[Answer]]


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """An interface as a server has it. ``codes`` are the result codes that its page documents."""

    method: str
    path: str
    name: str
    page: str
    says: str
    form: Form[Any]
    codes: frozenset[str]
    example: Example
    answers: Mapping[str, Schema]
    in_query: bool
    takes_idempotency_key: bool
    reads: bool
    handler: Callable[[Admitted[Any]], Awaitable[Answer]]


class Declared(Generic[T]):
    """A handler with the interfaces that it serves."""

    def __init__(
        self, handler: Handler[T], *interfaces: Callable[[Handler[T], object, Dialect], Interface]
    ) -> None:
        self.handler = handler
        self.interfaces = interfaces

    def of(self, owner: object, dialect: Dialect) -> Iterator[Interface]:
        """Yield the interfaces, served by a method of an owner."""
        for each in self.interfaces:
            yield each(self.handler, owner, dialect)


def interface(  # noqa: PLR0913 - a declaration, written with keywords
    method: str,
    path: str,
    name: str,
    *,
    page: str,
    says: str,
    form: Form[T] | Callable[[Dialect], Form[T]],
    codes: str,
    example: Example | Callable[[Dialect], Example],
    answers: Mapping[str, Schema] | None = None,
    in_query: bool = False,
    takes_idempotency_key: bool = False,
    reads: bool = False,
) -> Callable[[Handler[T] | Declared[T]], Declared[T]]:
    """Declare an interface on the method that handles it; a handler may serve several."""

    def served(handler: Handler[T], owner: object, dialect: Dialect) -> Interface:
        return Interface(
            method=method,
            path=path,
            name=name,
            page=page,
            says=says,
            form=form if isinstance(form, Form) else form(dialect),
            codes=frozenset(codes.split()),
            example=example if isinstance(example, Example) else example(dialect),
            answers=answers or {},
            in_query=in_query,
            takes_idempotency_key=takes_idempotency_key,
            reads=reads,
            handler=MethodType(handler, owner),
        )

    def declare(handler: Handler[T] | Declared[T]) -> Declared[T]:
        if isinstance(handler, Declared):
            return Declared(handler.handler, served, *handler.interfaces)
        return Declared(handler, served)

    return declare


def interfaces_of(owner: object, dialect: Dialect) -> list[Interface]:
    """Return the interfaces that an owner's class declares, in the order of their methods."""
    declared = (each for each in vars(type(owner)).values() if isinstance(each, Declared))
    return [each for one in declared for each in one.of(owner, dialect)]
