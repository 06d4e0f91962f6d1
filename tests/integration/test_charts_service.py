"""Charts through the door: drawn once, known by their ETag, at worst a placeholder."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import grpc
import matplotlib.image
import pytest
from google.api.httpbody_pb2 import HttpBody
from prometheus_client import REGISTRY
from sqlalchemy import select

from countersign.v1 import audit_pb2, charts_pb2 as pb
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import account, save_snapshot
from countersign_server.analytics.loop import EquityReading
from countersign_server.charts.bars import Bar
from countersign_server.charts.media_files import MediaFolder
from countersign_server.charts.picture_cache import PictureCache
from countersign_server.charts.pictures import Pictures, checked_digest
from countersign_server.charts.price_drawing import draw_prices
from countersign_server.charts.renderer import WORKER, NotDrawn, Renderer
from countersign_server.charts.spec import PriceChart, Size
from countersign_server.charts.tables import pictures
from countersign_server.database.engine import Database
from countersign_server.execution.rate_store import Series, keep_bars
from countersign_server.media_errors import TooManyCharts
from tests.fixtures.back_office import a_snapshot
from tests.fixtures.chart_bars import hourly_bars, stored_bars
from tests.fixtures.clock import START
from tests.fixtures.refusals import refusal
from tests.fixtures.world import Owner, World, world

PNG = b"\x89PNG\r\n\x1a\n"
BARS = hourly_bars(60)
LOOK = pb.ChartLook(theme="dark", zone="Europe/Prague", width=640, height=400)


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as it:
        yield it


@pytest.fixture
async def owner(it: World) -> Owner:
    return await it.an_owner()


@dataclass(frozen=True, slots=True)
class Answer:
    body: HttpBody
    headers: dict[str, str] = field(default_factory=dict[str, str])


async def asked(call: grpc.aio.UnaryUnaryCall[object, HttpBody]) -> Answer:
    body = await call
    headers = {key: str(value) for key, value in await call.initial_metadata() or ()}
    return Answer(body, headers)


def columns(bars: Sequence[Bar]) -> pb.BarColumns:
    return pb.BarColumns(
        times=[int(bar.time.timestamp()) for bar in bars],
        opens=[bar.open for bar in bars],
        highs=[bar.high for bar in bars],
        lows=[bar.low for bar in bars],
        closes=[bar.close for bar in bars],
        volumes=[bar.volume for bar in bars],
    )


def a_drawing(title: str = "EURUSD H1") -> pb.DrawPriceChartRequest:
    return pb.DrawPriceChartRequest(
        title=title,
        bars=columns(BARS),
        digits=5,
        prices=pb.PriceLook(averages=["simple:9", "exponential:21"], profile_levels=30),
        look=LOOK,
    )


async def held_account(it: World, owner: Owner) -> Account:
    async with it.database.transaction(None) as tx:
        found = await account(tx, UUID(owner.account_id))
    assert found is not None
    return found


async def store(it: World, owner: Owner, bars: Sequence[Bar], timeframe: str = "H1") -> None:
    held = await held_account(it, owner)
    series = Series(held.id, held.owner_id, "EURUSD", timeframe)
    async with it.database.transaction(held.owner_id) as tx:
        await keep_bars(tx, series, stored_bars(bars))


async def test_bars_in_the_request_are_drawn_and_the_same_request_is_the_same_picture(
    it: World, owner: Owner
) -> None:
    before = drawn("candles"), hits("candles")
    first = await asked(it.charts.DrawPriceChart(a_drawing(), metadata=owner.metadata))
    again = await asked(it.charts.DrawPriceChart(a_drawing(), metadata=owner.metadata))
    other = await asked(it.charts.DrawPriceChart(a_drawing(title="Else"), metadata=owner.metadata))

    assert first.body.content_type == "image/png"
    assert first.body.data.startswith(PNG)
    assert (again.body.data, again.headers["etag"]) == (first.body.data, first.headers["etag"])
    assert other.headers["etag"] != first.headers["etag"]
    assert (drawn("candles") - before[0], hits("candles") - before[1]) == (2, 1)


async def test_a_caller_who_names_the_etag_is_told_that_it_has_the_picture(
    it: World, owner: Owner
) -> None:
    first = await asked(it.charts.DrawPriceChart(a_drawing(), metadata=owner.metadata))
    known = (("if-none-match", f'"other", W/{first.headers["etag"]}'),)
    again = await asked(it.charts.DrawPriceChart(a_drawing(), metadata=(*owner.metadata, *known)))

    assert again.body.data == b""
    assert again.headers["x-not-modified"] == "1"
    assert again.headers["etag"] == first.headers["etag"]


def drawn(kind: str) -> float:
    return REGISTRY.get_sample_value("media_render_total", {"type": kind}) or 0.0


def hits(kind: str) -> float:
    return REGISTRY.get_sample_value("media_cache_hits_total", {"type": kind}) or 0.0


@pytest.mark.parametrize(
    ("request_", "field_name"),
    [
        (pb.DrawPriceChartRequest(bars=pb.BarColumns(times=[1, 2], opens=[1.0])), "bars"),
        (pb.DrawPriceChartRequest(bars=columns(BARS[::-1])), "bars[1].time"),
        (pb.DrawPriceChartRequest(bars=columns(BARS), look=pb.ChartLook(colours=["red"])), "look"),
        (pb.DrawPriceChartRequest(bars=columns(BARS), look=pb.ChartLook(zone="Atlantis")), "zone"),
        (pb.DrawPriceChartRequest(bars=columns(BARS), look=pb.ChartLook(width=10)), "size"),
        (
            pb.DrawPriceChartRequest(
                bars=columns(BARS),
                prices=pb.PriceLook(style=pb.CHART_STYLE_RENKO, brick="0.0000001"),
            ),
            "brick",
        ),
    ],
)
async def test_what_cannot_be_drawn_is_refused_by_its_field(
    it: World, owner: Owner, request_: pb.DrawPriceChartRequest, field_name: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await it.charts.DrawPriceChart(request_, metadata=owner.metadata)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (refused.value.details() or "").startswith(field_name)


async def test_an_accounts_prices_are_drawn_from_what_its_terminal_told(
    it: World, owner: Owner
) -> None:
    request = pb.GetPriceChartRequest(account_id=owner.account_id, symbol="EURUSD", look=LOOK)
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "BARS_MISSING"):
        await it.charts.GetPriceChart(request, metadata=owner.metadata)
    await store(it, owner, BARS)
    first = await asked(it.charts.GetPriceChart(request, metadata=owner.metadata))
    listed = await it.charts.ListBars(
        pb.ListBarsRequest(account_id=owner.account_id, symbol="EURUSD", bars=2),
        metadata=owner.metadata,
    )
    by_operator = await asked(it.charts.GetPriceChart(request, metadata=it.operator))
    await store(it, owner, [hourly_bars(61)[-1]])
    newer = await asked(it.charts.GetPriceChart(request, metadata=owner.metadata))

    assert first.body.data.startswith(PNG)
    assert [*listed.bars.times] == [int(bar.time.timestamp()) for bar in BARS[-2:]]
    assert listed.failure == "NOT_CONNECTED"
    assert by_operator.body.data == first.body.data
    assert newer.headers["etag"] != first.headers["etag"]


async def test_no_more_bars_are_kept_than_a_chart_can_show(it: World, owner: Owner) -> None:
    many = hourly_bars(5_010)
    await store(it, owner, many[:3_000])
    await store(it, owner, many[2_500:])
    listed = await it.charts.ListBars(
        pb.ListBarsRequest(account_id=owner.account_id, symbol="EURUSD", bars=5_000),
        metadata=owner.metadata,
    )
    assert [*listed.bars.times] == [int(bar.time.timestamp()) for bar in many[10:]]


async def read_equity(it: World, owner: Owner) -> None:
    held = await held_account(it, owner)
    for revision in (1, 2, 3):
        snapshot = a_snapshot(
            account_id=held.id,
            owner_id=held.owner_id,
            revision=revision,
            equity=Decimal(10_000 + revision),
            received_at=datetime.now(UTC) + timedelta(seconds=revision),
        )
        async with it.database.transaction(None) as tx:
            await save_snapshot(tx, snapshot)
        await EquityReading(database=it.database, now=lambda: datetime.now(UTC)).step()


async def test_an_accounts_equity_is_drawn_and_published_under_a_name_nobody_guesses(
    it: World, owner: Owner, tmp_path: Path
) -> None:
    request = pb.GetEquityChartRequest(account_id=owner.account_id, look=LOOK)
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "EQUITY_MISSING"):
        await it.charts.GetEquityChart(request, metadata=owner.metadata)
    await read_equity(it, owner)
    shown = await asked(it.charts.GetEquityChart(request, metadata=owner.metadata))
    published = [
        await it.charts.PublishChart(
            pb.PublishChartRequest(equity=request), metadata=owner.metadata
        )
        for _ in range(2)
    ]
    entries = await it.audit.ListAuditEntries(
        audit_pb2.ListAuditEntriesRequest(page_size=500), metadata=owner.metadata
    )

    files = [tmp_path / "media" / one.path for one in published]
    assert [file.read_bytes() for file in files] == [shown.body.data] * 2
    assert files[0].name != files[1].name
    assert files[0].parent.name == owner.id
    assert published[0].url == ""
    assert files[0].stem not in str(entries)
    assert [entry.kind for entry in entries.entries].count("chart.published") == 2


def test_files_are_removed_when_their_time_is_over_and_the_oldest_when_they_are_too_many(
    tmp_path: Path,
) -> None:
    folder = MediaFolder(tmp_path, lifetime=timedelta(days=2), owner_bytes_max=250)
    mine, theirs = uuid4(), uuid4()
    kept = [folder.publish(mine, bytes(100), START).path for _ in range(2)]
    for number, path in enumerate(kept):
        os.utime(tmp_path / path, (number, number))
    other = folder.publish(theirs, bytes(100), START).path
    newest = folder.publish(mine, bytes(100), START + timedelta(days=1)).path

    there = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*/*")}
    assert there == {kept[1], other, newest}
    assert folder.clear(START + timedelta(days=2)) == 0
    assert folder.clear(START + timedelta(days=3)) == 1
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*/*")} == {newest}


WITHOUT_BACKEND = """
import sys
sys.modules["matplotlib"] = None
from countersign_server.charts.worker import main
main()
"""
CHART = PriceChart("EURUSD", BARS, 5, size=Size(400, 300))


@asynccontextmanager
async def a_renderer(
    *command: str, seconds: float = 20, waiting_max: int = 4
) -> AsyncGenerator[Renderer]:
    renderer = Renderer(
        workers=1,
        waiting_max=waiting_max,
        patience=timedelta(seconds=seconds),
        command=command or WORKER,
    )
    try:
        yield renderer
    finally:
        await renderer.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, connections=2)
    yield database
    await database.close()


def pictures_of(database: Database, renderer: Renderer) -> Pictures:
    cache = PictureCache(bytes_max=1_000_000, lifetime=timedelta(hours=1))
    return Pictures(
        database=database, renderer=renderer, cache=cache, shared_lifetime=None, now=lambda: START
    )


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise SystemExit(3)", "WORKER_DIED"),
        ("import sys; sys.stdin.read()", "TOOK_TOO_LONG"),
        (WITHOUT_BACKEND, "BACKEND_FAILED"),
    ],
)
async def test_a_placeholder_stands_in_for_a_picture_that_could_not_be_drawn(
    database: Database, program: str, reason: str
) -> None:
    given = REGISTRY.get_sample_value("media_placeholders_total", {"reason": reason}) or 0
    seconds = 1 if "read" in program else 20
    async with a_renderer(sys.executable, "-c", program, seconds=seconds) as renderer:
        pictures = pictures_of(database, renderer)
        made = await pictures.of(CHART, checked_digest(CHART), owner_id=uuid4())

    assert made.failure == reason
    assert read_png(made.data) == (400, 300)
    assert REGISTRY.get_sample_value("media_placeholders_total", {"reason": reason}) == given + 1


def read_png(data: bytes) -> tuple[int, int]:
    height, width, *_ = matplotlib.image.imread(BytesIO(data), format="png").shape
    return width, height


async def test_a_worker_that_is_killed_costs_its_picture_and_no_other(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    program = (
        f"import os, pathlib; pathlib.Path({str(told)!r}).write_text(str(os.getpid())); "
        "from countersign_server.charts.worker import main; main()"
    )
    whole = draw_prices(CHART)
    async with a_renderer(sys.executable, "-c", program) as renderer:
        assert await renderer.draw(CHART) == whole
        first = int(told.read_text())
        os.kill(first, signal.SIGKILL)
        outcomes = [await outcome_of(renderer), await outcome_of(renderer)]

    assert outcomes[1] == whole
    assert int(told.read_text()) != first


async def outcome_of(renderer: Renderer) -> bytes | str:
    try:
        return await renderer.draw(CHART)
    except NotDrawn as missing:
        return missing.reason


async def test_more_charts_at_once_than_may_wait_are_refused() -> None:
    async with a_renderer(waiting_max=2) as renderer:
        outcomes = await asyncio.gather(
            *(renderer.draw(CHART) for _ in range(4)), return_exceptions=True
        )
    refused = [one for one in outcomes if isinstance(one, TooManyCharts)]
    assert len(refused) == 2
    assert sum(isinstance(one, bytes) for one in outcomes) == 2


async def test_a_picture_that_many_ask_for_at_once_is_drawn_once(database: Database) -> None:
    before, owner_id, digest = drawn("candles"), uuid4(), checked_digest(CHART)
    async with a_renderer(waiting_max=1) as renderer:
        pictures = pictures_of(database, renderer)
        made = await asyncio.gather(
            *(pictures.of(CHART, digest, owner_id=owner_id) for _ in range(8))
        )

    assert len({one.data for one in made}) == 1
    assert drawn("candles") - before == 1


async def test_what_one_process_drew_another_finds(it: World, owner: Owner) -> None:
    shown = await asked(it.charts.DrawPriceChart(a_drawing(), metadata=owner.metadata))
    digest = await stored_digest(it, owner)
    assert digest.hex()[:32] == shown.headers["etag"].strip('"')
    async with a_renderer("false") as renderer:
        elsewhere = Pictures(
            database=it.database,
            renderer=renderer,
            cache=PictureCache(bytes_max=1_000_000, lifetime=timedelta(hours=1)),
            shared_lifetime=timedelta(hours=1),
            now=lambda: datetime.now(UTC),
        )
        found = await elsewhere.of(CHART, digest, owner_id=UUID(owner.id))
        strangers = await elsewhere.of(CHART, digest, owner_id=uuid4())

    assert found.data == shown.body.data
    assert strangers.failure


async def stored_digest(it: World, owner: Owner) -> bytes:
    async with it.database.transaction(UUID(owner.id)) as tx:
        found: bytes | None = await tx.scalar(select(pictures.c.digest))
    assert found is not None
    return found


def test_the_cache_of_a_process_forgets_what_was_used_longest_ago_and_what_is_old() -> None:
    cache = PictureCache(bytes_max=250, lifetime=timedelta(hours=1))
    keys = [(UUID(int=number), b"d") for number in range(3)]
    cache.put(keys[0], bytes(100), START)
    cache.put(keys[1], bytes(100), START)
    assert cache.get(keys[0], START)
    cache.put(keys[2], bytes(100), START)

    assert [cache.get(key, START) is not None for key in keys] == [True, False, True]
    assert cache.get(keys[0], START + timedelta(hours=1)) is None
    cache.put(keys[1], bytes(251), START)
    assert cache.get(keys[1], START) is None


async def test_a_producer_may_have_its_own_bars_drawn_and_nobodys_account(
    it: World, owner: Owner
) -> None:
    producer = await it.a_producer(owner)
    shown = await asked(it.charts.DrawPriceChart(a_drawing(), metadata=producer.metadata))
    assert shown.body.data.startswith(PNG)
    request = pb.GetPriceChartRequest(account_id=owner.account_id, symbol="EURUSD")
    with refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"):
        await it.charts.GetPriceChart(request, metadata=producer.metadata)
