"""What every measurement stands on: a durable database, processes, and people who exist."""

import asyncio
import base64
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import grpc

from countersign.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    devices_pb2,
    devices_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    signals_pb2,
    values_pb2,
)
from countersign_server.operators import create_operator_with_password

PASSWORD = "a password for the bench"  # noqa: S105  # of people who exist for one run
Metadata = tuple[tuple[str, str], ...]

# What is measured is not how fast an owner lets an engine trade.
_FAST = accounts_pb2.AccountLimits(
    max_orders_per_second=10_000, max_identical_orders_per_minute=10_000
)


@dataclass(frozen=True, slots=True)
class Strategy:
    """A producer that signs, its follower's account, and the bridge's identity."""

    producer: Metadata
    owner: Metadata
    device: Metadata
    key_id: str
    secret: bytes
    account_id: str
    producer_id: str
    fingerprint: values_pb2.AccountFingerprint

    def signed(self, price: str = "1.0845") -> signals_pb2.SignedSignal:
        """Return a new signed signal, an idea of its own."""
        signal = signals_pb2.Signal(
            external_id=str(uuid4()),
            instrument="EURUSD",
            side=values_pb2.SIDE_BUY,
            version=uuid4().hex,
            open=signals_pb2.OpenAction(
                price=price,
                stop=values_pb2.StopChoice(stop_loss="1.0801"),
                target=values_pb2.TargetChoice(take_profit="1.0955"),
            ),
        )
        payload, nonce = signal.SerializeToString(), os.urandom(16)
        sent_time_ms = int(datetime.now(UTC).timestamp() * 1000)
        parts = (
            self.key_id.encode(),
            b"\x01",
            sent_time_ms.to_bytes(8, "big"),
            nonce,
            sha256(payload).digest(),
        )
        text = b"countersign.signal/1\0" + b"".join(
            len(part).to_bytes(4, "big") + part for part in parts
        )
        return signals_pb2.SignedSignal(
            key_id=self.key_id,
            sent_time_ms=sent_time_ms,
            nonce=nonce,
            format=signals_pb2.PAYLOAD_FORMAT_PROTOBUF,
            payload=payload,
            signature=hmac.digest(self.secret, text, sha256),
        )


@contextmanager
def process(*module: str, ready: Path, **environment: str) -> Generator[dict[str, str]]:
    """Run a module as its own process inside the block; provide what it wrote when it was ready."""
    ready.unlink(missing_ok=True)
    log = ready.with_suffix(".log")
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603  # our own modules
            [sys.executable, "-m", *module],
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 60
        while not ready.exists():
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{module[0]} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield json.loads(ready.read_text())
    finally:
        child.terminate()
        child.wait(20)


@contextmanager
def product(folder: Path, database_url: str) -> Generator[dict[str, str]]:
    """Run the product's server, as it is deployed, inside the block."""
    asyncio.run(
        create_operator_with_password(
            database_url=database_url, email="op@bench.example", password=PASSWORD
        )
    )
    with process(
        "countersign_server",
        "serve",
        ready=folder / "server.json",
        COUNTERSIGN_DATABASE_URL=database_url,
        COUNTERSIGN_DATA_DIR=str(folder),
        COUNTERSIGN_READY_FILE=str(folder / "server.json"),
        COUNTERSIGN_LISTEN="127.0.0.1:0",
        COUNTERSIGN_LISTEN_INTERNAL="",
        COUNTERSIGN_METRICS_LISTEN="",
        COUNTERSIGN_DRAIN_WAIT="PT0S",
        COUNTERSIGN_LOG_LEVEL="warning",
        # Signed before the clock starts; the window must hold all of them.
        COUNTERSIGN_REPLAY_WINDOW_BACK="PT10M",
        COUNTERSIGN_ACCESS_TOKEN_LIFETIME="PT1H",  # noqa: S106  # a time
    ) as addresses:
        yield addresses


