"""The product behind the gateway: what a script does with nothing but HTTP and JSON."""

import asyncio
import base64
import hmac
import json
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2

from countersign.v1 import execution_pb2
from gateway.contract import read_descriptor, read_methods
from gateway.run import running
from tests.fixtures.bridge_end import a_snapshot, bridge_end
from tests.fixtures.gateway_world import settings_for
from tests.fixtures.guarded_world import begin
from tests.fixtures.world import OPERATOR, PASSWORD, Producer, World, a_signal, world

METHODS = read_methods(read_descriptor())


@dataclass(frozen=True, slots=True)
class Front:
    """The product, and a client of its REST form."""

    product: World
    http: httpx2.AsyncClient

    async def operator(self) -> dict[str, str]:
        """Sign in over REST, and return the headers of the operator's calls."""
        proof = {"password": {"email": OPERATOR, "password": PASSWORD}}
        session = await self.http.post("/api/v1/sessions", json=proof)
        return {"authorization": f"Bearer {session.json()['accessToken']}"}


@asynccontextmanager
async def front(database_url: str, folder: Path) -> AsyncGenerator[Front]:
    async with world(database_url, folder / "data") as product:
        settings = settings_for(product.addresses.public, keys_refresh=timedelta(seconds=0.2))
        with running(settings, folder / "gateway") as gateway:
            await asyncio.to_thread(gateway.wait_for_server)
            async with httpx2.AsyncClient(base_url=gateway.url, timeout=15) as http:
                yield Front(product, http)


async def test_a_wrong_field_is_named(database_url: str, tmp_path: Path) -> None:
    async with front(database_url, tmp_path) as it:
        answer = await it.http.post(
            "/api/v1/users",
            json={"email": "nobody", "role": "ROLE_OWNER"},
            headers=await it.operator(),
        )

    bad_request = next(each for each in answer.json()["details"] if "fieldViolations" in each)
    assert answer.status_code == 400
    assert bad_request["fieldViolations"][0]["field"] == "email"


async def test_every_rest_path_is_answered_by_the_product(
    database_url: str, tmp_path: Path
) -> None:
    async with front(database_url, tmp_path) as it:
        headers = await it.operator()
        for method in (m for m in METHODS if not m.streams):
            for binding in method.bindings:
                path = binding.template.replace("{", "").replace("}", "")
                body = "{}" if binding.body else None
                answer = await it.http.request(binding.verb, path, content=body, headers=headers)

                assert "PATH_UNKNOWN" not in answer.text, path
                # The contract may be ahead of the server, which then says so.
                later = "NOT_IMPLEMENTED_YET" in answer.text
                assert answer.status_code < 500 or later, f"{path}: {answer.text}"


def signed_json(producer: Producer, signal: dict[str, Any]) -> dict[str, str]:
    """Sign JSON as a script without protobuf does."""
    payload, nonce, sent = json.dumps(signal).encode(), os.urandom(16), int(time.time() * 1000)
    parts = (
        producer.key_id.encode(),
        b"\x02",
        sent.to_bytes(8, "big"),
        nonce,
        sha256(payload).digest(),
    )
    text = b"countersign.signal/1\0" + b"".join(len(p).to_bytes(4, "big") + p for p in parts)
    return {
        "keyId": producer.key_id,
        "sentTimeMs": str(sent),
        "nonce": base64.b64encode(nonce).decode(),
        "format": "PAYLOAD_FORMAT_JSON",
        "payload": base64.b64encode(payload).decode(),
        "signature": base64.b64encode(hmac.digest(producer.secret, text, sha256)).decode(),
    }


