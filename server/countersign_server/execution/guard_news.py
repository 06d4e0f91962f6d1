"""What guards have to tell bridges: handed over, so that execution imports no later area."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from countersign.v1 import execution_pb2 as pb


@dataclass(frozen=True, slots=True)
class GuardNews:
    """What a bridge is to be told, and up to which change of its account's guard that is."""

    changes: int
    frames: Sequence[pb.PolicyInForce | pb.GuardHeld]


# By account, its owner, and the last change that the bridge was told of, -1 at first; None: nothing
# has changed.
AskGuard = Callable[[UUID, UUID, int], Awaitable[GuardNews | None]]


async def no_news(account_id: UUID, owner_id: UUID, told: int) -> GuardNews | None:
    """Answer where no guards are: in tests of what is told besides, and in the simulation."""
    _ = account_id, owner_id, told
    return None
