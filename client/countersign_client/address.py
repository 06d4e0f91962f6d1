"""Where the server is, and whether the way there is encrypted."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

import grpc

from countersign_client.errors import invalid_value

_ADDRESS_CHARACTERS_MAX = 255

_OPTIONS: tuple[tuple[str, int], ...] = (
    # A list of 500 approvals is about 2 MB; the default of 4 MB would do, a batch's answer would
    # not.
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    # A strategy engine must be back soon after the server is, not two minutes later.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # A ping that is under way for another purpose takes keepalive's place; it waits a minute by
    # default, and so would a connection that died without a word.
    ("grpc.http2.ping_timeout_ms", 10_000),
)


@dataclass(frozen=True, slots=True)
class Tls:
    """How to check the server, and how to show who we are where it asks for a certificate.

    `root_certificates` None: the roots that gRPC comes with. Certificates and key are PEM files.
    """

    root_certificates: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A server as gRPC names it. `tls` None: in the clear."""

    target: str
    tls: Tls | None


def read_address(text: str, *, tls: Tls | bool | None = None) -> Address:
    """Return the address that `text` names.

    It is "host:port", "unix:path", "http://host:port" or "https://host[:port]". `tls` None:
    encrypted, except to this machine or where the text says http. Raises Invalid.
    """
    target, scheme_tls = _without_scheme(text.strip())
    if not target or len(target) > _ADDRESS_CHARACTERS_MAX or not _is_plain(target):
        raise invalid_value(
            'the address must be "host:port", "unix:path" or a URL, such as 127.0.0.1:50051',
            field="address",
        )
    if not target.startswith("unix:") and ":" not in target:
        raise invalid_value(f"the address {target} lacks a port: {target}:443", field="address")
    if isinstance(tls, Tls):
        return Address(target, tls)
    if tls is None:
        tls = not _is_this_machine(target) if scheme_tls is None else scheme_tls
    return Address(target, Tls() if tls else None)


def open_channel(address: Address) -> grpc.aio.Channel:
    """Return a channel, which connects when it is first used.

    Raises Invalid if a certificate cannot be read.
    """
    if address.tls is None:
        return grpc.aio.insecure_channel(address.target, options=_OPTIONS)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_content(address.tls.root_certificates),
        private_key=_content(address.tls.client_key),
        certificate_chain=_content(address.tls.client_certificate),
    )
    return grpc.aio.secure_channel(address.target, credentials, options=_OPTIONS)


def _without_scheme(text: str) -> tuple[str, bool | None]:
    if text.startswith("https://"):
        host = text.removeprefix("https://").rstrip("/")
        return (host if ":" in host or not host else f"{host}:443"), True
    if text.startswith("http://"):
        host = text.removeprefix("http://").rstrip("/")
        return (host if ":" in host or not host else f"{host}:80"), False
    return text, None


def _is_plain(target: str) -> bool:
    return target.isprintable() and not any(character.isspace() for character in target)


def _is_this_machine(target: str) -> bool:
    if target.startswith("unix:"):
        return True
    host = target.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _content(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise invalid_value(f"{path} cannot be read: {error.strerror}", field="tls") from error
