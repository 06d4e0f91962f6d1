"""The way between bridges and servers: one stream at a time, slow, cut, half-open, or deranged."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from countersign.v1 import execution_pb2 as pb
from countersign_bridge.channel.session import StreamEnd
from tests.simulation.kernel import Kernel

# Frames of streams that are over, kept to come late.
_STALE_MOST = 20


class Direction(StrEnum):
    """Which way frames go."""

    UP = "up"  # to the server
    DOWN = "down"  # to the bridge


class BridgeEnd(Protocol):
    """What a stream tells of at the bridge."""

    def hear(self, stream: int, frame: pb.ChannelResponse) -> None: ...

    def stream_ended(self, stream: int, how: StreamEnd) -> None: ...


class ServerEnd(Protocol):
    """What a stream tells of at the server."""

    def opened(self, stream: "Stream", hello: pb.ChannelRequest) -> None: ...

    def heard(self, stream: "Stream", frame: pb.ChannelRequest) -> None: ...

    def half_closed(self, stream: "Stream") -> None: ...


@dataclass(slots=True)
class Weather:
    """How frames travel, in seconds. A stall holds a direction's frames back until it is over."""

    latency_min: float = 0.002
    latency_max: float = 0.02
    stalled_until_up: float = 0.0
    stalled_until_down: float = 0.0

    def calm(self) -> None:
        """Let frames travel as on a good day."""
        self.latency_max = 0.02
        self.stalled_until_up = self.stalled_until_down = 0.0

    def stalled_until(self, direction: Direction) -> float:
        return self.stalled_until_up if direction is Direction.UP else self.stalled_until_down


class Stream:
    """One call of one bridge to one server process. Frames arrive in order, or not at all."""

    def __init__(self, network: "Network", number: int, *, bridge: BridgeEnd, name: str) -> None:
        self.name = name
        self.number = number
        self.bridge = bridge
        self.server: ServerEnd | None = None
        self.is_cut = False
        self._network = network
        self._free_at = {Direction.UP: 0.0, Direction.DOWN: 0.0}
        self._lost: set[Direction] = set()
        self._ended_for_bridge = False
        self._ended_for_server = False

    def open(self, server: ServerEnd | None, hello: pb.ChannelRequest) -> None:
        """Reach for a server process; None: there is none to be reached."""
        self.server = server
        if server is None:
            end = StreamEnd("UNAVAILABLE", "", "no server")
            self._network.kernel.after(0.05, lambda: self._end_for_bridge(end))
            return
        self._carry(Direction.UP, lambda: server.opened(self, hello))

    def put(self, frame: pb.ChannelRequest) -> None:
        """Carry a frame to the server."""
        self._network.remember(Direction.UP, self, frame)
        self._carry(Direction.UP, lambda: self._heard(frame))

    def say(self, frame: pb.ChannelResponse) -> None:
        """Carry a frame to the bridge."""
        self._network.remember(Direction.DOWN, self, frame)
        self._carry(Direction.DOWN, lambda: self._hear(frame))

    def half_close(self) -> None:
        """Tell the server that the bridge says nothing more."""
        self._carry(Direction.UP, self._half_closed)

    def finish(self, code: str, reason: str, detail: str) -> None:
        """End the call from the server's side."""
        self._ended_for_server = True
        end = StreamEnd(code, reason, detail)
        self._carry(Direction.DOWN, lambda: self._end_for_bridge(end))

    def cut(
        self,
        *,
        bridge_notices: float | None,
        server_notices: float | None,
        arrives: Collection[Direction] = (),
    ) -> None:
        """Lose everything on the way and to come. Each side notices after so long, or never.

        `arrives`: what was on its way there had left, and comes all the same.
        """
        if self.is_cut:
            return
        self.is_cut = True
        self._lost = {*Direction} - {*arrives}
        after = self._network.kernel.after
        gone = StreamEnd("UNAVAILABLE", "", "connection lost")
        if bridge_notices is not None:
            after(bridge_notices, lambda: self._end_for_bridge(gone))
        if server_notices is not None:
            after(server_notices, self._half_closed)

    def abandon(self, *, server_notices: float | None) -> None:
        """Lose the bridge's process: nobody listens there any more."""
        self._ended_for_bridge = True
        self.cut(bridge_notices=None, server_notices=server_notices)

    def _carry(self, direction: Direction, deliver: Callable[[], None]) -> None:
        if self.is_cut:
            return
        kernel = self._network.kernel
        arrival = max(
            kernel.seconds + self._network.latency(direction),
            self._free_at[direction],
            self._network.weather.stalled_until(direction),
        )
        self._free_at[direction] = arrival

        def arrive() -> None:
            if direction not in self._lost:
                deliver()

        kernel.at(arrival, arrive)

    def _heard(self, frame: pb.ChannelRequest) -> None:
        if self.server is not None and not self._ended_for_server:
            self.server.heard(self, frame)

    def _hear(self, frame: pb.ChannelResponse) -> None:
        if not self._ended_for_bridge:
            self.bridge.hear(self.number, frame)

    def _half_closed(self) -> None:
        if self.server is not None and not self._ended_for_server:
            self._ended_for_server = True
            self.server.half_closed(self)

    def _end_for_bridge(self, how: StreamEnd) -> None:
        if not self._ended_for_bridge:
            self._ended_for_bridge = True
            self.bridge.stream_ended(self.number, how)


class Network:
    """All streams that are, and frames of those that were."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.weather = Weather()
        self.streams: list[Stream] = []
        self._chance = kernel.chance("network")
        self._stale: deque[tuple[Direction, Stream, pb.ChannelRequest | pb.ChannelResponse]] = (
            deque(maxlen=_STALE_MOST)
        )

    def stream(self, number: int, *, bridge: BridgeEnd, name: str) -> Stream:
        made = Stream(self, number, bridge=bridge, name=f"{name}/{number}")
        self.streams = [stream for stream in self.streams if not stream.is_cut][-8:]
        self.streams.append(made)
        return made

    def latency(self, direction: Direction) -> float:
        weather = self.weather
        return self._chance.uniform(weather.latency_min, weather.latency_max)

    def remember(
        self, direction: Direction, stream: Stream, frame: pb.ChannelRequest | pb.ChannelResponse
    ) -> None:
        self._stale.append((direction, stream, frame))

    def misdeliver(self) -> None:
        """Let a frame of an earlier stream arrive on the newest one, as a proxy gone mad would."""
        if not self.streams:
            return
        newest = self.streams[-1]
        old = [item for item in self._stale if item[1] is not newest]
        if not old or newest.is_cut:
            return
        direction, _, frame = old[self._chance.randrange(len(old))]
        self.kernel.note("network", "misdelivers", direction, frame.WhichOneof("frame"))
        if isinstance(frame, pb.ChannelRequest):
            copy = pb.ChannelRequest()
            copy.CopyFrom(frame)
            newest.put(copy)
        else:
            late = pb.ChannelResponse()
            late.CopyFrom(frame)
            newest.say(late)
