"""Posting bytes to an address that somebody else named: once, within limits, and pinned.

A name is resolved here, every address that it stands for is looked at, and the connection goes to
one of exactly these: a name that resolves otherwise a moment later gains nothing. Nothing follows a
redirect, no proxy of the environment is used, and of an answer little is read.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpcore2

from countersign_server.outgoing.addresses import Address, Reach, as_address

_KEPT_OPEN_SECONDS = 15.0
_KEPT_OPEN_MAX = 20
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered. `headers` by their names in lower case; `body` its beginning only."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotAnswered(Exception):
    """Nothing was answered. `was_sent`: the request may have arrived all the same."""

    def __init__(self, reason: str, detail: str, *, was_sent: bool) -> None:
        super().__init__(detail)
        self.reason = reason  # "TIMEOUT", "CONNECTION", "TLS" or "ADDRESS_REFUSED"
        self.was_sent = was_sent


class AddressRefused(OSError):
    """A name stands for an address that may not be called, or for none."""


class Poster:
    """Connections to whoever is posted to. Use it with `async with`."""

    def __init__(self, reach: Reach, *, time_limit: timedelta, answer_bytes_max: int) -> None:
        self._limit = time_limit
        self._answer_bytes_max = answer_bytes_max
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._pools = {
            scheme: httpcore2.AsyncConnectionPool(
                ssl_context=context,
                max_connections=None,
                max_keepalive_connections=_KEPT_OPEN_MAX,
                keepalive_expiry=_KEPT_OPEN_SECONDS,
                network_backend=_Pinned(reach, encrypted=scheme == "https"),
            )
            for scheme in ("https", "http")
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        patience: timedelta | None = None,
    ) -> Answer:
        """Post, and return the answer, whatever its status.

        `patience` None: the limit of this poster. Raises NotAnswered.
        """
        pool = self._pools["https" if url.lower().startswith("https:") else "http"]
        seconds = (patience or self._limit).total_seconds()
        extensions = {"timeout": {"connect": _CONNECT_SECONDS}}
        try:
            async with (
                asyncio.timeout(seconds),
                pool.stream(
                    "POST", url, headers=[*headers.items()], content=body, extensions=extensions
                ) as response,
            ):
                return await self._answer(response)
        except Exception as error:
            raise _not_answered(error) from error

    async def _answer(self, response: httpcore2.Response) -> Answer:
        body = b""
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) >= self._answer_bytes_max:
                break
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        return Answer(response.status, headers, body[: self._answer_bytes_max])


def _not_answered(error: Exception) -> NotAnswered:
    """Return what a failure says of the request. Anything unknown is a bug, and raised."""
    match error:
        case httpcore2.ConnectTimeout():
            return NotAnswered("TIMEOUT", "no connection in time", was_sent=False)
        case httpcore2.TimeoutException() | TimeoutError():
            return NotAnswered("TIMEOUT", "no answer in time", was_sent=True)
        case AddressRefused():
            return NotAnswered("ADDRESS_REFUSED", str(error), was_sent=False)
        case httpcore2.ConnectError():
            reason = "TLS" if isinstance(error.__cause__, ssl.SSLError) else "CONNECTION"
            return NotAnswered(reason, _words(error), was_sent=False)
        case httpcore2.NetworkError() | httpcore2.ProtocolError() | OSError():
            return NotAnswered("CONNECTION", _words(error), was_sent=True)
        case _:
            raise error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


async def vetted(host: str, port: int, reach: Reach, *, encrypted: bool) -> Sequence[Address]:
    """Return the addresses that a host stands for. Raises AddressRefused unless all may be called.

    One among them that may not be called shows what the name is for.
    """
    written = as_address(host)
    addresses = [written] if written is not None else await _resolved(host, port)
    for address in addresses:
        if not reach.allows(address, encrypted=encrypted):
            kind = "is not a public address" if encrypted else "is not called without TLS"
            raise AddressRefused(f"{host} is {address}, which {kind}")
    return addresses


async def _resolved(host: str, port: int) -> Sequence[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressRefused(f"{host} cannot be resolved: {error.strerror}") from None
    except UnicodeError:
        # What the codec for names of hosts raises, for ASCII too.
        raise AddressRefused(f"{host} cannot be resolved: it is no name") from None
    # Of an address such as fe80::1%eth0 only what says where it is.
    addresses = (as_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return list(dict.fromkeys(one for one in addresses if one is not None))


class _Pinned(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were looked at, and to nothing else."""

    def __init__(self, reach: Reach, *, encrypted: bool) -> None:
        self._reach = reach
        self._encrypted = encrypted
        # Where anyio is missing, the library has something else under this name.
        self._network: httpcore2.AsyncNetworkBackend = httpcore2.AnyIOBackend()  # pyright: ignore[reportAttributeAccessIssue]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the base class's own parameter
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await vetted(host, port, self._reach, encrypted=self._encrypted)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or AddressRefused(f"{host} has no address")
