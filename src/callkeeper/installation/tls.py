"""The certificate that HTTPS needs: given, or made once, self-signed, and kept."""

import fcntl
import ipaddress
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from callkeeper.clock import Clock
from callkeeper.core.instants import Instant, by_clock
from callkeeper.settings import SettingsWrong, folder_wrong

_VALID = timedelta(days=825)
_RENEWED_BEFORE = timedelta(days=30)
_SIGNS_HANDSHAKES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


class Certificate(NamedTuple):
    """The files of a certificate and its private key."""

    certificate: Path
    key: Path


def ends_at(certificate: Certificate) -> Instant:
    """Return until when a certificate is valid. Raise SettingsWrong."""
    try:
        read = x509.load_pem_x509_certificate(certificate.certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsWrong(
            f"tls: {certificate.certificate} holds no certificate that can be read ({error})"
        ) from error
    return int(read.not_valid_after_utc.timestamp() * 1000)


def prepare(mode: str, data_dir: Path, host: str, clock: Clock) -> Certificate | None:
    """Return the certificate to serve with; None for plain HTTP. Raise SettingsWrong."""
    if mode == "off":
        return None
    if mode == "auto":
        return _kept(data_dir, host, clock)
    certificate, colon, key = mode.rpartition(":")
    if not colon:
        raise SettingsWrong(f"tls: {mode!r} is none of auto, off and CERT:KEY")
    for file in (certificate, key):
        if not Path(file).is_file():
            raise SettingsWrong(f"tls: there is no file {file!r}")
    return Certificate(Path(certificate), Path(key))


def _kept(data_dir: Path, host: str, clock: Clock) -> Certificate:
    kept = Certificate(data_dir / "tls-certificate.pem", data_dir / "tls-key.pem")
    try:
        with _alone_in(data_dir):
            if not _serves(kept, clock):
                _make(kept, host, clock)
    except OSError as error:
        raise folder_wrong(kept.key, error) from error
    return kept


@contextmanager
def _alone_in(data_dir: Path) -> Iterator[None]:
    """Keep out the others that start in this directory; two files cannot be made as one."""
    directory = os.open(data_dir, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _serves(kept: Certificate, clock: Clock) -> bool:
    """Whether the files are there, belong together, as after a crash they may not, and last."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(kept.certificate, kept.key)
        certificate = x509.load_pem_x509_certificate(kept.certificate.read_bytes())
    except (FileNotFoundError, ssl.SSLError, ValueError):
        return False
    left_ms = certificate.not_valid_after_utc.timestamp() * 1000 - clock.now()
    return left_ms >= _RENEWED_BEFORE.total_seconds() * 1000


def _make(kept: Certificate, host: str, clock: Clock) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callkeeper, self-signed")])
    begins = by_clock(clock.now(), UTC) - timedelta(minutes=5)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + _VALID)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        # It vouches for this server alone: its key can make no certificate for another name.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_SIGNS_HANDSHAKES, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(kept.key, secret, 0o600)
    _write(kept.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _names(host: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    if not host.isascii():
        raise SettingsWrong(
            f"host: no certificate can be made for {host!r}; write it in ASCII (xn--...)"
        )
    own = socket.gethostname()
    for each in dict.fromkeys(["localhost", "127.0.0.1", "::1", own, host]):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(each)))
        except ValueError:
            if each.isascii():  # our own name need not be; the certificate does without it then
                names.append(x509.DNSName(each))
    return names


def _write(file: Path, content: bytes, mode: int) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(content)
    draft.replace(file)
