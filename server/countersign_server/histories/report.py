"""What a report of MetaTrader's says: an account's deals and their currency, in any language.

The table of deals is known by the form of its rows, not by the words above it: a time, a ticket, a
symbol, what kind of deal it is and which way it goes. Its own column of balances proves that it was
read right.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from countersign_server.analytics.history import DealEntry, DealKind, HistoryDeal
from countersign_server.histories.report_rows import Row, rows_of
from countersign_server.histories.words import CURRENCY, IN_PIPS, PIPS
from countersign_server.history_errors import (
    ReportCurrencyUnknown,
    ReportTooLarge,
    ReportUnreadable,
)

# As many as are counted within half a second.
DEALS_MAX = 20_000

_TIME = re.compile(r"\d{4}\.\d{2}\.\d{2} \d{2}:\d{2}:\d{2}")
_TIME_FORMAT = "%Y.%m.%d %H:%M:%S"
# No account of MetaTrader's is as old.
_FIRST_TIME = datetime(1990, 1, 1, tzinfo=UTC)
# Brokers' clocks show up to 14 hours more than UTC.
_AHEAD_MAX = timedelta(days=2)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
# "1000001 (USD, Server-Demo, demo, Hedge)": the account's line, whatever stands before it.
_ACCOUNT = re.compile(r"\d+ \(([A-Z]{3,6}), ")
_CODE = re.compile(r"[A-Z]{3,6}")

_ENTRIES = {
    "in": DealEntry.IN,
    "out": DealEntry.OUT,
    "in/out": DealEntry.REVERSE,
    "out by": DealEntry.OUT_BY,
}
_TRADES = {"buy": DealKind.BUY, "sell": DealKind.SELL}
_PAYMENTS = {
    "balance": DealKind.BALANCE,
    **dict.fromkeys(
        (
            *("credit", "charge", "correction", "bonus", "commission", "daily commission"),
            *("monthly commission", "agent commission", "daily agent commission", "interest"),
            *("monthly agent commission", "dividend", "franked dividend", "tax", "so compensation"),
            *("canceled buy", "canceled sell", "buy canceled", "sell canceled"),
        ),
        DealKind.OTHER,
    ),
}
# By how many columns there are; the first eight are the same in all.
_MONEY_COLUMNS = {
    13: ("commission", "swap", "profit", "balance"),
    14: ("commission", "fee", "swap", "profit", "balance"),
    15: ("cost", "commission", "fee", "swap", "profit", "balance"),
}
_FIRST_MONEY = 8
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Report:
    """An account's deals as they are stated, in the order that their balances follow."""

    title: str
    currency: str
    deals: tuple[HistoryDeal, ...]


def read_report(content: bytes, *, currency: str = "", now: datetime | None = None) -> Report:
    """Return what a report says; `currency` is used where it names none.

    No deal may be more than two days later than `now`; None: any may.
    Raises ReportUnreadable, ReportTooLarge, ReportCurrencyUnknown.
    """
    rows = rows_of(content)
    start = next((index for index, row in enumerate(rows) if _is_deal(row)), None)
    if start is None:
        raise ReportUnreadable("there is no table of deals in it: save a full report")
    width = len([cell for cell in rows[start - 1] if cell]) if start else 0
    if width not in _MONEY_COLUMNS:
        raise ReportUnreadable(f"the deals have {width} columns, not 13, 14 or 15", row=start)
    named = _currency_of(rows[:start]) or currency
    if not named:
        raise ReportCurrencyUnknown("the report does not say in which currency the account is")
    title = next((row[0] for row in rows if row and row[0]), "")
    until = datetime.max.replace(tzinfo=UTC) if now is None else now + _AHEAD_MAX
    return Report(title[:200], named, tuple(_deals(rows, start, width, until)))


