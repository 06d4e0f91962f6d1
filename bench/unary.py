"""SubmitSignal one at a time: signed, validated, deduplicated, durable, audited."""

import asyncio
import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import grpc

from bench.echo_peer import SERVICE
from bench.ground import Strategy, process
from bench.load import HttpCallers, Run, closed_loop
from countersign.v1 import signals_pb2

SUBMIT = "/countersign.v1.SignalService/SubmitSignal"


def product_run(address: str, by: Strategy, calls: int) -> Run:
    """Measure the product; every signal is signed before the clock starts."""
    requests = [
        signals_pb2.SubmitSignalRequest(signal=by.signed()).SerializeToString()
        for _ in range(calls)
    ]
    return asyncio.run(_grpc_run(address, SUBMIT, requests, by.producer))


def echo_run(address: str, by: Strategy, calls: int) -> Run:
    """Measure the limit with the same bytes."""
    request = signals_pb2.SubmitSignalRequest(signal=by.signed()).SerializeToString()
    return asyncio.run(_grpc_run(address, f"/{SERVICE}/Unary", [request] * calls, by.producer))


def peer_run(folder: Path, database_url: str, calls: int) -> Run:
    """Measure the peer; its bodies are signed before the clock starts."""
    secret = secrets.token_bytes(32)
    ready = folder / "peer.json"
    arguments = ("bench.fastapi_peer", str(ready), database_url, secret.hex())
    with process(*arguments, ready=ready) as addresses:
        requests = [_peer_request(secret) for _ in range(calls)]
        return asyncio.run(_http_run(addresses["public"], requests))


async def _grpc_run(
    address: str, method: str, requests: list[bytes], metadata: tuple[tuple[str, str], ...]
) -> Run:
    async with grpc.aio.insecure_channel(address) as channel:
        call = cast("Any", channel.unary_unary(method))
        await call(requests[0], metadata=metadata)

        async def submit(_caller: int, request: bytes) -> None:
            await call(request, metadata=metadata)

        return await closed_loop(requests[1:], submit)


async def _http_run(address: str, requests: list[bytes]) -> Run:
    callers = HttpCallers(address)
    try:
        await callers.post(0, requests[0])
        return await closed_loop(requests[1:], callers.post)
    finally:
        callers.close()


def _peer_request(secret: bytes) -> bytes:
    body = json.dumps(
        {
            "external_id": str(uuid4()),
            "instrument": "EURUSD",
            "side": "buy",
            "version": uuid4().hex,
            "price": "1.0845",
            "stop_loss": "1.0801",
            "take_profit": "1.0955",
        }
    ).encode()
    now, nonce = int(time.time()), os.urandom(16).hex()
    signature = hmac.new(secret, f"{now}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()
    head = (
        "POST /signals HTTP/1.1\r\nhost: peer\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nx-time: {now}\r\nx-nonce: {nonce}\r\n"
        f"x-signature: {signature}\r\n\r\n"
    )
    return head.encode() + body
