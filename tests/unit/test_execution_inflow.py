"""What waits of a bridge's frames has a bound, by number and by bytes."""

import asyncio
from collections.abc import AsyncIterator

from countersign.v1 import execution_pb2 as pb
from countersign_server.execution.inflow import Inflow


def a_frame(sequence: int, size: int = 0) -> pb.ChannelRequest:
    anomaly = pb.Anomaly(detail="x" * size)
    return pb.ChannelRequest(sequence=sequence, event=pb.Event(anomaly=anomaly))


class Stream:
    """Frames without end, and how many of them were read."""

    def __init__(self, size: int) -> None:
        self.read = 0
        self._size = size

    async def frames(self) -> AsyncIterator[pb.ChannelRequest]:
        while True:
            self.read += 1
            yield a_frame(self.read, self._size)


async def until_it_waits(stream: Stream) -> None:
    before = -1
    while before != stream.read:
        before = stream.read
        for _ in range(20):
            await asyncio.sleep(0)


async def test_a_bridge_that_sends_much_waits_until_it_is_taken_in() -> None:
    stream, inflow = Stream(size=1000), Inflow(bytes_most=10_000)
    filling = asyncio.create_task(inflow.fill(stream.frames()))
    await until_it_waits(stream)
    frames, is_over = await inflow.taken()
    assert not is_over
    assert sum(frame.ByteSize() for frame in frames) <= 10_000
    assert [frame.sequence for frame in frames] == list(range(1, len(frames) + 1))
    await until_it_waits(stream)
    more, _ = await inflow.taken()
    assert more[0].sequence == len(frames) + 1
    filling.cancel()


async def test_small_frames_are_bounded_by_their_number() -> None:
    stream, inflow = Stream(size=0), Inflow()
    filling = asyncio.create_task(inflow.fill(stream.frames()))
    await until_it_waits(stream)
    frames, _ = await inflow.taken()
    assert len(frames) == 500
    filling.cancel()


async def test_a_frame_larger_than_the_bound_comes_alone() -> None:
    stream, inflow = Stream(size=1000), Inflow(bytes_most=10)
    filling = asyncio.create_task(inflow.fill(stream.frames()))
    for sequence in (1, 2):
        await until_it_waits(stream)
        frames, _ = await inflow.taken()
        assert [frame.sequence for frame in frames] == [sequence]
    filling.cancel()
