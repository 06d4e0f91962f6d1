"""An address that events are posted to, and the secrets that sign them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from countersign_server.notification_errors import WebhookUrlRefused
from countersign_server.notifications.destination import Destination
from countersign_server.outgoing.addresses import Reach, as_address
from countersign_server.webhooks.signing import Scheme

LIVE_MAX = 20
BY_OWNER = "BY_OWNER"
# RFC 1035, 2.3.4.
_NAME_LENGTH_MAX = 253
_LABEL_LENGTHS = range(1, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to post, and what of."""

    destination: Destination
    url: str
    description: str
    scheme: Scheme
    previous_secret_ends_at: datetime | None = None  # None: there is none, or it has ended

    @property
    def id(self) -> UUID:
        return self.destination.id

    def paused(self, *, pause: bool) -> "Endpoint":
        """Return it paused by its owner, or going on."""
        if pause == bool(self.destination.paused_reason):
            return self
        reason = BY_OWNER if pause else ""
        return replace(self, destination=replace(self.destination, paused_reason=reason))


def checked_url(url: str, reach: Reach, *, field: str) -> str:
    """Return a URL that may be posted to, as far as can be told without resolving its name.

    Every name is resolved anew, and its addresses looked at, when something is posted. Raises
    WebhookUrlRefused.
    """
    flaw = _flaw_in(url, reach)
    if flaw is not None:
        raise WebhookUrlRefused(f"{field}: {flaw}", field=field)
    return url


def _flaw_in(url: str, reach: Reach) -> str | None:
    if not (url.isascii() and url.isprintable()) or " " in url:
        return "it must be printable ASCII without spaces; write other characters as %XX"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "it is not a URL"
    encrypted = parts.scheme == "https"
    if not encrypted and not (parts.scheme == "http" and reach.networks):
        return "it must begin with https://"
    if "@" in parts.netloc or parts.fragment:
        return "it must not hold a user, a password or a fragment"
    if not host or port == 0:
        return "it names no host and port"
    return _flaw_in_host(host, reach, encrypted=encrypted)


def _flaw_in_host(host: str, reach: Reach, *, encrypted: bool) -> str | None:
    address = as_address(host)
    if address is not None:
        allowed = reach.allows(address, encrypted=encrypted)
        return None if allowed else f"{address} is not a public address"
    # Otherwise it would be read as an address although it is not written as one: 127.1, 0x7f.1
    name = host.removesuffix(".")
    labels = name.split(".")
    is_name = (
        len(name) <= _NAME_LENGTH_MAX
        and all(len(label) in _LABEL_LENGTHS for label in labels)
        and labels[-1][0].isalpha()
    )
    return None if is_name else f"{host} is neither a name nor an address"


def facts_of(endpoint: Endpoint) -> Mapping[str, Any]:
    """Return what the audit tells of an endpoint."""
    destination = endpoint.destination
    return {
        "url": endpoint.url,
        "description": endpoint.description,
        "scheme": endpoint.scheme,
        "topics": ",".join(sorted(destination.topics)),
        "level_min": int(destination.level_min),
        "account_id": destination.account_id,
        "producer_id": destination.producer_id,
        "paused_reason": destination.paused_reason,
    }
