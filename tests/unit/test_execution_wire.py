"""What of a command is shown to whom."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.wire import command_message

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def a_command(reason: str) -> Command:
    return Command(
        id=UUID(int=1),
        owner_id=UUID(int=2),
        account_id=UUID(int=3),
        signal_id=UUID(int=4),
        approval_id=UUID(int=5),
        kind="open",
        state=CommandState.REVOKED,
        attempt=1,
        instrument="EURUSD",
        symbol="EURUSD",
        side="buy",
        volume=Decimal("0.1"),
        price_min=None,
        price_max=None,
        intent_text="",
        intent_digest="",
        server_signature=b"",
        server_key_id="",
        owner_signature=None,
        magic=1,
        opening_command_id=None,
        created_at=NOW,
        offered_at=None,
        granted_at=None,
        updated_at=NOW,
        expires_at=NOW,
        grant_id=None,
        claim_nonce=None,
        generation=None,
        device_id=None,
        reason=reason,
        cancel_asked=False,
        order_ticket=0,
        position_id=0,
        filled_volume=Decimal(0),
        average_price=None,
    )


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("PRICE_DRIFTED", "PRICE_DRIFTED"),
        ("RETCODE_10019", "RETCODE_10019"),
        ("", ""),
        ("bob smith, account 1000002, margin call", ""),
        ("Nobody", ""),
        ("A" * 65, ""),
        ("PRICE_DRIFTED\n", ""),
    ],
)
def test_an_owners_own_words_are_not_for_the_producer(reason: str, shown: str) -> None:
    assert command_message(a_command(reason), full=False).reason == shown
    assert command_message(a_command(reason), full=True).reason == reason
