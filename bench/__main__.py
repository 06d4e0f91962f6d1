"""`python -m bench`: measure, print a table, write JSON and a plot to bench/results."""

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import approval, batch, unary
from bench.ground import Strategy, process, product, strategies
from bench.load import Run
from bench.picture import draw
from countersign_server.database.programs import installed_programs
from countersign_server.database.schema_version import migrate
from countersign_server.database.supervisor import EmbeddedPostgres

RESULTS = Path(__file__).parent / "results"
ROUNDS = 3
_UNARY_CALLS = 6000
_PEER_CALLS = 1500
_BATCH_SIGNALS = 60_000
_APPROVALS = 150


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `against` is what it is held to, measured in the same run."""

    what: str
    ours: float
    unit: str
    against: str
    theirs: float
    ratio: float
    goal: str
    holds: bool


def main() -> int:
    """Measure in interleaved rounds, take medians, and return 0 if every goal holds."""
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with EmbeddedPostgres(folder / "postgres") as database:
            migrate(database.url)
            ready = folder / "echo.json"
            with (
                process("bench.echo_peer", str(ready), ready=ready) as echo,
                product(folder, database.url) as server,
            ):
                people = strategies(server["public"], "followed", "unfollowed")
                rows = _measure(folder, database.url, server["public"], echo["public"], *people)
    _show(rows)
    _keep(rows)
    return 0 if all(row.holds for row in rows) else 1


def _measure(
    folder: Path, url: str, address: str, echo: str, followed: Strategy, by: Strategy
) -> list[Row]:
    # First, while nothing else waits to be delivered.
    _say("approvals")
    floor = approval.limit_run(echo, url, _APPROVALS * 2)
    clicks = approval.product_run(address, followed, _APPROVALS)
    ours, limit, peer, many, single = [], [], [], [], []
    for number in range(1, ROUNDS + 1):
        _say(f"round {number} of {ROUNDS}: SubmitSignal")
        limit.append(unary.echo_run(echo, by, _UNARY_CALLS))
        ours.append(unary.product_run(address, by, _UNARY_CALLS))
        peer.append(unary.peer_run(folder, url, _PEER_CALLS))
        _say(f"round {number} of {ROUNDS}: SubmitSignals")
        many.append(batch.product_run(address, by, _BATCH_SIGNALS))
        rate = batch.pgbench_rate(folder, url, installed_programs()[0])
        single += [rate] if rate else []
    rate_of: Callable[[Run], float] = lambda run: run.rate  # noqa: E731  # a name for the key
    rows = [
        _row(
            "SubmitSignal",
            _median(ours, rate_of),
            "signals/s",
            "raw grpc.aio echo",
            _median(limit, rate_of),
            0.5,
        ),
        _row(
            "SubmitSignal",
            _median(ours, rate_of),
            "signals/s",
            "FastAPI + ORM",
            _median(peer, rate_of),
            6,
        ),
        _row(
            "SubmitSignals, 500 each",
            _median(many, rate_of),
            "signals/s",
            "30,000 a second",
            30_000,
            1,
        ),
    ]
    if single:
        against = "pgbench, one row a commit"
        rows.append(
            _row(
                "SubmitSignals, 500 each",
                _median(many, rate_of),
                "signals/s",
                against,
                statistics.median(single),
                6,
            )
        )
    for name, share, most in (("p50", 0.5, 3), ("p99", 0.99, 10)):
        ours_ms, floor_ms = clicks.percentile(share) * 1000, floor.percentile(share) * 1000
        ratio = ours_ms / floor_ms
        rows.append(
            Row(
                f"approve -> offer, {name}",
                ours_ms,
                "ms",
                "ping-pong + commit",
                floor_ms,
                ratio,
                f"<= {most}x",
                ratio <= most,
            )
        )
    return rows


def _row(what: str, ours: float, unit: str, against: str, theirs: float, least: float) -> Row:
    ratio = ours / theirs
    return Row(what, ours, unit, against, theirs, ratio, f">= {least:g}x", ratio >= least)


def _median(runs: list[Run], figure: Callable[[Run], float]) -> float:
    return statistics.median(figure(run) for run in runs)


def _show(rows: list[Row]) -> None:
    print(
        f"\n{'what':26} {'ours':>12} {'':10} {'beside':26} {'theirs':>12} {'ratio':>8} {'goal':>8}"
    )
    for row in rows:
        print(
            f"{row.what:26} {row.ours:12,.1f} {row.unit:10} {row.against:26} {row.theirs:12,.1f} "
            f"{row.ratio:7.2f}x {row.goal:>8} {'holds' if row.holds else 'MISSED'}"
        )


def _keep(rows: list[Row]) -> None:
    RESULTS.mkdir(exist_ok=True)
    facts = {"time": datetime.now(UTC).isoformat(), "rows": [asdict(row) for row in rows]}
    (RESULTS / "latest.json").write_text(json.dumps(facts, indent=2))
    draw(rows, RESULTS / "latest.png")
    print(f"\nWritten: {RESULTS.name}/latest.json, {RESULTS.name}/latest.png")


def _say(text: str) -> None:
    print(f"  {text} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
