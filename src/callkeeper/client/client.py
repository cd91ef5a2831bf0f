"""The client's methods: what each sends, what comes back, and what is sent again."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

from callkeeper.client.records import (
    BusinessResult,
    Campaign,
    CampaignFields,
    CampaignPage,
    Filters,
    Instant,
    Page,
    Reservation,
    date_time,
    made_id,
    milliseconds,
    results_page,
    to_wire,
)
from callkeeper.client.sending import (
    Again,
    Answer,
    Patience,
    Sender,
    Style,
    UnsignedRequest,
    encode,
    pairs,
    system_now,
)
from callkeeper.client.walk import PAGE_ROWS, walk

_NO_SUCH_RESERVATION = "04000004"
_NO_SUCH_CAMPAIGN = "0200007"
_RESULTS_PAGE = 50


class Client:
    """One VDN of one server, asked with one key. Close it, or use it with ``with``.

    ``url`` may have a path, ``https://example.com/calls``, which a proxy cuts: it is sent and not
    signed. ``verify`` is True, False or the path of a CA certificate: of a Callkeeper server with a
    self-signed one, the tls-certificate.pem in its data directory. ``timeout`` is how many seconds
    each try may take, from connecting to the last byte of the answer. ``style`` says how to sign;
    its default is read by Callkeeper and by the vendor's product. ``books_once`` says that the
    server carries out a signed create that comes twice only once, as Callkeeper does; give False
    for a server that does not.
    """

    def __init__(
        self,
        url: str,
        ak: str,
        sk: str,
        vdn: int,
        *,
        verify: bool | str | Path = True,
        timeout: float = 10.0,
        style: Style = Style(),  # noqa: B008 - a value
        patience: Patience = Patience(),  # noqa: B008 - a value
        books_once: bool = True,
        now: Callable[[], int] = system_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sender = Sender(
            url,
            ak,
            sk,
            verify=verify,
            timeout=timeout,
            style=style,
            patience=patience,
            now=now,
            sleep=sleep,
        )
        self._vdn = vdn
        self._booking = Again.SAME if books_once else Again.NEVER_CONNECTED

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    def reserve(
        self,
        called: str,
        *,
        at: Instant,
        campaign: int | str,
        agent: str | None = None,
        work_no: str | None = None,
        automatic: bool = False,
        call_data: str | None = None,
        remark: str | None = None,
    ) -> str:
        """Reserve a call and return the reservation's id.

        ``agent`` is a business account, ``work_no`` an agent id: send the one that the server's
        deployment goes by. ``call_data`` is JSON text, for automatic calls. After a failure the
        same signed request is sent again, and the server books it once.
        """
        body = {
            "callType": 2 if automatic else 1,
            "calledNo": called,
            "userAccount": agent,
            "workNo": work_no,
            "taskId": str(campaign),
            "appointTime": milliseconds(at),
            "callData": call_data,
            "remark": remark,
        }
        return self._appoint("create", body, self._booking).read(made_id)

    def move(
        self,
        id: str,  # noqa: A002 - the word for it
        *,
        at: Instant | None = None,
        agent: str | None = None,
        work_no: str | None = None,
        remark: str | None = None,
    ) -> None:
        """Give a manual reservation another time, agent or note, "" for none; sent again safely."""
        body = {
            "appointId": id,
            "userAccount": agent,
            "workNo": work_no,
            "appointTime": milliseconds(at),
            "remark": remark,
        }
        self._appoint("update", body, Again.SAFE).checked()

    def record_result(
        self,
        id: str,  # noqa: A002
        *,
        fail_code: str | None = None,
        call_id: str | None = None,
        caller: str | None = None,
        business_result: str | None = None,
        business_sub_result: str | None = None,
        begin: Instant | None = None,
        end: Instant | None = None,
        agent: str | None = None,
        work_no: str | None = None,
    ) -> None:
        """File how the call ended; ``fail_code`` 00000 is success. Sent again after any failure."""
        body = {
            "appointId": id,
            "userAccount": agent,
            "workNo": work_no,
            "callerNo": caller,
            "failCode": fail_code,
            "callId": call_id,
            "busiResult": business_result,
            "busiSubStatus": business_sub_result,
            "beginTime": milliseconds(begin),
            "endTime": milliseconds(end),
        }
        self._appoint("updateResult", body, Again.SAFE).checked()

    def cancel(self, id: str) -> None:  # noqa: A002
        """Delete a reservation whose call was not made.

        It is sent again after any failure, which may have done it: to find it gone then is success.
        """
        answer = self._appoint("delete", {"appointId": id}, Again.SAFE)
        if not (answer.after_lost_try and answer.code == _NO_SUCH_RESERVATION):
            answer.checked()

    def list(self, *, offset: int = 0, limit: int = PAGE_ROWS, **filters: Unpack[Filters]) -> Page:
        """Return a page of reservations by appointed time; sent again after any failure."""
        campaign = filters.get("campaign")
        body = {
            "calledNo": filters.get("called"),
            "userAccountList": filters.get("agents"),
            "beginTime": milliseconds(filters.get("begin")),
            "endTime": milliseconds(filters.get("end")),
            "taskId": None if campaign is None else str(campaign),
            "offset": offset,
            "limit": limit,
        }
        return self._appoint("list", body, Again.SAFE).read(Page.read)

    def iterate(self, **filters: Unpack[Filters]) -> Iterator[Reservation]:
        """Yield each reservation that ``list`` would find, once, page by page.

        What others add, move or delete meanwhile may or may not come; all that stays comes.
        """
        return walk(self.list, filters)

    def add_campaign(self, **fields: Unpack[CampaignFields]) -> int:
        """Add a campaign, V1, with one caller number; return its id. Sent once only."""
        return self._add_campaign("v1", fields)

    def add_campaign_v2(self, **fields: Unpack[CampaignFields]) -> int:
        """Add a campaign, V2, with all its policies; return its id. Sent once only."""
        return self._add_campaign("v2", fields)

    def modify_campaign(self, id: int, **fields: Unpack[CampaignFields]) -> None:  # noqa: A002
        """Modify a campaign, V1; what is not given stays. Sent again after any failure."""
        self._campaigns("PUT", f"/{id}", to_wire(fields, "v1"), Again.SAFE).checked()

    def modify_campaign_v2(self, id: int, **fields: Unpack[CampaignFields]) -> None:  # noqa: A002
        """Modify a campaign, V2; what is not given stays. Sent again after any failure."""
        body = to_wire(fields, "v2")
        self._campaigns("PUT", f"/{id}", body, Again.SAFE, version="v2").checked()

    def campaign(self, id: int) -> Campaign:  # noqa: A002
        """Return a campaign with its details; sent again after any failure."""
        answer = self._campaigns("GET", f"/{id}", None, Again.SAFE)
        return answer.read(lambda fields: Campaign.read(fields["returnObject"]))

    def campaigns(
        self,
        *,
        name: str | None = None,
        status: int = 0,
        device_type: int = 0,
        begin: Instant | None = None,
        end: Instant | None = None,
        page: int = 1,
        rows: int = PAGE_ROWS,
    ) -> CampaignPage:
        """Return a page of campaigns; 0 is any. Pages count from 1. Sent again after any failure.

        ``status``: 2 started, 3 paused, 4 ended. ``begin`` and ``end`` bound the campaigns' own.
        """
        query = {
            "name": name,
            "status": status,
            "deviceType": device_type,
            "beginTime": date_time(begin),
            "endTime": date_time(end),
            "curPage": page,
            "rowsPerPage": rows,
        }
        return self._campaigns("GET", "", None, Again.SAFE, query=query).read(CampaignPage.read)

    def pause_campaign(self, id: int) -> None:  # noqa: A002
        """Pause a started campaign; sent once only, as a paused one refuses it."""
        self._campaigns("PUT", f"/{id}/pause", None, Again.NEVER_CONNECTED).checked()

    def resume_campaign(self, id: int) -> None:  # noqa: A002
        """Resume a paused campaign; sent once only, as a started one refuses it."""
        self._campaigns("PUT", f"/{id}/resume", None, Again.NEVER_CONNECTED).checked()

    def delete_campaign(self, id: int, *, archive: bool = False) -> None:  # noqa: A002
        """Delete a campaign that is not started.

        It is sent again after any failure, which may have done it: to find it gone then is success.
        """
        body = {"archiveHistory": int(archive)}
        answer = self._campaigns("DELETE", f"/{id}", body, Again.SAFE)
        if not (answer.after_lost_try and answer.code == _NO_SUCH_CAMPAIGN):
            answer.checked()

    def add_business_result(
        self,
        name: str,
        *,
        code: str | None = None,
        description: str | None = None,
        children: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Define a business result; a child is ``{"name", "code", "description"}``.

        Sent once only.
        """
        body = {
            "name": name,
            "code": code,
            "description": description,
            "children": children or None,
        }
        self._campaigns("POST", "/addBusinessResult", body, Again.NEVER_CONNECTED).checked()

    def business_results(self) -> tuple[BusinessResult, ...]:
        """Return all business results that the VDN defined; sent again after any failure."""
        found: tuple[BusinessResult, ...] = ()
        page = 1
        while True:
            query = {"pageSize": _RESULTS_PAGE, "pageNum": page}
            path = "/queryBusinessResults"
            answer = self._campaigns("GET", path, None, Again.SAFE, query=query)
            total, results = answer.read(results_page)
            found += results
            if not results or len(found) >= total:
                return found
            page += 1

    def _appoint(self, name: str, body: Mapping[str, Any], again: Again) -> Answer:
        return self._campaigns("POST", f"/appoint/{name}", body, again)

    def _add_campaign(self, version: str, fields: CampaignFields) -> int:
        body = to_wire(fields, version)
        answer = self._campaigns("POST", "", body, Again.NEVER_CONNECTED, version=version)
        return answer.read(lambda fields: int(fields["returnObject"]["id"]))

    def _campaigns(
        self,
        method: str,
        rest: str,
        body: Mapping[str, Any] | None,
        again: Again,
        *,
        query: Mapping[str, object] | None = None,
        version: str = "v1",
    ) -> Answer:
        path = f"/rest/isales/{version}/openapi/campaigns/{self._vdn}{rest}"
        raw = b"" if body is None else encode(body)
        return self._sender.carry(UnsignedRequest(method, path, raw, pairs(query or {})), again)
