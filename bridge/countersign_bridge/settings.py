"""Everything whoever runs a bridge can set, and nothing else."""

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

CONFIG_VARIABLE = "COUNTERSIGN_BRIDGE_CONFIG"
CONFIG_NAME = "bridge.toml"
KEY_SIZE = 32


def _seconds(value: object) -> object:
    """Read a bare number as seconds; pydantic reads it so only where it is no text."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


Span = Annotated[
    timedelta, BeforeValidator(_seconds), Field(gt=timedelta(0), le=timedelta(minutes=10))
]


class SettingsInvalid(Exception):
    """A setting is missing or wrong; says which and why."""


class Settings(BaseSettings):
    """Read once, at start: COUNTERSIGN_BRIDGE_* variables, then the TOML file, then these defaults.

    Durations are ISO 8601 ("PT5S") or seconds ("5"). Empty strings and zeros mean: not given.
    """

    model_config = SettingsConfigDict(
        env_prefix="COUNTERSIGN_BRIDGE_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    server_address: str = Field(default="127.0.0.1:7443", pattern=r"^.+:[0-9]{1,5}$")
    tls: bool = False
    tls_root_certificates: Path | None = None
    tls_certificate: Path | None = None
    tls_private_key: Path | None = None

    # The device: written to device.json by 'pair', or given here.
    device_id: str = ""
    device_secret: SecretStr = SecretStr("")
    # "key_id=hexadecimal" of each server key that signs approvals, separated by commas.
    approval_keys: Annotated[dict[str, bytes], NoDecode] = {}

    # Ids of owner keys, "own_...", separated by commas, beside those that 'owner-key add' pinned:
    # with any of them, trades are opened only with such a key's signature.
    owner_keys: Annotated[tuple[str, ...], NoDecode] = ()

    state_dir: Path = Path.home() / ".countersign-bridge"

    terminal_module: str = Field(default="MetaTrader5", pattern=r"^(MetaTrader5|mt5_simulator)$")
    terminal_path: str = ""
    terminal_login: int = Field(default=0, ge=0)
    terminal_password: SecretStr = SecretStr("")
    terminal_server: str = ""
    terminal_call_timeout: Span = timedelta(seconds=10)
    # A terminal that is not running yet is started first, and then logs in.
    terminal_start_timeout: Span = timedelta(seconds=90)

    # The last fence: what no approval, however signed, gets past.
    fence_orders_per_minute_max: PositiveInt = Field(default=60, le=10_000)
    fence_volume_max: Decimal = Field(default=Decimal(10), gt=0)
    fence_symbols: Annotated[tuple[str, ...], NoDecode] = ()

    scan_interval: Span = timedelta(seconds=1)
    watch_interval: Span = timedelta(seconds=1)

    log_file: Path | None = None
    log_file_bytes_max: PositiveInt = 10_000_000
    log_files_max: PositiveInt = 5

    @field_validator("fence_symbols", "owner_keys", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("approval_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        keys: dict[str, bytes] = {}
        for pair in filter(None, (part.strip() for part in value.split(","))):
            key_id, _, key = pair.partition("=")
            keys[key_id] = bytes.fromhex(key)
        if any(len(key) != KEY_SIZE for key in keys.values()):
            raise ValueError(f"a key is not {KEY_SIZE} bytes in hexadecimal")
        return keys

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic names the arguments
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get(CONFIG_VARIABLE)
        if not file:
            return (init_settings, env_settings)
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file)))

    @property
    def connection(self) -> dict[str, int | float | str]:
        """Return the arguments of the package's `initialize`."""
        given: dict[str, int | float | str] = {}
        if self.terminal_path:
            given["path"] = self.terminal_path
        if self.terminal_login:
            given["login"] = self.terminal_login
            given["password"] = self.terminal_password.get_secret_value()
            given["server"] = self.terminal_server
        return given


def load_settings() -> Settings:
    """Return the settings in force. Raises SettingsInvalid."""
    file = os.environ.get(CONFIG_VARIABLE)
    if file and not Path(file).is_file():
        raise SettingsInvalid(f"{CONFIG_VARIABLE} names {file}, which is no file")
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{Settings.model_config.get('env_prefix', '')}{'_'.join(map(str, e['loc'])).upper()}: "
            f"{e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        )
        raise SettingsInvalid(problems) from error
    except ValueError as error:  # a TOML file that is none
        raise SettingsInvalid(f"the settings cannot be read: {error}") from error
