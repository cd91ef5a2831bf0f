"""The certificate that a server makes and keeps: whole, whatever befalls its two files."""

import ssl
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from callkeeper.clock import HandClock, SystemClock
from callkeeper.installation.tls import Certificate, prepare
from callkeeper.processes.serve import prepare_server
from callkeeper.settings import Settings, SettingsWrong

_DAY_MS = 86_400_000
_STARTS = 4
_ROUNDS = 20
_PREPARE = """
import sys
from pathlib import Path
from callkeeper.clock import SystemClock
from callkeeper.installation.tls import prepare
for line in sys.stdin:
    prepare("auto", Path(line.strip()), "127.0.0.1", SystemClock())
    print("done", flush=True)
"""


def made(folder: Path, clock: HandClock | SystemClock | None = None) -> Certificate:
    found = prepare("auto", folder, "127.0.0.1", clock or SystemClock())
    assert found is not None
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.certificate, found.key)
    return found


def test_a_pair_that_is_good_is_kept(tmp_path: Path) -> None:
    first = made(tmp_path)
    kept = (first.certificate.read_bytes(), first.key.read_bytes())
    again = made(tmp_path)
    assert (again.certificate.read_bytes(), again.key.read_bytes()) == kept
    assert again.key.stat().st_mode & 0o777 == 0o600


def test_it_vouches_for_this_server_alone(tmp_path: Path) -> None:
    """Whoever has its key, and a client that trusts it, can make no certificate for others."""
    found = x509.load_pem_x509_certificate(made(tmp_path).certificate.read_bytes())
    basic = found.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value) == (
        True,
        x509.BasicConstraints(ca=False, path_length=None),
    )
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign, usage.crl_sign) == (True, False, False)
    purpose = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purpose) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_pair_that_ends_soon_is_renewed(tmp_path: Path) -> None:
    old = made(tmp_path, HandClock(SystemClock().now() - 800 * _DAY_MS)).certificate.read_bytes()
    assert made(tmp_path).certificate.read_bytes() != old


@pytest.mark.parametrize("name", ["tls-certificate.pem", "tls-key.pem"])
def test_a_pair_of_which_one_is_missing_is_made_anew(tmp_path: Path, name: str) -> None:
    made(tmp_path)
    (tmp_path / name).unlink()
    made(tmp_path)


@pytest.mark.parametrize("name", ["tls-certificate.pem", "tls-key.pem"])
def test_a_pair_of_which_one_is_broken_is_made_anew(tmp_path: Path, name: str) -> None:
    made(tmp_path)
    (tmp_path / name).write_text("-----BEGIN NOTHING-----\n")
    made(tmp_path)


def test_two_that_do_not_belong_together_are_made_anew(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    other = made(tmp_path / "two")
    other.key.replace(made(tmp_path / "one").key)
    made(tmp_path / "one")


def test_a_host_that_no_certificate_can_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="ASCII"):
        prepare("auto", tmp_path, "\u00e9.local", SystemClock())


def test_those_that_start_together_make_one_pair(tmp_path: Path) -> None:
    with ExitStack() as ended:
        starts = [ended.enter_context(starting()) for _ in range(_STARTS)]
        for number in range(_ROUNDS):
            folder = tmp_path / str(number)
            folder.mkdir()
            for each in starts:
                tell(each, str(folder))
            assert {heard(each) for each in starts} == {"done"}
            kept = Certificate(folder / "tls-certificate.pem", folder / "tls-key.pem")
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(kept.certificate, kept.key)
            assert set(folder.iterdir()) == set(kept)


def starting() -> "subprocess.Popen[str]":
    program = [sys.executable, "-c", _PREPARE]
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tell(start: "subprocess.Popen[str]", line: str) -> None:
    assert start.stdin is not None
    start.stdin.write(f"{line}\n")
    start.stdin.flush()


def heard(start: "subprocess.Popen[str]") -> str:
    assert start.stdout is not None
    return start.stdout.readline().strip()


def test_a_file_that_holds_no_certificate_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    (tmp_path / "key.pem").write_text("no key")
    given = f"{tmp_path}/cert.pem:{tmp_path}/key.pem"
    with pytest.raises(SettingsWrong, match=r"tls: .*cert\.pem holds no certificate"):
        prepare_server(Settings(data_dir=tmp_path, port=0, tls=given), ready=lambda _: None)
