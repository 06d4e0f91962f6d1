"""What a report of MetaTrader says: the account, its currency, and its deals.

Reads the strategy tester's reports and a terminal's history reports, by the names in their heads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from mt5_simulator.broker.codes import Side
from mt5_simulator.statements.tables import Row, StatementUnreadable, rows_of

DEALS_MAX = 1_000_000
IN_PIPS = "profit in pips"
"""What the tester names as its currency when it counts points instead of money."""

_NEEDED = frozenset({"Time", "Deal", "Symbol", "Type", "Direction", "Volume", "Price", "Profit"})
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_TIME = "%Y.%m.%d %H:%M:%S"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class StatedDeal:
    """One line of a report's deals, as stated. `side` None: money without a trade."""

    time: datetime  # server time, as an aware UTC datetime
    ticket: int
    symbol: str
    side: Side | None
    direction: str  # "in", "out", "in/out", "out by" or empty
    volume: Decimal
    price: Decimal
    commission: Decimal
    fee: Decimal
    swap: Decimal
    profit: Decimal
    balance: Decimal | None  # None: the report does not say

    @property
    def amount(self) -> Decimal:
        return self.profit + self.commission + self.fee + self.swap


@dataclass(frozen=True, slots=True)
class Statement:
    """A report's account and its deals, in its own order: the one its balance follows."""

    title: str
    currency: str
    nets: bool
    deals: tuple[StatedDeal, ...]

    @property
    def counts_points(self) -> bool:
        """Whether its profits are points times lots and not money."""
        return self.currency.lower() == IN_PIPS


def read_statement(content: bytes) -> Statement:
    """Return what a report says. Raises StatementUnreadable."""
    rows = rows_of(content)
    head = next((index for index, row in enumerate(rows) if set(row) >= _NEEDED), None)
    if head is None:
        raise StatementUnreadable("it has no table of deals: save a full report")
    deals: list[StatedDeal] = []
    for row in rows[head + 1 :]:
        if not row or not _is_time(row[0]):
            break
        if len(deals) == DEALS_MAX:
            raise StatementUnreadable(f"at most {DEALS_MAX} deals can be replayed")
        deals.append(_deal(dict(zip(rows[head], row, strict=False))))
    facts = _facts(rows[:head])
    account = facts.get("Account", "")
    directions = {deal.direction for deal in deals}
    return Statement(
        title=next((row[0] for row in rows if row and row[0]), ""),
        currency=facts.get("Currency") or _currency(account),
        nets="netting" in account.lower() or "in/out" in directions,
        deals=tuple(deals),
    )


def _facts(rows: Sequence[Row]) -> Mapping[str, str]:
    """Return the lines such as "Currency: USD" above the tables."""
    facts: dict[str, str] = {}
    for row in rows:
        filled = [cell for cell in row if cell]
        for label, value in pairwise(filled):
            if label.endswith(":"):
                facts.setdefault(label[:-1], value)
    return facts


def _currency(account: str) -> str:
    """Return the currency in "1000001 (USD, Server-Demo, demo, Hedge)"."""
    return account.partition("(")[2].partition(",")[0].strip()


def _deal(row: Mapping[str, str]) -> StatedDeal:
    try:
        return StatedDeal(
            time=datetime.strptime(row["Time"], _TIME).replace(tzinfo=UTC),
            ticket=int(_number(row["Deal"])),
            symbol=row["Symbol"],
            side=_SIDES.get(row["Type"]),
            direction=row["Direction"],
            volume=_number(row["Volume"]),
            price=_number(row["Price"]),
            commission=_number(row.get("Commission", "")),
            fee=_number(row.get("Fee", "")),
            swap=_number(row.get("Swap", "")),
            profit=_number(row["Profit"]),
            balance=_number(row["Balance"]) if row.get("Balance") else None,
        )
    except (ValueError, InvalidOperation) as error:
        raise StatementUnreadable(f"the deal {row.get('Deal')}: {error!r}") from error


def _number(text: str) -> Decimal:
    # Thousands are set apart by spaces, some of which do not break.
    bare = "".join(text.split())
    return Decimal(bare) if bare else ZERO


def _is_time(text: str) -> bool:
    try:
        datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True
