"""`python -m bench`: measure, print a table, write JSON and a plot to bench/results."""

import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import (
    approval,
    batch,
    breach,
    breach_alone,
    charts,
    figures,
    matching,
    positions,
    unary,
)
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
_BREACHES = 20
# What a guard may take to send the first close, beside what it waits for on purpose.
_BREACH_SECONDS = 0.5
_POSITIONS = 50_000

# Microseconds of the processor for one signal, by whose they were, by what was called.
Work = Mapping[str, Mapping[str, float]]


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
                followed, unfollowed = strategies(server["public"], "followed", "unfollowed")
                rows, work = _measure(
                    _Ground(
                        folder,
                        database.url,
                        server["public"],
                        echo["public"],
                        followed,
                        unfollowed,
                    )
                )
    _show(rows, work)
    _keep(rows, work)
    return 0 if all(row.holds for row in rows) else 1


@dataclass(frozen=True, slots=True)
class _Ground:
    """Where everything that is measured listens, and who calls it."""

    folder: Path
    database_url: str
    product: str
    echo: str
    followed: Strategy
    unfollowed: Strategy


@dataclass(slots=True)
class _Rounds:
    """What each round measured."""

    ours: list[Run] = field(default_factory=list[Run])
    echo: list[Run] = field(default_factory=list[Run])
    peer: list[Run] = field(default_factory=list[Run])
    many: list[Run] = field(default_factory=list[Run])
    single: list[float] = field(default_factory=list[float])


def _measure(on: _Ground) -> tuple[list[Row], Work]:
    # First, while nothing else waits to be delivered.
    _say("approvals")
    floor = approval.limit_run(on.echo, on.database_url, _APPROVALS * 2)
    clicks = approval.product_run(on.product, on.followed, _APPROVALS)
    rounds = _Rounds()
    for number in range(1, ROUNDS + 1):
        _say(f"round {number} of {ROUNDS}: SubmitSignal")
        rounds.echo.append(unary.echo_run(on.echo, on.unfollowed, _UNARY_CALLS))
        rounds.ours.append(unary.product_run(on.product, on.unfollowed, _UNARY_CALLS))
        rounds.peer.append(unary.peer_run(on.folder, on.database_url, _PEER_CALLS))
        _say(f"round {number} of {ROUNDS}: SubmitSignals")
        rounds.many.append(batch.product_run(on.product, on.unfollowed, _BATCH_SIGNALS))
        rate = batch.pgbench_rate(on.folder, on.database_url, installed_programs()[0])
        rounds.single += [rate] if rate else []
    _say("breaches")
    closes = breach.product_run(on.product, on.unfollowed, _BREACHES)
    _say("matching")
    rows = [
        *_ingest_rows(rounds),
        *_approval_rows(clicks, floor),
        *_breach_rows(closes),
        _alone_row(),
        *_matching_rows(),
        _position_row(),
        *_media_rows(),
    ]
    return rows, {
        "SubmitSignal": _work_per_call(rounds.ours),
        "SubmitSignals, 500 each": _work_per_call(rounds.many),
    }


def _work_per_call(runs: list[Run]) -> Mapping[str, float]:
    calls = sum(run.calls for run in runs)
    return {part: sum(run.work[part] for run in runs) / calls * 1e6 for part in runs[0].work}


def _ingest_rows(rounds: _Rounds) -> list[Row]:
    one, many = _median(rounds.ours), _median(rounds.many)
    rows = [
        _at_least(
            0.5, "SubmitSignal", one, against="raw grpc.aio echo", theirs=_median(rounds.echo)
        ),
        _at_least(6, "SubmitSignal", one, against="FastAPI + ORM", theirs=_median(rounds.peer)),
        _at_least(1, "SubmitSignals, 500 each", many, against="30,000 a second", theirs=30_000),
    ]
    if rounds.single:
        single = statistics.median(rounds.single)
        against = "pgbench, one row a commit"
        rows.append(_at_least(6, "SubmitSignals, 500 each", many, against=against, theirs=single))
    return rows


def _approval_rows(clicks: Run, floor: Run) -> list[Row]:
    rows: list[Row] = []
    for name, share, most in (("p50", 0.5, 3), ("p99", 0.99, 10)):
        ours, theirs = clicks.percentile(share) * 1000, floor.percentile(share) * 1000
        rows.append(
            Row(
                what=f"approve -> offer, {name}",
                ours=ours,
                unit="ms",
                against="ping-pong + commit",
                theirs=theirs,
                ratio=ours / theirs,
                goal=f"<= {most}x",
                holds=ours / theirs <= most,
            )
        )
    return rows


