"""The text an owner signed off: the one thing an order is made from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from countersign_bridge.decimals import NotCanonical, decimal_text, parse_decimal

Value = TypeVar("Value")

TEXT_MAX = 4096
HEADER = "countersign.intent/1"
NAMES = (
    *("approval", "signal", "payload", "account", "currency", "margin-mode", "kind", "instrument"),
    *("symbol", "fingerprint", "side", "volume", "entry", "price-min", "price-max", "stop-loss"),
    *("take-profit", "good-until", "opening-approval", "expires"),
)


class IntentInvalid(ValueError):
    """The text is not exactly an intent; says which line and why."""


class Kind(StrEnum):
    """What a command does at the terminal."""

    OPEN = "open"
    PLACE = "place"
    MODIFY = "modify"
    CLOSE = "close"
    PARTIAL_CLOSE = "partial-close"
    CANCEL = "cancel"

    @property
    def reduces(self) -> bool:
        """Whether it cannot add exposure."""
        return self in (Kind.MODIFY, Kind.CLOSE, Kind.PARTIAL_CLOSE, Kind.CANCEL)

    @property
    def has_price(self) -> bool:
        return self not in (Kind.MODIFY, Kind.CANCEL)


class Side(StrEnum):
    """Which way a position goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class MarginMode(StrEnum):
    """How an account keeps its positions."""

    NETTING = "netting"
    EXCHANGE = "exchange"
    HEDGING = "hedging"


