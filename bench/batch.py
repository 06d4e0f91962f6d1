"""SubmitSignals in batches, beside PostgreSQL's own bench inserting the same rows one by one."""

import asyncio
import re
import subprocess
from pathlib import Path
from typing import Any, cast

import grpc
import psycopg
from sqlalchemy import make_url

from bench.ground import Strategy
from bench.load import Run, closed_loop
from countersign.v1 import signals_pb2

SUBMIT_MANY = "/countersign.v1.SignalService/SubmitSignals"
BATCH = 500
_CALLERS = 4
_PEER_SECONDS = 5
_PEER_CLIENTS = 8

_TABLE = """
CREATE TABLE IF NOT EXISTS peer_rows (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    external_id text UNIQUE NOT NULL DEFAULT gen_random_uuid()::text,
    instrument text NOT NULL, side text NOT NULL, version text NOT NULL, payload bytea NOT NULL,
    payload_sha256 bytea NOT NULL, nonce bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()),
    signature bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(), UNIQUE (nonce))
"""
_INSERT = (
    "INSERT INTO peer_rows (instrument, side, version, payload, payload_sha256, signature) VALUES "
    "('EURUSD', 'buy', '1', decode(repeat('ab', 110), 'hex'), decode(repeat('cd', 32), 'hex'), "
    "decode(repeat('ef', 32), 'hex'));\n"
)


def product_run(address: str, by: Strategy, signals: int) -> Run:
    """Measure durable batch ingest, in signals; each is signed before the clock starts."""
    requests = [
        signals_pb2.SubmitSignalsRequest(
            signals=[by.signed() for _ in range(BATCH)]
        ).SerializeToString()
        for _ in range(signals // BATCH + 1)
    ]
    run = asyncio.run(_run(address, requests, by))
    return Run(run.calls * BATCH, run.seconds, run.latencies, run.work)


def pgbench_rate(folder: Path, database_url: str, programs: Path) -> float | None:
    """Return the rows a second that pgbench inserts one by one, prepared, with 8 clients.

    None: there is no pgbench.
    """
    if not (programs / "pgbench").exists():
        return None
    url = make_url(database_url)
    with psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as db:
        db.execute(_TABLE)
    script = folder / "insert.sql"
    script.write_text(_INSERT)
    host = str(url.query.get("host") or url.host)
    answer = subprocess.run(  # noqa: S603  # PostgreSQL's own program
        [
            str(programs / "pgbench"),
            *("-n", "-M", "prepared", "-c", str(_PEER_CLIENTS), "-j", "2"),
            *("-T", str(_PEER_SECONDS), "-f", str(script)),
            *("-h", host, "-p", str(url.port or 5432), "-U", str(url.username), str(url.database)),
        ],
        env={"PGPASSWORD": str(url.password), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"tps = ([0-9.]+)", answer.stdout)
    return float(found[1]) if found else None


async def _run(address: str, requests: list[bytes], by: Strategy) -> Run:
    async with grpc.aio.insecure_channel(address) as channel:
        call = cast(
            "Any",
            channel.unary_unary(
                SUBMIT_MANY, response_deserializer=signals_pb2.SubmitSignalsResponse.FromString
            ),
        )

        async def submit(_caller: int, request: bytes) -> None:
            answer = await call(request, metadata=by.producer)
            refused = next((one.refused for one in answer.results if one.HasField("refused")), None)
            if refused is not None:
                raise RuntimeError(f"a signal was refused: {refused}")

        await submit(0, requests[0])
        return await closed_loop(requests[1:], submit, callers=_CALLERS)
