"""The demo: the published examples, over real signed HTTPS, against a server in this process.

Three reservations with the ids that the vendor's pages print are put into the database first, as
if they came from another system, so that the examples can be sent value for value. A time that
lies in the past by now is moved, and the demo says so.
"""

import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.text import Text

from callkeeper.api.examples import RESULT_ID
from callkeeper.client.connections import SignedRequest
from callkeeper.client.sending import SUCCESS, Answer, Sender, UnsignedRequest
from callkeeper.clock import Clock, SystemClock, monotonic
from callkeeper.core.instants import HOUR_MS
from callkeeper.core.refusal import Refusal
from callkeeper.installation.database import DATABASE_FILE, fitting_seal, open_store
from callkeeper.operations import demo_examples as examples
from callkeeper.operations.demo_console import Shown, serving, serving_console
from callkeeper.settings import Settings, SettingsWrong
from callkeeper.signals import interrupting
from callkeeper.usecases.keys import OpenKey, issue

VDN = 25

_LEAD_MS = 300_000
_HOST = "127.0.0.1"
_CALL_SECONDS = 20.0  # the most that the rehearsal line's call takes
_LOOK_SECONDS = 0.25


def play(
    console: Console,
    data_dir: Path | None,
    *,
    port: int = 0,
    once: bool = False,
    zone: str = "UTC",
) -> bool:
    """Play the examples and return whether every answer was the expected one.

    Unless ``once``, the server then stays up until Ctrl-C, and beside it a console with a day of
    calls in it, by the clock of ``zone``. A data directory of one's own must not hold a database
    yet: the demo writes reservations into it.
    """
    with interrupting(), tempfile.TemporaryDirectory(prefix="callkeeper-demo-") as temporary:
        settings = Settings(
            data_dir=data_dir or Path(temporary),
            host=_HOST,
            port=port,
            tls="auto",
            line="rehearsal",
            console=False,  # which has a server of its own, without TLS that no browser trusts
            time_zone=zone,
            log_level="error",  # what is refused is part of the play
        )
        if (settings.data_dir / DATABASE_FILE).exists():
            raise SettingsWrong(f"{settings.data_dir} holds a database; the demo wants a new one")
        clock = SystemClock()
        key = _prepare(settings, clock)
        with serving(settings, clock) as url:
            good = _Stage(console, url, settings, key, clock).play()
            if not once:
                with serving_console(settings, VDN, clock) as shown:
                    _stay(console, url, settings, key, shown)
    return good


class Step(NamedTuple):
    """A request, and what has to come back. ``seems`` looks at more than code and status."""

    title: str
    expected: str
    request: SignedRequest
    code: str
    status: int
    seems: Callable[[Mapping[str, Any]], bool]


