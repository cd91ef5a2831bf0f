"""Whom a process writes for: whoever started it and, at a socket that listens, others of ours."""

import os
import selectors
import socket
import struct
from collections import deque

import structlog

from callkeeper.asyncstore.frames import Frames, framed

_READ_BYTES = 1 << 20
_CREDENTIALS = struct.Struct("3i")  # process, user, group


class Peer:
    """One of them. It is sent the answer to what it asked before more of it is read."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(0)
        self.end = end
        self._arriving = Frames()
        self._unsent = bytearray()
        self.has_closed = False

    @property
    def awaits(self) -> int:
        """Which event of its socket is waited for."""
        return selectors.EVENT_WRITE if self._unsent else selectors.EVENT_READ

    def receive(self) -> list[bytes]:
        """Return the messages that are whole by now; it has closed where there can be no more."""
        try:
            piece = self.end.recv(_READ_BYTES)
            self.has_closed = not piece
            return self._arriving.take(piece)
        except BlockingIOError:
            return []
        except OSError:
            self.has_closed = True
            return []

    def send(self, message: bytes) -> None:
        """Send a message: now, or as it is read. One that does not read it keeps nobody waiting."""
        self._unsent += framed(message)
        self.send_on()

    def send_on(self) -> None:
        """Send what is unsent, as far as it is taken in."""
        try:
            del self._unsent[: self.end.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self.has_closed = True


class Peers:
    """All of them. They have gone when whoever started us has, and everybody who came since.

    Whoever comes must be of one ``user``: ours, if none is named.
    """

    def __init__(
        self,
        starter: socket.socket,
        listener: socket.socket | None = None,
        *,
        user: int | None = None,
    ) -> None:
        self._user = os.geteuid() if user is None else user
        self._selector = selectors.DefaultSelector()
        self._listener = listener
        self._starter = Peer(starter)
        self._peers = {self._starter}
        self._arrived: deque[tuple[Peer, bytes]] = deque()
        self._log = structlog.get_logger()
        self._selector.register(starter, selectors.EVENT_READ, self._starter)
        if listener is not None:
            listener.settimeout(0)
            self._selector.register(listener, selectors.EVENT_READ)

    def first(self) -> bytes | None:
        """Return the first message of whoever started us; None if that has gone."""
        self._starter.end.settimeout(None)
        while not (messages := self._starter.receive()):
            if self._starter.has_closed:
                return None
        self._starter.end.settimeout(0)
        self._arrived += ((self._starter, each) for each in messages[1:])
        return messages[0]

    def arrived(self) -> deque[tuple[Peer, bytes]]:
        """Return who sent what, the oldest first; wait for it. Empty once all have gone.

        What is not taken from it is returned again.
        """
        while True:
            for peer in list(self._peers):
                self._see_to(peer)
            if self._peers:
                self._look(0 if self._arrived else None)
            if self._arrived or not self._peers:
                return self._arrived

    def refuse(self, peer: Peer, why: str) -> None:
        """Have nothing more to do with one that sends what nobody of ours would send."""
        self._log.error("writer_peer_refused", error=why)
        self._end(peer)

    def _look(self, seconds: float | None) -> None:
        for key, event in self._selector.select(seconds):
            peer: Peer | None = key.data
            if peer is None:
                self._accept()
            elif event == selectors.EVENT_WRITE:
                peer.send_on()
            else:
                self._arrived += ((peer, each) for each in peer.receive())

    def _see_to(self, peer: Peer) -> None:
        if peer.has_closed:
            self._end(peer)
        elif self._selector.get_key(peer.end).events != peer.awaits:
            self._selector.modify(peer.end, peer.awaits, peer)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            end, _ = self._listener.accept()
        except OSError as error:  # it has gone already, or there are too many files just now
            self._log.error("writer_peer_refused", error=str(error))
            return
        credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, user, _ = _CREDENTIALS.unpack(credentials)
        if user != self._user:
            self._log.error("writer_peer_refused", error=f"it is of user {user}")
            end.close()
            return
        peer = Peer(end)
        self._peers.add(peer)
        self._selector.register(end, selectors.EVENT_READ, peer)

    def _end(self, peer: Peer) -> None:
        if peer not in self._peers:
            return
        self._peers.remove(peer)
        self._selector.unregister(peer.end)
        peer.end.close()
        if peer is self._starter and self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
