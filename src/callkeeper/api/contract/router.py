"""Which interface a request is for: at any place of a path, a word goes before a parameter.

So no order of declaration matters. ``/campaigns/{vdn}/addBusinessResult`` is never taken for a
``/campaigns/{vdn}/{campaign}``, with whatever method it is asked for.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from callkeeper.api.contract.auth import Caller
from callkeeper.api.contract.endpoint import Endpoint
from callkeeper.api.contract.interface import Interface
from callkeeper.http.admission import Admission

_Words = Callable[[list[str]], object]


class Found(NamedTuple):
    """The interfaces of a path, and its parameters."""

    by_method: dict[str, Endpoint]
    parameters: dict[str, str]


class Router(BaseRoute):
    """All interfaces by their paths; as a route, it says what methods a path has."""

    def __init__(self, interfaces: Iterable[Interface], admission: Admission[Caller]) -> None:
        self.interfaces = list(interfaces)
        self._by_length: dict[int, list[_Shape]] = {}
        shapes: dict[tuple[bool, ...], _Shape] = {}
        for each in self.interfaces:
            segments = each.path.split("/")
            are_parameters = tuple(segment.startswith("{") for segment in segments)
            shape = shapes.setdefault(are_parameters, _Shape(are_parameters))
            shape.add(segments, each.method, Endpoint(each, admission))
        for are_parameters in sorted(shapes):  # False, a word, comes first
            self._by_length.setdefault(len(are_parameters), []).append(shapes[are_parameters])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a path of an interface, whatever the method."""
        found = self.find(scope)
        if found is None:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": found.by_method, "path_params": found.parameters}

    def find(self, scope: Scope) -> Found | None:
        """Return whose path it is; None if no interface has it."""
        segments = scope["path"].split("/")
        for shape in self._by_length.get(len(segments), ()):
            if found := shape.find(segments):
                return found
        return None

    async def handle(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Say which methods the path has; what has one of them, InterfaceLayer serves."""
        by_method: dict[str, Endpoint] = scope["endpoint"]
        raise HTTPException(405, headers={"Allow": ", ".join(by_method)})


class InterfaceLayer:
    """Serves interfaces before the framework looks among its routes: most requests are for one.

    What else there is, and whoever asks an interface with a wrong method, is left to the framework.
    """

    def __init__(self, app: ASGIApp, router: Router) -> None:
        self._app = app
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is for an interface; pass on all else."""
        found = self._router.find(scope) if scope["type"] == "http" else None
        endpoint = found and found.by_method.get(scope["method"])
        if found is None or endpoint is None:
            await self._app(scope, receive, send)
            return
        scope["path_params"] = found.parameters
        await endpoint(scope, receive, send)


class _Shape:
    """Paths that have their parameters at the same places."""

    def __init__(self, are_parameters: tuple[bool, ...]) -> None:
        self._words: _Words = itemgetter(
            *(place for place, is_one in enumerate(are_parameters) if not is_one)
        )
        self._places = [place for place, is_one in enumerate(are_parameters) if is_one]
        self._paths: dict[object, tuple[dict[str, Endpoint], list[tuple[str, int]]]] = {}

    def add(self, path: list[str], method: str, endpoint: Endpoint) -> None:
        parameters = [(path[place].strip("{}"), place) for place in self._places]
        by_method, _ = self._paths.setdefault(self._words(path), ({}, parameters))
        by_method[method] = endpoint
        if method == "GET":
            by_method["HEAD"] = endpoint

    def find(self, segments: list[str]) -> Found | None:
        """Return whose path it is; None if no interface has it."""
        found = self._paths.get(self._words(segments))
        if found is None:
            return None
        by_method, parameters = found
        values = {name: segments[place] for name, place in parameters}
        return Found(by_method, values) if all(values.values()) else None
