"""Settling a command in doubt by a person's word: asked twice, recorded, and never an edit."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.account import Account, MarginMode
from countersign_server.approvals.intents import Kind
from countersign_server.audit.entries import Entry, Trace
from countersign_server.doubt_errors import (
    AlreadySettled,
    CloseUnderWay,
    ConfirmationStale,
    ExposureNotShown,
    NotInDoubt,
)
from countersign_server.errors import Invalid, NotFound
from countersign_server.execution.book import Book
from countersign_server.execution.command import Command
from countersign_server.execution.confirmation import (
    Digest,
    confirmation_of,
    is_confirmed,
    settlement_id,
)
from countersign_server.execution.exposure_close import Sign, close_of
from countersign_server.execution.lifecycle import DOUBTFUL, OPEN, OPENING
from countersign_server.execution.mandates import open_volume_of
from countersign_server.execution.settlement import Mark, Settlement, Wish, plan_of
from countersign_server.execution.transitions import entry_of
from countersign_server.identifiers import Random, uuid7


@dataclass(frozen=True, slots=True)
class Settled:
    """What a wish came to. `token` empty: it is done; `close` None: nothing is closed."""

    command: Command
    plan: str
    token: str = ""
    close: Command | None = None


@dataclass(frozen=True, slots=True)
class Settler:
    """Settles with the server's keys. `close_within`: how long a close may wait for its grant."""

    sign: Sign
    digest: Digest
    close_within: timedelta
    random: Random = os.urandom

    async def settle(
        self, book: Book, wish: Wish, token: str, *, trace: Trace, now: datetime
    ) -> Settled:
        """Return what would be done and the token that confirms it; with that token, do it.

        Raises NotFound, Invalid, NotInDoubt, AlreadySettled, ConfirmationStale, CloseUnderWay,
        ExposureNotShown.
        """
        command = await book.commands.held(wish.command_id)
        if command is None:
            raise NotFound(f"no command {wish.command_id}", command_id=str(wish.command_id))
        repeated = await self._repeated(book, wish, command, token)
        if repeated is not None:
            return repeated
        check_wish(wish, command)
        closing = await _closing(book, command) if wish.mark is Mark.CLOSE_EXPOSURE else None
        plan = plan_of(wish, command, closing=closing.kind if closing else "")
        if not token:
            asked = _entry(command, "command.settlement_asked", _facts(wish, plan), trace, now)
            await book.record(asked)
            offered = confirmation_of(wish, command, digest=self.digest, now=now)
            return Settled(command, plan, token=offered)
        if not is_confirmed(token, wish, command, digest=self.digest, now=now):
            raise ConfirmationStale("the token is not of this wish, or its time is over")
        return await self._confirmed(book, wish, command, token, closing, plan, trace, now)

    async def _repeated(
        self, book: Book, wish: Wish, command: Command, token: str
    ) -> Settled | None:
        """Return the answer to a wish that was confirmed before; None: this one was not."""
        done = await book.settlements.named(settlement_id(token)) if token else None
        if done is None or not done.is_of(wish):
            return None
        close = await book.commands.closing(done.id)
        plan = plan_of(wish, command, closing=close.kind if close else "")
        return Settled(command, plan, close=close)

    async def _confirmed(  # noqa: PLR0913, PLR0917  # what has been found out of one wish
        self,
        book: Book,
        wish: Wish,
        command: Command,
        token: str,
        closing: "_Closing | None",
        plan: str,
        trace: Trace,
        now: datetime,
    ) -> Settled:
        settlement = Settlement(
            id=settlement_id(token),
            owner_id=command.owner_id,
            account_id=command.account_id,
            command_id=command.id,
            settled_as=wish.mark,
            ticket=wish.ticket,
            reason=wish.reason,
            actor=wish.actor,
            created_at=now,
        )
        await book.settlements.add(settlement)
        await book.record(_entry(command, "command.settled", _facts(wish, plan), trace, now))
        if closing is None:
            changes = {"settled_as": wish.mark.value, "settled_at": now}
            marked = await book.commands.change(command, changes)
            return Settled(marked or command, plan)
        close = close_of(
            command,
            closing.account,
            kind=closing.kind,
            volume=closing.volume,
            fingerprint=closing.fingerprint,
            settlement_id=settlement.id,
            command_id=uuid7(now, self.random),
            sign=self.sign,
            now=now,
            expires_at=now + self.close_within,
        )
        await book.commands.add(close)
        facts = {
            "state": close.state,
            "intent_digest": close.intent_digest,
            "settlement_id": settlement.id,
            "doubtful_command_id": command.id,
            "expires_at": close.expires_at,
        }
        await book.record(_entry(close, "command.approved", facts, trace, now))
        return Settled(command, plan, close=close)


def check_wish(wish: Wish, command: Command) -> None:
    """Raise unless the wish makes sense of the command as it stands."""
    if (wish.mark is Mark.EXECUTED) != bool(wish.ticket):
        raise Invalid(
            "the ticket that shows it is given for executed, and only then", field="ticket"
        )
    if wish.mark is Mark.CLOSE_EXPOSURE and command.kind not in OPENING:
        raise Invalid(f"a command to {command.kind} opens nothing to close", field="settlement")
    if command.state not in DOUBTFUL:
        raise NotInDoubt(f"the command is {command.state}", state=command.state)
    if command.settled_as == wish.mark:
        raise AlreadySettled(f"the command is marked as {wish.mark} already")


@dataclass(frozen=True, slots=True)
class _Closing:
    """What a close would be made of."""

    account: Account
    kind: Kind
    volume: Decimal
    fingerprint: str | None


async def _closing(book: Book, command: Command) -> _Closing:
    account = await book.accounts.held(command.account_id)
    assert account is not None  # noqa: S101  # its command refers to it
    if any(close.state in OPEN for close in await book.commands.closes_of(command.id)):
        raise CloseUnderWay("a close of this exposure is not over yet")
    report = await book.reports.newest_evidence(command)
    shown = pb.Evidence.FromString(report.body) if report else pb.Evidence()
    has_traded = bool(
        command.filled_volume or command.position_id or shown.deal_tickets or shown.position_tickets
    )
    if account.margin_mode is not MarginMode.HEDGING and not has_traded and command.kind == "open":
        # One position holds what many signals opened.
        raise ExposureNotShown("the terminal shows nothing that this command opened")
    symbols = {one.symbol: one.fingerprint for one in await book.accounts.symbols(account.id)}
    return _Closing(
        account,
        Kind.CANCEL if command.kind == "place" and not has_traded else Kind.CLOSE,
        await open_volume_of(book, command) or command.volume or Decimal(0),
        symbols.get(command.symbol),
    )


def _facts(wish: Wish, plan: str) -> Mapping[str, Any]:
    return {
        "settlement": wish.mark,
        "ticket": str(wish.ticket),
        "reason": wish.reason,
        "plan": plan,
    }


def _entry(
    command: Command, kind: str, facts: Mapping[str, Any], trace: Trace, now: datetime
) -> Entry:
    return entry_of(
        command,
        kind,
        before={"state": command.state, "settled_as": command.settled_as},
        after=facts,
        trace=trace,
        now=now,
    )
