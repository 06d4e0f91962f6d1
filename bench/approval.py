"""From the owner's click to the command on the bridge's stream, commit included.

The limit is what nobody can do without: one ping-pong on a raw stream, and one commit.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import grpc
import psycopg
from google.protobuf.message import Message
from sqlalchemy import make_url

from bench.echo_peer import SERVICE
from bench.ground import Strategy
from bench.load import Run
from countersign.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    approvals_pb2,
    approvals_pb2_grpc,
    execution_pb2 as pb,
    execution_pb2_grpc,
    signals_pb2,
    signals_pb2_grpc,
    values_pb2,
)

SYMBOL = values_pb2.SymbolProperties(
    symbol="EURUSD",
    digits=5,
    contract_size="100000",
    tick_size="0.00001",
    tick_value="1",
    volume_min="0.01",
    volume_max="100",
    volume_step="0.01",
    currency_base="EUR",
    currency_profit="USD",
    pip_size="0.0001",
)


def product_run(address: str, by: Strategy, approvals: int) -> Run:
    """Measure approve -> offer, one at a time."""
    return asyncio.run(_product_run(address, by, approvals))


def limit_run(echo_address: str, database_url: str, rounds: int) -> Run:
    """Measure a raw stream's ping-pong and one commit, one after the other."""
    return asyncio.run(_limit_run(echo_address, database_url, rounds))


async def _product_run(address: str, by: Strategy, approvals: int) -> Run:
    async with grpc.aio.insecure_channel(address) as channel:
        bridge = Bridge(channel, by)
        await bridge.open()
        await _follow(channel, by)
        keeping = asyncio.create_task(bridge.keep_telling())
        latencies: list[float] = []
        try:
            for _ in range(approvals):
                entry = await _entry(channel, by)
                begun = time.perf_counter()
                approving = asyncio.create_task(_approve(channel, by, entry))
                offer = await bridge.offered()
                latencies.append(time.perf_counter() - begun)
                await approving
                await bridge.decline(offer)
        finally:
            keeping.cancel()
            bridge.close()
        return Run(len(latencies), sum(latencies), tuple(latencies))


class Bridge:
    """As much of a bridge as it takes to be offered commands."""

    def __init__(self, channel: grpc.aio.Channel, by: Strategy) -> None:
        stub: Any = execution_pb2_grpc.ExecutionServiceStub(channel)  # type: ignore[no-untyped-call]
        self._call = stub.Channel(metadata=by.device)
        self._by = by
        self._epoch, self._sequence = b"", 0
        self._saying = asyncio.Lock()
        self._offers: asyncio.Queue[pb.Offer] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        hello = pb.Hello(
            instance_id=str(uuid4()),
            agent_version="bench",
            contract_version=1,
            account=self._by.fingerprint,
            journal_id=str(uuid4()),
        )
        await self._call.write(pb.ChannelRequest(hello=hello))
        self._epoch = (await self._call.read()).welcome.session_epoch
        self._reading = asyncio.create_task(self._read())

    async def keep_telling(self) -> None:
        """Tell prices, so that none is stale."""
        while True:
            report = pb.SymbolReport(symbols=[SYMBOL])
            quote = report.quotes.add(symbol="EURUSD", bid="1.0844", ask="1.0845")
            quote.quote_time.FromDatetime(datetime.now(UTC))
            event = pb.Event(natural_key=f"symbols:{uuid4()}", symbols=report)
            event.event_time.FromDatetime(datetime.now(UTC))
            await self.say(event=event)
            await asyncio.sleep(2)

    async def offered(self) -> pb.Offer:
        return await self._offers.get()

    async def decline(self, offer: pb.Offer) -> None:
        await self.say(
            decline=pb.Decline(
                command_id=offer.command_id, attempt=offer.attempt, reason="BENCH", final=True
            )
        )

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._call.cancel()

    async def say(self, **frame: Message) -> None:
        """Send a frame under the next sequence; a stream takes one at a time."""
        async with self._saying:
            self._sequence += 1
            await self._call.write(
                pb.ChannelRequest(session_epoch=self._epoch, sequence=self._sequence, **frame)  # pyright: ignore[reportArgumentType]  # a frame by its name
            )

    async def _read(self) -> None:
        while (frame := await self._call.read()) is not grpc.aio.EOF:
            if frame.HasField("offer"):
                self._offers.put_nowait(frame.offer)


async def _follow(channel: grpc.aio.Channel, by: Strategy) -> None:
    accounts: Any = accounts_pb2_grpc.AccountServiceStub(channel)  # type: ignore[no-untyped-call]
    await accounts.PutSymbol(
        accounts_pb2.PutSymbolRequest(
            account_id=by.account_id, instrument="EURUSD", symbol="EURUSD", properties=SYMBOL
        ),
        metadata=by.owner,
    )
    await accounts.CreateSubscription(
        accounts_pb2.CreateSubscriptionRequest(
            account_id=by.account_id,
            producer_id=by.producer_id,
            sizing=accounts_pb2.Sizing(fixed_lots="0.1"),
            consent_version="1",
        ),
        metadata=by.owner,
    )


async def _entry(channel: grpc.aio.Channel, by: Strategy) -> approvals_pb2.Approval:
    signals: Any = signals_pb2_grpc.SignalServiceStub(channel)  # type: ignore[no-untyped-call]
    approvals: Any = approvals_pb2_grpc.ApprovalServiceStub(channel)  # type: ignore[no-untyped-call]
    request = signals_pb2.SubmitSignalRequest(signal=by.signed())
    submitted = await signals.SubmitSignal(request, metadata=by.producer)
    while True:
        listed = await approvals.ListApprovals(
            approvals_pb2.ListApprovalsRequest(signal_id=submitted.signal_id), metadata=by.owner
        )
        if listed.approvals:
            return listed.approvals[0]
        await asyncio.sleep(0.01)


async def _approve(channel: grpc.aio.Channel, by: Strategy, entry: approvals_pb2.Approval) -> None:
    approvals: Any = approvals_pb2_grpc.ApprovalServiceStub(channel)  # type: ignore[no-untyped-call]
    await approvals.CreateApproval(
        approvals_pb2.CreateApprovalRequest(
            signal_id=entry.signal_id,
            account_id=entry.account_id,
            decision=approvals_pb2.DECISION_APPROVE,
            intent_digest=entry.intent.digest,
        ),
        metadata=by.owner,
    )


async def _limit_run(echo_address: str, database_url: str, rounds: int) -> Run:
    url = make_url(database_url).set(drivername="postgresql")
    text = url.render_as_string(hide_password=False)
    database = await psycopg.AsyncConnection.connect(text, autocommit=True)
    latencies: list[float] = []
    async with grpc.aio.insecure_channel(echo_address) as channel, database:
        await database.execute("CREATE TABLE IF NOT EXISTS peer_commits (at timestamptz)")
        stream = cast("Any", channel.stream_stream(f"/{SERVICE}/Stream")(_never()))
        for _ in range(rounds):
            begun = time.perf_counter()
            await stream.write(b"x" * 400)
            await stream.read()
            await database.execute("INSERT INTO peer_commits VALUES (now())", prepare=True)
            latencies.append(time.perf_counter() - begun)
        stream.cancel()
    return Run(rounds, sum(latencies), tuple(latencies))


def _never() -> AsyncIterator[bytes] | None:
    """Frames are written by hand."""
    return None