class _Stage:
    """Where the examples are played."""

    def __init__(
        self, console: Console, url: str, settings: Settings, key: OpenKey, clock: Clock
    ) -> None:
        self._console = console
        self._clock = clock
        authority = settings.data_dir / "tls-certificate.pem"
        self._sender = Sender(url, key.ak, key.secret, verify=authority)
        self._forger = Sender(url, key.ak, "not-the-secret-key", verify=authority)
        self._played = 0
        self._good = 0
        self._pause = threading.Event()

    def play(self) -> bool:
        """Play all steps and return whether each went as expected."""
        try:
            self._booking()
            self._changing()
            self._dialing()
            self._refusing()
            self._campaigning()
        finally:  # or the server would wait for what they might still send
            self._sender.close()
            self._forger.close()
        good = self._good == self._played
        self._console.print(
            f"\n{self._good} of {self._played} answers were the expected ones.",
            style="bold green" if good else "bold red",
        )
        return good

    def _booking(self) -> None:
        self._step(
            "Reserve a call, as printed",
            "04000001, for the published time, 2025-06-02, is in the past by now",
            self._appoint("create", examples.CREATE),
            "04000001",
        )
        # Once signed, a request can be sent as often as need be.
        soon = examples.create_at(self._clock.now() + HOUR_MS)
        signed = self._appoint("create", soon)
        booked: set[str] = set()

        def is_the_one(fields: Mapping[str, Any]) -> bool:
            booked.add(fields["returnObject"]["appointId"])
            return len(booked) == 1

        self._step("The same for an hour from now", "success, and an id", signed, seems=is_the_one)
        self._step(
            "The same signed request once more, as after a lost answer",
            "success, and the same id: the call is booked once",
            signed,
            seems=is_the_one,
        )

    def _changing(self) -> None:
        self._step(
            "Move a reservation (its published time, 2025-06-06, moved to two hours from now)",
            "update success; workNo is for the other deployment and is ignored",
            self._appoint("update", examples.move_at(self._clock.now() + 2 * HOUR_MS)),
            seems=lambda fields: fields["resultDesc"] == "update success",
        )
        self._step(
            "File a result, value for value as published",
            "update success",
            self._appoint("updateResult", examples.RESULT),
            seems=lambda fields: fields["resultDesc"] == "update success",
        )
        self._step(
            "Delete a reservation, as published",
            "success",
            self._appoint("delete", examples.DELETE),
        )
        self._step(
            "List what there is",
            "three: the result is on record, the deleted one is gone",
            self._appoint("list", examples.LIST),
            seems=examples.is_expected_list,
        )

    def _dialing(self) -> None:
        """Let the system dial by itself, over the line that rings nobody."""
        booked: list[str] = []

        def is_booked(fields: Mapping[str, Any]) -> bool:
            booked.append(fields["returnObject"]["appointId"])
            return True

        soon = self._clock.now() + _LEAD_MS
        self._step(
            "Reserve an automatic call for five minutes from now: it is due at once",
            "success; from here on the system dials by itself (the rehearsal line: rings nobody)",
            self._appoint("create", examples.automatic_at(soon)),
            seems=is_booked,
        )
        listing = examples.list_of(examples.AUTOMATIC_NO)
        end = monotonic() + _CALL_SECONDS
        while monotonic() < end:
            rows = self._sender.send(self._appoint("list", listing)).fields["data"]
            if any(row["failCode"] for row in rows):
                break
            self._pause.wait(_LOOK_SECONDS)
        self._step(
            "List it some seconds later; no updateResult was sent",
            "its result is there: failCode, callId, callerNo, beginTime and endTime",
            self._appoint("list", listing),
            seems=lambda fields: examples.is_dialed(fields, *booked),
        )

    def _refusing(self) -> None:
        self._step(
            "List reservations, signed with a wrong secret key",
            "HTTP 401",
            self._forger.sign(self._unsigned("POST", "/appoint/list", examples.LIST)),
            "0200001",
            status=401,
        )
        self._step(
            "Delete the deleted reservation a second time",
            "04000004: it does not exist any more",
            self._appoint("delete", examples.DELETE),
            "04000004",
        )
        self._step(
            "Delete the reservation whose result was filed",
            "04000005: a call that was made cannot be deleted",
            self._appoint("delete", examples.DELETE_CALLED),
            "04000005",
        )

    def _campaigning(self) -> None:
        self._step(
            "Add a campaign (the published V1 example, its dates moved to the coming days)",
            "success, and a numeric id",
            self._sign("POST", "", examples.campaign_from(self._clock.now())),
            seems=lambda fields: type(fields["returnObject"]["id"]) is int,
        )
        self._step(
            "Define a business result, as published",
            "addBusinessResult success",
            self._sign("POST", "/addBusinessResult", examples.BUSINESS_RESULT),
            seems=lambda fields: fields["resultDesc"] == "addBusinessResult success",
        )
        query = (("pageSize", "10"), ("pageNum", "1"))
        self._step(
            "Query the business results",
            "one, with two sub-results",
            self._sender.sign(self._unsigned("GET", "/queryBusinessResults", b"", query)),
            seems=lambda fields: len(fields["data"][0]["children"]) == 2,  # noqa: PLR2004 - as published
        )

    def _step(
        self,
        title: str,
        expected: str,
        request: SignedRequest,
        code: str = SUCCESS,
        *,
        status: int = 200,
        seems: Callable[[Mapping[str, Any]], bool] = bool,
    ) -> None:
        step = Step(title, expected, request, code, status, seems)
        answer = self._sender.send(step.request)
        good = (answer.status, answer.code) == (step.status, step.code) and step.seems(
            answer.fields
        )
        self._played += 1
        self._good += good
        self._show(step, answer, good=good)

    def _show(self, step: Step, answer: Answer, *, good: bool) -> None:
        self._console.print(f"\n{self._played}. {step.title}", style="bold", markup=False)
        self._line("  ->", f"{step.request.method} {step.request.target}", "cyan")
        if step.request.body:
            self._line("    ", step.request.body.decode(), "cyan")
        body = msgspec.json.encode(answer.fields).decode()
        self._line("  <-", f"HTTP {answer.status} {body}", "yellow")
        verdict = "as expected" if good else "NOT AS EXPECTED"
        self._line("    ", f"{verdict}: {step.expected}", "green" if good else "bold red")

    def _line(self, mark: str, text: str, style: str) -> None:
        self._console.print(Text(f"{mark} {text}", style), soft_wrap=True)

    def _appoint(self, name: str, body: bytes) -> SignedRequest:
        return self._sign("POST", f"/appoint/{name}", body)

    def _sign(self, method: str, rest: str, body: bytes) -> SignedRequest:
        return self._sender.sign(self._unsigned(method, rest, body))

    def _unsigned(
        self, method: str, rest: str, body: bytes, query: tuple[tuple[str, str], ...] = ()
    ) -> UnsignedRequest:
        return UnsignedRequest(
            method, f"/rest/isales/v1/openapi/campaigns/{VDN}{rest}", body, query
        )


