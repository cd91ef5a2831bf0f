"""The certificate that HTTPS needs: given, or made once, self-signed, and kept."""

import ipaddress
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from callkeeper.clock import Clock
from callkeeper.settings import SettingsWrong

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VALID = timedelta(days=825)
_RENEWED_BEFORE = timedelta(days=30)


class Certificate(NamedTuple):
    """The files of a certificate and its private key."""

    certificate: Path
    key: Path


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
    if not kept.certificate.exists() or _ends_soon(kept.certificate, clock):
        _make(kept, host, clock)
    return kept


def _ends_soon(file: Path, clock: Clock) -> bool:
    ends = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    return ends.timestamp() * 1000 - clock.now() < _RENEWED_BEFORE.total_seconds() * 1000


def _make(kept: Certificate, host: str, clock: Clock) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callkeeper, self-signed")])
    begins = timedelta(milliseconds=clock.now()) - timedelta(minutes=5)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_EPOCH + begins)
        .not_valid_after(_EPOCH + begins + _VALID)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
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
    for each in dict.fromkeys(["localhost", "127.0.0.1", "::1", socket.gethostname(), host]):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(each)))
        except ValueError:
            names.append(x509.DNSName(each))
    return names


def _write(file: Path, content: bytes, mode: int) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(content)
    draft.replace(file)
