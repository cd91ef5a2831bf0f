"""updateResult and create the usual way: FastAPI, pydantic bodies, a SQLAlchemy session each.

What it leaves out: the signature, the history, business results, and every check of a value
beyond its type. What it keeps: the same table with the same indexes, and the same durability. A
create's id is made by chance, so that the same request again reserves again.

Two ways are usual: ``def``, which FastAPI runs on its 40 threads, and ``async def`` with the same
blocking calls, which then run on the event loop one after another.

    python -m bench.usual DATABASE_URL threads|loop PORT
"""

import sys
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import BigInteger, Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from callkeeper.clock import SystemClock, new_attempt_id

_CLOCK = SystemClock()


class Base(DeclarativeBase):
    """What SQLAlchemy wants above its tables."""


class Reservation(Base):
    """The same row as Callkeeper's."""

    __tablename__ = "reservation"

    vdn: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    kind: Mapped[str]
    state: Mapped[str]
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    called_no: Mapped[str]
    agent: Mapped[str | None]
    appoint_at: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[int | None] = mapped_column(BigInteger)
    tries: Mapped[int]
    call_data: Mapped[str | None]
    remark: Mapped[str | None]
    caller_no: Mapped[str | None]
    fail_code: Mapped[str | None]
    call_id: Mapped[str | None]
    business_result: Mapped[str | None]
    business_sub_result: Mapped[str | None]
    begin_at: Mapped[int | None] = mapped_column(BigInteger)
    end_at: Mapped[int | None] = mapped_column(BigInteger)
    request: Mapped[str]
    made_at: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[int] = mapped_column(BigInteger)


class Result(BaseModel):
    """The body."""

    appointId: str
    userAccount: str | None = None
    callerNo: str | None = None
    failCode: str | None = None
    callId: str | None = None
    busiResult: str | None = None
    busiSubStatus: str | None = None
    beginTime: int | None = None
    endTime: int | None = None


class Wish(BaseModel):
    """The body of a create."""

    callType: int
    calledNo: str
    userAccount: str | None = None
    taskId: str
    appointTime: int
    callData: str | None = None
    remark: str | None = None


_COLUMNS = {
    "userAccount": "agent",
    "callerNo": "caller_no",
    "failCode": "fail_code",
    "callId": "call_id",
    "busiResult": "business_result",
    "busiSubStatus": "business_sub_result",
    "beginTime": "begin_at",
    "endTime": "end_at",
}


def application(url: str, way: str) -> FastAPI:
    """Return the application over a database that has the table."""
    # As many connections as FastAPI has threads: its default of fifteen would halve the rate.
    engine = create_engine(url, pool_size=40)
    if engine.dialect.name == "sqlite":
        _make_durable(engine)
    new_session = sessionmaker(engine)
    app = FastAPI()
    path = "/rest/isales/v1/openapi/campaigns/{vdn}/appoint/"

    def session() -> Iterator[Session]:
        with new_session() as opened:
            yield opened

    async def session_on_the_loop() -> AsyncIterator[Session]:
        with new_session() as opened:
            yield opened

    def on_threads(
        vdn: int, result: Result, session: Annotated[Session, Depends(session)]
    ) -> dict[str, Any]:
        return _update(session, vdn, result)

    async def on_the_loop(
        vdn: int, result: Result, session: Annotated[Session, Depends(session_on_the_loop)]
    ) -> dict[str, Any]:
        return _update(session, vdn, result)

    def create_on_threads(
        vdn: int, wish: Wish, session: Annotated[Session, Depends(session)]
    ) -> dict[str, Any]:
        return _create(session, vdn, wish)

    async def create_on_the_loop(
        vdn: int, wish: Wish, session: Annotated[Session, Depends(session_on_the_loop)]
    ) -> dict[str, Any]:
        return _create(session, vdn, wish)

    app.post(path + "updateResult")(on_threads if way == "threads" else on_the_loop)
    app.post(path + "create")(create_on_threads if way == "threads" else create_on_the_loop)

    @app.get("/readyz")
    def readyz() -> str:
        return "ready"

    return app


def _update(session: Session, vdn: int, result: Result) -> dict[str, Any]:
    reservation = session.get(Reservation, (vdn, result.appointId))
    if reservation is None:
        return _answer("04000004", "there is no such reservation")
    for name, value in result.model_dump(exclude_none=True).items():
        if name in _COLUMNS:
            setattr(reservation, _COLUMNS[name], value)
    reservation.state = "done"
    reservation.version += 1
    reservation.changed_at = _CLOCK.now()
    session.commit()
    return _answer("0200000", "update success")


def _create(session: Session, vdn: int, wish: Wish) -> dict[str, Any]:
    now = _CLOCK.now()
    reservation = Reservation(
        vdn=vdn,
        id=new_attempt_id(now),
        version=1,
        kind="manual" if wish.callType == 1 else "automatic",
        state="waiting",
        campaign_id=int(wish.taskId),
        called_no=wish.calledNo,
        agent=wish.userAccount,
        appoint_at=wish.appointTime,
        tries=0,
        call_data=wish.callData,
        remark=wish.remark,
        request="",
        made_at=now,
        changed_at=now,
    )
    session.add(reservation)
    id_ = reservation.id
    session.commit()
    return _answer("0200000", "success") | {"returnObject": {"appointId": id_, "id": id_}}


def _answer(code: str, sentence: str) -> dict[str, Any]:
    return {
        "returnCode": code,
        "resultCode": code,
        "resultDesc": sentence,
        "returnDesc": sentence,
    }


def _make_durable(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA busy_timeout = 30000")


if __name__ == "__main__":
    uvicorn.run(
        application(sys.argv[1], sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[3]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
    )
