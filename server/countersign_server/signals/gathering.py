"""What a stream brings, in groups as large as came while the last one was served."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from countersign.v1 import signals_pb2


async def gathered(
    items: AsyncIterator[signals_pb2.StreamSignalsRequest], most: int
) -> AsyncGenerator[list[signals_pb2.StreamSignalsRequest]]:
    """Yield what has arrived since the last group was taken: at least one, at most `most`."""
    queue: asyncio.Queue[signals_pb2.StreamSignalsRequest | BaseException | None] = asyncio.Queue(
        most
    )

    async def fill() -> None:
        try:
            async for item in items:
                await queue.put(item)
            await queue.put(None)
        except Exception as error:  # noqa: BLE001  # raised again where the group is taken
            await queue.put(error)

    filling = asyncio.create_task(fill())
    try:
        ended: BaseException | bool = False
        while ended is False:
            first = await queue.get()
            group: list[signals_pb2.StreamSignalsRequest] = []
            pending = [first, *(queue.get_nowait() for _ in range(min(queue.qsize(), most - 1)))]
            for item in pending:
                if isinstance(item, signals_pb2.StreamSignalsRequest):
                    group.append(item)
                else:
                    ended = item or True
            if group:
                yield group
        if isinstance(ended, BaseException):
            raise ended
    finally:
        filling.cancel()
