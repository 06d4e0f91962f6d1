"""Bars over the channel: asked for when a chart needs them, kept, and never in trading's way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration

from countersign.v1 import charts_pb2, execution_pb2 as pb
from countersign_server.execution.rates import bars_of
from tests.fixtures.bridge_end import BridgeEnd, bridge_end
from tests.fixtures.world import Device, Owner, World, world

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TWO_HOURS = Duration(seconds=7200)


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as it:
        yield it


def a_report(count: int = 3, *, first: int = 0, last: bool = True) -> pb.RatesReport:
    """Hourly bars of EURUSD from noon on, by a broker's clock two hours ahead."""
    start = int(NOON.timestamp()) + 7200
    numbers = range(first, first + count)
    return pb.RatesReport(
        symbol="EURUSD",
        timeframe="H1",
        times=[start + 3600 * number for number in numbers],
        opens=[1.1] * count,
        highs=[1.2] * count,
        lows=[1.0] * count,
        closes=[1.15] * count,
        volumes=[7] * count,
        broker_utc_offset=TWO_HOURS,
        last=last,
    )


async def bars(it: World, owner: Owner, count: int = 200) -> charts_pb2.ListBarsResponse:
    request = charts_pb2.ListBarsRequest(account_id=owner.account_id, symbol="EURUSD", bars=count)
    return await it.charts.ListBars(request, metadata=owner.metadata)


async def asked(end: BridgeEnd) -> pb.FetchRates:
    return (await end.hear("fetch_rates")).fetch_rates


async def test_a_chart_asks_the_bridge_and_shows_what_it_tells(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device) as end:
        listing = asyncio.create_task(bars(it, owner, 4))
        question = await asked(end)
        await end.say(rates=a_report(2, last=False))
        await end.say(rates=a_report(2, first=2))
        told = await listing
        # So soon it is not asked for again: what follows is answered from what is stored.
        again = await bars(it, owner, 4)

    assert (question.symbol, question.timeframe, question.count) == ("EURUSD", "H1", 4)
    hours = [NOON + timedelta(hours=number) for number in range(4)]
    assert [datetime.fromtimestamp(time, UTC) for time in told.bars.times] == hours
    assert [*told.bars.highs] == [1.2] * 4
    assert told.failure == again.failure == ""
    assert again.bars == told.bars


async def test_a_bridge_that_tells_why_there_are_none_is_not_waited_for(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device) as end:
        listing = asyncio.create_task(bars(it, owner))
        await asked(end)
        failed = pb.RatesReport(
            symbol="EURUSD", timeframe="H1", last=True, failure="SYMBOL_UNKNOWN"
        )
        await end.say(rates=failed)
        told = await listing
    assert (told.failure, told.HasField("bars")) == ("SYMBOL_UNKNOWN", False)


async def test_a_bridge_that_does_not_answer_costs_a_few_seconds_and_its_session_nothing(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device) as end:
        told = await bars(it, owner)
        await end.acknowledged(await end.say(rates=a_report()))
        late = await bars(it, owner)
    assert told.failure == "NOT_ANSWERED_IN_TIME"
    assert len(late.bars.times) == 3


async def test_bars_that_nobody_asked_for_are_not_kept_and_broken_ones_end_no_session(
    it: World, owner: Owner, device: Device
) -> None:
    broken = a_report()
    broken.times.extend([1] * 1_000)
    async with bridge_end(it, owner, device) as end:
        await end.acknowledged(await end.say(rates=a_report()))
        await end.acknowledged(await end.say(rates=broken))
        await end.acknowledged(await end.say(heartbeat=pb.BridgeHeartbeat()))
    assert not (await bars(it, owner)).HasField("bars")


@pytest.mark.parametrize(
    "changes",
    [
        {"highs": [1.0]},
        {"lows": [float("nan")]},
        {"highs": [float("inf")]},
        {"lows": [0.0]},
        {"volumes": [-1]},
        {"times": [-5]},
        {"opens": []},
    ],
)
def test_a_bar_that_cannot_be_is_left_out(changes: dict[str, list[float]]) -> None:
    report = a_report(1)
    assert len(bars_of(report)) == 1
    for name, values in changes.items():
        report.ClearField(name)  # pyright: ignore[reportArgumentType]  # one of its fields
        getattr(report, name).extend(values)
    assert bars_of(report) == []
