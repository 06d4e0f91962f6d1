"""The command by which a guard closes a position or takes a pending order back."""

import re
from dataclasses import dataclass
from datetime import datetime
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
from countersign_server.execution.exposure_close import Sign, lines_of
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.tags import magic_of
from countersign_server.guards.closing_plan import Cancel, Close

# An instrument's name where nobody has confirmed what a symbol is.
_NOT_OF_A_NAME = re.compile(r"[^A-Z0-9._]")
_NAME_MAX = 20


@dataclass(frozen=True, slots=True)
class Names:
    """What a close is about, and by what it is made."""

    instrument: str
    fingerprint: str
    policy_digest: str


def guard_close(  # noqa: PLR0913  # what the close is made of, by name
    step: Close | Cancel,
    account: Account,
    *,
    instrument: str | None,
    fingerprint: str,
    policy_digest: str,
    command_id: UUID,
    sign: Sign,
    now: datetime,
    expires_at: datetime,
) -> Command:
    """Return the command, signed: its text names itself where others name an approval.

    `instrument` None: nobody has confirmed what the symbol is.
    """
    opened_by = step.placed if isinstance(step, Cancel) else step.position.opened_by
    names = Names(instrument or _name_of(_symbol(step)), fingerprint, policy_digest)
    intent = _intent(step, account, names, command_id, whole_milliseconds(expires_at))
    text = render(intent)
    key_id, signature = sign(text.encode())
    return Command(
        id=command_id,
        owner_id=account.owner_id,
        account_id=account.id,
        signal_id=_signal(opened_by),
        approval_id=None,
        kind=intent.kind,
        state=CommandState.APPROVED,
        attempt=1,
        instrument=intent.instrument,
        symbol=intent.symbol,
        side=intent.side,
        volume=intent.volume,
        price_min=None,
        price_max=None,
        intent_text=text,
        intent_digest=digest(text),
        server_signature=signature,
        server_key_id=key_id,
        owner_signature=None,
        magic=magic_of(account_id=account.id, command_id=command_id, attempt=1),
        opening_command_id=opened_by.id if opened_by else None,
        created_at=now,
        updated_at=now,
        expires_at=intent.expires_at,
        position_id=0 if isinstance(step, Cancel) else step.position.identifier,
    )


def _intent(
    step: Close | Cancel, account: Account, names: Names, command_id: UUID, expires_at: datetime
) -> Intent:
    is_cancel = isinstance(step, Cancel)
    opened_by = step.placed if is_cancel else step.position.opened_by
    return Intent(
        approval_id=command_id,
        signal_id=_signal(opened_by) or command_id,
        payload_sha256=_payload(opened_by) or names.policy_digest,
        login=account.login,
        server=account.server,
        currency=account.currency,
        margin_mode=account.margin_mode,
        kind=Kind.CANCEL if is_cancel else Kind.CLOSE,
        instrument=names.instrument,
        symbol=_symbol(step),
        fingerprint=names.fingerprint,
        side=step.placed.side if is_cancel else step.position.side,
        volume=None if is_cancel else step.position.volume,
        entry=Entry(EntryKind.NONE if is_cancel else EntryKind.MARKET),
        price_min=None,
        price_max=None,
        stop_loss=None,
        take_profit=None,
        good_until=None,
        opening_approval_id=opened_by.approval_id if opened_by else None,
        expires_at=expires_at,
    )


def _symbol(step: Close | Cancel) -> str:
    return step.placed.symbol if isinstance(step, Cancel) else step.position.symbol


def _signal(opened_by: Command | None) -> UUID | None:
    return opened_by.signal_id if opened_by else None


def _payload(opened_by: Command | None) -> str | None:
    return lines_of(opened_by.intent_text)["payload"] if opened_by else None


def _name_of(symbol: str) -> str:
    name = _NOT_OF_A_NAME.sub("", symbol.upper())[:_NAME_MAX].lstrip("._")
    return name if len(name) > 1 else f"X{name}X"
