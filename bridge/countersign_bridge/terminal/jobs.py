"""What the bridge asks of its terminal process, and what may come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from types import MappingProxyType

from countersign_bridge.terminal.views import (
    AccountView,
    DealView,
    OrderView,
    PositionView,
    SymbolView,
    TerminalView,
    TickView,
    Traces,
)
from countersign_bridge.trading.retcodes import SendAnswer

# The last second a 32-bit bound of a history range can name. Far in the future, because the
# broker's clock may be ahead of ours and a range that ends now misses the newest deals.
END_OF_TIME_S = 2**31 - 1


class Lane(IntEnum):
    """Which job goes first. What closes overtakes what opens; both overtake all watching."""

    CLOSE = 0
    OPEN = 1
    INSPECT_CLOSE = 2
    INSPECT_OPEN = 3
    DOUBT = 4
    WATCH = 5


@dataclass(frozen=True, slots=True)
class Health:
    """Who is logged in, and whether the terminal may trade."""


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    account: AccountView
    terminal: TerminalView


@dataclass(frozen=True, slots=True)
class Inspect:
    """Everything a decision about one command needs, read in one go.

    `opening_magic` 0: the command is about nothing that is open.
    """

    symbol: str
    magic: int
    opening_magic: int
    since_s: int  # of the broker's clock
    closes: bool


@dataclass(frozen=True, slots=True)
class InspectAnswer:
    """`symbol` and `tick` are None where the broker has none. Positions and orders: all open."""

    account: AccountView
    terminal: TerminalView
    symbol: SymbolView | None
    tick: TickView | None
    positions: tuple[PositionView, ...]
    orders: tuple[OrderView, ...]
    own: Traces
    opening: Traces


@dataclass(frozen=True, slots=True)
class Check:
    """Ask the terminal whether it would take a request."""

    fields: Mapping[str, int | float | str]
    closes: bool


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """`retcode` 0: it would. `error_code` is the package's where no answer came."""

    retcode: int
    error_code: int
    comment: str


@dataclass(frozen=True, slots=True)
class Send:
    """The one sending of one request, under one grant.

    The prices bound the price on the trading side at the very last moment; None: no bound.
    """

    fields: Mapping[str, int | float | str]
    grant_id: bytes
    deadline: float  # of the machine's steady clock, in seconds
    # Of its other clock, in seconds since 1970: a machine that is suspended stops the steady one.
    deadline_wall: float
    price_min: Decimal | None
    price_max: Decimal | None
    closes: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What the terminal shows of an attempt. Tickets 0: the attempt was about neither."""

    magic: int
    since_s: int
    position: int
    order: int


@dataclass(frozen=True, slots=True)
class LookAnswer:
    """`unexplained` is the balance less all deals: zero when the history is whole."""

    account: AccountView
    terminal: TerminalView
    traces: Traces
    position: PositionView | None
    order: OrderView | None
    unexplained: Decimal


@dataclass(frozen=True, slots=True)
class Scan:
    """All deals and orders since a second of the broker's clock."""

    since_s: int
    until_s: int = END_OF_TIME_S


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    terminal: TerminalView
    deals: tuple[DealView, ...]
    orders: tuple[OrderView, ...]
    past_orders: tuple[OrderView, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The account, all that is open, and what the open positions are worth by."""


@dataclass(frozen=True, slots=True)
class SnapshotAnswer:
    """`ticks`: the newest price of each symbol in which a position is open, where it has one."""

    account: AccountView
    terminal: TerminalView
    positions: tuple[PositionView, ...]
    orders: tuple[OrderView, ...] = ()
    ticks: tuple[TickView, ...] = ()


@dataclass(frozen=True, slots=True)
class Symbols:
    """The properties of the named symbols, and of those shown in the terminal's Market Watch."""

    names: tuple[str, ...]
    count_max: int


@dataclass(frozen=True, slots=True)
class SymbolsAnswer:
    symbols: tuple[SymbolView, ...]


@dataclass(frozen=True, slots=True)
class Quotes:
    """The newest prices of the named symbols."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuotesAnswer:
    ticks: tuple[TickView, ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """The newest bars of a symbol. `timeframe` as MetaTrader names it: "M1"."""

    symbol: str
    timeframe: str
    count: int


@dataclass(frozen=True, slots=True)
class RatesAnswer:
    """Bars as columns, oldest first. Times in seconds of the broker's clock, volumes in ticks."""

    times: tuple[int, ...]
    opens: tuple[float, ...]
    highs: tuple[float, ...]
    lows: tuple[float, ...]
    closes: tuple[float, ...]
    volumes: tuple[int, ...]


Job = Health | Inspect | Check | Send | Look | Scan | Snapshot | Symbols | Quotes | Rates
Answer = (
    HealthAnswer
    | InspectAnswer
    | CheckAnswer
    | SendAnswer
    | LookAnswer
    | ScanAnswer
    | SnapshotAnswer
    | SymbolsAnswer
    | QuotesAnswer
    | RatesAnswer
)

ANSWERS: Mapping[type[Job], type[Answer]] = MappingProxyType(
    {
        Health: HealthAnswer,
        Inspect: InspectAnswer,
        Check: CheckAnswer,
        Send: SendAnswer,
        Look: LookAnswer,
        Scan: ScanAnswer,
        Snapshot: SnapshotAnswer,
        Symbols: SymbolsAnswer,
        Quotes: QuotesAnswer,
        Rates: RatesAnswer,
    }
)
JOBS: Mapping[str, type[Job]] = MappingProxyType({kind.__name__: kind for kind in ANSWERS})


def lane_of(job: Job) -> Lane:
    """Return the lane a job waits in."""
    if isinstance(job, Send):
        return Lane.CLOSE if job.closes else Lane.OPEN
    if isinstance(job, Inspect | Check):
        return Lane.INSPECT_CLOSE if job.closes else Lane.INSPECT_OPEN
    return Lane.DOUBT if isinstance(job, Look) else Lane.WATCH


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call of the package returned None: it failed, which never means that there is nothing."""

    call: str
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The terminal process would not do it, and did not."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """Another account is logged in than the one this bridge serves. Nothing was done."""

    shown: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """There is no terminal process to ask, or too much is waiting. Nothing was done."""

    detail: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The terminal process died or was killed over the job. It may or may not have done it."""

    detail: str


Failure = CallFailed | Refused | AccountChanged | Unavailable | Lost
FAILURES: Mapping[str, type[Failure]] = MappingProxyType(
    {kind.__name__: kind for kind in (CallFailed, Refused, AccountChanged, Unavailable, Lost)}
)


@dataclass(frozen=True, slots=True)
class Opening:
    """The first message to a terminal process: which terminal, whose account, which limits.

    `login` 0 and an empty `server`: whoever is logged in. Ages are in seconds.
    """

    module: str
    connection: Mapping[str, int | float | str]
    login: int
    server: str
    orders_per_minute_max: int
    volume_max: Decimal
    symbols: tuple[str, ...]
    used_grants: tuple[bytes, ...]
    recent_send_ages: tuple[float, ...]
