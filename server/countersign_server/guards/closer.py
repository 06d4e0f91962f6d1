"""Closing what a guard, a switch or a mandate's end wants closed: by commands like all others."""

import os
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_guards.latch import TradingState as Held
from countersign_server.accounts.account import Account, MarginMode, Snapshot, TradingState
from countersign_server.accounts.kill_switch import KILL_SWITCH
from countersign_server.audit.entries import Trace
from countersign_server.execution.command import Command
from countersign_server.execution.exposure_close import Sign
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.transitions import entry_of
from countersign_server.guards import measures
from countersign_server.guards.attempts import Origin, Outcome, tried_by
from countersign_server.guards.book import GuardBook
from countersign_server.guards.closing_plan import Cancel, Close, OpenPosition, Plan, plan
from countersign_server.guards.guard_close import guard_close
from countersign_server.guards.records import Alert, Closing, Kept, Side
from countersign_server.guards.telling import account_entry
from countersign_server.guards.view import DIRECTIONS
from countersign_server.identifiers import Random, uuid7

MANDATE_EXPIRED = "mandate-expired"
RECONCILIATION = "reconciliation"
# Attempts for what is closed outside of an alert are counted over so long.
_COUNTED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be closed, and why."""

    cause: str
    positions: Sequence[OpenPosition]
    pending: Sequence[Command]
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Pursued:
    """How many closes were made, and when to look again; None: when something is heard."""

    made: int = 0
    look_again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closer:
    """Makes closes with the server's key. `close_within`: how long one may wait for its grant."""

    sign: Sign
    close_within: timedelta
    random: Random = os.urandom

    async def pursue(  # noqa: PLR0913  # three that are told apart by type, the rest by name
        self,
        book: GuardBook,
        account: Account,
        kept: Kept,
        *,
        snapshot: Snapshot,
        not_over: Sequence[Command],
        policy_digest: str,
        trace: Trace,
        now: datetime,
    ) -> Pursued:
        """Close what has to be closed and is not being closed yet. `snapshot` is fresh."""
        if account.trading_state is TradingState.HALTED:
            return Pursued()
        is_flattening = account.trading_state is TradingState.FLATTENING
        diverged = await book.closings.diverged(account.id)
        if not (is_flattening or diverged or await book.closings.is_wanted(account.id)):
            return Pursued()
        shown = pb.AccountSnapshot.FromString(snapshot.body)
        known = await book.closings.origins(
            account.id, magics=[one.magic for one in shown.positions]
        )
        positions = [_open(one, known) for one in shown.positions]
        alert = await book.story.going_on(account.id)
        again: list[datetime] = []
        made = 0
        for wanted in wanted_of(account, kept, positions, known, alert, diverged, now):
            since = wanted.alert.created_at if wanted.alert else now - _COUNTED_FOR
            found = await book.closings.outcomes(account.id, since=since)
            steps = _planned(account, wanted, found, not_over, snapshot, now)
            if steps.look_again_at is not None:
                again.append(steps.look_again_at)
            for step in steps.steps:
                last = _last_of(step, found)
                if last is not None:
                    await _tell_of_failure(book, account, last, trace, now)
                await self._take(book, account, wanted, step, policy_digest, trace, now)
            made += len(steps.steps)
            if steps.steps:
                measures.breach_to_close_seconds.observe(
                    max((now - snapshot.received_at).total_seconds(), 0)
                )
        return Pursued(made, min(again, default=None))

    async def _take(  # noqa: PLR0913, PLR0917  # as its caller was given them
        self,
        book: GuardBook,
        account: Account,
        wanted: Wanted,
        step: Close | Cancel,
        policy_digest: str,
        trace: Trace,
        now: datetime,
    ) -> None:
        """Make one close."""
        symbol = step.placed.symbol if isinstance(step, Cancel) else step.position.symbol
        fingerprint = (await book.closings.fingerprints(account.id, [symbol])).get(symbol)
        closing_id = uuid7(now, self.random)
        if fingerprint is None:
            # Nothing can be signed about a symbol that the terminal has not told of.
            unknown = _closing(step, account, wanted, None, closing_id, now, "SYMBOL_UNKNOWN")
            await book.closings.add(unknown)
            return
        command = guard_close(
            step,
            account,
            instrument=await book.closings.instrument(account.id, symbol),
            fingerprint=fingerprint,
            policy_digest=policy_digest,
            command_id=closing_id,
            sign=self.sign,
            now=now,
            expires_at=now + self.close_within,
        )
        await book.execution.commands.add(command)
        await book.closings.add(_closing(step, account, wanted, command, closing_id, now, ""))
        measures.closings_total.inc()
        facts = {
            "state": command.state,
            "intent_digest": command.intent_digest,
            "guard": wanted.cause,
            "attempt": step.attempt,
            "expires_at": command.expires_at,
        }
        approved = entry_of(command, "command.approved", after=facts, trace=trace, now=now)
        await book.execution.record(approved)


