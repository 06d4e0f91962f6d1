"""One bridge's session: which frames count, and what may be offered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import REDUCING, UNGRANTED, CommandState
from countersign_server.execution.settlement import holds_back


class Taking(StrEnum):
    """What to do with a frame that carries a sequence."""

    TAKE = "take"
    REPEAT = "repeat"  # taken before: acknowledge again, do nothing
    GAP = "gap"  # something before it is missing: it is not taken


@dataclass(slots=True)
class Incoming:
    """Counts the frames of one session; go-back-N, never skip."""

    taken: int = 0

    def place(self, sequence: int) -> Taking:
        """Say what to do with the frame numbered `sequence`, and count it if it is taken."""
        if sequence == self.taken + 1:
            self.taken = sequence
            return Taking.TAKE
        return Taking.REPEAT if sequence <= self.taken else Taking.GAP


@dataclass(slots=True)
class Offers:
    """What one session has been offered.

    Offers permit nothing; the credit keeps a slow bridge from drowning.
    """

    credit: int
    retry_after: timedelta
    _shown: set[UUID] = field(default_factory=set[UUID])
    _later: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])

    def to_show(self, open_commands: Sequence[Command], now: datetime) -> list[Command]:
        """Return what to offer next, oldest first, of the account's commands that are not over."""
        waiting = [command for command in open_commands if command.state in UNGRANTED]
        # What reduces comes first: it must not wait behind openings that a limit holds up.
        waiting.sort(key=lambda command: command.kind not in REDUCING)
        alive = {command.id for command in waiting}
        self._shown &= alive
        self._later = {id_: at for id_, at in self._later.items() if id_ in alive}
        free = self.credit - len(self._shown)
        ready = [
            command
            for command in waiting
            if command.id not in self._shown
            and not command.cancel_asked
            and command.expires_at > now
            and self._later.get(command.id, now) <= now
            and not any(holds_back(doubt, command) for doubt in open_commands)
        ]
        return ready[: max(free, 0)]

    def showed(self, command_id: UUID) -> None:
        """Count an offer that was sent."""
        self._shown.add(command_id)

    def declined(self, command_id: UUID, now: datetime) -> None:
        """Offer it again, but not at once."""
        self._shown.discard(command_id)
        self._later[command_id] = now + self.retry_after


def doubts_of(open_commands: Sequence[Command]) -> list[Command]:
    """Return the commands of which the bridge should look for traces."""
    return [command for command in open_commands if command.state is CommandState.IN_DOUBT]


def cancels_of(open_commands: Sequence[Command]) -> list[Command]:
    """Return the granted commands that somebody wants dropped if they are not sent yet."""
    return [
        command
        for command in open_commands
        if command.state is CommandState.GRANTED and command.cancel_asked
    ]
