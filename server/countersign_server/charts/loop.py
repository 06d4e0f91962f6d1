"""Pictures and published files whose time is over are cleared away."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from countersign_server.charts import measures
from countersign_server.charts.media_files import MediaFolder
from countersign_server.charts.picture_store import forget_pictures
from countersign_server.database.engine import Database
from countersign_server.database.outages import log_failure

_EVERY_SECONDS = 60.0

log = structlog.get_logger()


class Clearing:
    """Clears away, for ever. Any number of processes may run it."""

    def __init__(
        self, *, database: Database, folder: MediaFolder, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._folder = folder
        self._now = now

    async def run(self) -> None:
        """Look every minute, until cancelled."""
        while True:
            try:
                await self.step()
            except Exception as error:  # noqa: BLE001  # whatever it is, the next look finds the same
                log_failure(log, "clearing pictures failed", error)
                measures.loop_failures_total.inc()
            await asyncio.sleep(_EVERY_SECONDS)

    async def step(self) -> None:
        """Clear away what is over."""
        async with self._database.transaction(None) as tx:
            while await forget_pictures(tx, self._now()):
                pass
        await asyncio.to_thread(self._folder.clear, self._now())
