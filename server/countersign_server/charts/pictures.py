"""From a chart to its picture: remembered, shared, or drawn once however many ask at a time."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from countersign_server.charts import measures
from countersign_server.charts.digest import digest_of
from countersign_server.charts.picture_cache import Key, PictureCache
from countersign_server.charts.picture_store import store_picture, stored_picture
from countersign_server.charts.placeholder import placeholder, placeholder_page
from countersign_server.charts.renderer import NotDrawn, Renderer
from countersign_server.charts.report import Report, ReportFormat, check_report
from countersign_server.charts.spec import (
    EquityChart,
    PriceChart,
    check_equity_chart,
    check_price_chart,
)
from countersign_server.database.engine import Database

Chart = PriceChart | EquityChart | Report


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG or a PDF. `failure` is upper-case; empty: it is the picture and no placeholder."""

    data: bytes
    failure: str = ""


class Pictures:
    """Draws, and remembers what was drawn."""

    def __init__(
        self,
        *,
        database: Database,
        renderer: Renderer,
        cache: PictureCache,
        shared_lifetime: timedelta | None,
        now: Callable[[], datetime],
    ) -> None:
        """`shared_lifetime` None: what was drawn is not shared with other processes."""
        self._database = database
        self._renderer = renderer
        self._cache = cache
        self._shared_lifetime = shared_lifetime
        self._now = now
        self._under_way: dict[Key, asyncio.Task[bytes]] = {}

    async def of(self, chart: Chart, digest: bytes, *, owner_id: UUID) -> Picture:
        """Return the picture, or a placeholder. Raises SpecInvalid, TooManyCharts."""
        kind, key = kind_of(chart), (owner_id, digest)
        found = self._cache.get(key, self._now()) or await self._shared(key)
        if found is not None:
            measures.cache_hits_total.labels(kind).inc()
            return Picture(found)
        try:
            return Picture(await self._drawn_once(key, chart))
        except NotDrawn as missing:
            measures.placeholders_total.labels(missing.reason).inc()
            is_page = isinstance(chart, Report) and chart.format is ReportFormat.PDF
            made = placeholder_page if is_page else placeholder
            return Picture(made(chart.size, chart.theme), missing.reason)

    async def _drawn_once(self, key: Key, chart: Chart) -> bytes:
        """Draw, or wait for whoever draws the same already; giving up waiting ends no drawing."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._draw(key, chart))
            self._under_way[key] = task
            task.add_done_callback(lambda ended: self._settle(key, ended))
        return await asyncio.shield(task)

    def _settle(self, key: Key, task: asyncio.Task[bytes]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            # Looked at here in case that everybody who waited has gone.
            task.exception()

    async def _draw(self, key: Key, chart: Chart) -> bytes:
        began = time.perf_counter()
        drawn = await self._renderer.draw(chart)
        measures.render_seconds.observe(time.perf_counter() - began)
        measures.renders_total.labels(kind_of(chart)).inc()
        now, (owner_id, digest) = self._now(), key
        self._cache.put(key, drawn, now)
        if self._shared_lifetime is not None:
            async with self._database.transaction(owner_id) as tx:
                expires_at = now + self._shared_lifetime
                await store_picture(tx, owner_id, digest, drawn, now=now, expires_at=expires_at)
        return drawn

    async def _shared(self, key: Key) -> bytes | None:
        if self._shared_lifetime is None or key in self._under_way:
            return None
        owner_id, digest = key
        async with self._database.transaction(owner_id) as tx:
            found = await stored_picture(tx, owner_id, digest, self._now())
        if found is not None:
            self._cache.put(key, found, self._now())
        return found


def checked_digest(chart: Chart) -> bytes:
    """Return the digest of a chart that can be drawn. Raises SpecInvalid."""
    match chart:
        case PriceChart():
            check_price_chart(chart)
        case EquityChart():
            check_equity_chart(chart)
        case Report():
            check_report(chart)
    return digest_of(chart)


def kind_of(chart: Chart) -> str:
    """Return how measures name what a chart shows."""
    match chart:
        case PriceChart():
            return str(chart.style)
        case EquityChart():
            return "equity"
        case Report():
            return "report"
