"""`mt5-simulator statement`: whether a broker's own statement is what the simulator computes."""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from mt5_simulator.command.described import with_described
from mt5_simulator.command.tables import table
from mt5_simulator.statements.reading import Statement, read_statement
from mt5_simulator.statements.replaying import (
    Finding,
    Verdict,
    commission_rates,
    replayed,
    unbalanced,
)

DIFFERS = 1
SHOWN_MAX = 20


def add_statement(commands: Any) -> None:  # noqa: ANN401  # argparse does not name the type
    """Describe the options of `statement`."""
    parser = commands.add_parser(
        "statement", help="compare a report that MetaTrader saved with what is computed here"
    )
    parser.add_argument("file", type=Path, help="a report as HTML or XLSX")
    parser.add_argument(
        "--symbols",
        type=Path,
        metavar="JSON",
        help="a list of symbol_info(...)._asdict() of the terminal that saved it",
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON")


def statement(options: argparse.Namespace) -> int:
    """Print how the report compares and return the exit status: 1 when a cent is different."""
    stated = read_statement(options.file.read_bytes())
    findings = list(replayed(stated, with_described(options.symbols)))
    told = _told(stated, findings)
    print(json.dumps(told) if options.json else _shown(told))  # noqa: T201  # the command's own voice
    return DIFFERS if told["different"] or told["unbalanced"] else 0


def _told(stated: Statement, findings: list[Finding]) -> dict[str, Any]:
    counts = Counter((finding.deal.symbol, finding.verdict) for finding in findings)
    return {
        "title": stated.title,
        "currency": stated.currency,
        "deals": len(stated.deals),
        "profits": [
            {"symbol": symbol, "verdict": verdict.value, "deals": count}
            for (symbol, verdict), count in sorted(counts.items())
        ],
        "commission_per_lot": [
            {"symbol": symbol, "direction": direction, "rate": None if rate is None else str(rate)}
            for (symbol, direction), rate in sorted(commission_rates(stated).items())
        ],
        "different": [
            {
                "deal": finding.deal.ticket,
                "stated": str(finding.deal.profit),
                "computed": str(finding.computed),
            }
            for finding in findings
            if finding.verdict is Verdict.DIFFERENT
        ],
        "unbalanced": [deal.ticket for deal in unbalanced(stated)],
    }


def _shown(told: dict[str, Any]) -> str:
    parts = [
        f"{told['title']}: {told['deals']} deals in {told['currency']}",
        table(("symbol", "profit", "deals"), (row.values() for row in told["profits"])),
        table(
            ("symbol", "direction", "commission per lot"),
            (
                (row["symbol"], row["direction"], row["rate"] or "no single rate")
                for row in told["commission_per_lot"]
            ),
        ),
    ]
    if told["different"]:
        shown = told["different"][:SHOWN_MAX]
        parts.append(table(("deal", "stated", "computed"), (row.values() for row in shown)))
    if told["unbalanced"]:
        listed = ", ".join(map(str, told["unbalanced"][:SHOWN_MAX]))
        parts.append(f"the balance is not the sum of the amounts after: {listed}")
    return "\n\n".join(parts)
