"""Frames that have come and are not taken in yet: bounded by their number and by their bytes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from countersign.v1 import execution_pb2 as pb

_FRAMES_MOST = 500
_BYTES_MOST = 8 * 1024 * 1024


class Inflow:
    """What one bridge has sent. A bridge that sends faster than it is taken in has to wait."""

    def __init__(self, *, bytes_most: int = _BYTES_MOST) -> None:
        self._bytes_most = bytes_most
        self._waiting: deque[pb.ChannelRequest] = deque()
        self._bytes = 0
        self._is_over = False
        self._changed = asyncio.Condition()

    async def fill(self, requests: AsyncIterator[pb.ChannelRequest]) -> None:
        """Take frames from the stream until it ends; raises what breaks it."""
        try:
            async for frame in requests:
                await self._put(frame)
        finally:
            async with self._changed:
                self._is_over = True
                self._changed.notify_all()

    async def taken(self) -> tuple[list[pb.ChannelRequest], bool]:
        """Wait for frames and take all there are; True: nothing follows them."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._waiting) or self._is_over)
            frames = list(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            self._changed.notify_all()
            return frames, self._is_over

    async def _put(self, frame: pb.ChannelRequest) -> None:
        size = frame.ByteSize()
        async with self._changed:
            await self._changed.wait_for(lambda: self._has_room(size))
            self._waiting.append(frame)
            self._bytes += size
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        fits = len(self._waiting) < _FRAMES_MOST and self._bytes + size <= self._bytes_most
        # One that is larger than the bound comes alone: gRPC bounds a message itself.
        return fits or not self._waiting
