"""Streams that end with the token that opened them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import TypeVar

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.exc import SQLAlchemyError

from countersign_server.errors import TokenExpired, TokenRevoked
from countersign_server.identity.revocations import Revocations
from countersign_server.rpc.caller import Caller
from countersign_server.rpc.server_sent_events import end_event, events, greeting

Item = TypeVar("Item")


class Believed:
    """What a caller may go on reading or sending, as long as its token is good."""

    def __init__(self, revocations: Revocations, now: Callable[[], datetime]) -> None:
        self._revocations = revocations
        self._now = now

    async def only(self, items: AsyncGenerator[Item], caller: Caller) -> AsyncGenerator[Item]:
        """Yield `items`; within a second of the token's end, close them.

        Raises TokenRevoked, TokenExpired.
        """
        revoked = asyncio.create_task(self._revocations.until_revoked(caller))
        coming: asyncio.Task[Item] | None = None
        try:
            while True:
                coming = asyncio.create_task(_next(items))
                while not coming.done():
                    await asyncio.wait(
                        {coming, revoked},
                        timeout=self._seconds_left(caller),
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    # Asked each time: what came in the same moment is not let through either.
                    self._check(caller)
                try:
                    item = coming.result()
                except StopAsyncIteration:
                    return
                yield item
        finally:
            revoked.cancel()
            if coming is not None:
                coming.cancel()
                # An error that came in the last moment is nobody's any more.
                await asyncio.gather(coming, return_exceptions=True)
            await items.aclose()

    async def in_band(
        self, data: AsyncGenerator[bytes], caller: Caller
    ) -> AsyncGenerator[HttpBody]:
        """Yield a stream of server-sent events for as long as the caller may read it.

        Why it ends is told in it: an error in the middle of a stream is lost on its way to a
        browser.
        """
        yield greeting()
        try:
            async with aclosing(self.only(data, caller)) as told:
                async for one in told:
                    yield events(one)
        except (TokenRevoked, TokenExpired) as ended:
            yield events(end_event("UNAUTHENTICATED", ended.reason))
        except (SQLAlchemyError, OSError):
            yield events(end_event("UNAVAILABLE", "DATABASE_UNAVAILABLE"))

    def _check(self, caller: Caller) -> None:
        if self._revocations.is_revoked(caller):
            raise TokenRevoked("the access token was revoked")
        if self._seconds_left(caller) == 0:
            raise TokenExpired("the access token has expired")

    def _seconds_left(self, caller: Caller) -> float | None:
        """Return how long the token is good; None: it has no end."""
        if caller.token_expires_at is None:
            return None
        return max((caller.token_expires_at - self._now()).total_seconds(), 0)


async def _next(items: AsyncGenerator[Item]) -> Item:
    return await anext(items)
