"""What a bridge is told: offers, cancels, questions and the account's state, at each look."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from countersign.v1 import execution_pb2 as pb
from countersign_server.execution.book import Book, Books, Ring
from countersign_server.execution.command import Command
from countersign_server.execution.guard_news import AskGuard, no_news
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.live_session import LiveSession, Pace
from countersign_server.execution.measures import offer_seconds
from countersign_server.execution.session import cancels_of, doubts_of
from countersign_server.execution.trading import Trading
from countersign_server.execution.transitions import mark_offered, target_of
from countersign_server.execution.wire import (
    halt_frame,
    offer_frame,
    resolve_frame,
    symbol_message,
)
from countersign_server.rpc.conversion import to_timestamp

# How often to look while something may have to be said again, or nobody would hear a bell.
LOOK_EVERY = timedelta(seconds=1)
# Whatever changes rings; this is for a ring that was lost.
LOOK_ANYWAY = timedelta(seconds=15)
_RESOLVE_EVERY = timedelta(seconds=5)


class Feeder:
    """Looks at accounts' commands for their sessions, and keeps their leases."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        books: Books,
        ring: Ring,
        pace: Pace,
        now: Callable[[], datetime],
        presence: Callable[[], int] = lambda: 0,
        ask_guard: AskGuard = no_news,
    ) -> None:
        self._books = books
        self._ring = ring
        self._pace = pace
        self._now = now
        self._presence = presence
        self._ask_guard = ask_guard
        self._draining = False

    def drain(self) -> None:
        """Offer nothing new from now on."""
        self._draining = True

    async def look(self, session: LiveSession) -> bool:
        """Offer, cancel, ask and tell what the book shows.

        Returns whether something may have to be said again though nothing changes.
        """
        now = self._now()
        # Before anything is offered: a bridge that is new must know what holds.
        await self._tell_guard(session)
        async with self._books.transaction(session.opened.owner_id) as book:
            seen = await book.glance(session.opened.account_id)
            open_now = seen.not_over
            offered = await self._offer(book, session, open_now, now)
            frames = [offer_frame(command, await target_of(book, command)) for command in offered]
        for command, frame in zip(offered, frames, strict=True):
            session.offers.showed(command.id)
            session.say(offer=frame)
            if command.offered_at == now:
                offer_seconds.observe((now - command.created_at).total_seconds())
        for command in cancels_of(open_now):
            if command.id not in session.cancels_sent:
                session.cancels_sent.add(command.id)
                session.say(cancel=pb.Cancel(command_id=str(command.id)))
        _ask_about_doubts(session, open_now, now)
        _tell_changes(session, seen.trading, [symbol_message(one) for one in seen.symbols])
        if offered:
            self._ring("audit")
        return any(command.state is not CommandState.WORKING for command in open_now)

    async def _tell_guard(self, session: LiveSession) -> None:
        opened = session.opened
        news = await self._ask_guard(opened.account_id, opened.owner_id, session.guard_changes)
        if news is None:
            return
        session.guard_changes = news.changes
        for frame in news.frames:
            if isinstance(frame, pb.PolicyInForce):
                session.say(guard_policy=frame)
            else:
                session.say(guard=frame)

    async def beat(self, session: LiveSession) -> bool:
        """Say that the server lives, and hold the lease on; False: it is lost."""
        now = self._now()
        session.say(heartbeat=pb.ServerHeartbeat(server_time=to_timestamp(now)))
        async with self._books.transaction(session.opened.owner_id) as book:
            return await book.devices.renew_lease(
                session.opened.account_id,
                session.opened.epoch,
                now,
                lasting=self._pace.heartbeat_timeout,
                holder=self._presence(),
            )

    async def _offer(
        self, book: Book, session: LiveSession, open_now: Sequence[Command], now: datetime
    ) -> Sequence[Command]:
        wanted = [] if self._draining else session.offers.to_show(open_now, now)
        if not wanted:
            return []
        ids = [command.id for command in wanted]
        return await mark_offered(book, ids, trace=session.reporter.trace, now=now)


def _ask_about_doubts(session: LiveSession, open_now: Sequence[Command], now: datetime) -> None:
    doubts = doubts_of(open_now)
    # Once a session: a bridge whose journal was lost has forgotten the tags of orders that work,
    # and would never tell of their end.
    working = [command for command in open_now if command.state is CommandState.WORKING]
    asked = session.resolve_asked_at
    for command_id in asked.keys() - {command.id for command in (*doubts, *working)}:
        del asked[command_id]
    due = [command for command in doubts if asked.get(command.id, now) + _RESOLVE_EVERY <= now]
    new = [command for command in (*doubts, *working) if command.id not in asked]
    for command in (*due, *new):
        asked[command.id] = now
        session.say(resolve=resolve_frame(command))


def _tell_changes(session: LiveSession, trading: Trading, symbols: list[pb.SymbolMapping]) -> None:
    if symbols != session.symbols:
        session.symbols = symbols
        session.say(symbols=pb.SymbolList(symbols=symbols))
    if trading.latch != session.latch:
        session.latch = trading.latch
        session.say(halt=halt_frame(trading.state, trading.cause, trading.latch))
