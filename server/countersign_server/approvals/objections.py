"""Why an approval may not be given at this moment, and whether a rule may give it by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.subscription import ApprovalMode, Subscription
from countersign_server.accounts.symbol import AccountSymbol, Quote
from countersign_server.approvals.approval import Approval
from countersign_server.approvals.foresight import Foresight
from countersign_server.approvals.intents import Kind, confirms
from countersign_server.decimals import decimal_text, optional_text
from countersign_server.errors import (
    NotNow,
    PriceDrifted,
    QuoteStale,
    SignalTooOld,
    SpreadTooWide,
    SubscriptionCancelled,
    SymbolChanged,
    TradingHalted,
)
from countersign_server.guard_errors import ProducerHalted
from countersign_server.risk_errors import PortfolioStale, RiskLimitReached


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything an approval is held against when it is given."""

    subscription: Subscription
    account: Account
    symbol: AccountSymbol | None
    quote_age_max: timedelta
    now: datetime
    producer_state: TradingState = TradingState.ACTIVE  # what kill switches leave of it
    foresight: Foresight | None = None  # of this moment; None: the approval opens nothing


def objection_to(approval: Approval, moment: Moment) -> NotNow | None:
    """Return the first reason not to approve at this moment, which may be gone in the next.

    None: there is none.
    """
    for check in CHECKS:
        refusal = check(approval, moment)
        if refusal is not None:
            return refusal
    return None


def objection_to_a_rule(approval: Approval, moment: Moment) -> NotNow | None:
    """Return the first reason why a rule may not approve at this moment; None: there is none.

    A person may approve by figures that are old, and sees that they are; a rule may not.
    """
    refusal = objection_to(approval, moment)
    if refusal is not None or not approval.kind.opens:
        return refusal
    foresight = moment.foresight
    if foresight is None or foresight.is_stale:
        read_at = foresight.read_at if foresight else None
        return PortfolioStale(
            f"the terminal was read last at {read_at.isoformat()}"
            if read_at
            else "the terminal was never read"
        )
    return None


def approves_itself(approval: Approval, moment: Moment) -> bool:
    """Tell whether the subscription's own rule approves, so that nobody need be asked."""
    subscription = moment.subscription
    limit = subscription.limits.automatic_max_volume
    if moment.account.owner_signature_required or limit is None:
        return False
    if approval.volume is not None and approval.volume > limit:
        return False
    match subscription.approval_mode:
        case ApprovalMode.MANUAL:
            return False
        case ApprovalMode.AUTOMATIC_WITHIN_LIMITS:
            return True
        case ApprovalMode.AUTOMATIC_OUTSIDE_QUIET_HOURS:
            quiet = subscription.quiet_hours
            return quiet is None or not quiet.covers(moment.now)


def _trading_allowed(approval: Approval, moment: Moment) -> NotNow | None:
    state = moment.account.trading_state
    if state.may_open if approval.kind.opens else state.may_reduce:
        return None
    return TradingHalted(
        f"the account is {state}: {moment.account.trading_cause}",
        trading_state=state,
        trading_cause=moment.account.trading_cause,
    )


def _producer_allowed(approval: Approval, moment: Moment) -> NotNow | None:
    state = moment.producer_state
    if state.may_open if approval.kind.opens else state.may_reduce:
        return None
    return ProducerHalted(f"a kill switch holds the producer: {state}", trading_state=state)


def _still_subscribed(_: Approval, moment: Moment) -> NotNow | None:
    if moment.subscription.cancelled_at is None:
        return None
    return SubscriptionCancelled("the account does not follow the producer any more")


def _symbol_confirmed(approval: Approval, moment: Moment) -> NotNow | None:
    symbol = moment.symbol
    if (
        symbol is not None
        and not symbol.changed
        and confirms(approval.intent_text or "", symbol.fingerprint)
    ):
        return None
    return SymbolChanged(
        f"{approval.symbol} is not what it was when the signal came", symbol=approval.symbol or ""
    )


def _young_enough(approval: Approval, moment: Moment) -> NotNow | None:
    limit = moment.subscription.limits.max_signal_age
    age = moment.now - approval.signal_received_at
    if limit is None or age <= limit:
        return None
    return SignalTooOld(
        f"the signal is {age.total_seconds():.1f} s old; the subscription allows "
        f"{limit.total_seconds():g} s"
    )


def _quote_fresh(approval: Approval, moment: Moment) -> NotNow | None:
    # A close is not held up by a silent bridge: the band is checked again where the order is sent.
    if approval.kind is not Kind.OPEN or _fresh_quote(moment) is not None:
        return None
    return QuoteStale(
        f"no price of {approval.symbol} from the last {moment.quote_age_max.total_seconds():g} s",
        symbol=approval.symbol or "",
    )


def market_price(approval: Approval, moment: Moment) -> Decimal | None:
    """Return the price that the approval would trade at in this moment.

    None: nobody has told it lately, or it trades at a price of its own or not at all.
    """
    quote = _fresh_quote(moment)
    if not approval.kind.at_market or quote is None:
        return None
    # A position is opened at the side of the spread that costs, and closed at the other.
    return quote.ask if (approval.side == "buy") == (approval.kind is Kind.OPEN) else quote.bid


def _price_in_band(approval: Approval, moment: Moment) -> NotNow | None:
    price = market_price(approval, moment)
    if price is None:
        return None
    low, high = approval.price_min, approval.price_max
    if (low is None or low <= price) and (high is None or price <= high):
        return None
    return PriceDrifted(
        f"the price is {decimal_text(price)}; approved are {_text(low)} to {_text(high)}",
        price=decimal_text(price),
        price_min=_text(low),
        price_max=_text(high),
    )


def _spread_narrow(approval: Approval, moment: Moment) -> NotNow | None:
    quote = _fresh_quote(moment)
    if not approval.kind.at_market or quote is None or moment.symbol is None:
        return None
    spread = (quote.ask - quote.bid) / moment.symbol.properties.pip_size
    limit = moment.subscription.limits.max_spread_pips
    if spread <= limit:
        return None
    return SpreadTooWide(
        f"the spread is {spread:.1f} pips; the subscription allows {decimal_text(limit)}",
        max_spread_pips=decimal_text(limit),
    )


def _within_limits(_: Approval, moment: Moment) -> NotNow | None:
    broken = moment.foresight.refusal if moment.foresight else None
    if broken is None:
        return None
    return RiskLimitReached(
        broken.text,
        risk_reason=broken.reason,
        rule=broken.rule,
        now=optional_text(broken.now),
        after=optional_text(broken.after),
        limit=optional_text(broken.limit),
    )


def _fresh_quote(moment: Moment) -> Quote | None:
    quote = moment.symbol.quote if moment.symbol else None
    # A price from the future is of a clock that is wrong, and says nothing of now.
    if quote is None or abs(moment.now - quote.quoted_at) > moment.quote_age_max:
        return None
    return quote


def _text(limit: Decimal | None) -> str:
    return "any" if limit is None else decimal_text(limit)


# Checked in order; the first that objects names the reason.
CHECKS: Sequence[Callable[[Approval, Moment], NotNow | None]] = (
    _trading_allowed,
    _producer_allowed,
    _still_subscribed,
    _symbol_confirmed,
    _young_enough,
    _quote_fresh,
    _price_in_band,
    _spread_narrow,
    _within_limits,
)