class EntryKind(StrEnum):
    """How an order meets the market."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Entry:
    """How the order enters. `price` is None at the market."""

    kind: EntryKind
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """An approved intent. Volumes in lots, prices in the quote currency, None where it says none.

    `side` is the position's, also where the command closes it.
    """

    approval: UUID
    signal: UUID
    payload: str
    login: int
    server: str
    currency: str
    margin_mode: MarginMode
    kind: Kind
    instrument: str
    symbol: str
    fingerprint: str
    side: Side
    volume: Decimal | None
    entry: Entry | None
    price_min: Decimal | None
    price_max: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    good_until: datetime | None
    opening_approval: UUID | None
    expires: datetime


def parse_intent(text: str) -> Intent:
    """Return the intent a text states. Raises IntentInvalid unless it is exactly of the form."""
    if len(text) > TEXT_MAX:
        raise IntentInvalid(f"the text is longer than {TEXT_MAX} characters")
    values = _lines(text)
    login, _, server = _matched(values, "account", r"[1-9][0-9]{0,18}@[ -~]{1,64}").partition("@")
    intent = Intent(
        approval=_read(values, "approval", _uuid),
        signal=_read(values, "signal", _uuid),
        payload=_matched(values, "payload", r"[0-9a-f]{64}"),
        login=int(login),
        server=server,
        currency=_matched(values, "currency", r"[A-Z]{3,6}"),
        margin_mode=_read(values, "margin-mode", MarginMode),
        kind=_read(values, "kind", Kind),
        instrument=_matched(values, "instrument", r"[A-Z0-9][A-Z0-9._]{1,19}"),
        symbol=_matched(values, "symbol", r"[!-~]{1,31}"),
        fingerprint=_matched(values, "fingerprint", r"[0-9a-f]{64}"),
        side=_read(values, "side", Side),
        volume=_optional(values, "volume", _positive),
        entry=_optional(values, "entry", _entry),
        price_min=_optional(values, "price-min", _positive),
        price_max=_optional(values, "price-max", _positive),
        stop_loss=_optional(values, "stop-loss", _positive),
        take_profit=_optional(values, "take-profit", _positive),
        good_until=_optional(values, "good-until", _time),
        opening_approval=_optional(values, "opening-approval", _uuid),
        expires=_read(values, "expires", _time),
    )
    _check_kind(intent)
    # The form has one spelling for each value, so what does not come out again is not of the form.
    if intent_text(intent) != text:
        raise IntentInvalid("the text is not spelt as its own values are")
    return intent


def intent_text(intent: Intent) -> str:
    """Return the one text that states `intent`."""
    entry = intent.entry
    spelt_entry = "none"
    if entry is not None:
        spelt_entry = entry.kind if entry.price is None else f"{entry.kind} {_spelt(entry.price)}"
    values = (
        *(intent.approval, intent.signal, intent.payload, f"{intent.login}@{intent.server}"),
        *(intent.currency, intent.margin_mode, intent.kind, intent.instrument, intent.symbol),
        *(intent.fingerprint, intent.side, _spelt(intent.volume), spelt_entry),
        *(_spelt(intent.price_min), _spelt(intent.price_max), _spelt(intent.stop_loss)),
        *(_spelt(intent.take_profit), _spelt_time(intent.good_until)),
        *(intent.opening_approval or "none", _spelt_time(intent.expires)),
    )
    stated = zip(NAMES, values, strict=True)
    return "".join((HEADER, "\n", *(f"{name}: {value}\n" for name, value in stated)))


def _lines(text: str) -> Mapping[str, str]:
    header, *lines = text.split("\n")
    if header != HEADER:
        raise IntentInvalid(f"the first line is not {HEADER}")
    if lines[-1:] != [""] or len(lines) != len(NAMES) + 1:
        raise IntentInvalid(f"there are not exactly {len(NAMES)} lines, each ended by a line feed")
    values: dict[str, str] = {}
    for name, line in zip(NAMES, lines, strict=False):
        stated, separator, value = line.partition(": ")
        if stated != name or not separator:
            raise IntentInvalid(f"the line of {name} reads {line[:60]!r}")
        values[name] = value
    return values


def _read(values: Mapping[str, str], name: str, read: Callable[[str], Value]) -> Value:
    try:
        return read(values[name])
    except ValueError as error:
        raise IntentInvalid(f"{name}: {error}") from error


def _optional(values: Mapping[str, str], name: str, read: Callable[[str], Value]) -> Value | None:
    return None if values[name] == "none" else _read(values, name, read)


def _matched(values: Mapping[str, str], name: str, pattern: str) -> str:
    if not re.fullmatch(pattern, values[name]):
        raise IntentInvalid(f"{name}: {values[name][:60]!r} is not of the form")
    return values[name]


def _uuid(text: str) -> UUID:
    found = UUID(text)
    if str(found) != text:
        raise ValueError(f"{text[:40]!r} is not a lower-case UUID")
    return found


def _positive(text: str) -> Decimal:
    value = parse_decimal(text)
    if value <= 0:
        raise NotCanonical(f"{text} is not greater than zero")
    return value


def _entry(text: str) -> Entry:
    if text == EntryKind.MARKET:
        return Entry(EntryKind.MARKET)
    kind, _, price = text.partition(" ")
    if kind not in (EntryKind.LIMIT, EntryKind.STOP):
        raise ValueError(f"{text[:40]!r} is neither market, limit, stop nor none")
    return Entry(EntryKind(kind), _positive(price))


def _time(text: str) -> datetime:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text, re.ASCII):
        raise ValueError(f"{text[:40]!r} is not a time such as 2026-11-21T10:00:00.123Z")
    return datetime.fromisoformat(text).astimezone(UTC)


def _spelt(value: Decimal | None) -> str:
    return "none" if value is None else decimal_text(value)


def _spelt_time(value: datetime | None) -> str:
    if value is None:
        return "none"
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# Which lines a kind of command may state beside those that all have; the others say none.
_STOPS = {"stop-loss", "take-profit"}
_BAND = {"price-min", "price-max"}
_FORMS: Mapping[Kind, frozenset[str]] = {
    Kind.OPEN: frozenset({"volume", "market", *_BAND, *_STOPS}),
    Kind.PLACE: frozenset({"volume", "limit", "stop", "good-until", *_BAND, *_STOPS}),
    Kind.MODIFY: frozenset({"opening-approval", *_STOPS}),
    Kind.CLOSE: frozenset({"volume", "market", "opening-approval", *_BAND}),
    Kind.PARTIAL_CLOSE: frozenset({"volume", "market", "opening-approval", *_BAND}),
    Kind.CANCEL: frozenset({"opening-approval"}),
}


def _check_kind(intent: Intent) -> None:
    form = _FORMS[intent.kind]
    stated = {
        "volume": intent.volume,
        "price-min": intent.price_min,
        "price-max": intent.price_max,
        "stop-loss": intent.stop_loss,
        "take-profit": intent.take_profit,
        "good-until": intent.good_until,
        "opening-approval": intent.opening_approval,
    }
    for name, value in stated.items():
        if value is not None and name not in form:
            raise IntentInvalid(f"{name}: a command to {intent.kind} has none")
    if "volume" in form and intent.volume is None:
        raise IntentInvalid(f"volume: a command to {intent.kind} has one")
    entries = form & set(EntryKind)
    if intent.entry is None and entries:
        raise IntentInvalid(f"entry: a command to {intent.kind} has one")
    if intent.entry is not None and intent.entry.kind not in entries:
        raise IntentInvalid(f"entry: a command to {intent.kind} has no {intent.entry.kind}")
    if intent.price_min and intent.price_max and intent.price_min > intent.price_max:
        raise IntentInvalid("price-min: above price-max")
