"""Whom a process writes for: several at once, of this user, none of whom can hold up another."""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.asyncstore.frames import MESSAGE_BYTES_MAX, Frames, MessageTooLong, framed
from callkeeper.asyncstore.peers import Peers
from callkeeper.asyncstore.shared_writer import listening
from callkeeper.settings import SettingsWrong

LARGE = b"x" * 3_000_000


class Meeting:
    """The peers of a process, and whoever started it; ``connect`` makes another."""

    def __init__(self, folder: Path, user: int | None = None) -> None:
        self.starter, theirs = socket.socketpair()
        self._listening = listening(folder)
        self.listener, self.path = self._listening.__enter__()
        self.peers = Peers(theirs, self.listener.dup(), user=user)
        self._ends = [self.starter]

    def connect(self) -> socket.socket:
        end = socket.socket(socket.AF_UNIX)
        end.connect(str(self.path))
        end.settimeout(10)
        self._ends.append(end)
        return end

    def arrived(self, count: int) -> list[bytes]:
        """Return what so many messages are, in the order in which they came."""
        found: list[bytes] = []
        while len(found) < count:
            arrived = self.peers.arrived()
            while arrived:
                self.last, message = arrived.popleft()
                found.append(message)
        return found

    def close(self) -> None:
        for each in self._ends:
            each.close()
        while arrived := self.peers.arrived():
            arrived.clear()
        self._listening.__exit__(None, None, None)


@pytest.fixture
def meeting(tmp_path: Path) -> Iterator[Meeting]:
    meeting = Meeting(tmp_path)
    yield meeting
    meeting.close()


def read(end: socket.socket) -> bytes:
    """Return the next message that an end is sent."""
    frames = Frames()
    while not (found := frames.take(end.recv(1 << 16))):
        pass
    return found[0]


def test_what_several_have_sent_arrives_together(meeting: Meeting) -> None:
    ends = [meeting.connect() for _ in range(3)]
    for number, end in enumerate([meeting.starter, *ends]):
        end.sendall(framed(bytes([number])))
    assert sorted(meeting.arrived(4)) == [bytes([number]) for number in range(4)]


def test_each_is_answered_by_itself_and_what_is_large_arrives_whole(meeting: Meeting) -> None:
    first, second = meeting.connect(), meeting.connect()
    sending = threading.Thread(target=first.sendall, args=[framed(LARGE)])
    sending.start()
    assert meeting.arrived(1) == [LARGE]
    sending.join()
    large = meeting.last
    second.sendall(framed(b"small"))
    assert meeting.arrived(1) == [b"small"]
    large.send(LARGE)  # it does not read yet, and nobody waits
    meeting.last.send(b"for the second")
    assert read(second) == b"for the second"
    reading = threading.Thread(target=lambda: setattr(meeting, "found", read(first)))
    reading.start()
    while reading.is_alive():
        second.sendall(framed(b"on"))
        meeting.arrived(1)
    assert meeting.found == LARGE  # type: ignore[attr-defined]


def test_they_have_gone_when_whoever_started_us_has_and_all_others(meeting: Meeting) -> None:
    end = meeting.connect()
    end.sendall(framed(b"1"))
    meeting.arrived(1)
    meeting.starter.close()
    end.sendall(framed(b"2"))  # a worker that hands over what it still has
    assert meeting.arrived(1) == [b"2"]
    end.close()
    assert not meeting.peers.arrived()


@pytest.mark.parametrize("length", [-1, MESSAGE_BYTES_MAX + 1, 2**31 - 1])
def test_one_that_sends_no_message_is_cut_off_and_the_others_are_not(
    meeting: Meeting, length: int
) -> None:
    bad, good = meeting.connect(), meeting.connect()
    bad.sendall(struct.pack("!i", length))
    good.sendall(framed(b"good"))
    assert meeting.arrived(1) == [b"good"]
    good.sendall(framed(b"again"))
    assert meeting.arrived(1) == [b"again"]
    assert bad.recv(1) == b""


def test_one_that_is_refused_is_cut_off_and_the_log_says_why(
    meeting: Meeting, capfd: pytest.CaptureFixture[str]
) -> None:
    end = meeting.connect()
    end.sendall(framed(b"nonsense"))
    meeting.arrived(1)
    meeting.peers.refuse(meeting.last, "SqlStore.close")
    assert end.recv(1) == b""
    assert "writer_peer_refused" in "".join(capfd.readouterr())


def test_a_process_of_another_user_is_let_in_by_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    meeting = Meeting(tmp_path, user=os.geteuid() + 1)
    end = meeting.connect()
    end.sendall(framed(b"let me in"))
    meeting.starter.sendall(framed(b"ours"))
    assert meeting.arrived(1) == [b"ours"]
    meeting.starter.sendall(framed(b"again"))
    assert meeting.arrived(1) == [b"again"]
    with pytest.raises(ConnectionResetError):  # for nobody has read what it sent
        end.recv(1)
    assert f"it is of user {os.geteuid()}" in "".join(capfd.readouterr())
    meeting.close()


def test_the_socket_is_for_its_owner_and_goes_at_the_end(tmp_path: Path) -> None:
    with listening(tmp_path) as (_, path):
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == []


def test_what_one_that_was_killed_left_is_swept_and_who_runs_is_left_alone(tmp_path: Path) -> None:
    dead = tmp_path / "writer-1.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(dead))
    alive = tmp_path / "writer-2.sock"
    file = tmp_path / "writer-3.sock"
    file.write_text("no socket")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(alive))
        other.listen()
        with listening(tmp_path) as (_, path):
            assert set(tmp_path.iterdir()) == {alive, file, path}


def test_where_no_socket_can_be_made_whoever_starts_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match=r"data_dir: cannot make or open .*/writer-\d+\.sock"):
        listening(tmp_path / "gone").__enter__()


def test_a_folder_may_be_deeper_than_the_name_of_a_socket_may_be_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    with listening(deep) as (_, path):
        assert path.is_socket()


def test_a_message_longer_than_there_may_be_is_not_sent() -> None:
    with pytest.raises(MessageTooLong):
        framed(bytes(MESSAGE_BYTES_MAX + 1))