async def _tell_of_failure(
    book: GuardBook, account: Account, last: Outcome, trace: Trace, now: datetime
) -> None:
    """Tell people that something could not be closed, and is tried again.

    Of the first failures, then ever more rarely: a market that is closed for a weekend is one piece
    of news. Each attempt is kept, and in the audit as a command.
    """
    measures.closings_failed_total.inc()
    if last.closing.attempt.bit_count() > 1:
        return
    facts = _failure(last)
    kind = "guard.closing_failed"
    entry = account_entry(account.id, account.owner_id, kind, facts, trace=trace, now=now)
    await book.execution.record(entry)


def wanted_of(  # noqa: PLR0913, PLR0917  # what is known of one account
    account: Account,
    kept: Kept,
    positions: Sequence[OpenPosition],
    known: Sequence[Origin],
    alert: Alert | None,
    diverged: AbstractSet[int],
    now: datetime,
) -> Sequence[Wanted]:
    """Return what has to be closed: everything, or what some commands opened or that diverged."""
    pending = [one.command for one in known if _is_pending(one.command)]
    if account.trading_state is TradingState.FLATTENING:
        latch = kept.state.latch
        cause = latch.cause if latch.state is Held.FLATTENING else KILL_SWITCH
        return [Wanted(cause, positions, pending, alert)]
    reasons: Mapping[str, set[object]] = {
        KILL_SWITCH: {
            one.command.id for one in known if one.producer_state == TradingState.FLATTENING
        },
        MANDATE_EXPIRED: {
            one.command.id for one in known if one.close_on_expiry and one.expires_at <= now
        },
    }
    apart = [one for one in positions if one.identifier in diverged]
    return [Wanted(RECONCILIATION, apart, [])] * bool(apart) + [
        Wanted(
            cause,
            [one for one in positions if one.opened_by and one.opened_by.id in ids],
            [one for one in pending if one.id in ids],
        )
        for cause, ids in reasons.items()
        if ids
    ]


def _planned(  # noqa: PLR0913, PLR0917  # what is known of one account
    account: Account,
    wanted: Wanted,
    found: Sequence[Outcome],
    not_over: Sequence[Command],
    snapshot: Snapshot,
    now: datetime,
) -> Plan:
    tried, tried_orders = tried_by(found, now)
    return plan(
        positions=wanted.positions,
        pending=wanted.pending,
        not_over=not_over,
        tried=tried,
        tried_orders=tried_orders,
        by_ticket=account.margin_mode is MarginMode.HEDGING,
        read_at=snapshot.received_at,
        now=now,
    )


def _open(shown: pb.Position, known: Sequence[Origin]) -> OpenPosition:
    side = DIRECTIONS[shown.side]
    ours = [
        one.command
        for one in known
        if one.command.position_id == shown.identifier or one.command.magic == shown.magic
    ]
    return OpenPosition(
        identifier=shown.identifier,
        symbol=shown.symbol,
        side=side,
        volume=Decimal(shown.volume),
        # On a netting account the last to touch a position may have traded the other way.
        opened_by=next((one for one in ours if one.side == side), None),
    )


def _is_pending(command: Command) -> bool:
    return command.kind == "place" and command.state is CommandState.WORKING


def _last_of(step: Close | Cancel, found: Sequence[Outcome]) -> Outcome | None:
    if step.attempt == 1:
        return None
    wanted = (
        (0, step.placed.order_ticket) if isinstance(step, Cancel) else (step.position.identifier, 0)
    )
    same = [o for o in found if (o.closing.position_id, o.closing.order_ticket) == wanted]
    return same[-1] if same else None


def _failure(last: Outcome) -> Mapping[str, object]:
    return {
        "closing_id": last.closing.id,
        "position_id": str(last.closing.position_id),
        "order_ticket": str(last.closing.order_ticket),
        "symbol": last.closing.symbol,
        "attempt": last.closing.attempt,
        "state": last.state or last.closing.outcome,
        "reason": last.reason,
        "closed": last.filled_volume,
    }


def _closing(  # noqa: PLR0913, PLR0917  # as its caller has them
    step: Close | Cancel,
    account: Account,
    wanted: Wanted,
    command: Command | None,
    closing_id: UUID,
    now: datetime,
    reason: str,
) -> Closing:
    cancel = isinstance(step, Cancel)
    return Closing(
        id=closing_id,
        account_id=account.id,
        owner_id=account.owner_id,
        alert_id=wanted.alert.id if wanted.alert else None,
        cause=wanted.cause,
        side=Side.SERVER,
        command_id=command.id if command else None,
        magic=command.magic if command else 0,
        position_id=0 if cancel else step.position.identifier,
        order_ticket=step.placed.order_ticket if cancel else 0,
        symbol=step.placed.symbol if cancel else step.position.symbol,
        position_side=step.placed.side if cancel else step.position.side,
        volume=None if cancel else step.position.volume,
        attempt=step.attempt,
        outcome="" if command else "failed",
        reason=reason,
        created_at=now,
        updated_at=now,
    )
