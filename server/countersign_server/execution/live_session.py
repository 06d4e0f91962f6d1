"""A session while it is held: what was said in it, and what waits to be sent."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_server.errors import EpochUnknown
from countersign_server.execution.opening import Opened
from countersign_server.execution.report_store import Reporter
from countersign_server.execution.session import Incoming, Offers
from countersign_server.rpc.caller import Caller

_OUTGOING_MOST = 1000


@dataclass(frozen=True, slots=True)
class Pace:
    """How often both sides speak, how long silence may last, and how much may be under way."""

    heartbeat_interval: timedelta
    heartbeat_timeout: timedelta
    grant_validity: timedelta
    offers_at_once: int


@dataclass(slots=True)
class Ended:
    """The last thing in the queue: why the session ends; `error` None: on purpose."""

    reason: str
    error: BaseException | None = None


@dataclass(slots=True, eq=False)
class LiveSession:
    """One bridge that is connected now."""

    opened: Opened
    reporter: Reporter
    offers: Offers
    caller: Caller
    incoming: Incoming = field(default_factory=Incoming)
    outgoing: asyncio.Queue[pb.ChannelResponse | Ended] = field(
        default_factory=lambda: asyncio.Queue(_OUTGOING_MOST)
    )
    heard_at: float = 0.0
    writing_since: float | None = None
    resolve_asked_at: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    symbols: list[pb.SymbolMapping] = field(default_factory=list[pb.SymbolMapping])
    cancels_sent: set[UUID] = field(default_factory=set[UUID])

    def say(self, **frame: object) -> None:
        """Queue a frame; a bridge that does not read loses its session before memory is lost."""
        try:
            self.outgoing.put_nowait(pb.ChannelResponse(**frame))  # type: ignore[arg-type]
        except asyncio.QueueFull:
            raise EpochUnknown("the bridge does not read what it is sent") from None

    def end(self, reason: str, error: BaseException | None = None) -> None:
        while self.outgoing.full():
            self.outgoing.get_nowait()
        self.outgoing.put_nowait(Ended(reason, error))
