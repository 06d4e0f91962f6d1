"""One comparison of one account: read, compare, settle, keep, all or nothing."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from operator import attrgetter
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2, values_pb2
from countersign_server.accounts.account import Snapshot
from countersign_server.accounts.store import snapshot_of
from countersign_server.audit.entries import Trace
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.reconciliation import measures
from countersign_server.reconciliation.book_store import (
    adopt_deals,
    deals_balance,
    load_book,
    put_away,
    trades_of,
)
from countersign_server.reconciliation.breaker import Breaker, BreakerState
from countersign_server.reconciliation.comparison import Comparison, compare
from countersign_server.reconciliation.divergence import Divergence, Kind, State
from countersign_server.reconciliation.divergence_store import (
    Run,
    add_run,
    kept_divergences,
    policy_of,
    runs_by_id,
    save_divergence,
)
from countersign_server.reconciliation.freshness import Stale
from countersign_server.reconciliation.position import Held
from countersign_server.reconciliation.settlement import GONE, Look, settle
from countersign_server.reconciliation.statement import Statement, Sums
from countersign_server.reconciliation.turns import Turn, end_turn, has_new_deals

log = structlog.get_logger()

PERIOD = timedelta(seconds=10)
# Transactions do not commit in the order of their times: deals are looked at again for so long.
_OVERLAP = timedelta(minutes=10)
# How long a terminal that holds the same, and told of no deal, is taken to agree still.
_AGREED_FOR = timedelta(minutes=1)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_IDENTIFIER = attrgetter("identifier")
_SIDES = {values_pb2.SIDE_BUY: "buy", values_pb2.SIDE_SELL: "sell"}
# What deals explain: to adopt it is to take those deals into our book.
_BY_DEALS = frozenset({Kind.VOLUME, Kind.PARTIAL, Kind.REVERSED, Kind.CLOSED_BY_BROKER})
_OF_STATEMENTS = frozenset({Kind.STATEMENT})
_OF_WHAT_IS_GONE = frozenset({Kind.CLOSED_BY_BROKER, Kind.ORPHAN})


class Reconciler:
    """Compares the accounts whose turn it is given."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        stale: Stale,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._stale = stale
        self._now = now

    async def compare(self, turn: Turn, trace: Trace, *, keep: bool = False) -> Run:
        """Compare an account, end its turn, and return the run. `keep`: whatever it found.

        A snapshot that is old, or that a terminal remembered while cut off, is never compared: it
        begins no divergence and ends none.
        """
        with measures.run_seconds.time():
            async with self._database.transaction(turn.owner_id) as tx:
                run = await self._compare(tx, turn, trace, keep=keep)
        measures.runs_total.labels(run.failure_reason or "compared").inc()
        self._wakeups.ring("audit")
        return run

    async def fail(self, turn: Turn, error: Exception) -> Run:
        """End the turn of an account whose comparison failed."""
        now = self._now()
        breaker = turn.breaker.after_failure(now)
        log.warning("comparison failed", account_id=str(turn.account_id), exc_info=error)
        measures.runs_total.labels("FAILED").inc()
        if breaker.state(now) is BreakerState.OPEN:
            measures.breakers_tripped_total.inc()
        run = _run(turn, now, now, failure_reason="INTERNAL")
        async with self._database.transaction(turn.owner_id) as tx:
            await self._end(tx, turn, run, breaker=breaker, now=now)
        return run

    async def _compare(self, tx: AsyncConnection, turn: Turn, trace: Trace, *, keep: bool) -> Run:
        began = self._now()
        snapshot = await snapshot_of(tx, turn.account_id)
        if snapshot is None or self._stale(snapshot):
            reason = "NO_SNAPSHOT" if snapshot is None else "SNAPSHOT_STALE"
            run = _run(turn, began, self._now(), failure_reason=reason)
            facts: dict[str, object] = {
                "session_epoch": snapshot.session_epoch if snapshot else b""
            }
        else:
            found, facts = await _look(tx, turn, snapshot, trace, began)
            run = _run(turn, began, self._now(), found=found, snapshot=snapshot)
        await self._end(tx, turn, run, breaker=Breaker(), now=began, keep=keep, **facts)
        return run

    async def _end(  # noqa: PLR0913  # a turn, its run, and the facts that it leaves
        self,
        tx: AsyncConnection,
        turn: Turn,
        run: Run,
        *,
        breaker: Breaker,
        now: datetime,
        keep: bool = False,
        **facts: object,
    ) -> None:
        newest = (await runs_by_id(tx, [turn.run_id])).get(turn.run_id) if turn.run_id else None
        if keep or not run.found_the_same_as(newest):
            await add_run(tx, run)
            facts["run_id"] = run.id
        kept = await end_turn(
            tx,
            turn.account_id,
            lease_id=run.id,
            due_at=now + PERIOD,
            looked_at=now,
            failures=breaker.failures,
            paused_until=breaker.paused_until,
            **facts,
        )
        if not kept:
            raise TurnLost(f"another process compares account {turn.account_id} by now")


class TurnLost(Exception):
    """The turn took longer than its lease; nothing of it may be kept."""


def held_of(position: execution_pb2.Position) -> Held:
    return Held(
        identifier=position.identifier,
        magic=position.magic,
        symbol=position.symbol,
        side=_SIDES.get(position.side, ""),
        volume=Decimal(position.volume),
        entry_price=Decimal(position.price_open),
        stop_loss=Decimal(position.stop_loss) if position.stop_loss else None,
        take_profit=Decimal(position.take_profit) if position.take_profit else None,
    )


