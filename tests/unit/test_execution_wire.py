"""What of a command is shown to whom."""

import pytest

from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.wire import command_message
from tests.fixtures.commands import a_command


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
    assert (
        command_message(a_command(CommandState.REVOKED, reason=reason), full=False).reason == shown
    )
    assert (
        command_message(a_command(CommandState.REVOKED, reason=reason), full=True).reason == reason
    )
