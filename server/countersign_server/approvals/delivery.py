"""Laying signals before the accounts that follow, and deciding at once what a rule approves."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.store import funds_of
from countersign_server.accounts.subscription import ApprovalMode
from countersign_server.accounts.switch_store import states_of_producers
from countersign_server.accounts.symbol_store import symbols_of
from countersign_server.approvals.approval import Approval, DecisionMode
from countersign_server.approvals.decisions import Countersigner, Decider
from countersign_server.approvals.foresight import Foresight
from countersign_server.approvals.history import entry_of
from countersign_server.approvals.lifecycle import ApprovalState
from countersign_server.approvals.measures import planning_failures_total, undeliverable_total
from countersign_server.approvals.objections import (
    Moment,
    approves_itself,
    market_price,
    objection_to_a_rule,
)
from countersign_server.approvals.picture_store import Pictures, decide_in_turn
from countersign_server.approvals.planning import Declined, Planned, plan
from countersign_server.approvals.producer_pace import too_fast
from countersign_server.approvals.recipients import Recipient, recipients_of
from countersign_server.approvals.risk import (
    Issued,
    Picture,
    foresee,
    opening_of,
    share_of_opening,
)
from countersign_server.approvals.store import add_approvals, openings_of
from countersign_server.approvals.terms import Follower, Opening, Terms
from countersign_server.approvals.waiting_signals import mark_delivered
from countersign_server.approvals.wire import terms_of
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.identifiers import uuid7

TRACE = Trace(actor="system:fan-out")

_BY_RULE = Decider(mode=DecisionMode.AUTOMATIC, trace=TRACE)

# Approvals made in one transaction at most.
RECIPIENTS_AT_ONCE = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an approved command may still be granted, and how old a price may be."""

    execution_window: timedelta  # after the signal's own expiry
    quote_age_max: timedelta


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one transaction laid before owners. To be counted and rung for once it is committed."""

    decisions: Mapping[str, int]
    topics: Collection[str]
    completed: Sequence[Terms]  # signals that have reached everyone who follows
    is_complete: bool  # False: some followers are left for the next transaction


class Delivery:
    """Lays signals before their followers."""

    def __init__(
        self,
        countersigner: Countersigner,
        patience: Patience,
        pictures: Pictures,
        *,
        recipients_at_once: int = RECIPIENTS_AT_ONCE,
        new_id: Callable[[datetime], UUID] = uuid7,
    ) -> None:
        self._countersigner = countersigner
        self._patience = patience
        self._pictures = pictures
        self._recipients_at_once = recipients_at_once
        self._new_id = new_id

    async def deliver(
        self, tx: AsyncConnection, claimed: Sequence[Row[Any]], now: datetime
    ) -> Delivered:
        """Lay signals, whose rows the transaction holds, before the followers they never reached.

        At most `recipients_at_once` in one transaction; signals with followers left keep waiting.
        One that cannot be read waits no more: it never could be, and the others shall not wait.
        """
        signals, unreadable = _read(claimed, await too_fast(tx, claimed))
        recipients = await recipients_of(tx, signals)
        now_served, left = (
            recipients[: self._recipients_at_once],
            recipients[self._recipients_at_once :],
        )
        followers = await self._followers(tx, now_served)
        planned = [
            self._lay(recipient.terms, follower, now)
            for recipient, follower in zip(now_served, followers, strict=True)
        ]
        pictures = await self._drawn(tx, planned, followers, now)
        laid = [
            _foreseen(approval, follower, pictures)
            for approval, follower in zip(planned, followers, strict=True)
        ]
        await add_approvals(tx, laid)
        settled = await self._settle(tx, laid, followers, pictures, now)

        unfinished = {recipient.terms.signal_id for recipient in left}
        completed = [terms for terms in signals if terms.signal_id not in unfinished]
        await mark_delivered(
            tx, [terms.signal_id for terms in completed] + [row.id for row in unreadable]
        )
        owner_of = {row.id: row.owner_id for row in claimed}
        await record(tx, *(_delivered_entry(terms, owner_of, now) for terms in completed))
        await record(tx, *(_undeliverable_entry(row, now) for row in unreadable))
        return Delivered(
            decisions=Counter(a.state for a in settled if a.state is not ApprovalState.PENDING),
            topics={"audit", "approvals"}
            | {f"account:{a.account_id}" for a in settled if a.state is ApprovalState.APPROVED},
            completed=completed,
            is_complete=not left,
        )

    async def _followers(
        self, tx: AsyncConnection, recipients: Sequence[Recipient]
    ) -> Sequence[Follower]:
        """Return each recipient with all that planning needs, in the order given."""
        accounts_by_instrument: defaultdict[str, set[UUID]] = defaultdict(set)
        for recipient in recipients:
            accounts_by_instrument[recipient.terms.instrument].add(recipient.account.id)
        symbols = {
            (account_id, instrument): symbol
            for instrument, account_ids in accounts_by_instrument.items()
            for account_id, symbol in (await symbols_of(tx, account_ids, instrument)).items()
        }
        funds = await funds_of(tx, {recipient.account.id for recipient in recipients})
        openings = await self._openings(tx, recipients)
        halted = await states_of_producers(tx, {one.terms.producer_id for one in recipients})
        return [
            Follower(
                subscription=recipient.subscription,
                account=recipient.account,
                symbol=symbols.get((recipient.account.id, recipient.terms.instrument)),
                funds=funds.get(recipient.account.id),
                opening=openings.get((recipient.terms.signal_id, recipient.account.id)),
                producer_state=halted.get(recipient.terms.producer_id, TradingState.ACTIVE),
            )
            for recipient in recipients
        ]

    async def _openings(
        self, tx: AsyncConnection, recipients: Sequence[Recipient]
    ) -> Mapping[tuple[UUID, UUID], Opening]:
        """Return what modify, close and cancel are about, by (signal, account)."""
        about = [one for one in recipients if one.terms.opening_external_id]
        if not about:
            return {}
        approved = await openings_of(
            tx,
            {(one.terms.producer_id, one.terms.opening_external_id) for one in about},
            {one.account.id for one in about},
        )
        found: dict[tuple[UUID, UUID], Opening] = {}
        for one in about:
            opened = approved.get(
                (one.terms.producer_id, one.terms.opening_external_id, one.account.id)
            )
            exposure = opened and await self._countersigner.commands.exposure(tx, opened.id)
            if opened and exposure and opened.symbol and opened.volume is not None:
                found[one.terms.signal_id, one.account.id] = Opening(
                    approval_id=opened.id,
                    instrument=opened.instrument,
                    symbol=opened.symbol,
                    side=opened.side,
                    volume=opened.volume,
                    exposure=exposure,
                )
        return found

    def _lay(self, terms: Terms, follower: Follower, now: datetime) -> Approval:
        approval_id = self._new_id(now)
        laid = Approval(
            id=approval_id,
            owner_id=follower.account.owner_id,
            signal_id=terms.signal_id,
            account_id=follower.account.id,
            subscription_id=follower.subscription.id,
            producer_id=terms.producer_id,
            state=ApprovalState.PENDING,
            kind=terms.kind,
            instrument=terms.instrument,
            side=terms.side,
            signal_price=terms.price,
            currency=follower.account.currency,
            note=terms.note,
            consent_version=follower.subscription.consent_version,
            created_at=now,
            expires_at=terms.expires_at,
            signal_received_at=terms.received_at,
        )
        match self._planned(terms, follower, approval_id, now):
            case Declined(reason):
                return replace(laid, state=ApprovalState.DECLINED, reason=reason)
            case planned:
                return _with_intent(laid, planned)

    def _planned(
        self, terms: Terms, follower: Follower, approval_id: UUID, now: datetime
    ) -> Planned | Declined:
        try:
            return plan(
                terms,
                follower,
                approval_id=approval_id,
                execution_window=self._patience.execution_window,
                now=now,
            )
        except Exception:  # one account's odd data must not keep a signal from all the others
            planning_failures_total.inc()
            log.exception(
                "plan failed", signal_id=str(terms.signal_id), account_id=str(follower.account.id)
            )
            return Declined("PLANNING_FAILED")

    async def _drawn(
        self,
        tx: AsyncConnection,
        planned: Sequence[Approval],
        followers: Sequence[Follower],
        now: datetime,
    ) -> dict[UUID, Picture]:
        """Return how the accounts stand in which something is to be opened."""
        accounts: dict[UUID, Account] = {}
        opened: defaultdict[UUID, set[str]] = defaultdict(set)
        by_rule: set[UUID] = set()
        for approval, follower in zip(planned, followers, strict=True):
            if approval.state is ApprovalState.PENDING and approval.kind.opens:
                accounts[follower.account.id] = follower.account
                opened[follower.account.id].add(approval.symbol or "")
                if follower.subscription.approval_mode is not ApprovalMode.MANUAL:
                    by_rule.add(follower.account.owner_id)
        # Where a person decides, the picture is drawn again, in turn, when it is decided.
        await decide_in_turn(tx, by_rule)
        return dict(await self._pictures.of(tx, accounts.values(), opened, now))

    async def _settle(  # what was laid, before whom, and what it is held against
        self,
        tx: AsyncConnection,
        laid: Sequence[Approval],
        followers: Sequence[Follower],
        pictures: dict[UUID, Picture],
        now: datetime,
    ) -> Sequence[Approval]:
        """Approve what a rule approves, tell the audit of the rest; return each as it is now."""
        by_rule: list[Approval] = []
        asked: list[Entry] = []
        for approval, follower in zip(laid, followers, strict=True):
            # What a rule has approved of the same batch counts already.
            foreseen = _foreseen(approval, follower, pictures)
            moment = self._moment(follower, foreseen.foresight, now)
            is_approved, note = _verdict(approval, moment)
            if is_approved:
                by_rule.append(replace(approval, decided_price=market_price(approval, moment)))
                _add_issued(pictures, approval, now)
            else:
                asked.append(entry_of(approval, before=None, trace=TRACE, now=now, note=note))
        await record(tx, *asked)
        decided = await self._countersigner.approve(tx, by_rule, _BY_RULE, now=now)
        approved = {approval.id: approval for approval in decided}
        return [approved.get(approval.id, approval) for approval in laid]

    def _moment(self, follower: Follower, foresight: Foresight | None, now: datetime) -> Moment:
        return Moment(
            subscription=follower.subscription,
            account=follower.account,
            symbol=follower.symbol,
            quote_age_max=self._patience.quote_age_max,
            now=now,
            producer_state=follower.producer_state,
            foresight=foresight,
        )


def _verdict(approval: Approval, moment: Moment) -> tuple[bool, str]:
    """Tell whether a rule approves, and why one that could have does not."""
    if approval.state is not ApprovalState.PENDING or not approves_itself(approval, moment):
        return False, ""
    refusal = objection_to_a_rule(approval, moment)
    # The market may come back before the entry expires, and the owner may say so then.
    return refusal is None, "" if refusal is None else refusal.reason


def _read(
    claimed: Sequence[Row[Any]], hasty: Collection[UUID]
) -> tuple[list[Terms], list[Row[Any]]]:
    """Return what each row asks for, and the rows that cannot be read."""
    signals: list[Terms] = []
    unreadable: list[Row[Any]] = []
    for row in claimed:
        try:
            signals.append(replace(terms_of(row), is_too_fast=row.id in hasty))
        except Exception:  # one producer's odd bytes must not keep everybody's signals waiting
            undeliverable_total.inc()
            log.exception("signal undeliverable", signal_id=str(row.id))
            unreadable.append(row)
    return signals, unreadable


def _with_intent(laid: Approval, planned: Planned) -> Approval:
    intent = planned.intent
    return replace(
        laid,
        intent_text=planned.text,
        intent_digest=planned.digest,
        symbol=intent.symbol,
        volume=intent.volume,
        price_min=intent.price_min,
        price_max=intent.price_max,
        stop_loss=intent.stop_loss,
        take_profit=intent.take_profit,
        price=intent.entry.price,
        intent_expires_at=intent.expires_at,
        opening_approval_id=intent.opening_approval_id,
        money_at_risk=planned.money_at_risk,
    )


def _foreseen(approval: Approval, follower: Follower, pictures: Mapping[UUID, Picture]) -> Approval:
    """Return an approval with where it would take its account, if it opens."""
    picture = pictures.get(approval.account_id)
    if picture is None or approval.state is not ApprovalState.PENDING or not approval.kind.opens:
        return approval
    return replace(
        approval, foresight=foresee(picture, follower.subscription, opening_of(approval))
    )


def _add_issued(pictures: dict[UUID, Picture], approval: Approval, now: datetime) -> None:
    if not approval.kind.opens:
        return
    opening = opening_of(approval)
    issued = Issued(
        subscription_id=approval.subscription_id,
        holding=opening,
        magic=0,
        issued_at=now,
        may_come=True,
    )
    mine = pictures[approval.account_id]
    pictures[approval.account_id] = mine.with_issued(issued)
    share = share_of_opening(mine, opening)
    for one, picture in pictures.items():
        if one != approval.account_id and picture.account.owner_id == approval.owner_id:
            pictures[one] = picture.with_issued_beside(share)


def _delivered_entry(terms: Terms, owner_of: Mapping[UUID, UUID], now: datetime) -> Entry:
    return Entry(
        kind="signal.delivered",
        subject=f"signal:{terms.signal_id}",
        event_time=now,
        trace=TRACE,
        owner_id=owner_of[terms.signal_id],
        signal_id=terms.signal_id,
        before={"state": "accepted"},
        after={"state": "delivered"},
    )


def _undeliverable_entry(row: Row[Any], now: datetime) -> Entry:
    return Entry(
        kind="signal.undeliverable",
        subject=f"signal:{row.id}",
        event_time=now,
        trace=TRACE,
        owner_id=row.owner_id,
        signal_id=row.id,
        before={"state": "accepted"},
        after={"state": "delivered", "reason": "UNREADABLE"},
    )