async def take_effect(tx: AsyncConnection, ended: Divergence, now: datetime) -> None:
    """Let our book follow how a divergence ended."""
    if ended.command_id is None or ended.reason in GONE:
        return
    trade = await trades_of(tx, ended.account_id, ended.command_id, ended.position_id)
    if ended.state is State.ADOPTED and ended.kind in _BY_DEALS and ended.deal_ticket:
        await adopt_deals(tx, ended.account_id, trade, ended.deal_ticket)
    if ended.state in (State.ADOPTED, State.IGNORED) and ended.kind in _OF_WHAT_IS_GONE:
        await put_away(tx, ended.account_id, trade, now)


async def _look(
    tx: AsyncConnection, turn: Turn, snapshot: Snapshot, trace: Trace, now: datetime
) -> tuple[Comparison, dict[str, object]]:
    """Compare, and settle what differs; return what was found, and what the turn leaves."""
    shown = execution_pb2.AccountSnapshot.FromString(snapshot.body)
    held = [held_of(position) for position in shown.positions]
    digest = _digest(held)
    facts: dict[str, object] = {
        "session_epoch": snapshot.session_epoch,
        "snapshot_at": snapshot.received_at,
    }
    if await _still_agrees(tx, turn, digest, now):
        return Comparison(len(held), ()), facts
    since = turn.deals_at - _OVERLAP if turn.deals_at else _EVER
    book = await load_book(tx, turn.account_id, held, since=since, now=now)
    found = compare(book, held, min(snapshot.event_time, snapshot.received_at))
    statement = await _statement(tx, turn, shown, now)
    seen = Comparison(found.matched, [*found.differences, *statement.differences()])
    open_now = frozenset(one.identifier for one in held)
    # A difference that was compared with an older snapshot is no news of this one.
    not_compared = frozenset[Kind]() if _is_statement_due(turn, now) else _OF_STATEMENTS
    look = Look(
        turn.account_id,
        turn.owner_id,
        snapshot.received_at,
        now,
        open_now,
        found.untold,
        not_compared,
    )
    await _settle(tx, look, seen, trace)
    agrees = not seen.differences and not found.untold and seen.matched == len(held)
    after: dict[str, object] = {
        "agreed_sha256": digest if agrees else b"",
        "agreed_until": now + _AGREED_FOR,
        "deals_at": now,
        "statement_due_at": statement.due_at,
        "statement_difference": statement.difference,
    }
    return seen, facts | after


async def _settle(tx: AsyncConnection, look: Look, found: Comparison, trace: Trace) -> None:
    ids = [difference.id_for(look.account_id) for difference in found.differences]
    kept = await kept_divergences(tx, look.account_id, ids)
    if not found.differences and not kept:
        return
    policy = await policy_of(tx, look.account_id)
    for after in settle(look, found.differences, kept, policy):
        before = kept.get(after.id)
        await save_divergence(tx, after, before, trace=trace, now=look.now)
        if before is None or before.state is not after.state:
            measures.divergences_total.labels(after.kind, after.state).inc()
        if after.state.is_over:
            await take_effect(tx, after, look.now)


async def _still_agrees(tx: AsyncConnection, turn: Turn, digest: bytes, now: datetime) -> bool:
    """Tell whether nothing has changed since book and terminal agreed: most looks, at most."""
    is_recent = turn.agreed_until is not None and now < turn.agreed_until
    if digest != turn.agreed_sha256 or not is_recent:
        return False
    if _is_statement_due(turn, now):
        return False
    return not await has_new_deals(tx, turn)


def _is_statement_due(turn: Turn, now: datetime) -> bool:
    return Statement(turn.statement_difference, turn.statement_due_at).is_due(now)


def _digest(held: Sequence[Held]) -> bytes:
    """Return the hash of what is compared: prices and profits move, and are not."""
    return sha256("\n".join(map(repr, sorted(held, key=_IDENTIFIER))).encode()).digest()


async def _statement(
    tx: AsyncConnection, turn: Turn, shown: execution_pb2.AccountSnapshot, now: datetime
) -> Statement:
    statement = Statement(turn.statement_difference, turn.statement_due_at)
    if not statement.is_due(now):
        return statement.begun(now)
    balance, credit = await deals_balance(tx, turn.account_id)
    terminal = Sums(Decimal(shown.balance), Decimal(shown.credit))
    return statement.compared(deals=Sums(balance, credit), shown=terminal, now=now)


def _run(  # noqa: PLR0913  # the fields of a run
    turn: Turn,
    began: datetime,
    ended: datetime,
    *,
    found: Comparison | None = None,
    snapshot: Snapshot | None = None,
    failure_reason: str = "",
) -> Run:
    return Run(
        id=turn.lease_id or UUID(int=0),
        account_id=turn.account_id,
        owner_id=turn.owner_id,
        started_at=began,
        ended_at=ended,
        matched=found.matched if found else 0,
        diverged=len(found.differences) if found else 0,
        failure_reason=failure_reason,
        snapshot=snapshot.body if snapshot else None,
        snapshot_read_at=snapshot.event_time if snapshot else None,
        snapshot_stored_at=snapshot.received_at if snapshot else None,
    )
