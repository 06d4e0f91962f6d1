"""From the view that breaks a limit to the first close on the bridge's stream, commits included.

The guard is sure at once and announces nothing: what it waits for on purpose is not measured.
"""

import asyncio
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import grpc

from bench.approval import Bridge
from bench.ground import Strategy
from bench.load import Run
from countersign.v1 import execution_pb2 as pb, guards_pb2, guards_pb2_grpc, values_pb2

_POLICY = (
    '{"currency":"USD","losses":[{"id":"drawdown","reference":"peak-equity",'
    '"limit":{"fraction":"0.2"}}],'
    '"patience":{"persistence_seconds":0,"views":1,"alert_seconds":0}}'
)
_DEPOSIT = Decimal(1_000_000_000)
_LEFT = Decimal("0.7")  # of the equity, after each breach


def product_run(address: str, by: Strategy, breaches: int) -> Run:
    """Measure breach -> close offered, one at a time."""
    return asyncio.run(_run(address, by, breaches))


async def _run(address: str, by: Strategy, breaches: int) -> Run:
    async with grpc.aio.insecure_channel(address) as channel:
        guards: Any = guards_pb2_grpc.GuardServiceStub(channel)  # type: ignore[no-untyped-call]
        await guards.PutGuardPolicy(
            guards_pb2.PutGuardPolicyRequest(account_id=by.account_id, text=_POLICY, version=1),
            metadata=by.owner,
        )
        bridge = Bridge(channel, by)
        await bridge.open()
        keeping = asyncio.create_task(bridge.keep_telling())
        latencies: list[float] = []
        try:
            equity = _DEPOSIT
            await _tell(bridge, "deal:1", deal=_deposit())
            await _tell(bridge, "snapshot:1", snapshot=_snapshot(equity, 1))
            await _judged(guards, by, equity)
            for number in range(2, breaches + 2):
                equity = (equity * _LEFT).quantize(Decimal(1))
                begun = time.perf_counter()
                await _tell(bridge, f"snapshot:{number}", snapshot=_snapshot(equity, number))
                offer = await bridge.offered()
                latencies.append(time.perf_counter() - begun)
                await _reset(guards, by)
                await bridge.decline(offer)
        finally:
            keeping.cancel()
            bridge.close()
        return Run(len(latencies), sum(latencies), tuple(latencies))


async def _tell(bridge: Bridge, natural_key: str, **body: Any) -> None:  # noqa: ANN401  # of an Event
    event = pb.Event(natural_key=natural_key, **body)
    event.event_time.FromDatetime(datetime.now(UTC))
    await bridge.say(event=event)


async def _judged(guards: Any, by: Strategy, equity: Decimal) -> None:  # noqa: ANN401  # a stub
    while True:
        answer = await guards.GetGuards(
            guards_pb2.GetGuardsRequest(account_id=by.account_id), metadata=by.owner
        )
        standings = answer.guards[0].standings
        if standings and Decimal(standings[0].value) == equity:
            return
        await asyncio.sleep(0.05)


async def _reset(guards: Any, by: Strategy) -> None:  # noqa: ANN401  # a stub
    answer = await guards.GetGuards(
        guards_pb2.GetGuardsRequest(account_id=by.account_id), metadata=by.owner
    )
    await guards.ResetGuard(
        guards_pb2.ResetGuardRequest(
            guard_id=by.account_id,
            reason="bench",
            resets=answer.guards[0].latch.resets,
            accept_loss=True,
        ),
        metadata=by.owner,
    )


def _deposit() -> pb.Deal:
    return pb.Deal(
        ticket=1,
        type=2,
        volume="0",
        price="0",
        profit=str(_DEPOSIT),
        commission="0",
        swap="0",
        fee="0",
        broker_time_ms=1,
    )


def _snapshot(equity: Decimal, number: int) -> pb.AccountSnapshot:
    """Return an account with one position that was not there before."""
    position = pb.Position(
        ticket=number,
        identifier=number,
        symbol="EURUSD",
        side=values_pb2.SIDE_BUY,
        volume="0.1",
        price_open="1.0845",
        price_current="1.0845",
        profit="0",
        swap="0",
        broker_time_ms=1,
    )
    return pb.AccountSnapshot(
        revision=number,
        balance=str(_DEPOSIT),
        equity=str(equity),
        credit="0",
        margin="100",
        margin_free=str(equity),
        positions=[position],
        connected=True,
    )
