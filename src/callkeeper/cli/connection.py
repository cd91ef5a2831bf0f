"""The server that the environment names; what it refuses is told in the words of a command."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callkeeper.cli.options import check_key
from callkeeper.client import Client, Refused, Unreachable
from callkeeper.settings import SettingsWrong

_URL = "http://127.0.0.1:28443"

# What each field of the wire is called at the shell, where a command says nothing else.
OPTIONS = {
    "appointId": "APPOINT_ID",
    "appointTime": "--at",
    "beginTime": "--begin",
    "busiResult": "--business-result",
    "busiSubStatus": "--business-sub-result",
    "callData": "--call-data",
    "callId": "--call-id",
    "callType": "--automatic",
    "calledNo": "--called",
    "callerNo": "--caller",
    "endTime": "--end",
    "failCode": "--fail-code",
    "limit": "--limit",
    "offset": "--offset",
    "remark": "--remark",
    "taskId": "--campaign",
    "userAccount": "--agent",
    "userAccountList": "--agent",
    "workNo": "--work-no",
}
# In the middle of a sentence, where `remark` may be what it is in English.
_WIRES_OWN = re.compile(rf"\b({'|'.join(name for name in OPTIONS if not name.islower())})\b")


@contextmanager
def connected(vdn: int | None, **otherwise: str) -> Iterator[Client]:
    """Yield a client of the server, with the key that the environment names.

    What is refused then is about options, and not about fields; ``otherwise`` says what this
    command alone calls so.
    """
    options = OPTIONS | otherwise
    with _client(vdn) as client:
        try:
            yield client
        except Refused as refused:
            refused.field = options.get(refused.field, refused.field)
            refused.fault = _WIRES_OWN.sub(lambda found: options[found[0]], refused.fault)
            raise


def _client(vdn: int | None) -> Client:
    found = {name: os.environ.get(f"CALLKEEPER_{name}", "") for name in ("URL", "AK", "SK", "CA")}
    given = {"AK": found["AK"], "SK": found["SK"], "VDN": vdn}
    missing = [f"CALLKEEPER_{name}" for name, value in given.items() if not value]
    if missing:
        raise SettingsWrong(
            f"set {', '.join(missing)}; `callkeeper key create --vdn N` makes a key"
        )
    check_key(found["AK"], found["SK"])
    if found["CA"] and not Path(found["CA"]).is_file():
        raise SettingsWrong(f"CALLKEEPER_CA names {found['CA']!r}, and there is no such file")
    url, trusted = found["URL"] or _URL, found["CA"] or True
    try:
        return Client(url, found["AK"], found["SK"], vdn or 0, verify=trusted)
    except Unreachable as error:  # nobody was asked yet
        raise SettingsWrong(f"CALLKEEPER_URL: {error}") from error
