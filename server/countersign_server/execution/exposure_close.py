"""The command that closes what a command in doubt may have opened: from the text that opened it."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from countersign_server.accounts.account import Account
from countersign_server.approvals.intents import (
    Entry,
    EntryKind,
    Intent,
    Kind,
    digest,
    render,
    whole_milliseconds,
)
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.tags import magic_of

# The server's signature over the text of an intent: the id of its key, and 64 bytes.
Sign = Callable[[bytes], tuple[str, bytes]]


def close_of(  # noqa: PLR0913  # what the close is made of, by name
    doubt: Command,
    account: Account,
    *,
    kind: Kind,
    volume: Decimal,
    fingerprint: str | None,
    settlement_id: UUID,
    command_id: UUID,
    sign: Sign,
    now: datetime,
    expires_at: datetime,
) -> Command:
    """Return the command, signed: its text names the settlement where others name an approval.

    `fingerprint` None: as the doubtful command had it.
    """
    expires_at = whole_milliseconds(expires_at)
    intent = _intent(doubt, account, kind, volume, fingerprint, settlement_id, expires_at)
    text = render(intent)
    key_id, signature = sign(text.encode())
    return Command(
        id=command_id,
        owner_id=doubt.owner_id,
        account_id=doubt.account_id,
        signal_id=doubt.signal_id,
        approval_id=None,
        kind=kind,
        state=CommandState.APPROVED,
        attempt=1,
        instrument=doubt.instrument,
        symbol=doubt.symbol,
        side=doubt.side,
        volume=intent.volume,
        price_min=None,
        price_max=None,
        intent_text=text,
        intent_digest=digest(text),
        server_signature=signature,
        server_key_id=key_id,
        owner_signature=None,
        magic=magic_of(account_id=doubt.account_id, command_id=command_id, attempt=1),
        opening_command_id=doubt.id,
        created_at=now,
        updated_at=now,
        expires_at=expires_at,
        settlement_id=settlement_id,
    )


def _intent(  # noqa: PLR0913, PLR0917  # as its caller was given them
    doubt: Command,
    account: Account,
    kind: Kind,
    volume: Decimal,
    fingerprint: str | None,
    settlement_id: UUID,
    expires_at: datetime,
) -> Intent:
    stated = lines_of(doubt.intent_text)
    assert doubt.signal_id is not None  # noqa: S101  # what opens comes from a signal
    return Intent(
        approval_id=settlement_id,
        signal_id=doubt.signal_id,
        payload_sha256=stated["payload"],
        login=account.login,
        server=account.server,
        currency=account.currency,
        margin_mode=account.margin_mode,
        kind=kind,
        instrument=doubt.instrument,
        symbol=doubt.symbol,
        fingerprint=fingerprint or stated["fingerprint"],
        side=doubt.side,
        volume=volume if kind is Kind.CLOSE else None,
        entry=Entry(EntryKind.MARKET if kind is Kind.CLOSE else EntryKind.NONE),
        price_min=None,
        price_max=None,
        stop_loss=None,
        take_profit=None,
        good_until=None,
        opening_approval_id=doubt.approval_id,
        expires_at=expires_at,
    )


def lines_of(text: str) -> dict[str, str]:
    """Return the values that an intent's text states, by name."""
    named = (line.partition(": ") for line in text.splitlines())
    return {name: value for name, separator, value in named if separator}
