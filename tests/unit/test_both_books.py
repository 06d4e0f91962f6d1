"""The comparison that every kill ends with finds each way in which two books can disagree."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.fixtures.both_books import BothBooks, OurBooks, TheirBooks, disagreements

MONEY = {"profit": "0", "commission": "-0.35", "swap": "0", "fee": "0"}
DEPOSIT = {"magic": "0", "volume": "0", "price": "0", **MONEY, "profit": "1000", "commission": "0"}
DEAL = {"magic": "7", "volume": "0.1", "price": "1.1", **MONEY}
REQUEST = {"magic": 7, "symbol": "EURUSD", "volume": "0.1", "type": 0}


def agreeing() -> BothBooks:
    """One signal, approved, granted, sent, dealt and booked."""
    command = {
        "id": "c",
        "approval_id": "a",
        "state": "executed",
        "magic": 7,
        "symbol": "EURUSD",
        "side": "buy",
        "volume": Decimal("0.1"),
        "generation": 1,
        "granted_at": "then",
    }
    ours = OurBooks(
        signals=[{"id": "s", "external_id": "x", "state": "delivered"}],
        approvals=[{"id": "a", "state": "approved"}],
        commands=[command],
        deals=[booked(1, DEPOSIT), booked(2, DEAL)],
        steps=[{"command_id": "c", "kind": "command.granted"}],
        snapshot={"balance": Decimal("999.65")},
        generation=1,
        leases=1,
        entries=9,
        seals=9,
    )
    account = {"balance": "999.65", "deals": {"1": DEPOSIT, "2": DEAL}}
    return BothBooks(ours, TheirBooks(account, [{"request": REQUEST}]))


def booked(ticket: int, deal: dict[str, str]) -> dict[str, Any]:
    return {name: Decimal(value) for name, value in deal.items()} | {"ticket": ticket}


def test_books_that_agree_agree() -> None:
    assert disagreements(agreeing()) == []


def ours(**changes: Any) -> Callable[[BothBooks], BothBooks]:
    return lambda both: replace(both, ours=replace(both.ours, **changes))


def theirs(**changes: Any) -> Callable[[BothBooks], BothBooks]:
    return lambda both: replace(both, theirs=replace(both.theirs, **changes))


def command(**changes: Any) -> Callable[[BothBooks], BothBooks]:
    return lambda both: ours(commands=[{**both.ours.commands[0], **changes}])(both)


GRANTED = {"command_id": "c", "kind": "command.granted"}
WRONGS = {
    "two orders for one attempt": ("I1", theirs(received=[{"request": REQUEST}] * 2)),
    "two grants of one command": ("I2", ours(steps=[GRANTED, GRANTED])),
    "a grant that the account did not count": ("I2", ours(generation=2)),
    "said to be unsent, and sent": ("I3", command(state="expired")),
    "said to be executed, and no deal": (
        "I4",
        theirs(account={"balance": "1000", "deals": {"1": DEPOSIT}}),
    ),
    "said to be rejected, and a deal": ("I4", command(state="rejected")),
    "an order that nobody granted": ("I5", command(granted_at=None)),
    "another volume than was approved": ("I5", command(volume=Decimal(1))),
    "another side than was approved": ("I5", command(side="sell")),
    "a command without an end": ("I7", command(state="granted")),
    "an approval without an end": ("I7", ours(approvals=[{"id": "a", "state": "pending"}])),
    "a signal that nobody saw": (
        "I7",
        ours(signals=[{"id": "s", "external_id": "x", "state": "accepted"}]),
    ),
    "a deal that is not in the ledger": ("I8", ours(deals=[booked(1, DEPOSIT)])),
    "a deal that is booked otherwise": (
        "I8",
        ours(deals=[booked(1, DEPOSIT), booked(2, {**DEAL, "price": "1.2"})]),
    ),
    "an approval without a command": ("I9", ours(commands=[])),
    "a signal that counted twice": (
        "I9",
        ours(signals=[{"id": name, "external_id": "x", "state": "delivered"} for name in "st"]),
    ),
    "another balance": (
        "I10",
        theirs(account={"balance": "1", "deals": {"1": DEPOSIT, "2": DEAL}}),
    ),
    "a snapshot of before": ("I10", ours(snapshot={"balance": Decimal(1000)})),
    "an entry that is not sealed": ("I14", ours(seals=8)),
}


@pytest.mark.parametrize("name", WRONGS)
def test_books_that_disagree_are_found_out(name: str) -> None:
    invariant, spoil = WRONGS[name]
    found = disagreements(spoil(agreeing()))
    assert any(words.startswith(invariant) for words in found), found
