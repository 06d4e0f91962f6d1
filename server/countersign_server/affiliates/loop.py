"""Every closed trade of somebody who was referred earns its commission, once, if it stands."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.affiliates import ledger_store, measures, store, trade_store
from countersign_server.affiliates.closed_trade import closed_by
from countersign_server.affiliates.commission import (
    Circumstances,
    Commission,
    Nothing,
    commission_on,
)
from countersign_server.affiliates.ledger import CanceledDeal, TradedDeal, commission_entry
from countersign_server.affiliates.standing import measured
from countersign_server.affiliates.taking_back import take_back
from countersign_server.affiliates.telling import told_entry
from countersign_server.audit.entries import Trace
from countersign_server.audit.log import newest_sequence
from countersign_server.audit.loop import SEALED
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.outages import is_outage, log_failure
from countersign_server.database.wakeups import Wakeups
from countersign_server.identifiers import uuid7

_AT_ONCE = 200
# Looked through in one statement: closed trades lie far apart among everything else.
_STRIDE = 10_000
_PATIENCE = timedelta(seconds=10)
_AFTER_FAILURE_SECONDS = 2.0
_TRACE = Trace(actor="system:affiliates")
_Deal = TypeVar("_Deal", TradedDeal, CanceledDeal)

log = structlog.get_logger()


class Commissions:
    """Follows the audit's chain. Any number of processes may run it; one at a time works."""

    def __init__(
        self, *, database: Database, wakeups: Wakeups, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now

    async def run(self) -> None:
        """Book what has come, until cancelled."""
        with self._wakeups.subscribe(SEALED) as wakeup:
            while True:
                try:
                    more = await self.step()
                except Exception as error:  # noqa: BLE001  # whatever it is, the next round begins where this one did
                    log_failure(log, "commissions not booked", error)
                    measures.loop_failures_total.inc()
                    await asyncio.sleep(_AFTER_FAILURE_SECONDS)
                    continue
                if not more:
                    await wakeup.wait(_PATIENCE)

    async def step(self) -> bool:
        """Look through what was sealed next, in one transaction; True: there is more."""
        async with self._database.transaction(None) as tx:
            after = await trade_store.progress_held(tx)
            if after is None:
                return False
            newest = await newest_sequence(tx)
            upto = min(newest, after + _STRIDE)
            canceled = await trade_store.canceled_deals(tx, after=after, upto=upto, limit=_AT_ONCE)
            upto = _end_of(canceled, upto)
            found = await trade_store.referred_deals(tx, after=after, upto=upto, limit=_AT_ONCE)
            upto = _end_of(found, upto)
            for deal in found:
                await _alone(tx, deal, self._book)
            # After what they take back. What is cancelled while this runs is told of later.
            for deal in canceled:
                if deal.sequence <= upto:
                    await _alone(tx, deal, self._take_back)
            # A database restored from an earlier state has a shorter chain: wait for it to grow.
            if upto > after:
                await trade_store.save_progress(tx, upto)
        measures.lag_entries.set(max(newest - upto, 0))
        if found or canceled:
            self._wakeups.ring("audit")
        return upto < newest

    async def _book(self, tx: AsyncConnection, deal: TradedDeal) -> None:
        """Book the commission on one deal, or count why there is none."""
        if await ledger_store.commission_of(tx, deal) is not None:
            measures.commissions_total.labels("BOOKED_BEFORE").inc()
            return
        known = await trade_store.deals_of_position(tx, deal.account_id, deal.position_id)
        trade = closed_by(deal.ticket, known)
        program = await store.program_at(tx, deal.currency, deal.closed_at)
        around = Circumstances(
            closed_at=deal.closed_at,
            referred_at=deal.referred_at,
            is_demo=deal.is_demo,
            is_affiliates=deal.is_affiliates,
            affiliate_disabled=deal.affiliate_disabled,
            program=program,
            measured=await measured(tx, deal.affiliate_id, program, deal.closed_at),
        )
        earned = commission_on(trade, around)
        match earned:
            case Nothing():
                measures.commissions_total.labels(earned.reason).inc()
            case Commission():
                now = self._now()
                entry = commission_entry(earned, deal, entry_id=uuid7(now), now=now)
                await ledger_store.add_entry(tx, entry)
                await record(tx, told_entry(entry, _TRACE))
                measures.commissions_total.labels("BOOKED").inc()

    async def _take_back(self, tx: AsyncConnection, deal: CanceledDeal) -> None:
        """Take back what a cancelled deal has earned; it may have earned nothing."""
        commission = await ledger_store.commission_of(tx, deal)
        if commission is None:
            measures.commissions_total.labels("CANCELED_BEFORE_BOOKED").inc()
            return
        if commission.account_id != deal.account_id:
            # Anybody may say that an account is theirs as well, and tell of its deals.
            measures.commissions_total.labels("CANCELED_BY_ANOTHER_ACCOUNT").inc()
            return
        reason = f"the broker cancelled deal {deal.ticket}"
        await take_back(tx, commission, reason=reason, trace=_TRACE, now=self._now())


async def _alone(
    tx: AsyncConnection, deal: _Deal, work: Callable[[AsyncConnection, _Deal], Awaitable[None]]
) -> None:
    """Work one deal; one that cannot be worked leaves nothing behind and keeps nobody waiting."""
    try:
        async with tx.begin_nested():
            await work(tx, deal)
    except Exception as error:
        if is_outage(error):
            raise  # nothing is wrong with the deal: it is looked at again
        log_failure(log, "deal passed over", error, sequence=deal.sequence, ticket=deal.ticket)
        measures.commissions_total.labels("FAILED").inc()


def _end_of(found: Sequence[TradedDeal] | Sequence[CanceledDeal], upto: int) -> int:
    """Return up to where everything was found: short of `upto` if there was too much."""
    return found[-1].sequence if len(found) == _AT_ONCE else upto
