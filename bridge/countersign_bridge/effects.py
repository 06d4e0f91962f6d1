"""What the bridge decides to have done. Deciding is pure; whoever runs the bridge does these.

An effect that has an outcome carries what the bridge makes of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from countersign.v1 import execution_pb2
from countersign_bridge.clock import Moment
from countersign_bridge.journal.records import Record
from countersign_bridge.terminal import jobs

Effects = list["Effect"]


def nothing(*_: object) -> Effects:
    return []


@dataclass(frozen=True, slots=True)
class Write:
    """Put records on the disk, synced, and go on; or go on without them."""

    records: Sequence[Record]
    then: Callable[[Moment], Effects] = nothing
    failed: Callable[[Moment], Effects] = nothing


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a job to the terminal process, and go on with its outcome."""

    job: jobs.Job
    then: Callable[[jobs.Answer | jobs.Failure, Moment], Effects]


@dataclass(frozen=True, slots=True)
class Say:
    """Send a frame in the open session, if there is one. Epoch and sequence are not set yet."""

    frame: execution_pb2.ChannelRequest


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the server of something that matters only in this session.

    A newer telling under the same `slot` replaces one that has not gone out.
    """

    slot: str
    event: execution_pb2.Event


@dataclass(frozen=True, slots=True)
class OpenStream:
    """Open the channel and send Hello. `stream` tells late frames of an older one apart."""

    stream: int
    hello: execution_pb2.ChannelRequest


@dataclass(frozen=True, slots=True)
class CloseStream:
    """End the stream, after the last numbered frames and what was put before them."""

    stream: int
    farewell: Sequence[execution_pb2.ChannelRequest] = ()


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Remember that the server has these records for good."""

    numbers: Sequence[int]


@dataclass(frozen=True, slots=True)
class Log:
    """Say something to whoever reads the log. `level` is a method of the logger."""

    level: str
    message: str
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class End:
    """End the process. `code` 0: as asked; otherwise `message` says what to do."""

    code: int
    message: str


Effect = Write | Ask | Say | Tell | OpenStream | CloseStream | Acknowledge | Log | End
