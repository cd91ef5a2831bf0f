"""The real server in a thread, on a free port, and ways to talk to it."""

import json
import threading
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from callkeeper import signing
from callkeeper.clock import Clock, SystemClock
from callkeeper.installation.database import open_seal, open_session
from callkeeper.processes.serve import prepare_server
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.keys import OpenKey, issue
from tests.signed import Signed, sign, verification
from tests.store.orders import has_campaign
from tests.warm import warm_writer

VDN = 25
TASK = "1106025109"
HOUR = 3_600_000


class _Absent:
    """Where a body would have a value, and a test takes the field away."""

    def __repr__(self) -> str:
        return "ABSENT"  # the same in every process: it stands in the names of tests


ABSENT = _Absent()


class House:
    """A server with a key for VDN 25, a campaign there, and a second look at its database."""

    def __init__(
        self,
        data_dir: Path,
        *,
        database: str | None = None,
        clock: Clock | None = None,
        tls: str = "off",
        port: int = 0,
        **settings: Any,
    ) -> None:
        self.clock = clock or SystemClock()
        self.settings = Settings(
            data_dir=data_dir, database=database, port=port, tls=tls, **settings
        )
        self.session = open_session(self.settings)
        self.store = SqlStore(self.session)
        self.store.migrate()
        self.seal = open_seal(self.settings)
        self.key = self.issue(VDN)
        if self.store.campaigns.get(VDN, int(TASK)) is None:  # else the folder had a server before
            self.has_campaign(int(TASK))
        self.url = ""
        self.http = httpx2.Client(timeout=30, verify=verification())
        self._turns = map(str, count())
        self._listening = threading.Event()
        self._server = prepare_server(
            self.settings, clock=self.clock, ready=self._ready, make_batch_writer=warm_writer
        )
        self._thread = threading.Thread(target=self._server.run, name="server")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(60)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(20)
        self.store.close()
        assert not self._thread.is_alive()

    def stop(self) -> None:
        """Tell the server to stop, and do not wait until it has."""
        self._server.should_exit = True

    def issue(self, vdn: int | None) -> OpenKey:
        """Return a new key."""
        return issue(self.store, self.seal, self.clock, vdn)

    def now(self) -> int:
        """Return the server's instant."""
        return self.clock.now()

    def claim(self) -> str:
        """Return an Authorization that names the key, and whose signature is nobody's."""
        return f"auth-v2/{self.key.ak}/{signing.timestamp(self.now())}/host/{'0' * 64}"

    def post(self, name: str, body: Any, **how: Any) -> httpx2.Response:
        """Call one of the five interfaces, signed."""
        return self.send(
            "POST", f"/v1/openapi/campaigns/{how.pop('vdn', VDN)}/appoint/{name}", body, **how
        )

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: OpenKey | None = None,
        at: str | None = None,
        query: str = "",
        headers: dict[str, str] | None = None,
        pieces: Iterable[bytes] | None = None,
        timeout: float = 30,
    ) -> httpx2.Response:
        """Send a signed request below /rest/isales; a body of bytes goes out as it is.

        Or in pieces, each a chunk; and without saying how many there will be. Without ``at``, when
        it was signed, it is a request of its own, also while the clock stands.
        """
        turn = {} if at else {"x-turn": next(self._turns)}
        signed = self.sign(method, path, body, key=key, at=at, query=query, also=turn)
        url = f"{self.url}{signed.path}" + (f"?{query}" if query else "")
        return self.http.request(
            method,
            url,
            content=signed.body if pieces is None else pieces,
            headers=signed.headers | (headers or {}),
            timeout=timeout,
        )

    def sign(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: OpenKey | None = None,
        at: str | None = None,
        query: str = "",
        also: dict[str, str] | None = None,
    ) -> Signed:
        """Sign what ``send`` sends, now or as of then; ``also`` are headers to be signed too."""
        raw = b"" if body is None else body
        if not isinstance(raw, bytes):
            raw = json.dumps(body, ensure_ascii=False).encode()
        return sign(
            key or self.key,
            self.url.removeprefix("http://"),
            f"/rest/isales{path}",
            raw,
            at=at or signing.timestamp(self.now()),
            method=method,
            query=httpx2.QueryParams(query).multi_items(),
            headers=also,
        )

    def reserve(self, **fields: Any) -> str:
        """Make a manual reservation for an hour from now, and return its id."""
        body = {
            "callType": 1,
            "calledNo": "66660001",
            "userAccount": "testName",
            "taskId": TASK,
            "appointTime": self.now() + HOUR,
        }
        answer = self.post("create", body | fields).json()
        assert answer["resultCode"] == "0200000", answer
        return str(answer["returnObject"]["appointId"])

    def listed(self, **filters: Any) -> list[dict[str, Any]]:
        """Return the first hundred reservations."""
        answer = self.post("list", {"offset": 0, "limit": 100} | filters).json()
        assert answer["resultCode"] == "0200000", answer
        data: list[dict[str, Any]] = answer["data"]
        return data

    def has_campaign(self, campaign_id: int, *, vdn: int = VDN, **fields: Any) -> None:
        """Put a started campaign with an id of our choice into the database."""
        dials = {
            "caller_numbers": '[{"number":"10086","priority":1}]',
            "workday_windows": '[{"begin":0,"end":1440}]',
        }
        has_campaign(self.session, vdn, campaign_id, now=self.now(), **dials | fields)

    def _ready(self, url: str) -> None:
        self.url = url
        self._listening.set()
