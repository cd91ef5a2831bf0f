"""Ports that tests' servers get: no two test runs on one machine get in each other's way."""

import socket
import subprocess
import sys

from tests.ports import call_ports, free_port
from tests.surface import ROOT

OTHERS = "from tests.ports import *; print(free_port(), *call_ports())"


def test_two_processes_that_run_tests_share_no_port() -> None:
    ours, our_last = free_port(), call_ports()[1]
    other = subprocess.run(
        [sys.executable, "-c", OTHERS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    theirs, *_, their_last = (int(port) for port in other.stdout.split())
    assert our_last < theirs or their_last < ours


def test_a_port_comes_again_only_after_others_and_not_while_it_is_taken() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as taker:
            taken = free_port()
            taker.bind(("127.0.0.1", taken))
            assert taken not in [free_port() for _ in range(300)]
