"""What a bridge is told: offers, cancels and questions, whenever its account's bell rings."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from countersign.v1 import execution_pb2 as pb
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeup, Wakeups
from countersign_server.devices.lease_store import renew_lease
from countersign_server.errors import DeviceRevoked
from countersign_server.execution.command import Command
from countersign_server.execution.live_session import LiveSession, Pace
from countersign_server.execution.measures import offer_seconds
from countersign_server.execution.opening import mapped_symbols
from countersign_server.execution.session import cancels_of, doubts_of
from countersign_server.execution.store import mark_offered, open_commands, target_of
from countersign_server.execution.trading import Trading, trading_of
from countersign_server.execution.wire import halt_frame, offer_frame, resolve_frame
from countersign_server.identity.revocations import Revocations
from countersign_server.rpc.conversion import to_timestamp

_RESOLVE_EVERY = timedelta(seconds=5)
_LOOK_EVERY = timedelta(seconds=1)


class Feeder:
    """Looks at accounts' commands for their sessions, and keeps their leases."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        revocations: Revocations,
        pace: Pace,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._revocations = revocations
        self._pace = pace
        self._now = now
        self._draining = False

    def drain(self) -> None:
        """Offer nothing new from now on."""
        self._draining = True

    async def feed(self, session: LiveSession, handler: asyncio.Task[object]) -> str:
        """Offer what may be claimed, whenever the account's bell rings, until the session ends.

        Keeps the lease and notices silence; returns why the session ends. Raises DeviceRevoked.
        """
        loop = asyncio.get_running_loop()
        account_topic = f"account:{session.opened.account_id}"
        latch = session.opened.latch
        next_beat = loop.time()
        # Subscribed before the first look, so that nothing slips by unseen.
        with (
            self._wakeups.subscribe(account_topic) as account_bell,
            self._wakeups.subscribe("revocations") as revocation_bell,
        ):
            while True:
                if self._revocations.is_revoked(session.caller):
                    raise DeviceRevoked("the device is revoked; pair the bridge again")
                if self._is_silent(session, handler):
                    return "SESSION_LAPSED"
                if loop.time() >= next_beat:
                    next_beat = loop.time() + self._pace.heartbeat_interval.total_seconds()
                    if not await self._beat(session):
                        return "LEASE_LOST"
                trading, symbols = await self._look(session)
                if symbols != session.symbols:
                    session.symbols = symbols
                    session.say(symbols=pb.SymbolList(symbols=symbols))
                if trading.latch != latch:
                    latch = trading.latch
                    session.say(halt=halt_frame(trading.state, trading.cause, latch))
                patience = min(_LOOK_EVERY, timedelta(seconds=max(next_beat - loop.time(), 0)))
                await _first_ring(account_bell, revocation_bell, patience=patience)

    async def _look(self, session: LiveSession) -> tuple[Trading, list[pb.SymbolMapping]]:
        """Offer, cancel and ask about what the table shows."""
        now = self._now()
        async with self._database.transaction(session.opened.owner_id) as tx:
            trading = await trading_of(tx, session.opened.account_id)
            symbols = await mapped_symbols(tx, session.opened.account_id)
            open_now = list(await open_commands(tx, session.opened.account_id))
            wanted = [] if self._draining else session.offers.to_show(open_now, now)
            offered: Sequence[Command] = ()
            if wanted:
                ids = [command.id for command in wanted]
                offered = await mark_offered(tx, ids, trace=session.reporter.trace, now=now)
            targets = {command.id: await target_of(tx, command) for command in offered}
        for command in offered:
            session.offers.showed(command.id)
            session.say(offer=offer_frame(command, targets[command.id]))
            if command.offered_at == now:
                offer_seconds.observe((now - command.created_at).total_seconds())
        for command in cancels_of(open_now):
            if command.id not in session.cancels_sent:
                session.cancels_sent.add(command.id)
                session.say(cancel=pb.Cancel(command_id=str(command.id)))
        self._ask_about_doubts(session, open_now, now)
        if offered:
            self._wakeups.ring("audit")
        return trading, symbols

    def _ask_about_doubts(
        self, session: LiveSession, open_now: list[Command], now: datetime
    ) -> None:
        doubts = doubts_of(open_now)
        asked = session.resolve_asked_at
        for command_id in asked.keys() - {command.id for command in doubts}:
            del asked[command_id]
        for command in doubts:
            if command.id not in asked or asked[command.id] + _RESOLVE_EVERY <= now:
                asked[command.id] = now
                session.say(resolve=resolve_frame(command))

    async def _beat(self, session: LiveSession) -> bool:
        now = self._now()
        session.say(heartbeat=pb.ServerHeartbeat(server_time=to_timestamp(now)))
        async with self._database.transaction(session.opened.owner_id) as tx:
            return await renew_lease(
                tx,
                session.opened.account_id,
                session.opened.epoch,
                now,
                self._pace.heartbeat_timeout,
            )

    def _is_silent(self, session: LiveSession, handler: asyncio.Task[object]) -> bool:
        now, limit = (
            asyncio.get_running_loop().time(),
            self._pace.heartbeat_timeout.total_seconds(),
        )
        if session.writing_since is not None and now - session.writing_since > limit:
            # A bridge that does not read blocks the writer for ever; only cancelling frees it.
            handler.cancel()
            return True
        return now - session.heard_at > limit


async def _first_ring(*bells: Wakeup, patience: timedelta) -> None:
    """Return when one of the bells rings, or after `patience`."""
    waits = [asyncio.create_task(bell.wait(patience)) for bell in bells]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
