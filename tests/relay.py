"""A relay before the real server that loses answers on request, as a bad network does."""

import socket
import threading
from types import TracebackType
from typing import Self

_LOST_IN_COMMIT = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n"
    b'{"resultCode":"0200006","resultDesc":"may be stored or not"}'
)


class Relay:
    """Passes requests on. The first ``lose`` answers are swallowed once the server has given them.

    In place of the first ``deny`` answers it says what a server says whose database was lost while
    it committed: status 200 and 0200006.
    What comes below the path ``cut`` is passed on without it, as a proxy does.
    Every request that came through is kept in ``requests``, byte for byte.
    """

    def __init__(self, url: str, *, lose: int = 0, deny: int = 0, cut: str = "") -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._server = (host, int(port))
        self._lose = lose
        self._deny = deny
        self._cut = cut.encode()
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, name="relay")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with near, socket.create_connection(self._server, 10) as far:
                self._serve(near, far)

    def _serve(self, near: socket.socket, far: socket.socket) -> None:
        """Carry one request there, and its answer back unless it is to be lost."""
        request = _message(near)
        if not request:
            return
        self.requests.append(request)
        method, _, rest = request.partition(b" ")
        far.sendall(method + b" " + rest.removeprefix(self._cut))
        answer = _message(far)
        if self._lose:
            self._lose -= 1
            return
        if self._deny:
            self._deny -= 1
            answer = _LOST_IN_COMMIT
        # One request a connection: say so, that the client opens another for the next.
        near.sendall(answer.replace(b"\r\n", b"\r\nconnection: close\r\n", 1))


def _message(source: socket.socket) -> bytes:
    source.settimeout(10)
    text = b""
    while b"\r\n\r\n" not in text:
        chunk = source.recv(65536)
        if not chunk:
            return text
        text += chunk
    head, _, body = text.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += source.recv(65536)
    return head + b"\r\n\r\n" + body
