"""Who takes part in the demo: an operator, an owner with an account, a producer, a device.

What was made at an earlier start is found again in `demo.json`: secrets are shown once, so that
is where they are kept.
"""

import base64
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from demo.rest import Refused, Rest

ACCOUNT = {
    "server": "Sim-Demo",
    "login": "1000001",
    "currency": "USD",
    "marginMode": "MARGIN_MODE_HEDGING",
}
INSTRUMENT = "EURUSD"
CONSENT_VERSION = "demo-1"
CONSENT_TEXT = (
    "I let this platform lay trading signals of the strategies I follow before me and, "
    "where I approve one, "
    "send exactly the order I was shown to my terminal. Trading can lose money."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody's names and secrets. Empty: not made yet."""

    # Names the data of these people: without demo.json a new start begins with empty books.
    run: str = ""
    operator_email: str = "operator@demo.example"
    operator_password: str = ""
    owner_email: str = "owner@demo.example"
    owner_password: str = ""
    owner_id: str = ""
    account_id: str = ""
    producer_id: str = ""
    producer_api_token: str = ""
    producer_key_id: str = ""
    producer_key_secret: str = ""
    device_id: str = ""
    device_secret: str = ""
    approval_keys: str = ""
    subscription_id: str = ""

    @classmethod
    def remembered(cls, path: Path) -> "Cast":
        """Return the cast of an earlier start, or one that is yet to be made."""
        if not path.exists():
            return cls(
                run=secrets.token_hex(4),
                operator_password=secrets.token_urlsafe(18),
                owner_password=secrets.token_urlsafe(18),
            )
        return cls(**json.loads(path.read_text())["cast"])


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that only its owner may read: whole, or not at all."""
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=2)
    unfinished.replace(path)


def cast_facts(cast: Cast) -> dict[str, str]:
    return asdict(cast)


def sign_in(rest: Rest, email: str, password: str) -> str:
    """Return an access token for a person."""
    proof = {"password": {"email": email, "password": password}}
    return str(rest.call("POST", "/api/v1/sessions", proof)["accessToken"])


def producer_token(rest: Rest, cast: Cast) -> str:
    """Return an access token for the producer."""
    proof = {"apiToken": cast.producer_api_token}
    return str(rest.call("POST", "/api/v1/sessions", proof)["accessToken"])


def device_token(rest: Rest, cast: Cast) -> str:
    """Return an access token for the device."""
    proof = {"device": {"deviceId": cast.device_id, "secret": cast.device_secret}}
    return str(rest.call("POST", "/api/v1/sessions", proof)["accessToken"])


def assemble(rest: Rest, cast: Cast, remember: Callable[[Cast], None]) -> Cast:
    """Make whoever is not there yet, up to the device.

    `remember` keeps each secret as soon as it is shown.
    """
    for make in (_owner, _account, _producer, _producer_key, _producer_api_token, _device):
        cast = make(rest, cast)
        remember(cast)
    return cast


def subscribe(rest: Rest, cast: Cast) -> Cast:
    """Let the account follow the producer, its symbol confirmed as the terminal now shows it."""
    owner = sign_in(rest, cast.owner_email, cast.owner_password)
    rest.call(
        "PUT",
        f"/api/v1/accounts/{cast.account_id}/symbols/{INSTRUMENT}",
        {"symbol": INSTRUMENT},
        token=owner,
    )
    if cast.subscription_id:
        return cast
    made = rest.call(
        "POST",
        "/api/v1/subscriptions",
        {
            "accountId": cast.account_id,
            "producerId": cast.producer_id,
            "sizing": {"fixedLots": "0.1"},
            "approvalMode": "APPROVAL_MODE_MANUAL",
            "limits": {"maxDriftPips": "50"},
            "consentVersion": CONSENT_VERSION,
        },
        token=owner,
    )
    return replace(cast, subscription_id=made["subscription"]["subscriptionId"])


def symbols_told(rest: Rest, cast: Cast) -> bool:
    """Tell whether the bridge has told what the broker says of its symbols."""
    owner = sign_in(rest, cast.owner_email, cast.owner_password)
    known = rest.call("GET", f"/api/v1/accounts/{cast.account_id}/symbols", token=owner)
    names = [one["symbol"] for one in known.get("unmapped", [])]
    names += [one["properties"]["symbol"] for one in known.get("symbols", [])]
    return INSTRUMENT in names


def _owner(rest: Rest, cast: Cast) -> Cast:
    operator = sign_in(rest, cast.operator_email, cast.operator_password)
    rest.call(
        "POST",
        "/api/v1/consentTexts",
        {"version": CONSENT_VERSION, "text": CONSENT_TEXT},
        token=operator,
    )
    if cast.owner_id:
        return cast
    made = rest.call(
        "POST",
        "/api/v1/users",
        {"email": cast.owner_email, "displayName": "Olivia Owner", "role": "ROLE_OWNER"},
        token=operator,
    )
    accepted = {"invitationToken": made["invitationToken"], "password": cast.owner_password}
    rest.call("POST", "/api/v1/invitations:accept", accepted)
    return replace(cast, owner_id=made["user"]["userId"])


def _account(rest: Rest, cast: Cast) -> Cast:
    owner = sign_in(rest, cast.owner_email, cast.owner_password)
    wanted = {"name": "Simulated", "broker": "Simulator", "fingerprint": ACCOUNT, "demo": True}
    made = rest.call("POST", "/api/v1/accounts", wanted, token=owner)
    return replace(cast, account_id=made["account"]["accountId"])


def _producer(rest: Rest, cast: Cast) -> Cast:
    if cast.producer_id:
        return cast
    owner = sign_in(rest, cast.owner_email, cast.owner_password)
    made = rest.call("POST", "/api/v1/producers", {"name": "breakout"}, token=owner)
    return replace(cast, producer_id=made["producer"]["producerId"])


def _producer_key(rest: Rest, cast: Cast) -> Cast:
    if cast.producer_key_id:
        return cast
    owner = sign_in(rest, cast.owner_email, cast.owner_password)
    wanted = {"requestId": str(uuid4()), "algorithm": "SIGNATURE_ALGORITHM_HMAC_SHA256"}
    made = rest.call("POST", f"/api/v1/producers/{cast.producer_id}/keys", wanted, token=owner)
    return replace(cast, producer_key_id=made["key"]["keyId"], producer_key_secret=made["secret"])


def _producer_api_token(rest: Rest, cast: Cast) -> Cast:
    if cast.producer_api_token:
        return cast
    owner = sign_in(rest, cast.owner_email, cast.owner_password)
    wanted = {"requestId": str(uuid4()), "name": "demo strategy", "producerId": cast.producer_id}
    made = rest.call("POST", "/api/v1/tokens", wanted, token=owner)
    return replace(cast, producer_api_token=made["secret"])


def _device(rest: Rest, cast: Cast) -> Cast:
    if cast.device_id:
        return cast
    owner = sign_in(rest, cast.owner_email, cast.owner_password)
    wanted = {"requestId": str(uuid4()), "accountId": cast.account_id, "name": "demo bridge"}
    made = rest.call("POST", "/api/v1/devices", wanted, token=owner)
    return replace(
        cast,
        device_id=made["device"]["deviceId"],
        device_secret=made["secret"],
        approval_keys=",".join(
            f"{key['keyId']}={base64.b64decode(key['publicKey']).hex()}"
            for key in made["approvalKeys"]
        ),
    )


__all__ = ["ACCOUNT", "INSTRUMENT", "Cast", "Refused", "assemble", "sign_in", "subscribe"]
