"""Who we say we are: the access token of the moment, exchanged and renewed in time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from countersign_client.wire.countersign.v1 import CreateSessionResponse

_API_TOKEN_PREFIX = "cst_"  # noqa: S105  # what a token begins with, not one
_RENEW_BEFORE_END = timedelta(seconds=60)

Exchange = Callable[[str], Awaitable[CreateSessionResponse]]


class AccessTokens:
    """Gives the access token to send.

    An API token ("cst_...") is exchanged for access tokens, each kept until shortly before its end.
    Any other token is an access token already and is sent as it is.
    """

    def __init__(self, token: str, exchange: Exchange, now: Callable[[], datetime]) -> None:
        self._token = token
        self._exchange = exchange
        self._now = now
        self._access_token = "" if token.startswith(_API_TOKEN_PREFIX) else token
        self._renew_at: datetime | None = None
        self._exchanging = asyncio.Lock()

    @property
    def renewable(self) -> bool:
        """Whether a refused access token can be replaced."""
        return self._token.startswith(_API_TOKEN_PREFIX)

    async def current(self) -> str:
        """Return the access token; empty: none is to be sent. Raises what the exchange raises."""
        if not self.renewable:
            return self._access_token
        # Held across the exchange: calls that start together share one.
        async with self._exchanging:
            if self._renew_at is None or self._now() >= self._renew_at:
                session = await self._exchange(self._token)
                self._access_token = session.access_token
                remaining = session.expire_time - self._now()
                # A quarter of a short life is kept in hand instead of the usual minute.
                self._renew_at = session.expire_time - min(_RENEW_BEFORE_END, remaining / 4)
            return self._access_token

    def drop_any(self) -> None:
        """Forget the access token, which the server refused: the next call exchanges anew."""
        self._renew_at = None
