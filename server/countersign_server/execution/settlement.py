"""What people say of a command in doubt: a record, which whatever the terminal shows beats."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from countersign_server.decimals import decimal_text
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import DOUBTFUL, OPENING, UNGRANTED, CommandEvent


class Mark(StrEnum):
    """What a person may say."""

    NOT_EXECUTED = "not-executed"
    EXECUTED = "executed"
    CLOSE_EXPOSURE = "close-exposure"  # says nothing of what happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asks. `ticket` 0: none is given."""

    command_id: UUID
    mark: Mark
    ticket: int
    reason: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A wish that was confirmed."""

    id: UUID
    owner_id: UUID
    account_id: UUID
    command_id: UUID
    settled_as: Mark
    ticket: int
    reason: str
    actor: str
    created_at: datetime

    def is_of(self, wish: Wish) -> bool:
        """Tell whether this is the wish, confirmed."""
        said = (self.command_id, self.settled_as, self.ticket, self.reason, self.actor)
        return said == (wish.command_id, wish.mark, wish.ticket, wish.reason, wish.actor)


# What a mark says, and what contradicts it.
_TRADED = frozenset(
    {
        CommandEvent.EXECUTE,
        CommandEvent.FILL_PART,
        CommandEvent.ACCEPT,
        CommandEvent.SHOW_ALL,
        CommandEvent.SHOW_PART,
    }
)
_NOT_TRADED = frozenset({CommandEvent.REJECT, CommandEvent.NOT_SEND})
_CONTRADICTED_BY = {Mark.NOT_EXECUTED: _TRADED, Mark.EXECUTED: _NOT_TRADED}


def contradicts_mark(command: Command, event: CommandEvent) -> bool:
    """Tell whether `event` shows that what a person said of a command in doubt is not so."""
    if command.state not in DOUBTFUL or not command.settled_as:
        return False
    return event in _CONTRADICTED_BY[Mark(command.settled_as)]


def holds_back(doubt: Command, opening: Command) -> bool:
    """Tell whether a command in doubt that nobody has settled holds an opening back.

    What may have opened once must not open twice: same account, symbol and direction.
    """
    return (
        doubt.state in DOUBTFUL
        and not doubt.settled_as
        and opening.kind in OPENING
        and (doubt.account_id, doubt.symbol, doubt.side)
        == (opening.account_id, opening.symbol, opening.side)
    )


def held_by(opening: Command, doubts: Iterable[Command]) -> UUID | None:
    """Return the first of `doubts` that holds back an opening which waits; None: none does."""
    if opening.state not in UNGRANTED:
        return None
    return next((doubt.id for doubt in doubts if holds_back(doubt, opening)), None)


def plan_of(wish: Wish, command: Command, *, closing: str) -> str:
    """Say in people's words what a wish will do; `closing`: the kind of command that closes."""
    volume = "" if command.volume is None else f" {decimal_text(command.volume)}"
    what = f"{command.side}{volume} {command.symbol}"
    match wish.mark:
        case Mark.NOT_EXECUTED:
            return (
                f"Marks {command.kind} {what} as not executed. Nothing is sent to the terminal, "
                "the command is not sent again, and openings that it held back may go on. "
                "If the terminal shows a trace of it later, that counts and not the mark."
            )
        case Mark.EXECUTED:
            return (
                f"Marks {command.kind} {what} as executed, as ticket {wish.ticket} shows. Nothing "
                "is sent to the terminal, and openings that it held back may go on. "
                "Its deals count as soon as the terminal tells of them."
            )
        case Mark.CLOSE_EXPOSURE:
            done = (
                "closes the position that it opened"
                if closing == "close"
                else "removes the pending order that it placed"
            )
            return (
                f"Sends a command of its own that {done}, {what} at most, and nothing if the "
                "terminal shows none. The doubt stays until evidence ends it or you mark it."
            )
