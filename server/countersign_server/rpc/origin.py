"""Where a call comes from: its id, address, program and token, as the transport carries them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import grpc

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call comes from."""

    request_id: str
    address: str
    agent: str
    bearer: str  # empty: none was sent


def origin_of(
    context: grpc.aio.ServicerContext[Any, Any], trusted_proxies: frozenset[str]
) -> Origin:
    """Return where a call comes from. A forwarded address is believed only from a trusted proxy."""
    # Values are bytes under names that end in "-bin", none of which is asked for.
    headers: dict[str, Any] = dict(context.invocation_metadata() or ())
    request_id = headers.get("x-request-id", "")
    if not _REQUEST_ID.fullmatch(request_id):
        request_id = str(uuid4())
    address = _peer_address(context.peer())
    if address in trusted_proxies and "x-forwarded-for" in headers:
        # The proxy appends the address it saw; what stands before it is the caller's own claim.
        address = headers["x-forwarded-for"].rsplit(",", 1)[-1].strip()[:64]
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return Origin(
        request_id=request_id,
        address=address,
        agent=_printable(headers.get("user-agent", "")[:_AGENT_LENGTH]),
        bearer=token.strip() if scheme.lower() == "bearer" else "",
    )


@lru_cache(maxsize=1024)
def _printable(agent: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in agent)


@lru_cache(maxsize=1024)
def _peer_address(peer: str) -> str:
    """Return the address of a peer such as "ipv4:127.0.0.1:50412" or "ipv6:%5B::1%5D:50412"."""
    kind, _, rest = unquote(peer).partition(":")
    if kind == "unix":
        return "unix"
    return rest.rpartition(":")[0].strip("[]")