def _deals(rows: Sequence[Row], start: int, width: int, until: datetime) -> list[HistoryDeal]:
    deals: list[HistoryDeal] = []
    balance: Decimal | None = None
    for number in range(start, len(rows)):
        row = rows[number]
        if not row or not _TIME.fullmatch(row[0]):
            break
        if len(deals) > DEALS_MAX:
            raise ReportTooLarge(f"a report may have {DEALS_MAX} deals")
        deal, stated = _deal(row + [""] * (width - len(row)), width, number + 1)
        if not _FIRST_TIME <= deal.time <= until:
            raise ReportUnreadable(
                f"no deal was made at {row[0]!r}: before 1990, or not yet", row=number + 1
            )
        if balance is None:
            balance = stated - deal.result
            if balance:
                # The report begins later than the account did.
                deals.append(HistoryDeal(0, deal.time, DealKind.BALANCE, profit=balance))
        balance += deal.result
        if abs(balance - stated) > _CENT:
            raise ReportUnreadable(
                f"the balance after deal {deal.ticket} is stated as {stated}, "
                f"and the deals come to {balance}",
                row=number + 1,
            )
        # What is stated was rounded; what is rounded does not add up for ever.
        balance = stated
        deals.append(deal)
    return deals


def _deal(row: Row, width: int, number: int) -> tuple[HistoryDeal, Decimal]:
    """Return a deal, and the balance that is stated after it."""
    names = _MONEY_COLUMNS[width]
    money = {name: _money(row[_FIRST_MONEY + at], number) for at, name in enumerate(names)}
    kind = _TRADES.get(row[3]) or _PAYMENTS.get(row[3])
    if kind is None:
        raise ReportUnreadable(f"a deal cannot be of the type {row[3][:40]!r}", row=number)
    is_trade = row[3] in _TRADES
    entry = _ENTRIES.get(row[4]) if is_trade else DealEntry.NONE
    if entry is None:
        raise ReportUnreadable(f"a deal cannot go {row[4][:40]!r}", row=number)
    # No database stores it.
    if "\0" in row[2]:
        raise ReportUnreadable("a symbol cannot hold the character NUL", row=number)
    deal = HistoryDeal(
        ticket=int(_money(row[1], number)),
        time=_time(row[0], number),
        kind=kind,
        entry=entry,
        symbol=row[2][:31],
        volume=_money(row[5], number) if is_trade else Decimal(0),
        price=_money(row[6], number) if is_trade else Decimal(0),
        profit=money["profit"],
        swap=money["swap"],
        commission=money["commission"],
        fee=money.get("fee", Decimal(0)),
    )
    return deal, money["balance"]


def _is_deal(row: Row) -> bool:
    """Tell whether a row has the form of a deal: positions and orders have no direction."""
    if len(row) < min(_MONEY_COLUMNS) - 1 or not _TIME.fullmatch(row[0]) or not row[1].isdecimal():
        return False
    return (row[3] in _TRADES and row[4] in _ENTRIES) or (row[3] in _PAYMENTS and not row[4])


def _currency_of(rows: Sequence[Row]) -> str:
    """Return the currency that the lines above the tables name; empty: none."""
    for row in rows:
        filled = [cell for cell in row if cell]
        for label, value in pairwise(filled):
            account = _ACCOUNT.match(value)
            if account:
                return account[1]
            if label.rstrip(":").strip() in CURRENCY:
                if value.lower() == IN_PIPS:
                    return PIPS
                if _CODE.fullmatch(value):
                    return value
    return ""


def _money(text: str, number: int) -> Decimal:
    # Thousands are set apart by spaces, some of which do not break.
    bare = "".join(text.split())
    if not bare:
        return Decimal(0)
    if not _NUMBER.fullmatch(bare):
        raise ReportUnreadable(f"{text[:40]!r} is no number", row=number)
    return Decimal(bare)


def _time(text: str, number: int) -> datetime:
    try:
        return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ReportUnreadable(f"{text!r} is no time", row=number) from None
