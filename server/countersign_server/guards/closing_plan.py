"""What to close next: each position and pending order once at a time, and again if it must be.

A close whose end is not known is waited for. On a hedging account one that is presumed not to have
traded is made again, for a close by ticket can take nothing else; on a netting account it could
open the other way round, so that a person has to settle it first.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import DOUBTFUL, OPEN, CommandState

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(seconds=30)
_CLOSING = frozenset({"close", "partial-close"})


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """An open position, and the command of ours that opened it; None: nobody's of ours."""

    identifier: int
    symbol: str
    side: str
    volume: Decimal
    opened_by: Command | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """The newest attempt for one position or order: how many there were, and how it stands."""

    attempt: int
    state: CommandState | None  # None: no command could be made
    settled: bool
    ended_at: datetime  # when it was heard of last


@dataclass(frozen=True, slots=True)
class Close:
    """Close all of a position; `attempt` counts from 1."""

    position: OpenPosition
    attempt: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take a pending order of ours back; `attempt` counts from 1."""

    placed: Command
    attempt: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, and when to look again at what waits; None: when something is heard."""

    steps: Sequence[Close | Cancel] = ()
    look_again_at: datetime | None = None


def plan(  # noqa: PLR0913  # what is open, what was tried, and the moment, by name
    *,
    positions: Sequence[OpenPosition],
    pending: Sequence[Command],
    not_over: Sequence[Command],
    tried: Mapping[int, Tried],
    tried_orders: Mapping[int, Tried],
    by_ticket: bool,
    read_at: datetime,
    now: datetime,
) -> Plan:
    """Return what to close.

    `tried` by position, `tried_orders` by the ticket of the pending order; `by_ticket`: the account
    hedges; `read_at`: when the positions were told.
    """
    steps: list[Close | Cancel] = []
    waits: list[datetime] = []
    for position in positions:
        if _is_being_closed(position, not_over, by_ticket=by_ticket):
            continue
        before = tried.get(position.identifier)
        # What was open before the last attempt ended says nothing of what it left.
        if before and (_blocks(before, by_ticket=by_ticket) or read_at <= before.ended_at):
            continue
        due = _due(before)
        if due is None or due <= now:
            steps.append(Close(position, before.attempt + 1 if before else 1))
        else:
            waits.append(due)
    for placed in pending:
        if _is_being_cancelled(placed, not_over):
            continue
        before = tried_orders.get(placed.order_ticket)
        if before and _blocks(before, by_ticket=True):
            continue
        due = _due(before)
        if due is None or due <= now:
            steps.append(Cancel(placed, before.attempt + 1 if before else 1))
        else:
            waits.append(due)
    return Plan(steps, min(waits, default=None))


def _is_being_closed(
    position: OpenPosition, not_over: Collection[Command], *, by_ticket: bool
) -> bool:
    """Tell whether somebody, guard or owner, closes the position already.

    On a netting account every close of the symbol is one of its one position.
    """
    opened_by = position.opened_by.id if position.opened_by else None
    return any(
        command.kind in _CLOSING
        and command.state in OPEN
        and (
            command.position_id == position.identifier
            or (opened_by is not None and command.opening_command_id == opened_by)
            or (not by_ticket and command.symbol == position.symbol)
        )
        for command in not_over
    )


def _is_being_cancelled(placed: Command, not_over: Collection[Command]) -> bool:
    return any(
        command.kind == "cancel"
        and command.state in OPEN
        and command.opening_command_id == placed.id
        for command in not_over
    )


def _blocks(before: Tried, *, by_ticket: bool) -> bool:
    """Tell whether the last attempt may still trade where another would do harm."""
    if before.state is CommandState.PRESUMED_NOT_EXECUTED:
        return not by_ticket and not before.settled
    return before.state in DOUBTFUL and not before.settled


def _due(before: Tried | None) -> datetime | None:
    """Return when the next attempt may be made; None: at once."""
    if before is None:
        return None
    pause = min(_FIRST_PAUSE * 2 ** min(before.attempt - 1, 10), _LONGEST_PAUSE)
    return before.ended_at + pause
