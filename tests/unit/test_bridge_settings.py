"""What whoever runs a bridge may set, and how it is said that something is wrong."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from countersign_bridge.channel.client import Credentials
from countersign_bridge.intents import MarginMode
from countersign_bridge.pairing import (
    PairedAccount,
    Pairing,
    PairingError,
    load_pairing,
    save_pairing,
)
from countersign_bridge.settings import SettingsInvalid, load_settings

PREFIX = "COUNTERSIGN_BRIDGE_"


@pytest.mark.parametrize("text", ["2.5", "PT2.5S"])
def test_a_duration_is_seconds_or_iso(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SCAN_INTERVAL", text)
    assert load_settings().scan_interval == timedelta(seconds=2.5)


def test_a_variable_goes_before_the_file_and_the_file_before_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bridge.toml"
    file.write_text('fence_volume_max = "2"\nfence_symbols = ["EURUSD"]\nserver_address = "a:1"\n')
    monkeypatch.setenv(f"{PREFIX}CONFIG", str(file))
    monkeypatch.setenv(f"{PREFIX}SERVER_ADDRESS", "b:2")

    settings = load_settings()

    assert settings.server_address == "b:2"
    assert settings.fence_volume_max == Decimal(2)
    assert settings.fence_symbols == ("EURUSD",)
    assert settings.fence_orders_per_minute_max == 60


def test_a_misspelt_setting_in_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bridge.toml"
    file.write_text('fence_volume = "2"\n')
    monkeypatch.setenv(f"{PREFIX}CONFIG", str(file))
    with pytest.raises(SettingsInvalid, match="FENCE_VOLUME"):
        load_settings()


def test_keys_are_read_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}APPROVAL_KEYS", f"a={'01' * 32}, b={'02' * 32}")
    assert load_settings().approval_keys == {"a": b"\1" * 32, "b": b"\2" * 32}


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}DEVICE_SECRET", "csd_canary")
    monkeypatch.setenv(f"{PREFIX}TERMINAL_PASSWORD", "canary2")
    assert "canary" not in repr(load_settings())


def test_a_pairing_is_read_back_as_it_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}STATE_DIR", str(tmp_path))
    account = PairedAccount(1000001, "Sim-Demo", "USD", MarginMode.HEDGING)
    pairing = Pairing(Credentials("device", "csd_x"), {"k": b"\1" * 32}, account)
    save_pairing(tmp_path, pairing)
    assert load_pairing(load_settings()) == pairing


def test_half_a_pairing_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}DEVICE_ID", "device")
    with pytest.raises(PairingError, match="DEVICE_SECRET"):
        load_pairing(load_settings())


def test_a_pairing_file_that_is_none_says_to_pair_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}STATE_DIR", str(tmp_path))
    (tmp_path / "device.json").write_text("{}")
    with pytest.raises(PairingError, match="pair the bridge again"):
        load_pairing(load_settings())
