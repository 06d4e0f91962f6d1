"""The attempts in hand, and for a while those that are over."""

from collections.abc import Iterator

from countersign_bridge.trading.attempts import Attempt, AttemptEvent, AttemptState
from countersign_bridge.trading.requests import RequestFields

AttemptKey = tuple[str, int]

# What is over is kept for a while, to answer for it.
ENDED_MAX = 1000
_UNCLAIMED = (AttemptState.INSPECTING, AttemptState.CHECKING)
_UNGRANTED = (*_UNCLAIMED, AttemptState.CLAIMED)
_ON_ITS_WAY = (AttemptState.ARMED, AttemptState.SENDING)


class InHand:
    """Attempts by their key, the newest change last."""

    def __init__(self) -> None:
        self._attempts: dict[AttemptKey, Attempt] = {}

    def __getitem__(self, key: AttemptKey) -> Attempt:
        return self._attempts[key]

    def get(self, key: AttemptKey) -> Attempt | None:
        return self._attempts.get(key)

    def keep(self, attempt: Attempt) -> Attempt:
        """Remember an attempt as it now stands, and return it."""
        # The newest last, so that what is forgotten first has been over for longest.
        self._attempts.pop(attempt.key, None)
        self._attempts[attempt.key] = attempt
        if len(self._attempts) > ENDED_MAX:
            ended = next((k for k, known in self._attempts.items() if known.state.is_over), None)
            if ended is not None:
                del self._attempts[ended]
        return attempt

    def of_command(self, command_id: str) -> list[Attempt]:
        return [a for a in self._attempts.values() if a.offer.command_id == command_id]

    def withdraw(self, attempt: Attempt) -> None:
        """Give up an attempt, unless it is over."""
        if not attempt.state.is_over:
            self.keep(attempt.after(AttemptEvent.WITHDRAW))

    def withdraw_ungranted(self) -> None:
        """Give up all that nothing was granted for."""
        for attempt in list(self._attempts.values()):
            if attempt.state in _UNGRANTED:
                self.withdraw(attempt)

    @property
    def count(self) -> int:
        """How many are not over."""
        return sum(1 for _ in self._alive())

    @property
    def is_sending(self) -> bool:
        """Whether an order is on its way and its answer still to come."""
        return any(attempt.state in _ON_ITS_WAY for attempt in self._attempts.values())

    def has_another_of(self, attempt: Attempt) -> bool:
        """Whether the same approval is being carried out under another command."""
        return any(
            other.key != attempt.key and other.intent.approval == attempt.intent.approval
            for other in self._alive()
        )

    @property
    def openings(self) -> int:
        """How many orders are on their way that may open something."""
        return sum(
            attempt.state in _ON_ITS_WAY and not attempt.intent.kind.reduces
            for attempt in self._attempts.values()
        )

    def is_about(self, *, position: object, order: object) -> bool:
        """Whether anything under way is about this position or order. What is in doubt is not."""
        return any(
            is_about(attempt.fields, position=position, order=order)
            for attempt in self._alive()
            if attempt.fields and attempt.state is not AttemptState.IN_DOUBT
        )

    def rival_of(self, attempt: Attempt, *, position: object, order: object) -> str | None:
        """Return the command under way that is about the same position or order; None: none.

        What is in doubt is not: see `Doubts.rival_of`.
        """
        for other in self._alive():
            if other.key == attempt.key or not other.fields:
                continue
            if other.state is AttemptState.IN_DOUBT:
                continue
            if is_about(other.fields, position=position, order=order):
                return other.offer.command_id
        return None

    def _alive(self) -> Iterator[Attempt]:
        return (attempt for attempt in self._attempts.values() if not attempt.state.is_over)


def is_about(fields: RequestFields, *, position: object, order: object) -> bool:
    """Whether a request is about this position or order, by their tickets; None: about neither."""
    same_position = position is not None and fields.get("position") == position
    return same_position or (order is not None and fields.get("order") == order)


def is_unclaimed(attempt: Attempt) -> bool:
    """Whether the server has not been asked yet, so that giving up needs no word."""
    return attempt.state in _UNCLAIMED
