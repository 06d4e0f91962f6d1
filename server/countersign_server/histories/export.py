"""A history as a file: CSV for spreadsheets, JSON for programs; alike whenever it is asked for."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from io import StringIO

from countersign_server.analytics.history import HistoryDeal
from countersign_server.analytics.printed import printed
from countersign_server.analytics.trade_figures import figures_of
from countersign_server.decimals import decimal_text

COLUMNS = (
    *("ticket", "time", "kind", "entry", "symbol", "volume", "price", "commission", "fee"),
    *("swap", "profit", "position_id"),
)
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(deals: Sequence[HistoryDeal]) -> bytes:
    """Return a line for each deal, heads above."""
    text = StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for deal in deals:
        facts = _facts(deal)
        symbol = str(facts["symbol"])
        facts["symbol"] = f"'{symbol}" if symbol.startswith(_FORMULA) else symbol
        lines.writerow(facts.values())
    return text.getvalue().encode()


def as_json(name: str, currency: str, deals: Sequence[HistoryDeal]) -> bytes:
    """Return the figures as MetaTrader prints them, and the deals, as one document."""
    figures: Mapping[str, str] = printed(figures_of(deals))
    document = {
        "name": name,
        "currency": currency,
        "printed": figures,
        "deals": [_facts(deal) for deal in deals],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _facts(deal: HistoryDeal) -> dict[str, str | int]:
    values = asdict(deal)
    return {name: _plain(values[name]) for name in COLUMNS}


def _plain(value: object) -> str | int:
    match value:
        case Decimal():
            return decimal_text(value)
        case datetime():
            return value.isoformat()
        case int():
            return value
        case _:
            return str(value)
