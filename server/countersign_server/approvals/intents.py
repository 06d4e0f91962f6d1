"""What the owner signs off and the terminal trades: one text, the same to the byte for everyone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from countersign_server.decimals import decimal_text

TITLE = "countersign.intent/1"
NONE = "none"


class Kind(StrEnum):
    """What is done at the terminal."""

    OPEN = "open"
    PLACE = "place"
    MODIFY = "modify"
    CLOSE = "close"
    PARTIAL_CLOSE = "partial-close"
    CANCEL = "cancel"

    @property
    def opens(self) -> bool:
        """Whether it may add exposure; everything else is about what an earlier signal opened."""
        return self in (Kind.OPEN, Kind.PLACE)

    @property
    def at_market(self) -> bool:
        """Whether it trades at the market price of the moment."""
        return self in (Kind.OPEN, Kind.CLOSE, Kind.PARTIAL_CLOSE)


class EntryKind(StrEnum):
    """How a position is entered."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Entry:
    """How a position is entered; `price` only of a pending order."""

    kind: EntryKind
    price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One instruction to one account's terminal.

    Volumes in lots, prices in the quote currency; None: it has none.
    """

    approval_id: UUID
    signal_id: UUID
    payload_sha256: str  # of the signal's signed bytes, hexadecimal
    login: int
    server: str
    currency: str
    margin_mode: str  # "hedging", "netting" or "exchange"
    kind: Kind
    instrument: str
    symbol: str
    fingerprint: str
    side: str  # "buy" or "sell"
    volume: Decimal | None
    entry: Entry
    price_min: Decimal | None
    price_max: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    good_until: datetime | None
    opening_approval_id: UUID | None
    expires_at: datetime


def render(intent: Intent) -> str:
    """Return the text of an intent as docs/protocol.md has it, ended by a line feed.

    Raises ValueError if a value could be read as more than one line.
    """
    values = {
        "approval": str(intent.approval_id),
        "signal": str(intent.signal_id),
        "payload": intent.payload_sha256,
        "account": f"{intent.login}@{intent.server}",
        "currency": intent.currency,
        "margin-mode": intent.margin_mode,
        "kind": intent.kind,
        "instrument": intent.instrument,
        "symbol": intent.symbol,
        "fingerprint": intent.fingerprint,
        "side": intent.side,
        "volume": _number(intent.volume),
        "entry": _entry(intent.entry),
        "price-min": _number(intent.price_min),
        "price-max": _number(intent.price_max),
        "stop-loss": _number(intent.stop_loss),
        "take-profit": _number(intent.take_profit),
        "good-until": NONE if intent.good_until is None else moment_text(intent.good_until),
        "opening-approval": str(intent.opening_approval_id or NONE),
        "expires": moment_text(intent.expires_at),
    }
    for name, value in values.items():
        if not fits_one_line(value):
            raise ValueError(f"{name} cannot be written on one line: {value!r}")
    return "".join(f"{line}\n" for line in (TITLE, *(f"{n}: {v}" for n, v in values.items())))


def digest(text: str) -> str:
    """Return what names a text wherever it is shown or compared: its SHA-256, hexadecimal."""
    return sha256(text.encode()).hexdigest()


def confirms(text: str, fingerprint: str) -> bool:
    """Tell whether the text of an intent was made for the symbol of this fingerprint."""
    return f"\nfingerprint: {fingerprint}\n" in text


def fits_one_line(value: str) -> bool:
    """Tell whether everyone reads a value on a line as itself: printable ASCII without margins."""
    return bool(value) and value.isascii() and value.isprintable() and value == value.strip()


def whole_milliseconds(moment: datetime) -> datetime:
    """Return the last whole millisecond up to `moment`: a limit is never later than was asked."""
    return moment - timedelta(microseconds=moment.microsecond % 1000)


def moment_text(moment: datetime) -> str:
    """Return an aware time as "2026-11-21T10:00:00.123Z"; what is finer is cut off."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"


def _number(value: Decimal | None) -> str:
    return NONE if value is None else decimal_text(value)


def _entry(entry: Entry) -> str:
    return entry.kind if entry.price is None else f"{entry.kind} {decimal_text(entry.price)}"
