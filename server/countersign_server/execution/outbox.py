"""What waits to be sent to one bridge."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from countersign.v1 import execution_pb2 as pb
from countersign_server.errors import EpochUnknown

_FRAMES_MOST = 1000


@dataclass(frozen=True, slots=True)
class Ended:
    """The last thing in the outbox: why the session ends; `error` None: on purpose."""

    reason: str
    error: BaseException | None = None


def _nobody() -> None:
    """Nobody waits for frames."""


@dataclass(slots=True)
class Outbox:
    """Frames in the order in which they were said. Whoever takes them out writes them."""

    put: Callable[[], None] = _nobody  # rung whenever there is something to take
    _frames: deque[pb.ChannelResponse | Ended] = field(
        default_factory=deque[pb.ChannelResponse | Ended]
    )

    def say(self, frame: pb.ChannelResponse) -> None:
        """Add a frame. Raises EpochUnknown when the bridge does not read what it is sent."""
        if len(self._frames) >= _FRAMES_MOST:
            raise EpochUnknown("the bridge does not read what it is sent")
        self._frames.append(frame)
        self.put()

    def end(self, reason: str, error: BaseException | None = None) -> None:
        """Add how the session ends."""
        self._frames.append(Ended(reason, error))
        self.put()

    def take(self) -> pb.ChannelResponse | Ended | None:
        """Take out the oldest; None: nothing waits."""
        return self._frames.popleft() if self._frames else None
