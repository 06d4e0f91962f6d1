"""A session while it is held: what was said in it, and what waits to be sent."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Trace
from countersign_server.execution.opening import Opened
from countersign_server.execution.outbox import Outbox
from countersign_server.execution.report import Reporter
from countersign_server.execution.session import Incoming, Offers
from countersign_server.execution.wire import halt_frame
from countersign_server.rpc.caller import Caller
from countersign_server.rpc.conversion import to_duration, to_timestamp

_OFFER_AGAIN_AFTER = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often both sides speak, how long silence may last, and how much may be under way."""

    heartbeat_interval: timedelta
    heartbeat_timeout: timedelta
    grant_validity: timedelta
    offers_at_once: int


@dataclass(slots=True, eq=False)
class LiveSession:
    """One bridge that is connected now. `heard_at` and `writing_since` are of the loop's clock."""

    opened: Opened
    reporter: Reporter
    offers: Offers
    caller: Caller
    incoming: Incoming = field(default_factory=Incoming)
    outbox: Outbox = field(default_factory=Outbox)
    heard_at: float = 0.0
    writing_since: float | None = None
    resolve_asked_at: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    symbols: list[pb.SymbolMapping] = field(default_factory=list[pb.SymbolMapping])
    latch: int = 0  # the last trading state that the bridge was told
    guard_changes: int = -1  # the last change of the guard that the bridge was told of
    cancels_sent: set[UUID] = field(default_factory=set[UUID])

    def say(self, **frame: object) -> None:
        """Queue a frame; a bridge that does not read loses its session before memory is lost."""
        self.outbox.say(pb.ChannelResponse(**frame))  # type: ignore[arg-type]


def begin(  # noqa: PLR0913  # three that are told apart by type, the rest by name
    opened: Opened, caller: Caller, pace: Pace, *, trace: Trace, heard_at: float, now: datetime
) -> LiveSession:
    """Return the session that has been opened, with the first frames waiting for its bridge."""
    session = LiveSession(
        opened=opened,
        reporter=Reporter(
            opened.account_id, opened.owner_id, opened.device_id, opened.epoch, trace
        ),
        offers=Offers(pace.offers_at_once, _OFFER_AGAIN_AFTER),
        caller=caller,
        symbols=opened.symbols,
        latch=opened.latch,
        heard_at=heard_at,
    )
    session.say(welcome=_welcome(opened, pace, now))
    session.say(halt=halt_frame(opened.trading_state, opened.trading_cause, opened.latch))
    return session


def _welcome(opened: Opened, pace: Pace, now: datetime) -> pb.Welcome:
    return pb.Welcome(
        session_epoch=opened.epoch,
        server_time=to_timestamp(now),
        heartbeat_interval=to_duration(pace.heartbeat_interval),
        heartbeat_timeout=to_duration(pace.heartbeat_timeout),
        credit=pace.offers_at_once,
        generation=opened.generation,
        account_id=str(opened.account_id),
        digests=opened.digests,
        symbols=opened.symbols,
        takes_deltas=True,
    )