async def test_a_misspelt_stop_is_refused_and_does_not_trade_without_one(
    database_url: str, tmp_path: Path
) -> None:
    async with front(database_url, tmp_path) as it:
        producer = await it.product.a_producer(await it.product.an_owner())

        async def submit(external_id: str, stop: dict[str, str]) -> int:
            signal = {
                "external_id": external_id,
                "instrument": "EURUSD",
                "side": "SIDE_BUY",
                "version": external_id,
                "open": {"price": "1.0845", "stop": stop, "target": {"no_take_profit": True}},
            }
            answer = await it.http.post(
                "/api/v1/signals",
                json={"signal": signed_json(producer, signal)},
                headers=dict(producer.metadata),
            )
            return answer.status_code

        misspelt = await submit("misspelt", {"stop_los": "1.0801"})
        missing = await submit("missing", {})
        right = await submit("right", {"stop_loss": "1.0801"})
        stored = await it.http.get("/api/v1/signals", headers=dict(producer.metadata))

    assert (misspelt, missing, right) == (400, 400, 200)
    assert [each["signal"]["externalId"] for each in stored.json()["signals"]] == ["right"]


async def test_a_browser_sees_what_happens_as_it_happens(database_url: str, tmp_path: Path) -> None:
    async with front(database_url, tmp_path) as it:
        owner = await it.product.an_owner()
        producer = await it.product.a_producer(owner)
        headers = dict(owner.metadata) | {"last-event-id": "0"}
        async with it.http.stream("GET", "/api/v1/live/events", headers=headers) as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            lines = answer.aiter_lines()
            signal_id = await it.product.submit(producer, a_signal())
            async for line in lines:
                if line.startswith("data:") and signal_id in line:
                    break


async def test_a_browser_sees_positions_as_they_change(database_url: str, tmp_path: Path) -> None:
    async with front(database_url, tmp_path) as it:
        owner = await it.product.an_owner()
        device = await it.product.a_device(owner)
        headers = dict(owner.metadata)
        async with (
            it.http.stream("GET", "/api/v1/live/positions", headers=headers) as answer,
            bridge_end(it.product, owner, device) as bridge,
        ):
            assert answer.headers["content-type"] == "text/event-stream"
            kinds = (line[7:] async for line in answer.aiter_lines() if line.startswith("event: "))
            await bridge.tell("snapshot:1", snapshot=a_snapshot(1))
            assert await anext(kinds) == "snapshot"
            changed = a_snapshot(2)
            await bridge.tell(
                "delta:2",
                delta=execution_pb2.AccountDelta(
                    revision=2,
                    balance=changed.balance,
                    equity=changed.equity,
                    credit=changed.credit,
                    margin=changed.margin,
                    margin_free=changed.margin_free,
                    closed=[401],
                    connected=True,
                ),
            )
            assert await anext(kinds) == "delta"
        shown = await it.http.get("/api/v1/positions", headers=headers)
    (account,) = shown.json()["accounts"]
    assert (account["snapshot"]["revision"], account["snapshot"]["positions"]) == ("2", [])


async def test_a_browser_sees_guards_as_they_change(database_url: str, tmp_path: Path) -> None:
    async with front(database_url, tmp_path) as it:
        owner = await it.product.an_owner()
        device = await it.product.a_device(owner)
        headers = dict(owner.metadata)
        async with (
            it.http.stream("GET", "/api/v1/live/guards", headers=headers) as answer,
            bridge_end(it.product, owner, device) as bridge,
        ):
            assert answer.headers["content-type"] == "text/event-stream"
            told = (
                json.loads(one[6:]) async for one in answer.aiter_lines() if one[:6] == "data: "
            )
            assert (await anext(told))["standings"] == []
            await begin(it.product, owner, bridge)
            while not (guard := await anext(told))["standings"]:
                pass
    assert (guard["accountId"], guard["standings"][0]["value"]) == (owner.account_id, "10000")


async def test_a_token_outlives_a_change_of_keys(database_url: str, tmp_path: Path) -> None:
    async with front(database_url, tmp_path) as it:
        headers = await it.operator()
        rotated = await it.http.post("/api/v1/signingKeys:rotate", json={}, headers=headers)
        keys = await it.http.get("/api/v1/jwks.json")
        me = await it.http.get("/api/v1/me", headers=headers)

    assert rotated.is_success
    assert rotated.json()["keyId"] in {key["kid"] for key in keys.json()["keys"]}
    assert me.json()["user"]["email"] == OPERATOR
