"""Carrying out a decision: the row, the command and the audit, in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.approvals.approval import Approval, DecisionMode
from countersign_server.approvals.commands_port import CommandPort, Mandate
from countersign_server.approvals.history import entry_of
from countersign_server.approvals.lifecycle import ApprovalEvent, next_state
from countersign_server.approvals.store import save_decisions
from countersign_server.audit.entries import Trace
from countersign_server.audit.store import record

# The server's signature over the text of an intent: the id of its key, and 64 bytes.
Sign = Callable[[bytes], tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Who or what decides, and from where."""

    mode: DecisionMode
    trace: Trace
    consent_version: str = ""  # empty: the one that it was laid before the owner under
    user_id: UUID | None = None
    agent: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Countersigner:
    """Carries out decisions on approvals whose rows the transaction holds."""

    sign: Sign
    commands: CommandPort

    async def approve(
        self, tx: AsyncConnection, waiting: Sequence[Approval], decider: Decider, *, now: datetime
    ) -> Sequence[Approval]:
        """Approve what waits: signed, its command made, and audited; return it in the order given.

        Raises IllegalTransition.
        """
        approved = [await self._approved(tx, approval, decider, now) for approval in waiting]
        await _save(tx, approved, before=waiting, trace=decider.trace, now=now)
        return approved

    async def _approved(
        self, tx: AsyncConnection, approval: Approval, decider: Decider, now: datetime
    ) -> Approval:
        state = next_state(approval.state, ApprovalEvent.APPROVE)
        mandate = _mandate_of(approval, self.sign)
        return replace(
            _decided(approval, decider, now),
            state=state,
            server_signature=mandate.server_signature,
            server_key_id=mandate.server_key_id,
            command_id=await self.commands.issue(tx, mandate, decider.trace, now),
        )

    async def reject(
        self, tx: AsyncConnection, approval: Approval, decider: Decider, *, now: datetime
    ) -> Approval:
        """Reject what waits. Raises IllegalTransition."""
        state = next_state(approval.state, ApprovalEvent.REJECT)
        rejected = replace(_decided(approval, decider, now), state=state)
        await _save(tx, [rejected], before=[approval], trace=decider.trace, now=now)
        return rejected

    async def revoke(
        self, tx: AsyncConnection, approval: Approval, *, reason: str, trace: Trace, now: datetime
    ) -> Approval | str:
        """Take an approval back. Raises IllegalTransition.

        Text: where its command stands, too far to be taken back. The transaction is to be committed
        all the same, for the wish travels to the bridge, which may still drop what it has not sent.
        """
        state = next_state(approval.state, ApprovalEvent.REVOKE)
        stands = await self.commands.withdraw(tx, approval.id, reason, trace, now)
        if stands is not None:
            return stands
        revoked = replace(approval, state=state, reason=reason)
        await _save(tx, [revoked], before=[approval], trace=trace, now=now)
        return revoked


async def _save(
    tx: AsyncConnection,
    decided: Sequence[Approval],
    *,
    before: Sequence[Approval],
    trace: Trace,
    now: datetime,
) -> None:
    await save_decisions(tx, decided)
    pairs = zip(decided, before, strict=True)
    await record(tx, *(entry_of(one, before=old, trace=trace, now=now) for one, old in pairs))


def _decided(approval: Approval, decider: Decider, now: datetime) -> Approval:
    return replace(
        approval,
        mode=decider.mode,
        decided_by=decider.user_id,
        decided_at=now,
        reason=decider.reason,
        consent_version=decider.consent_version or approval.consent_version,
        caller_address=decider.trace.address,
        caller_agent=decider.agent,
    )


def _mandate_of(approval: Approval, sign: Sign) -> Mandate:
    assert approval.intent_text and approval.intent_digest and approval.symbol  # noqa: S101, PT018  # nothing waits without
    assert approval.intent_expires_at  # noqa: S101  # the same
    key_id, signature = sign(approval.intent_text.encode())
    return Mandate(
        approval_id=approval.id,
        owner_id=approval.owner_id,
        account_id=approval.account_id,
        signal_id=approval.signal_id,
        kind=approval.kind,
        instrument=approval.instrument,
        symbol=approval.symbol,
        side=approval.side,
        volume=approval.volume,
        price_min=approval.price_min,
        price_max=approval.price_max,
        intent_text=approval.intent_text,
        intent_digest=approval.intent_digest,
        server_signature=signature,
        server_key_id=key_id,
        owner_signature=approval.owner_signature,
        opening_approval_id=approval.opening_approval_id,
        expires_at=approval.intent_expires_at,
    )
