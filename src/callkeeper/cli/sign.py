"""``sign``: the canonical request and the signature, for an integrator whose own is refused."""

import os
import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, parse_qsl, urlsplit

import msgspec
import typer

from callkeeper import signing
from callkeeper.cli.options import Json, check_key, show
from callkeeper.clock import SystemClock
from callkeeper.settings import SettingsWrong

_CONTENT_TYPE = "application/json; charset=UTF-8"
_LINE_END = "⏎"
_SECRET = "do not paste it: with it anybody can sign as you at this timestamp"  # noqa: S105 - a warning
_LABEL_WIDTH = 20
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # of a header, RFC 9110, 5.6.2


class Explained(msgspec.Struct, frozen=True, rename="camel"):
    """Everything between a request and its signature."""

    canonical_request: str
    characters: int
    sha256: str
    prefix: str
    signing_key: str
    signature: str
    authorization: str
    warning: str


def sign(
    method: Annotated[str, typer.Argument(help="GET, POST, PUT or DELETE.", show_default=False)],
    url: Annotated[str, typer.Argument(help="A URL, or a path with --host.", show_default=False)],
    *,
    body: Annotated[str | None, typer.Option(help="The body, as it is sent.")] = None,
    file: Annotated[
        str | None, typer.Option(help="A file with the body, byte for byte; - is stdin.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="The Host header, with its port.", show_default=False)
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(help='Sign this header too, "name: value"; repeat it.', show_default=False),
    ] = None,
    three_headers: Annotated[
        bool, typer.Option("--three-headers", help="Sign content-length, content-type and host.")
    ] = False,
    empty_query_line: Annotated[
        bool, typer.Option("--empty-query-line", help="Keep the line of an absent query.")
    ] = False,
    timestamp: Annotated[
        str | None, typer.Option(help="2026-01-31T15:00:00.000Z; now if absent.")
    ] = None,
    ak: Annotated[str, typer.Option(envvar="CALLKEEPER_AK", help="The access key id.")] = "",
    explain: Annotated[bool, typer.Option("--explain", help="Show every step.")] = False,
    json: Json = False,
) -> None:
    """Sign a request, and show every step. Nothing is sent.

    The secret key is read from CALLKEEPER_SK, so that it stays out of the shell's history.

        $ callkeeper sign POST https://pbx.example.com/path --body '{}' --explain
        $ callkeeper sign GET /path --host pbx.example.com:28443
        $ callkeeper sign POST https://pbx.example.com/path --file body.json
    """
    raw = _body(body, file)
    parts = _parts(url)
    headers = {"host": (host or parts.netloc).strip(signing.AROUND)}
    if three_headers:
        headers |= {"content-length": str(len(raw)), "content-type": _CONTENT_TYPE}
    headers |= dict(_header(each) for each in header or [])
    if not headers["host"]:
        raise typer.BadParameter("give a whole URL, or the path and --host")
    found = _explain(
        method,
        (parts.path or "/", parts.query),
        headers,
        raw,
        claim=(ak, timestamp or signing.timestamp(SystemClock().now())),
        empty_query_line=empty_query_line,
    )
    if json:
        show(found, as_json=True)
    else:
        told = _in_words(found) if explain else [f"Authorization: {found.authorization}"]
        show(found, *told, as_json=False)


def _explain(
    method: str,
    address: tuple[str, str],
    headers: dict[str, str],
    body: bytes,
    *,
    claim: tuple[str, str],
    empty_query_line: bool,
) -> Explained:
    path, query = address
    secret = os.environ.get("CALLKEEPER_SK", "")
    check_key(claim[0], secret)
    if not claim[0] or not secret:
        raise SettingsWrong("set CALLKEEPER_AK and CALLKEEPER_SK; the key need not exist anywhere")
    parts = signing.Authorization(*claim, ";".join(sorted(headers)), "")
    signing.Authorization.parse(f"{parts.prefix}/0").signed_at  # noqa: B018 - raises what is wrong
    canonical = signing.canonical_request(
        method=method,
        path=path,
        query=parse_qsl(query, keep_blank_values=True),
        signed_headers=parts.signed_headers,
        headers={name: value.encode() for name, value in headers.items()},
        body=body,
        empty_query_line=empty_query_line,
    )
    key = signing.signing_key(secret, parts.prefix)
    signature = signing.signature(key, canonical)
    return Explained(
        canonical_request=canonical,
        characters=len(canonical),
        sha256=sha256(canonical.encode()).hexdigest(),
        prefix=parts.prefix,
        signing_key=key,
        signature=signature,
        authorization=f"{parts.prefix}/{signature}",
        warning=f"signingKey: {_SECRET}",
    )


def _in_words(found: Explained) -> list[str]:
    lines = found.canonical_request.split("\n")
    shown = [f"{line}{_LINE_END}" for line in lines[:-1]] + lines[-1:]
    labelled = {
        "its SHA-256": found.sha256,
        "prefix": found.prefix,
        "signing key": f"{found.signing_key}  ({_SECRET})",
        "signature": found.signature,
    }
    return [
        f"canonical request, {found.characters} characters, {_LINE_END} is one LF:",
        *shown,
        "",
        *(f"{label:{_LABEL_WIDTH}}{value}" for label, value in labelled.items()),
        "",
        f"Authorization: {found.authorization}",
    ]


def _parts(url: str) -> SplitResult:
    if "@" in url.partition("?")[0]:  # and is not repeated: a password may stand before it
        raise typer.BadParameter(
            "a URL that is signed has no user and no password (and %40 for an @ in its path)"
        )
    try:
        return urlsplit(url)
    except ValueError as error:
        raise typer.BadParameter(f"{url!r} is no URL: {error}") from error


def _body(text: str | None, file: str | None) -> bytes:
    if text is not None and file is not None:
        raise typer.BadParameter("give either --body or --file")
    if file == "-":
        return sys.stdin.buffer.read()
    if file is not None:
        return Path(file).read_bytes()
    return (text or "").encode()


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not _NAME.fullmatch(name.strip()):
        raise typer.BadParameter(f'{text!r} must read "name: value"')
    return name.strip().lower(), value.strip(signing.AROUND)