def _prepare(settings: Settings, clock: Clock) -> OpenKey:
    """Put in what the examples speak of, and return a key."""
    store = open_store(settings)
    bookings = [examples.booking(each, VDN) for each in examples.RESERVATION_IDS]
    with store.transaction():
        outcomes = [
            *store.campaigns.add([examples.opening(VDN, clock.now())]),
            *store.reservations.add(bookings),
        ]
    for outcome in outcomes:
        if isinstance(outcome, Refusal):
            raise outcome
    key = issue(store, fitting_seal(settings, store), clock, VDN, "demo")
    store.close()
    return key


def _stay(console: Console, url: str, settings: Settings, key: OpenKey, shown: Shown) -> None:
    """Say how to go on, and wait until stopped."""
    folder = settings.data_dir.resolve()
    campaign = examples.CAMPAIGN_ID
    # As it was called itself, for it need not be on the PATH.
    program = sys.argv[0] if Path(sys.argv[0]).name == "callkeeper" else "callkeeper"
    lines = [
        f"export CALLKEEPER_URL={url}",
        f"export CALLKEEPER_AK={key.ak}",
        f"export CALLKEEPER_SK={key.secret}",
        f"export CALLKEEPER_VDN={VDN}",
        f"export CALLKEEPER_CA={folder / 'tls-certificate.pem'}",
        f"{program} reserve 66660001 --at +2h --campaign {campaign} --agent testName",
        f"{program} reserve 66660002 --at +1m --automatic --campaign {campaign} --agent ann",
        f"{program} list",
        f"{program} why {RESULT_ID} --data-dir {folder}",
        f"{program} lines --data-dir {folder}",
    ]
    try:
        console.print("\nThe server stays up until Ctrl-C. In another terminal:\n", style="bold")
        for line in lines:
            console.print(line, soft_wrap=True, markup=False, highlight=False)
        console.print(f"\nThe console is at {shown.url}. In a browser here, look at it as\n")
        for who, link in shown.links:
            console.print(f"{link}  {who}", soft_wrap=True, markup=False, highlight=False)
        console.print("\nCalls fall due, and are dialed, while you look.")
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("\nstopped")
        raise
