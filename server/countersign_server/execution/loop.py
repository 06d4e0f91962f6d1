"""The command clock's own pace."""

import asyncio

import structlog

from countersign_server.execution.command_clock import BATCH, CommandClock

log = structlog.get_logger()

_PERIOD_SECONDS = 0.5
_AFTER_FAILURE_SECONDS = 2.0


class CommandLoop:
    """Looks at the clock for ever."""

    def __init__(self, clock: CommandClock) -> None:
        self._clock = clock

    async def run(self) -> None:
        """Look every half second, until cancelled."""
        while True:
            try:
                moved = await self._clock.look()
            except Exception as error:  # noqa: BLE001  # the clock must go on; the next look finds the same rows
                log.warning("command clock failed", error=str(error))
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)
                continue
            if moved < BATCH:
                await asyncio.sleep(_PERIOD_SECONDS)
