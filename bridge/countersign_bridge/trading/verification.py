"""Whether an offer may be claimed, and the one request it would become."""

from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from countersign_bridge.fingerprints import MAGIC_MAX, order_magic, symbol_fingerprint
from countersign_bridge.intents import Intent, IntentInvalid, Kind, MarginMode, Side, parse_intent
from countersign_bridge.owner_signatures import OwnerSignature, owner_flaw
from countersign_bridge.signatures import is_countersigned
from countersign_bridge.terminal.jobs import InspectAnswer
from countersign_bridge.terminal.views import AccountMode, AccountView, SymbolView
from countersign_bridge.trading.targets import Target

MARGIN_MODES: Mapping[int, MarginMode] = {
    AccountMode.NETTING: MarginMode.NETTING,
    AccountMode.EXCHANGE: MarginMode.EXCHANGE,
    AccountMode.HEDGING: MarginMode.HEDGING,
}

# What a server may want by itself: its guards close and cancel while their owner sleeps. All else
# can cost an owner what the owner did not risk before.
_SERVER_ALONE = frozenset({Kind.CLOSE, Kind.PARTIAL_CLOSE, Kind.CANCEL})

# How far this machine's clock may be off and still show that a signed text is an old one.
_OWN_CLOCK_TRUST = timedelta(minutes=2)

