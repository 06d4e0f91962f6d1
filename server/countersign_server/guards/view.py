"""What a guard sees of an account: the snapshot as it came, in the rules' own words."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from countersign.v1 import execution_pb2 as pb, values_pb2
from countersign_guards.view import AccountView, Direction, PositionView
from countersign_server.accounts.account import Snapshot
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import DOUBTFUL, OPENING, CommandState

DIRECTIONS = {values_pb2.SIDE_BUY: Direction.BUY, values_pb2.SIDE_SELL: Direction.SELL}
# States in which an opening may still put something into the account.
_MAY_OPEN = frozenset({CommandState.GRANTED, CommandState.WORKING})


def view_of(
    shown: pb.AccountSnapshot, *, at: datetime, net_deposits: Decimal | None, pending: int
) -> AccountView:
    """Return what a snapshot shows; `at` is when the server got it, by its own clock."""
    return AccountView(
        at=at,
        balance=Decimal(shown.balance),
        equity=Decimal(shown.equity),
        margin=Decimal(shown.margin),
        positions=tuple(_position(one) for one in shown.positions),
        net_deposits=net_deposits,
        pending=pending,
    )


def is_fresh(snapshot: Snapshot, *, now: datetime, for_: timedelta) -> bool:
    """Tell whether a snapshot shows how an account stands.

    By the server's clock alone: a bridge's clock that is behind must not end an account's guard.
    """
    return snapshot.connected and now - snapshot.received_at <= for_


def count_pending(not_over: Iterable[Command]) -> int:
    """Return how many of these commands may still put something into the account.

    Of an opening in doubt nobody knows; one that a person has settled is not waited for.
    """
    return sum(
        command.kind in OPENING
        and (command.state in _MAY_OPEN or (command.state in DOUBTFUL and not command.settled_as))
        for command in not_over
    )


def _position(shown: pb.Position) -> PositionView:
    return PositionView(
        ticket=shown.ticket,
        symbol=shown.symbol,
        direction=DIRECTIONS.get(shown.side, Direction.BUY),
        volume=Decimal(shown.volume),
    )
