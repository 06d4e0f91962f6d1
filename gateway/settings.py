"""Everything an operator can set about the gateway, and nothing else."""

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]
Duration = Annotated[timedelta, Field(gt=timedelta(0))]

_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253}):(?P<port>\d{1,5})")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")


class GatewaySettings(BaseSettings):
    """Read once, at start, from COUNTERSIGN_GATEWAY_* variables. An invalid one stops the start.

    Durations are ISO 8601 ("PT5S"); lists are separated by commas.
    """

    model_config = SettingsConfigDict(env_prefix="COUNTERSIGN_GATEWAY_", frozen=True)

    # Where people, strategies and bridges connect. Port 0 picks a free one.
    listen_host: str = "127.0.0.1"
    listen_port: Port = 8080
    # Server processes: host:port, or unix:/absolute/path.
    servers: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1:50051",)
    # Web pages that may call from a browser: "https://app.example". None: only this gateway's own.
    web_origins: Annotated[tuple[str, ...], NoDecode] = ()
    # Proxies in front of this one that add to x-forwarded-for.
    trusted_hops: int = Field(default=0, ge=0, le=10)

    # PEM files, read anew after a rename in their folder. None: plain text, behind a TLS proxy.
    tls_certificate: Path | None = None
    tls_private_key: Path | None = None

    # A second listener, for bridges with a certificate of this authority. None: there is none.
    device_port: Port | None = None
    device_authority: Path | None = None
    device_revocations: Path | None = None

    # Requests, streams counted once. A burst of twice as many passes.
    requests_per_second: PositiveInt = 5000
    client_requests_per_second: PositiveInt = 200
    # A bridge holds one connection.
    connections_max: PositiveInt = 12_000
    heap_bytes_max: PositiveInt = 1 << 30
    # Of a REST request or answer; the largest is a batch of signals.
    body_bytes_max: PositiveInt = 4 << 20

    # Wall clock of any call that is not a stream.
    call_limit: Duration = timedelta(seconds=10)
    # Silence after which a call ends; streams have heartbeats of their own instead.
    idle_limit: Duration = timedelta(seconds=60)
    # How often the server's public keys are fetched.
    keys_refresh: timedelta = Field(
        default=timedelta(seconds=5), gt=timedelta(0), le=timedelta(seconds=5)
    )

    # How often each server is asked whether it serves; two silences or refusals take it out.
    health_interval: Duration = timedelta(seconds=1)

    # None: one for each core.
    workers: PositiveInt | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    @field_validator(
        "tls_certificate",
        "tls_private_key",
        "device_authority",
        "device_revocations",
        mode="before",
    )
    @classmethod
    def _none_if_empty(cls, value: object) -> object:
        # A compose file cannot leave a variable out, and an empty path would be the current folder.
        return value or None

    @field_validator("servers", "web_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("servers")
    @classmethod
    def _check_servers(cls, servers: tuple[str, ...]) -> tuple[str, ...]:
        if not servers:
            raise ValueError("name at least one server, such as 127.0.0.1:50051")
        for server in servers:
            _check_server(server)
        if len({"named" if is_host_name(s) else s.startswith("unix:") for s in servers}) > 1:
            raise ValueError(
                "use addresses of one kind: host names, IP addresses or unix: paths, not a mixture"
            )
        return servers

    @field_validator("web_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin: write it as https://app.example")
        return origins

    @model_validator(mode="after")
    def _check_certificates(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_private_key is None):
            raise ValueError("tls_certificate and tls_private_key: set both or neither")
        if self.device_port is not None and not (self.tls_certificate and self.device_authority):
            raise ValueError(
                "device_port needs tls_certificate, tls_private_key and device_authority"
            )
        return self


def is_host_name(server: str) -> bool:
    """Return whether an address has to be looked up before it can be connected to."""
    if server.startswith("unix:"):
        return False
    try:
        ipaddress.ip_address(host_and_port(server)[0])
    except ValueError:
        return True
    return False


def host_and_port(server: str) -> tuple[str, int]:
    """Return the parts of "127.0.0.1:50051" or "[::1]:50051", without brackets.

    Raises:
        ValueError: it is not written so.

    """
    match = _HOST_AND_PORT.fullmatch(server)
    if match is None:
        raise ValueError(
            f"{server!r} is not an address: write host:port, [v6]:port or unix:/absolute/path"
        )
    return match["host"].strip("[]"), int(match["port"])


def _check_server(server: str) -> None:
    if server.startswith("unix:"):
        if not server.startswith("unix:/"):
            raise ValueError(
                f"{server!r}: write the whole path, as in unix:/run/countersign/0.sock"
            )
        return
    if not 0 < host_and_port(server)[1] <= 65535:  # noqa: PLR2004  # the last port there is
        raise ValueError(f"{server!r}: the port must be 1 to 65535")