_TRADE_DISABLED = 0
_LONG_ONLY = 1
_SHORT_ONLY = 2
_CLOSE_ONLY = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that may be claimed, as the server sent it."""

    command_id: str
    attempt: int
    intent_text: str
    intent_digest: str
    approval_id: str
    signature: bytes
    key_id: str
    expires: datetime | None
    magic: int
    target: Target
    owner_signature: OwnerSignature | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose account this bridge serves and whose countersignature it trusts.

    `account_id` is the account's in the server's book. `owner_keys` None: the owner's own signature
    is not asked for.
    """

    account_id: str
    login: int
    server: str
    currency: str
    margin_mode: MarginMode
    pinned_keys: Mapping[str, bytes]
    owner_keys: AbstractSet[str] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an offer is not taken. `final`: it can never be; otherwise it may be offered again."""

    reason: str
    detail: str
    final: bool

    @classmethod
    def for_good(cls, reason: str, detail: str) -> "Refusal":
        return cls(reason, detail, final=True)

    @classmethod
    def for_now(cls, reason: str, detail: str) -> "Refusal":
        return cls(reason, detail, final=False)


def verify_offer(
    offer: Offer,
    identity: Identity,
    *,
    server_now: datetime,
    bridge_now: datetime,
    opening_magics: Mapping[str, AbstractSet[int]],
) -> Intent | Refusal:
    """Return the intent of an offer that is what its owner approved, before any look at the market.

    `opening_magics` are the tags of the approvals this bridge has carried out itself.
    """
    if sha256(offer.intent_text.encode()).hexdigest() != offer.intent_digest:
        return Refusal.for_good("DIGEST_MISMATCH", "the text is not the one the digest was made of")
    if not is_countersigned(
        offer.intent_text,
        signature=offer.signature,
        key_id=offer.key_id,
        pinned_keys=identity.pinned_keys,
    ):
        detail = f"no pinned key countersigned this text; it names the key {offer.key_id[:64]!r}"
        return Refusal.for_good("SIGNATURE_INVALID", detail)
    try:
        intent = parse_intent(offer.intent_text)
    except IntentInvalid as error:
        return Refusal.for_good("INTENT_INVALID", str(error))
    return (
        _owner_refusal(offer, intent, identity, bridge_now)
        or _terms_refusal(offer, intent, identity, server_now, opening_magics)
        or intent
    )


def _owner_refusal(
    offer: Offer, intent: Intent, identity: Identity, bridge_now: datetime
) -> Refusal | None:
    """Return why the owner did not sign this; None: the owner did, or need not."""
    if identity.owner_keys is None or intent.kind in _SERVER_ALONE:
        return None
    flaw = owner_flaw(offer.intent_text, offer.owner_signature, identity.owner_keys)
    if flaw is not None:
        return Refusal.for_good(flaw.reason, flaw.detail)
    # A server that is not believed about the trade is not believed about the time either.
    if bridge_now >= intent.expires + _OWN_CLOCK_TRUST:
        detail = f"its time was over at {intent.expires.isoformat()} by this machine's clock"
        return Refusal.for_good("EXPIRED", detail)
    return None


def _terms_refusal(
    offer: Offer,
    intent: Intent,
    identity: Identity,
    server_now: datetime,
    opening_magics: Mapping[str, AbstractSet[int]],
) -> Refusal | None:
    if str(intent.approval) != offer.approval_id:
        return Refusal.for_good("APPROVAL_MISMATCH", "the text is of another approval")
    wanted = (intent.login, intent.server, intent.currency, intent.margin_mode)
    served = (identity.login, identity.server, identity.currency, identity.margin_mode)
    if wanted != served:
        detail = f"approved for {_spelt(wanted)}; this bridge serves {_spelt(served)}"
        return Refusal.for_good("ACCOUNT_MISMATCH", detail)
    magic = order_magic(
        account_id=identity.account_id, command_id=offer.command_id, attempt=offer.attempt
    )
    if offer.magic != magic or magic > MAGIC_MAX:
        return Refusal.for_good("MAGIC_MISMATCH", "the tag is not the one of this attempt")
    if server_now >= min(intent.expires, offer.expires or intent.expires):
        return Refusal.for_good("EXPIRED", f"its time was over at {intent.expires.isoformat()}")
    known_magics = opening_magics.get(str(intent.opening_approval))
    if known_magics and offer.target.opening_magic not in known_magics:
        return Refusal.for_good(
            "TARGET_MISMATCH", "the target was not opened by the approval named"
        )
    return None


def check_terminal(intent: Intent, identity: Identity, shown: InspectAnswer) -> Refusal | None:
    """Return why the terminal, as it stands, must not be given the command; None: it may."""
    for reason, final, problem in _TERMINAL_CHECKS:
        detail = problem(intent, identity, shown)
        if detail is not None:
            return Refusal(reason, detail, final)
    return None


_Problem = Callable[[Intent, Identity, InspectAnswer], str | None]


def _wrong_account(_: Intent, identity: Identity, shown: InspectAnswer) -> str | None:
    served = (identity.login, identity.server, identity.currency, identity.margin_mode)
    seen = account_facts(shown.account)
    return None if seen == served else f"the terminal shows {_spelt(seen)}"


def _already_sent(_: Intent, __: Identity, shown: InspectAnswer) -> str | None:
    return None if shown.own.is_empty else "the terminal already shows something with its tag"


def _disconnected(_: Intent, __: Identity, shown: InspectAnswer) -> str | None:
    return None if shown.terminal.connected else "the terminal is not connected to the broker"


def _api_disabled(_: Intent, __: Identity, shown: InspectAnswer) -> str | None:
    off = (
        "Tools > Options > Expert Advisors > 'Disable algorithmic trading via external Python API'"
    )
    return f"untick {off}" if shown.terminal.api_disabled else None


def _algo_trading_off(_: Intent, __: Identity, shown: InspectAnswer) -> str | None:
    return None if shown.terminal.trade_allowed else "press the Algo Trading button of the terminal"


def _account_may_not_trade(_: Intent, __: Identity, shown: InspectAnswer) -> str | None:
    if not shown.account.trade_allowed:
        return "the account may not trade: log in with the trading password, not the investor's"
    return None if shown.account.trade_expert else "the broker forbids algorithmic trading here"


def _symbol_unknown(intent: Intent, _: Identity, shown: InspectAnswer) -> str | None:
    return None if shown.symbol else f"the broker has no symbol {intent.symbol}"


def _symbol_changed(intent: Intent, _: Identity, shown: InspectAnswer) -> str | None:
    if shown.symbol is None or fingerprint_of(shown.symbol) == intent.fingerprint:
        return None
    return f"{intent.symbol} is no longer what its owner confirmed"


def _symbol_closed(intent: Intent, _: Identity, shown: InspectAnswer) -> str | None:
    mode = shown.symbol.trade_mode if shown.symbol else _TRADE_DISABLED
    if mode == _TRADE_DISABLED:
        return f"the broker has closed {intent.symbol} to trading"
    if intent.kind.reduces:
        return None
    barred = {_LONG_ONLY: Side.SELL, _SHORT_ONLY: Side.BUY}.get(mode)
    if mode == _CLOSE_ONLY or barred is intent.side:
        return f"the broker does not let {intent.symbol} be opened on this side"
    return None


def _no_price(intent: Intent, _: Identity, shown: InspectAnswer) -> str | None:
    missing = intent.kind.has_price and shown.tick is None
    return f"the terminal shows no price of {intent.symbol}" if missing else None


def _out_of_band(intent: Intent, _: Identity, shown: InspectAnswer) -> str | None:
    if shown.tick is None or intent.kind in (Kind.PLACE, Kind.MODIFY, Kind.CANCEL):
        return None
    price = shown.tick.ask if trading_side(intent) is Side.BUY else shown.tick.bid
    if intent.price_min is not None and price < intent.price_min:
        return f"{price} is below {intent.price_min}"
    if intent.price_max is not None and price > intent.price_max:
        return f"{price} is above {intent.price_max}"
    return None


_TERMINAL_CHECKS: Sequence[tuple[str, bool, _Problem]] = (
    ("ACCOUNT_MISMATCH", True, _wrong_account),
    ("ALREADY_SENT", True, _already_sent),
    ("TERMINAL_DISCONNECTED", False, _disconnected),
    ("API_DISABLED", False, _api_disabled),
    ("ALGO_TRADING_OFF", False, _algo_trading_off),
    ("ACCOUNT_MAY_NOT_TRADE", False, _account_may_not_trade),
    ("SYMBOL_UNKNOWN", True, _symbol_unknown),
    ("SYMBOL_CHANGED", True, _symbol_changed),
    ("SYMBOL_CLOSED", False, _symbol_closed),
    ("NO_PRICE", False, _no_price),
    ("PRICE_OUT_OF_BAND", False, _out_of_band),
)


def trading_side(intent: Intent) -> Side:
    """Return the side that the order itself trades on: a close trades against its position."""
    closes = intent.kind in (Kind.CLOSE, Kind.PARTIAL_CLOSE)
    return intent.side.opposite if closes else intent.side


def fingerprint_of(symbol: SymbolView) -> str:
    return symbol_fingerprint(
        symbol=symbol.name,
        digits=symbol.digits,
        contract_size=symbol.contract_size,
        tick_size=symbol.tick_size,
        currency_base=symbol.currency_base,
        currency_profit=symbol.currency_profit,
    )


def account_facts(account: AccountView) -> tuple[int, str, str, MarginMode | None]:
    """Return what tells accounts apart: login, server, currency and margin mode."""
    mode = MARGIN_MODES.get(account.margin_mode)
    return (account.login, account.server, account.currency, mode)


def _spelt(facts: tuple[int, str, str, MarginMode | None]) -> str:
    login, server, currency, mode = facts
    return f"{login}@{server} {currency} {mode or 'of an unknown kind'}"
