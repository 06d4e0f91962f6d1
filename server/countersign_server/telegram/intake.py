"""Where updates come from: Telegram posts them, or is asked for them by one process at a time."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from countersign_server.database.engine import Database
from countersign_server.telegram import update_store
from countersign_server.telegram.bot_api import POLL_SECONDS, BotApi
from countersign_server.telegram.update import update_id

_LEASE = timedelta(seconds=POLL_SECONDS + 25)


class Intake:
    """Stores updates, each once."""

    def __init__(self, database: Database, bot: BotApi, now: Callable[[], datetime]) -> None:
        self._database = database
        self._bot = bot
        self._now = now

    async def store(self, update: Mapping[str, Any]) -> bool:
        """Store one update that was posted; False: it was stored before, or is none."""
        number = update_id(update)
        if number is None:
            return False
        async with self._database.transaction(None) as tx:
            return await update_store.store_update(tx, number, json.dumps(update), self._now())

    async def fetch(self) -> int | None:
        """Ask Telegram, and store what comes; return how many. None: another process does.

        Telegram forgets an update only when it is asked for later ones, which is after it was
        stored.
        """
        async with self._database.transaction(None) as tx:
            lease_id = await update_store.take_intake(tx, _LEASE, self._now())
        if lease_id is None:
            return None
        async with self._database.transaction(None) as tx:
            after = await update_store.hold_intake(tx, lease_id, self._now() + _LEASE)
        updates: Sequence[Mapping[str, Any]] = ()
        try:
            if after is not None:
                updates = await self._bot.updates(after)
        finally:
            async with self._database.transaction(None) as tx:
                if await update_store.hold_intake(tx, lease_id, None) is not None:
                    for update in updates:
                        after = max(after or 0, update_id(update) or 0)
                        number = update_id(update) or 0
                        await update_store.store_update(tx, number, json.dumps(update), self._now())
                    if updates:
                        await update_store.move_intake(tx, after or 0)
        return len(updates)
