"""Everything an operator can set, and nothing else."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, PositiveInt, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from countersign_server.crash_points import parsed
from countersign_server.outgoing.addresses import reach_of


class Settings(BaseSettings):
    """Read once, at start, from COUNTERSIGN_* variables. An invalid one stops the start.

    Durations are ISO 8601: "PT5S".
    """

    model_config = SettingsConfigDict(env_prefix="COUNTERSIGN_", frozen=True)

    # Empty: a PostgreSQL of our own below data_dir. Never in production.
    database_url: SecretStr = SecretStr("")
    environment: Literal["production", "development"] = "development"
    data_dir: Path = Path("countersign-data")

    # Where gateways and bridges connect: host:port or unix:path. Port 0 picks a free one.
    listen: str = "127.0.0.1:50051"
    # Health, reflection and every service, for operators; never routed by the gateway. Empty: none.
    listen_internal: str = "127.0.0.1:50052"
    # Prometheus; port 0 picks a free one. Empty: none.
    metrics_listen: str = "127.0.0.1:9464"
    # Written with the addresses once the server is ready, for whoever started it. Empty: none.
    ready_file: str = ""

    # 32 bytes in base64: seals producers' secrets and signing keys at rest. Empty: made in
    # data_dir; not in production.
    sealing_key: SecretStr = SecretStr("")

    database_connections: PositiveInt = 10
    trusted_proxies: frozenset[str] = frozenset({"127.0.0.1", "::1", "unix"})
    call_deadline: timedelta = timedelta(seconds=10)
    # On stopping: long enough for the gateway's health check to notice, then for calls to end.
    drain_wait: timedelta = timedelta(seconds=3)
    shutdown_grace: timedelta = timedelta(seconds=5)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    access_token_lifetime: timedelta = timedelta(minutes=15)
    refresh_token_lifetime: timedelta = timedelta(days=30)
    invitation_lifetime: timedelta = timedelta(days=7)
    pairing_code_lifetime: timedelta = timedelta(minutes=10)
    attempts_per_minute: PositiveInt = 10
    password_hashes_at_once: PositiveInt = 4
    # The page on which owners sign with passkeys: "https://sign.example.com". A passkey signs on
    # the page it was made on and on no other. Empty: no passkeys.
    passkey_origin: str = Field(
        default="", pattern=r"^(https://[a-z0-9.-]+(:[0-9]+)?|http://localhost(:[0-9]+)?)?$"
    )

    # Where affiliates' links lead: "https://sign.example.com/join". Empty: there are no links.
    referral_page: str = Field(
        default="", pattern=r"^(https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?)?$"
    )
    # How long after the invitation a user may say who brought them.
    referral_window: timedelta = timedelta(days=30)

    replay_window_back: timedelta = timedelta(seconds=30)
    replay_window_ahead: timedelta = timedelta(seconds=5)
    duplicate_window: timedelta = timedelta(seconds=300)
    signal_lifetime: timedelta = timedelta(seconds=60)
    signal_lifetime_max: timedelta = timedelta(days=1)
    # Signals that wait for the next commit at most; more are refused with INGEST_QUEUE_FULL.
    ingest_queue: PositiveInt = 20_000
    ingest_group: PositiveInt = 512
    streams_per_producer: PositiveInt = 4
    watches_per_caller: PositiveInt = 20
    # Of one producer; what is refused beyond is kept as a count.
    refusals_kept_per_minute: PositiveInt = 60

    # How long after the approval's own expiry its command may still be granted.
    execution_window: timedelta = timedelta(seconds=30)
    quote_age_max: timedelta = timedelta(seconds=10)

    heartbeat_interval: timedelta = timedelta(seconds=5)
    heartbeat_timeout: timedelta = timedelta(seconds=15)
    grant_validity: timedelta = timedelta(seconds=5)
    # A granted command without a result for this long is in doubt.
    doubt_after: timedelta = timedelta(seconds=20)
    # How long the terminal must show nothing before a command in doubt is presumed not executed.
    presume_after: timedelta = timedelta(seconds=120)
    offers_at_once: PositiveInt = 8
    # How long one close by a guard may wait for its grant, offered again and again; then it is made
    # anew, from what is open then.
    guard_close_within: timedelta = timedelta(minutes=10)
    poll_interval: timedelta = timedelta(seconds=1)

    # Networks that webhooks may reach although they are not public, such as "10.1.0.0/16"; to them
    # plain http:// is spoken too. As JSON: '["10.1.0.0/16"]'.
    webhook_networks: frozenset[str] = frozenset()
    # The bot's token, as @BotFather gives it. Empty: no bot.
    telegram_token: SecretStr = SecretStr("")
    # Where Telegram reaches this server: "https://countersign.example/api/v1/telegram/webhook".
    # Empty: the server asks Telegram for updates, and needs no way in.
    telegram_webhook_url: str = Field(default="", pattern=r"^(https://\S{1,400})?$")
    telegram_api_url: str = Field(default="https://api.telegram.org", pattern=r"^https?://\S+$")
    # Messages and buttons of one Telegram user in a minute; more are not answered.
    telegram_requests_per_minute: PositiveInt = 10
    # Notifications that are over are forgotten after this long; the audit keeps what they told.
    notifications_kept: timedelta = timedelta(days=30)
    # Processes that draw, how long one may take for a picture, and how many may wait for it.
    chart_workers: PositiveInt = 2
    chart_patience: timedelta = timedelta(seconds=8)
    charts_waiting_max: PositiveInt = 32
    # Pictures drawn before: in this process up to so many bytes, and in the database for all.
    chart_cache_bytes: PositiveInt = 64_000_000
    chart_cache_lifetime: timedelta = timedelta(seconds=3600)
    chart_cache_shared: bool = True
    # Published pictures: where they lie (below data_dir if not said), how long, and how much of
    # one owner's. media_url is where a web server or CDN shows that folder; empty: nowhere.
    media_dir: Path | None = None
    media_url: str = Field(default="", pattern=r"^(https?://[!-~]+)?$")
    media_lifetime: timedelta = timedelta(days=30)
    media_owner_bytes_max: PositiveInt = 50_000_000

    # Once, for the first start on a database that was restored from a backup: everything that is
    # not over is put in doubt before anything is offered.
    restored: bool = False

    # For tests of recovery: where this process kills itself, "label[:n]". Never in production.
    server_crash_at: str = ""

    @field_validator("server_crash_at")
    @classmethod
    def _check_crash_point(cls, text: str) -> str:
        if text:
            parsed(text)
        return text

    @field_validator("webhook_networks")
    @classmethod
    def _check_networks(cls, networks: frozenset[str]) -> frozenset[str]:
        reach_of(networks)
        return networks

    @classmethod
    def from_environment(cls) -> Self:
        return cls()
