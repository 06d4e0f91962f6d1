"""What keeps a symbol from being traded for as long as it lasts: its market.

These hold nothing: they lift themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from countersign_guards.policy import Policy
from countersign_guards.state import GuardState, QuoteMark
from countersign_guards.view import AccountView, QuoteView


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why nothing is opened in a symbol now, with the figures."""

    reason: (
        str  # QUOTE_MISSING, QUOTE_STALE, QUOTE_CROSSED, SPREAD_TOO_WIDE, PRICE_GAP, SESSION_CLOSED
    )
    symbol: str
    value: str = ""
    limit: str = ""


def see_quote(state: GuardState, policy: Policy, quote: QuoteView) -> GuardState:
    """Note a quote. An older one than the last changes nothing."""
    known = state.quotes.get(quote.symbol)
    if known is not None and quote.at <= known.quote.at:
        return state
    mark = QuoteMark(quote, known.gap_at if known else None)
    if known is not None and policy.market.gap is not None:
        jumped = _jump(known.quote, quote)
        if jumped is not None and jumped > policy.market.gap:
            mark = replace(mark, gap_at=quote.at)
    return replace(state, quotes={**state.quotes, quote.symbol: mark})


def blocks(state: GuardState, policy: Policy, symbol: str, now: datetime) -> list[Blocked]:
    """Return everything that keeps `symbol` from being opened now; empty: nothing does."""
    return list(_blocks(state, policy, symbol, now))


def is_doubtful(state: GuardState, policy: Policy, view: AccountView) -> bool:
    """Tell whether a view's equity rests on a price that is not to be trusted."""
    symbols = {position.symbol for position in view.positions}
    return any(
        blocked.reason in _UNTRUSTED
        for symbol in sorted(symbols)
        if symbol in state.quotes
        for blocked in _blocks(state, policy, symbol, view.at)
    )


_UNTRUSTED = frozenset({"QUOTE_STALE", "QUOTE_CROSSED", "SPREAD_TOO_WIDE", "PRICE_GAP"})


def _blocks(state: GuardState, policy: Policy, symbol: str, now: datetime) -> Iterator[Blocked]:
    market, mark = policy.market, state.quotes.get(symbol)
    if mark is None:
        if market.quote_age is not None:
            yield Blocked("QUOTE_MISSING", symbol)
        return
    quote = mark.quote
    if not quote.session_open:
        yield Blocked("SESSION_CLOSED", symbol)
    if quote.bid <= 0 or quote.ask < quote.bid:
        yield Blocked("QUOTE_CROSSED", symbol, f"{quote.bid}/{quote.ask}")
        return
    age = now - quote.at
    if market.quote_age is not None and age > market.quote_age:
        yield Blocked("QUOTE_STALE", symbol, str(age), str(market.quote_age))
    spread = (quote.ask - quote.bid) / quote.middle
    if market.spread is not None and spread > market.spread:
        yield Blocked("SPREAD_TOO_WIDE", symbol, f"{spread:.6f}", str(market.spread))
    if mark.gap_at is not None and now - mark.gap_at < market.gap_rest:
        yield Blocked("PRICE_GAP", symbol, str(now - mark.gap_at), str(market.gap_rest))


def _jump(before: QuoteView, after: QuoteView) -> Decimal | None:
    """Return how far the price jumped, as a fraction; None: one of the two is no price."""
    if before.middle <= 0 or after.middle <= 0:
        return None
    return abs(after.middle - before.middle) / before.middle
