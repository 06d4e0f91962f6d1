"""What exactly an account's owner is asked to sign off for a signal, or why not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_UP, Context, Decimal
from itertools import pairwise
from uuid import UUID

from countersign_server.accounts.account import MarginMode
from countersign_server.accounts.sizing import SizingRefusal, SizingRule, loss_per_lot, volume_for
from countersign_server.accounts.symbol import AccountSymbol
from countersign_server.approvals.intents import (
    Intent,
    Kind,
    digest,
    fits_one_line,
    render,
    whole_milliseconds,
)
from countersign_server.approvals.terms import Follower, Terms

# Eighteen digits before the point, nine after it, times as many pips.
_WIDE = Context(prec=60)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Band:
    """The prices at which a command may still trade; None: no limit."""

    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Planned:
    """The owner is asked for this.

    `money_at_risk` in the account's currency; None: there is no stop, or a tick's worth is unknown.
    """

    intent: Intent
    text: str
    digest: str
    money_at_risk: Decimal | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The account sits this one out: a public, permanent, upper-case reason."""

    reason: str


Rule = Callable[[Terms, Follower, datetime], bool]


def plan(
    terms: Terms,
    follower: Follower,
    *,
    approval_id: UUID,
    execution_window: timedelta,
    now: datetime,
) -> Planned | Declined:
    """Return what the owner of one account is asked for, or the first reason why not.

    The intent expires `execution_window` after the signal does, so that what is approved in the
    last second can still be carried out.
    """
    for reason, holds in RULES:
        if not holds(terms, follower, now):
            return Declined(reason)
    symbol = _symbol(follower)
    band = price_band(terms, symbol, follower.subscription.limits.max_drift_pips)
    volume = _volume(terms, follower, band)
    if isinstance(volume, Declined):
        return volume
    expires_at = whole_milliseconds(terms.expires_at + execution_window)
    good_until = whole_milliseconds(terms.good_until) if terms.good_until else None
    if good_until is not None and good_until <= expires_at:
        return Declined("GOOD_UNTIL_TOO_SOON")
    intent = replace(
        _intent(terms, follower, approval_id, expires_at),
        volume=volume,
        price_min=band.low,
        price_max=band.high,
        good_until=good_until,
    )
    text = render(intent)
    return Planned(intent, text, digest(text), _money_at_risk(terms, symbol, volume))


def price_band(terms: Terms, symbol: AccountSymbol, drift_pips: Decimal) -> Band:
    """Return the signal's price with the drift that the owner allows, both ways.

    Rounded inwards to the symbol's decimals: never wider than the owner allows. No limits where it
    does not trade at the market.
    """
    if terms.price is None or not terms.kind.at_market:
        return Band(None, None)
    drift = _WIDE.multiply(drift_pips, symbol.properties.pip_size)
    point = Decimal(1).scaleb(-_decimals(symbol))
    low = (terms.price - drift).quantize(point, ROUND_CEILING, _WIDE)
    high = (terms.price + drift).quantize(point, ROUND_FLOOR, _WIDE)
    return Band(max(low, point), high)


def _intent(terms: Terms, follower: Follower, approval_id: UUID, expires_at: datetime) -> Intent:
    """Return what the signal asks of this account, without volume and limits."""
    account, symbol = follower.account, _symbol(follower)
    return Intent(
        approval_id=approval_id,
        signal_id=terms.signal_id,
        payload_sha256=terms.payload_sha256,
        login=account.login,
        server=account.server,
        currency=account.currency,
        margin_mode=account.margin_mode,
        kind=terms.kind,
        instrument=terms.instrument,
        symbol=symbol.symbol,
        fingerprint=symbol.fingerprint,
        side=terms.side,
        volume=None,
        entry=terms.entry,
        price_min=None,
        price_max=None,
        stop_loss=terms.stop_loss,
        take_profit=terms.take_profit,
        good_until=None,
        opening_approval_id=follower.opening.approval_id if follower.opening else None,
        expires_at=expires_at,
    )


def _volume(terms: Terms, follower: Follower, band: Band) -> Decimal | Declined | None:
    if terms.kind.opens:
        return _opening_volume(terms, follower, band)
    if terms.kind in (Kind.CLOSE, Kind.PARTIAL_CLOSE):
        return _closing_volume(terms, follower)
    return None


def _opening_volume(terms: Terms, follower: Follower, band: Band) -> Decimal | Declined:
    # The worst price at which it may still trade: the loss at the stop is never above what was
    # allowed.
    worst = band.high if terms.side == "buy" else band.low
    limits = (follower.account.limits.max_volume, follower.subscription.limits.max_volume)
    volume = volume_for(
        follower.subscription.sizing,
        symbol=_symbol(follower).current,
        funds=follower.funds,
        price=_entry_price(terms) if worst is None else worst,
        stop_loss=terms.stop_loss,
        volume_limit=min((limit for limit in limits if limit is not None), default=None),
    )
    return Declined(volume.value) if isinstance(volume, SizingRefusal) else volume


