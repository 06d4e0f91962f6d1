"""The peer: the same promise as its users would write it, FastAPI and SQLAlchemy's ORM.

One POST: check the HMAC over the body, the time and the nonce; validate with pydantic; store the
signal and an audit row in one transaction; the same id with the same content answers the same.
`python -m bench.fastapi_peer READY_FILE URL SECRET`.
"""

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID, uuid4

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class SignalRow(Base):
    __tablename__ = "peer_signals"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(unique=True)
    nonce: Mapped[str] = mapped_column(unique=True)
    instrument: Mapped[str]
    side: Mapped[str]
    version: Mapped[str]
    price: Mapped[Decimal]
    stop_loss: Mapped[Decimal]
    take_profit: Mapped[Decimal]
    body: Mapped[bytes]
    body_sha256: Mapped[bytes]
    received_at: Mapped[datetime]


class AuditRow(Base):
    __tablename__ = "peer_audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    signal_id: Mapped[UUID] = mapped_column(ForeignKey("peer_signals.id"))
    kind: Mapped[str]
    at: Mapped[datetime]
    signal: Mapped[SignalRow] = relationship()


class Signal(BaseModel):
    model_config = ConfigDict(extra="forbid")
    external_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
    instrument: Annotated[str, Field(pattern=r"^[A-Z0-9._]{2,20}$")]
    side: Literal["buy", "sell"]
    version: Annotated[str, Field(max_length=64)]
    price: Annotated[Decimal, Field(gt=0)]
    stop_loss: Annotated[Decimal, Field(gt=0)]
    take_profit: Annotated[Decimal, Field(gt=0)]


READY, URL, SECRET = Path(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3])
engine = create_async_engine(URL, pool_size=20)
session_of = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def session() -> AsyncGenerator[AsyncSession]:
    async with session_of() as opened:
        yield opened


async def signed_body(
    request: Request,
    x_time: Annotated[int, Header()],
    x_nonce: Annotated[str, Header()],
    x_signature: Annotated[str, Header()],
) -> bytes:
    body = await request.body()
    text = f"{x_time}.{x_nonce}.".encode() + body
    expected = hmac.new(SECRET, text, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, x_signature) or abs(time.time() - x_time) > 600:  # noqa: PLR2004  # seconds
        raise HTTPException(401, "the signature does not verify")
    return body


@app.post("/signals")
async def submit(
    body: Annotated[bytes, Depends(signed_body)],
    x_nonce: Annotated[str, Header()],
    tx: Annotated[AsyncSession, Depends(session)],
) -> dict[str, str]:
    signal = Signal.model_validate_json(body)
    digest = hashlib.sha256(body).digest()
    known = await tx.scalar(select(SignalRow).where(SignalRow.external_id == signal.external_id))
    if known is not None:
        if known.body_sha256 != digest:
            raise HTTPException(409, "the id belongs to another signal")
        return {"signal_id": str(known.id)}
    since = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=300)
    recent = await tx.scalar(
        select(SignalRow.id).where(
            SignalRow.instrument == signal.instrument,
            SignalRow.side == signal.side,
            SignalRow.version == signal.version,
            SignalRow.received_at > since,
        )
    )
    if recent is not None:
        raise HTTPException(409, "the same idea came shortly before")
    now = datetime.now(UTC).replace(tzinfo=None)
    row = SignalRow(
        id=uuid4(),
        nonce=x_nonce,
        body=body,
        body_sha256=digest,
        received_at=now,
        **signal.model_dump(),
    )
    tx.add(row)
    tx.add(AuditRow(signal=row, kind="accepted", at=now))
    try:
        await tx.commit()
    except IntegrityError:
        raise HTTPException(409, "the id or nonce was used") from None
    return {"signal_id": str(row.id)}


async def main() -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", loop="uvloop"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    READY.write_text(json.dumps({"public": f"127.0.0.1:{port}"}))  # noqa: ASYNC240  # before anybody calls
    await serving


if __name__ == "__main__":
    asyncio.run(main())
