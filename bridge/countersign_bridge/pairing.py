"""The device this bridge is: its id, its secret and the keys it trusts, in a file of its own."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from countersign_bridge.channel.client import Credentials
from countersign_bridge.intents import MarginMode
from countersign_bridge.owner_pins import PinsError, pinned_keys
from countersign_bridge.settings import Settings

_NAME = "device.json"


class PairingError(Exception):
    """The bridge is not paired, or its file cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class PairedAccount:
    """The account the device was paired for."""

    login: int
    server: str
    currency: str
    margin_mode: MarginMode


@dataclass(frozen=True, slots=True)
class Pairing:
    """A device and its trust.

    `account` None: the pairing does not say; the terminal will. `owner_keys`, by id with their
    names, None: the owner's own signature is not asked for.
    """

    credentials: Credentials
    approval_keys: dict[str, bytes]
    account: PairedAccount | None
    owner_keys: Mapping[str, str] | None = None


def save_pairing(state_dir: Path, pairing: Pairing) -> Path:
    """Write the pairing where only this user can read it, and return the file."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    account = pairing.account
    text = json.dumps(
        {
            "device_id": pairing.credentials.device_id,
            "secret": pairing.credentials.secret,
            "approval_keys": {name: key.hex() for name, key in pairing.approval_keys.items()},
            "account": None
            if account is None
            else {
                "login": account.login,
                "server": account.server,
                "currency": account.currency,
                "margin_mode": str(account.margin_mode),
            },
        },
        indent=2,
    )
    file, fresh = state_dir / _NAME, state_dir / f"{_NAME}.new"
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    return file


def load_pairing(settings: Settings) -> Pairing:
    """Return the pairing in the settings, or else the one in the file. Raises PairingError."""
    pairing = _given(settings) if settings.device_id else _stored(settings)
    try:
        return replace(pairing, owner_keys=pinned_keys(settings.state_dir, settings.owner_keys))
    except PinsError as error:
        raise PairingError(str(error)) from None


def _stored(settings: Settings) -> Pairing:
    file = settings.state_dir / _NAME
    try:
        stored: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        account = stored["account"]
        return Pairing(
            credentials=Credentials(stored["device_id"], stored["secret"]),
            approval_keys={n: bytes.fromhex(key) for n, key in stored["approval_keys"].items()},
            account=None
            if account is None
            else PairedAccount(
                login=account["login"],
                server=account["server"],
                currency=account["currency"],
                margin_mode=MarginMode(account["margin_mode"]),
            ),
        )
    except FileNotFoundError:
        raise PairingError(
            "this bridge is not paired: run 'countersign-bridge pair CODE --server ADDRESS' with a "
            "code from the account's page"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PairingError(f"{file} cannot be read ({error!r}): pair the bridge again") from error


def _given(settings: Settings) -> Pairing:
    secret = settings.device_secret.get_secret_value()
    if not secret or not settings.approval_keys:
        raise PairingError(
            "COUNTERSIGN_BRIDGE_DEVICE_ID is set, so COUNTERSIGN_BRIDGE_DEVICE_SECRET and "
            "COUNTERSIGN_BRIDGE_APPROVAL_KEYS must be too"
        )
    return Pairing(Credentials(settings.device_id, secret), settings.approval_keys, None)
