"""A signed request, as whoever sends it has it: sent again, it is the very same bytes."""

import ssl
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import httpx2

from callkeeper import signing
from callkeeper.usecases.keys import OpenKey

CONTENT_TYPE = "application/json; charset=UTF-8"


class Signed(NamedTuple):
    """A request with all that is to be sent."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]

    def head(self) -> bytes:
        """Return its head as HTTP/1.1 has it, to which more lines and an empty one can be added."""
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name.title()}: {value}" for name, value in self.headers.items()]
        return "".join(f"{line}\r\n" for line in lines).encode()

    def raw(self) -> bytes:
        """Return all its bytes; others may follow on the same connection."""
        return self.head() + b"Content-Length: %d\r\n\r\n" % len(self.body) + self.body

    def send(self, url: str) -> httpx2.Response:
        """Send it to a server, whichever host it was signed for."""
        with httpx2.Client(timeout=30, trust_env=False, verify=verification()) as client:
            return client.request(
                self.method, f"{url}{self.path}", content=self.body, headers=self.headers
            )


def sign(
    key: OpenKey,
    host: str,
    path: str,
    body: bytes,
    *,
    at: str,
    method: str = "POST",
    query: Sequence[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Signed:
    """Sign a request to a host, with a timestamp; ``headers`` are signed beside the host's."""
    known = {"host": host, **(headers or {})}
    authorization = signing.authorize(
        key.ak,
        key.secret,
        at=at,
        method=method,
        path=path,
        query=query,
        headers=known,
        body=body,
    )
    sent = known | {"authorization": authorization, "content-type": CONTENT_TYPE}
    return Signed(method, path, body, sent)


@cache
def verification() -> ssl.SSLContext:
    """Return what a client checks certificates by: to read it takes as long as half a house."""
    return httpx2.create_ssl_context()