def _breach_rows(closes: Run) -> list[Row]:
    return [
        _at_most(
            1,
            f"breach -> close offered, {name}",
            closes.percentile(share),
            against="half a second",
            theirs=_BREACH_SECONDS,
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


def _matching_rows() -> list[Row]:
    few, many = matching.books(matching.FEW), matching.books(matching.MANY)
    ours, pairs = matching.product_run(few)
    best, best_pairs = matching.scipy_run(few)
    loop, _ = matching.loop_run(few)
    half, _ = matching.product_run(matching.books(matching.MANY // 2))
    whole, _ = matching.product_run(many)
    if pairs != best_pairs:
        raise RuntimeError(f"matching found {pairs} pairs where {best_pairs} are possible")
    small, large = f"match {matching.FEW:,} trades", f"match {matching.MANY:,} trades"
    return [
        _at_most(1, small, ours, against="scipy, optimal", theirs=best),
        _at_most(1, small, ours, against="loop over all pairs", theirs=loop),
        _at_most(1, large, whole, against="one second", theirs=1),
        # Twice as many in N log N, and a tenth for the weather.
        _at_most(2.35, large, whole, against="half as many", theirs=half),
    ]


def _position_row() -> Row:
    ours = statistics.median(positions.product_run() for _ in range(ROUNDS))
    row = _at_least(
        1, "positions, in and told on", ours, against="50,000 a second", theirs=_POSITIONS
    )
    return replace(row, unit="positions/s")


def _alone_row() -> Row:
    """Return how long a bridge alone takes from a breach to its first close."""
    ours = statistics.median(breach_alone.seconds_to_first_close() for _ in range(ROUNDS))
    return _at_most(1, "breach -> close, bridge", ours, against="100 ms", theirs=0.1)


def _media_rows() -> list[Row]:
    whole = figures.deals(figures.MANY)
    loop, counted = figures.loop_run(whole[:-1])
    _, few = figures.loop_run(whole[: figures.FEW])
    one, at_first = (figures.product_run(each, whole[-1]) for each in (counted, few))
    wanted = charts.chart()
    pictures = [(charts.product_run(wanted), charts.pyplot_run(wanted)) for _ in range(ROUNDS)]
    drawn, plain = (statistics.median(run) for run in zip(*pictures, strict=True))
    deal, chart = f"one deal after {figures.MANY:,}", f"chart, {charts.BARS} candles"
    return [
        _at_most(0.1, deal, one, against="count all again", theirs=loop),
        # The same, and half as much again for the weather.
        _at_most(1.5, deal, one, against=f"after {figures.FEW}", theirs=at_first),
        _at_most(0.5, chart, drawn, against="pyplot, bar by bar", theirs=plain),
        _at_most(1, f"{chart}, cached", charts.cached_run(wanted), against="1 ms", theirs=0.001),
    ]


def _at_most(most: float, what: str, ours: float, *, against: str, theirs: float) -> Row:
    return Row(
        what=what,
        ours=ours * 1000,
        unit="ms",
        against=against,
        theirs=theirs * 1000,
        ratio=ours / theirs,
        goal=f"<= {most:g}x",
        holds=ours / theirs <= most,
    )


def _at_least(least: float, what: str, ours: float, *, against: str, theirs: float) -> Row:
    return Row(
        what=what,
        ours=ours,
        unit="signals/s",
        against=against,
        theirs=theirs,
        ratio=ours / theirs,
        goal=f">= {least:g}x",
        holds=ours / theirs >= least,
    )


def _median(runs: list[Run]) -> float:
    return statistics.median(run.rate for run in runs)


def _show(rows: list[Row], work: Work) -> None:
    print(
        f"\n{'what':26} {'ours':>12} {'':10} {'beside':26} {'theirs':>12} {'ratio':>8} {'goal':>8}"
    )
    for row in rows:
        print(
            f"{row.what:26} {row.ours:12,.1f} {row.unit:10} {row.against:26} {row.theirs:12,.1f} "
            f"{row.ratio:7.2f}x {row.goal:>8} {'holds' if row.holds else 'MISSED'}"
        )
    print("\nof the processor, microseconds a signal:")
    for what, parts in work.items():
        told = ", ".join(f"{part} {spent:.0f}" for part, spent in parts.items())
        print(f"{what:26} {told}; together {sum(parts.values()):.0f}")


def _keep(rows: list[Row], work: Work) -> None:
    RESULTS.mkdir(exist_ok=True)
    facts = {
        "time": datetime.now(UTC).isoformat(),
        "rows": [asdict(row) for row in rows],
        "work": work,
    }
    (RESULTS / "latest.json").write_text(json.dumps(facts, indent=2))
    draw(rows, RESULTS / "latest.png")
    print(f"\nWritten: {RESULTS.name}/latest.json, {RESULTS.name}/latest.png")


def _say(text: str) -> None:
    print(f"  {text} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
