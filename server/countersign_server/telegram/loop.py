"""What runs at its own pace: updates come in, and are handled."""

import asyncio
from datetime import datetime, timedelta

import structlog

from countersign_server.database.outages import log_failure
from countersign_server.database.wakeups import Wakeups
from countersign_server.outgoing.posting import NotAnswered
from countersign_server.telegram import measures, message_store, update_store
from countersign_server.telegram.bot_api import BotApi, BotRefused
from countersign_server.telegram.handling import Desk, handle
from countersign_server.telegram.intake import Intake

# Rung when an update was stored.
UPDATES = "telegram"

_PERIOD = timedelta(seconds=1)
_AT_ONCE = 20
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
# While another process asks Telegram.
_LOOK = timedelta(seconds=5)
_TIDY_EVERY = timedelta(minutes=10)

log = structlog.get_logger()


class Fetching:
    """Has Telegram post updates, or asks for them, for ever."""

    def __init__(
        self, *, intake: Intake, bot: BotApi, wakeups: Wakeups, webhook_url: str, secret: str
    ) -> None:
        """`webhook_url` empty: it is asked for them."""
        self._intake = intake
        self._bot = bot
        self._wakeups = wakeups
        self._webhook_url = webhook_url
        self._secret = secret

    async def run(self) -> None:
        """Begin, until it works; then ask, until cancelled."""
        pause, has_begun = _FIRST_PAUSE, False
        while True:
            try:
                if not has_begun:
                    await self._begin()
                    has_begun = True
                if self._webhook_url:
                    await asyncio.Event().wait()
                stored = await self._intake.fetch()
                pause = _FIRST_PAUSE
            except (BotRefused, NotAnswered) as error:
                measures.loop_failures_total.labels("fetching").inc()
                log.warning("telegram does not answer", error=str(error))
                await asyncio.sleep(_asked(error, pause).total_seconds())
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            except Exception as error:  # noqa: BLE001  # whatever it is, people must be heard again
                measures.loop_failures_total.labels("fetching").inc()
                log_failure(log, "updates not fetched", error)
                await asyncio.sleep(_LONGEST_PAUSE.total_seconds())
                continue
            if stored is None:
                await asyncio.sleep(_LOOK.total_seconds())
            elif stored:
                self._wakeups.ring(UPDATES)

    async def _begin(self) -> None:
        if self._webhook_url:
            await self._bot.be_called(self._webhook_url, self._secret)
        else:
            await self._bot.be_asked_no_more()


class Handling:
    """Handles updates as they come, for ever. Any number of processes may run it."""

    def __init__(self, desk: Desk, wakeups: Wakeups, *, kept: timedelta) -> None:
        """`kept`: for how long it is remembered what became of updates."""
        self._desk = desk
        self._wakeups = wakeups
        self._kept = kept
        self._tidied_at: datetime | None = None

    async def run(self) -> None:
        """Handle what waits, until cancelled."""
        pause = _FIRST_PAUSE
        async with self._desk.bot.lines:
            with self._wakeups.subscribe(UPDATES) as wakeup:
                while True:
                    try:
                        busy = await self.step() == _AT_ONCE
                        await self._tidy()
                        pause = _FIRST_PAUSE
                    except Exception as error:  # noqa: BLE001  # whatever it is, the next person must be heard
                        log_failure(log, "updates not handled", error)
                        measures.loop_failures_total.labels("handling").inc()
                        await asyncio.sleep(pause.total_seconds())
                        pause = min(pause * 2, _LONGEST_PAUSE)
                        continue
                    if not busy:
                        await wakeup.wait(_PERIOD)

    async def step(self) -> int:
        """Handle some, in their order; return how many."""
        desk = self._desk
        async with desk.database.transaction(None) as tx:
            waiting = await update_store.take_updates(tx, _AT_ONCE, desk.now())
        for stored in waiting:
            try:
                outcome = await handle(desk, stored)
            except Exception:  # its lease runs out, and it is tried again; the others go on
                log.exception("update not handled", update_id=stored.update_id)
                outcome = "FAILED"
            measures.updates_total.labels(outcome).inc()
        return len(waiting)

    async def _tidy(self) -> None:
        now = self._desk.now()
        if self._tidied_at is not None and now < self._tidied_at + _TIDY_EVERY:
            return
        self._tidied_at = now
        async with self._desk.database.transaction(None) as tx:
            await update_store.forget_updates(tx, now - self._kept)
            await message_store.forget_buttons(tx, now - self._kept)


def _asked(error: Exception, pause: timedelta) -> timedelta:
    """Return how long to wait: as long as Telegram asked for, or else the pause."""
    asked = error.retry_after if isinstance(error, BotRefused) else None
    return asked or pause