def strategies(address: str, *names: str) -> list[Strategy]:
    """Make an owner, and for each name a producer, an account and its device.

    Nobody follows anybody yet.
    """
    with grpc.insecure_channel(address) as channel:
        identity = identity_pb2_grpc.IdentityServiceStub(channel)
        accounts = accounts_pb2_grpc.AccountServiceStub(channel)
        operator = _signed_in(identity, "op@bench.example")
        accounts.PublishConsentText(
            accounts_pb2.PublishConsentTextRequest(version="1", text="I agree."), metadata=operator
        )
        made = identity.CreateUser(
            identity_pb2.CreateUserRequest(email="ann@bench.example", role=identity_pb2.ROLE_OWNER),
            metadata=operator,
        )
        identity.AcceptInvitation(
            identity_pb2.AcceptInvitationRequest(
                invitation_token=made.invitation_token, password=PASSWORD
            )
        )
        owner = _signed_in(identity, "ann@bench.example")
        return [
            _strategy(channel, identity, accounts, owner, name, login)
            for login, name in enumerate(names, start=1)
        ]


def _strategy(  # noqa: PLR0913, PLR0917  # each of a type of its own but the last two
    channel: grpc.Channel,
    identity: identity_pb2_grpc.IdentityServiceStub,
    accounts: accounts_pb2_grpc.AccountServiceStub,
    owner: Metadata,
    name: str,
    login: int,
) -> Strategy:
    fingerprint = values_pb2.AccountFingerprint(
        server="Sim-Demo", login=login, currency="USD", margin_mode=values_pb2.MARGIN_MODE_HEDGING
    )
    account = accounts.CreateAccount(
        accounts_pb2.CreateAccountRequest(name=name, fingerprint=fingerprint, limits=_FAST),
        metadata=owner,
    ).account.account_id
    producer = accounts.CreateProducer(
        accounts_pb2.CreateProducerRequest(name=name), metadata=owner
    ).producer.producer_id
    key_id, secret = _key(accounts, owner, producer)
    return Strategy(
        producer=_producer_session(identity, owner, producer),
        owner=owner,
        device=_device_session(channel, identity, owner, account),
        key_id=key_id,
        secret=secret,
        account_id=account,
        producer_id=producer,
        fingerprint=fingerprint,
    )


def _key(
    accounts: accounts_pb2_grpc.AccountServiceStub, owner: Metadata, producer: str
) -> tuple[str, bytes]:
    key = accounts.CreateProducerKey(
        accounts_pb2.CreateProducerKeyRequest(
            request_id=str(uuid4()),
            producer_id=producer,
            algorithm=signals_pb2.SIGNATURE_ALGORITHM_HMAC_SHA256,
        ),
        metadata=owner,
    )
    secret = key.secret.removeprefix("csk_")
    return key.key.key_id, base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))


def _producer_session(
    identity: identity_pb2_grpc.IdentityServiceStub, owner: Metadata, producer: str
) -> Metadata:
    token = identity.CreateApiToken(
        identity_pb2.CreateApiTokenRequest(
            request_id=str(uuid4()), name="bench", producer_id=producer
        ),
        metadata=owner,
    )
    return _session(identity, api_token=token.secret)


def _device_session(
    channel: grpc.Channel,
    identity: identity_pb2_grpc.IdentityServiceStub,
    owner: Metadata,
    account: str,
) -> Metadata:
    made = devices_pb2_grpc.DeviceServiceStub(channel).RegisterDevice(
        devices_pb2.RegisterDeviceRequest(
            request_id=str(uuid4()), account_id=account, name="bench"
        ),
        metadata=owner,
    )
    proof = identity_pb2.DeviceProof(device_id=made.device.device_id, secret=made.secret)
    return _session(identity, device=proof)


def _signed_in(identity: identity_pb2_grpc.IdentityServiceStub, email: str) -> Metadata:
    return _session(identity, password=identity_pb2.PasswordProof(email=email, password=PASSWORD))


def _session(identity: identity_pb2_grpc.IdentityServiceStub, **proof: object) -> Metadata:
    request = identity_pb2.CreateSessionRequest(**proof)  # type: ignore[arg-type]  # one of the proofs
    return (("authorization", f"Bearer {identity.CreateSession(request).access_token}"),)
