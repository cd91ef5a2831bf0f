"""Links that sign in as somebody of the demo, for whoever sits at this machine.

A listener of the demo's own, on loopback, does what a browser would: it fills in the sign-in form
with a password that only this process knows, and hands on the cookie. So servers know no other way
in than anywhere else. A link is good as long as the demo runs, for one looks as an agent, then as a
supervisor, and as the agent again.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import httpx2

from callkeeper.clock import new_token
from callkeeper.settings import SettingsWrong

_HOST = "127.0.0.1"
_SECONDS = 10
_HERE = {"sec-fetch-site": "same-origin"}  # as a form of a page of the console is sent


class DemoLogin(NamedTuple):
    """Somebody of the demo, and the password that this process has chosen for them."""

    login: str
    password: str

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"DemoLogin({self.login!r})"


class Links:
    """Links to a console. Each signs in as somebody who was invited."""

    def __init__(self, console: str) -> None:
        self._console = console
        self._client = httpx2.Client(base_url=console, timeout=_SECONDS, trust_env=False)
        self._entries: dict[str, DemoLogin] = {}
        links = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                links.answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing: what is shown at the terminal is the demo's."""

        self._listener = ThreadingHTTPServer((_HOST, 0), Answer)
        self._listener.daemon_threads = True
        self._at = f"{_HOST}:{self._listener.server_port}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer at the links while the block runs."""
        thread = threading.Thread(target=self._listener.serve_forever, name="links", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._listener.shutdown()
            self._listener.server_close()
            thread.join()
            self._client.close()

    def take(self, login: str, token: str) -> str:
        """Come by somebody's one-time link, choose a password, and return a link that stays."""
        entry = DemoLogin(login, new_token())
        form = {"password": entry.password, "again": entry.password}
        came = self._client.post(f"/console/welcome/{token}", data=form, headers=_HERE)
        if came.status_code != HTTPStatus.SEE_OTHER:
            raise SettingsWrong(f"the console does not let {login} in: HTTP {came.status_code}")
        path = f"/{new_token()}"
        self._entries[path] = entry
        return f"http://{self._at}{path}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Sign in as whose link it is, and lead on to the console with the cookie."""
        entry = self._entries.get(request.path)
        if entry is None or request.headers.get("host") != self._at:  # another name leads here
            request.send_error(HTTPStatus.NOT_FOUND, "This link is none of this demo")
            return
        try:
            form = {"login": entry.login, "password": entry.password}
            came = self._client.post("/console/sign-in", data=form, headers=_HERE)
        except httpx2.HTTPError:
            request.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "The console does not answer")
            return
        request.send_response(HTTPStatus.SEE_OTHER)
        for each in came.headers.get_list("set-cookie"):
            request.send_header("set-cookie", each)
        request.send_header("location", f"{self._console}/console/")
        request.send_header("cache-control", "no-store")
        request.send_header("referrer-policy", "no-referrer")
        request.send_header("content-length", "0")
        request.end_headers()
