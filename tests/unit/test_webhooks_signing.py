"""Messages are signed as Standard Webhooks has it, and verify with its own library."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from countersign_server.webhooks.signing import Scheme, shown_secret, signature_headers

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
BODY = '{"type":"deal.recorded","note":"\u00fc"}'.encode()


def signed(*secrets: bytes, scheme: Scheme = Scheme.HMAC_SHA256) -> Mapping[str, str]:
    return signature_headers(
        scheme=scheme,
        secrets=secrets,
        message_id="0190",
        timestamp=int(datetime.now(UTC).timestamp()),
        body=BODY,
    )


@pytest.mark.parametrize("secret", [OLD, NEW], ids=["old", "new"])
def test_the_standard_library_verifies_with_either_secret_of_a_rotation(secret: bytes) -> None:
    headers = signed(NEW, OLD)

    shown = shown_secret(Scheme.HMAC_SHA256, secret)

    assert shown.startswith("whsec_")
    assert Webhook(shown).verify(BODY, dict(headers))["type"] == "deal.recorded"


def test_the_published_example_of_the_standard_is_met() -> None:
    # github.com/standard-webhooks/standard-webhooks, the specification's own example of v1.
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signature_headers(
        scheme=Scheme.HMAC_SHA256,
        secrets=[secret],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "body"])
def test_what_is_changed_on_the_way_does_not_verify(changed: str) -> None:
    headers = dict(signed(NEW))
    body = BODY
    match changed:
        case "body":
            body = BODY.replace(b"deal", b"dead")
        case "webhook-timestamp":
            headers[changed] = str(int(headers[changed]) + 1)
        case _:
            headers[changed] += "x"

    with pytest.raises(WebhookVerificationError):
        Webhook(shown_secret(Scheme.HMAC_SHA256, NEW)).verify(body, headers)


def test_an_ed25519_signature_verifies_with_the_public_key_alone() -> None:
    headers = signed(NEW, scheme=Scheme.ED25519)
    public = Ed25519PublicKey.from_public_bytes(
        base64.b64decode(shown_secret(Scheme.ED25519, NEW).removeprefix("whpk_"))
    )
    version, _, signature = headers["webhook-signature"].partition(",")
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + BODY

    assert version == "v1a"
    public.verify(base64.b64decode(signature), text)
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature), text + b" ")


def test_the_guides_own_function_verifies_and_refuses() -> None:
    guide = Path(__file__).resolve().parents[2] / "docs/webhooks.md"
    (script,) = re.findall(r"```python\n(.*?)```", guide.read_text(), flags=re.DOTALL)
    told: dict[str, Any] = {}
    exec(script, told)  # noqa: S102  # our own guide
    verified, secret = told["verified"], shown_secret(Scheme.HMAC_SHA256, OLD)
    headers = dict(signed(NEW, OLD))

    assert verified(secret, BODY, headers)
    assert not verified(secret, BODY + b" ", headers)
    assert not verified(secret, BODY, headers, now=int(headers["webhook-timestamp"]) + 301)
    assert not verified(secret, BODY, dict(signed(NEW)))