def _closing_volume(terms: Terms, follower: Follower) -> Decimal | Declined:
    opening = follower.opening
    assert opening is not None  # noqa: S101  # the rules have seen to it
    is_open = opening.exposure.open_volume
    if follower.account.margin_mode is not MarginMode.HEDGING:
        # One position holds what many signals opened; this one closes no more than its own share.
        is_open = min(is_open, opening.volume)
    if terms.fraction is None:
        return is_open
    properties = _symbol(follower).current
    steps = _WIDE.divide_int(_WIDE.multiply(is_open, terms.fraction), properties.volume_step)
    volume = _WIDE.multiply(steps, properties.volume_step)
    # What would be left must be closable, too.
    if volume < properties.volume_min or is_open - volume < properties.volume_min:
        return Declined(SizingRefusal.VOLUME_TOO_SMALL.value)
    return volume


def _money_at_risk(terms: Terms, symbol: AccountSymbol, volume: Decimal | None) -> Decimal | None:
    price = _entry_price(terms)
    if not terms.kind.opens or volume is None or price is None or terms.stop_loss is None:
        return None
    loss = loss_per_lot(symbol.current, price, terms.stop_loss)
    # Rounded up: what is shown is never less than what is lost.
    return None if loss is None else (loss * volume).quantize(_CENT, ROUND_UP, _WIDE)


def _entry_price(terms: Terms) -> Decimal | None:
    return terms.price if terms.entry.price is None else terms.entry.price


def _symbol(follower: Follower) -> AccountSymbol:
    assert follower.symbol is not None  # noqa: S101  # the rules have seen to it
    return follower.symbol


def _decimals(symbol: AccountSymbol) -> int:
    # The contract's decimals have nine places at most.
    return min(symbol.properties.digits, 9)


def _follows_instrument(terms: Terms, follower: Follower, _: datetime) -> bool:
    # What was opened may be closed after the list has changed.
    followed = follower.subscription.limits.instruments
    return not terms.kind.opens or not followed or terms.instrument in followed


def _may_trade(terms: Terms, follower: Follower, _: datetime) -> bool:
    # Whatever reduces is laid before the owner in any state; the decision and the grant look again.
    return not terms.kind.opens or follower.account.trading_state.may_open


def _has_opening(terms: Terms, follower: Follower, _: datetime) -> bool:
    if terms.kind.opens:
        return True
    if follower.opening is None:
        return False
    exposure = follower.opening.exposure
    match terms.kind:
        case Kind.CANCEL:
            return exposure.is_pending
        case Kind.MODIFY:
            return exposure.is_pending or exposure.open_volume > 0
        case _:
            return exposure.open_volume > 0


def _agrees_with_opening(terms: Terms, follower: Follower, _: datetime) -> bool:
    opening = follower.opening
    return opening is None or (opening.instrument, opening.symbol, opening.side) == (
        terms.instrument,
        _symbol(follower).symbol,
        terms.side,
    )


def _keeps_a_stop(terms: Terms, follower: Follower, _: datetime) -> bool:
    # An account that sizes by its risk at the stop does not let the stop be taken away either.
    sizes_by_risk = follower.subscription.sizing.rule is SizingRule.RISK
    return terms.kind is not Kind.MODIFY or not sizes_by_risk or terms.stop_loss is not None


def _fits_symbol(terms: Terms, follower: Follower, _: datetime) -> bool:
    point = Decimal(1).scaleb(-_decimals(_symbol(follower)))
    prices = (terms.price, terms.entry.price, terms.stop_loss, terms.take_profit)
    return all(price is None or not _WIDE.remainder(price, point) for price in prices)


def _stops_on_their_sides(terms: Terms, _follower: Follower, _now: datetime) -> bool:
    if terms.kind not in (Kind.OPEN, Kind.PLACE, Kind.MODIFY):
        return True
    rising = [terms.stop_loss, _entry_price(terms), terms.take_profit]
    known = [price for price in rising if price is not None]
    if terms.side == "sell":
        known.reverse()
    return all(lower < higher for lower, higher in pairwise(known))


# Checked in order; the first that does not hold names the reason. Reasons are part of the contract.
RULES: Sequence[tuple[str, Rule]] = (
    ("SIGNAL_EXPIRED", lambda terms, _, now: now < terms.expires_at),
    ("SUBSCRIPTION_CANCELLED", lambda _, follower, __: follower.subscription.cancelled_at is None),
    ("PRODUCER_TOO_FAST", lambda terms, _, __: not terms.is_too_fast),
    ("INSTRUMENT_NOT_FOLLOWED", _follows_instrument),
    ("SYMBOL_NOT_MAPPED", lambda _, follower, __: follower.symbol is not None),
    ("SYMBOL_CHANGED", lambda _, follower, __: not _symbol(follower).changed),
    ("SERVER_NAME_UNSUITABLE", lambda _, follower, __: fits_one_line(follower.account.server)),
    ("TRADING_HALTED", _may_trade),
    ("OPENING_NOT_FOUND", _has_opening),
    ("OPENING_DIFFERS", _agrees_with_opening),
    ("STOP_REQUIRED", _keeps_a_stop),
    ("PRICE_TOO_FINE", _fits_symbol),
    ("STOP_ON_WRONG_SIDE", _stops_on_their_sides),
)
