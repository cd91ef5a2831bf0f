"""Secrets at rest: sealed with one key, from the environment or from a file of mode 0600."""

import base64
import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALING_FILE = "sealing.key"

_NONCE_BYTES = 12
_KEY_BYTES = 32
_DRAFT_BYTES = 8  # of a name that no draft has which a killed process left


class SealBroken(Exception):  # noqa: N818 - what happened
    """The sealing key is missing or does not fit; the message says what to do."""


class Seal:
    """Seals and opens the secrets of access keys.

    A secret is bound to its key's name and to the VDN that the key is for: whoever can write to
    the database can neither give it to another name nor let it into another VDN.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, secret: str, ak: str, vdn: int | None) -> str:
        """Return the secret sealed; twice the same gives two different seals."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), _label(ak, vdn))
        return base64.b64encode(sealed).decode()

    def open(self, sealed: str, ak: str, vdn: int | None) -> str:
        """Return the secret; raise SealBroken if it was sealed with another key, name or VDN.

        What is no sealed secret at all, as a row that somebody wrote by hand, does not open either.
        """
        # Those of old are bound to the name alone, until `callkeeper migrate` seals them again;
        # 0.2 does not open them any more, and a test remembers.
        for label in (_label(ak, vdn), ak.encode()):
            with suppress(ValueError, InvalidTag):
                return self._opened(base64.b64decode(sealed), label)
        raise SealBroken(
            f"the sealing key does not open the secret of {ak}; give this process the key that "
            "the secret was sealed with (CALLKEEPER_SEALING_KEY or sealing.key), or revoke what "
            "was sealed with it; one whose VDN was changed in the database stays closed"
        )

    def seal_for(self, purpose: str, text: str) -> str:
        """Return a text sealed for one purpose, to be kept by whoever must not read or change it.

        No purpose is taken for a key's name, nor for another purpose.
        """
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), _purpose(purpose))
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open_for(self, purpose: str, sealed: str) -> str | None:
        """Return what was sealed for a purpose; None for what was not, or by another key."""
        try:
            raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            return self._opened(raw, _purpose(purpose))
        except (ValueError, InvalidTag):
            return None

    def is_bound(self, sealed: str, ak: str, vdn: int | None) -> bool:
        """Whether a secret is bound to its VDN as well."""
        try:
            self._opened(base64.b64decode(sealed), _label(ak, vdn))
        except (ValueError, InvalidTag):
            return False
        return True

    def _opened(self, raw: bytes, label: bytes) -> str:
        """Return what was sealed; raise InvalidTag, or ValueError for what was never sealed."""
        return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], label).decode()


def _label(ak: str, vdn: int | None) -> bytes:
    """Return what a secret is bound to. 0xff is in no UTF-8, so no name alone is such a label."""
    return b"\xff" + f"{'all' if vdn is None else vdn} {ak}".encode()


def _purpose(purpose: str) -> bytes:
    """Return what a text for a purpose is bound to; 0xfe is in no UTF-8 either."""
    return b"\xfe" + purpose.encode()


def load_seal(data_dir: Path, given: str | None, *, make: bool = True) -> Seal:
    """Return the seal of a key given as base64, or of ``sealing.key``.

    The file is made when it is not there, and two processes that start together agree on one.
    ``make`` False: there are secrets already, which a new key would not open; raise SealBroken.
    """
    if given:
        return Seal(_decoded(given, "CALLKEEPER_SEALING_KEY"))
    path = data_dir / SEALING_FILE
    if not path.exists():
        if not make:
            raise SealBroken(
                f"there is no {path}, and the database holds secrets that are sealed; give this "
                "process the key that they were sealed with (CALLKEEPER_SEALING_KEY or "
                "sealing.key), or revoke the access keys"
            )
        _make(path)
    if not path.is_file():  # a pipe would be waited for
        raise SealBroken(f"{path} is no file")
    return Seal(_decoded(path.read_bytes().strip(), str(path)))


def seal_in(file: Path) -> Seal:
    """Return the seal of another installation's ``sealing.key``. Raise SealBroken, or OSError."""
    return Seal(_decoded(file.read_bytes().strip(), str(file)))


def _make(path: Path) -> None:
    text = base64.b64encode(AESGCM.generate_key(_KEY_BYTES * 8)).decode()
    draft = path.with_name(f"{path.name}.{os.urandom(_DRAFT_BYTES).hex()}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "w") as writing:
            writing.write(text + "\n")
            writing.flush()
            os.fsync(writing.fileno())
        with suppress(FileExistsError):  # another process was first, and then its key stands
            os.link(draft, path)
    finally:
        draft.unlink()


def _decoded(text: str | bytes, source: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise SealBroken(f"{source} is not base64") from error
    if len(key) != _KEY_BYTES:
        raise SealBroken(f"{source} holds {len(key)} bytes; it must be 32, in base64")
    return key
