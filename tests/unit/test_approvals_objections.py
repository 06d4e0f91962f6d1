"""Why an approval may not be given at this moment, and what a rule approves by itself."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from countersign_server.accounts.account import TradingState
from countersign_server.accounts.quiet_hours import QuietHours, zone_or_none
from countersign_server.accounts.subscription import ApprovalMode
from countersign_server.accounts.symbol import AccountSymbol, Quote
from countersign_server.approvals.foresight import Figure, Foresight, Measure
from countersign_server.approvals.intents import Kind
from countersign_server.approvals.objections import (
    Moment,
    approves_itself,
    objection_to,
    objection_to_a_rule,
)
from countersign_server.errors import (
    CountersignError,
    PriceDrifted,
    QuoteStale,
    SignalTooOld,
    SpreadTooWide,
    SubscriptionCancelled,
    SymbolChanged,
    TradingHalted,
)
from countersign_server.risk_errors import PortfolioStale, RiskLimitReached
from tests.fixtures.approvals import (
    EURUSD,
    NOW,
    a_moment,
    a_quote,
    a_subscription,
    a_symbol,
    an_account,
    an_approval,
)


def a_moment_with(quote: Quote | None) -> Moment:
    return a_moment(symbol=a_symbol(quote=quote))


def objection(kind: Kind, moment: Moment, **changes: object) -> type[CountersignError] | None:
    found = objection_to(an_approval(kind, **changes), moment)
    return None if found is None else type(found)


@pytest.mark.parametrize("kind", Kind)
def test_nothing_stands_against_what_is_as_it_was_shown(kind: Kind) -> None:
    assert objection(kind, a_moment()) is None


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("state", TradingState)
def test_an_account_opens_only_when_it_may_open_and_reduces_only_when_it_may_reduce(
    kind: Kind, state: TradingState
) -> None:
    moment = a_moment(account=an_account(trading_state=state, trading_cause="drawdown"))
    allowed = state.may_open if kind.opens else state.may_reduce
    assert objection(kind, moment) is (None if allowed else TradingHalted)


def test_a_cancelled_subscription_approves_nothing() -> None:
    moment = a_moment(subscription=a_subscription(cancelled_at=NOW))
    assert objection(Kind.OPEN, moment) is SubscriptionCancelled


@pytest.mark.parametrize(
    "symbol",
    [
        None,
        a_symbol(changed=True),
        # Confirmed anew since: what was shown is not what the broker trades now.
        a_symbol(replace(EURUSD, contract_size=Decimal(10000))),
    ],
)
def test_a_symbol_that_is_not_what_was_shown_is_not_traded(symbol: AccountSymbol | None) -> None:
    assert objection(Kind.CLOSE, a_moment(symbol=symbol)) is SymbolChanged


@pytest.mark.parametrize("kind", Kind)
def test_a_signal_older_than_the_subscription_allows_is_not_approved(kind: Kind) -> None:
    # The signal is two seconds old.
    def aged(seconds: float) -> Moment:
        limits = {"max_signal_age": timedelta(seconds=seconds)}
        return a_moment(subscription=a_subscription(limits=limits))

    assert objection(kind, aged(2)) is None
    assert objection(kind, aged(1.999)) is SignalTooOld


@pytest.mark.parametrize("age", [11, -11])
def test_only_opening_needs_a_price_of_this_moment(age: float) -> None:
    for moment in (a_moment_with(None), a_moment_with(a_quote(age_seconds=age))):
        assert objection(Kind.OPEN, moment) is QuoteStale
        assert objection(Kind.CLOSE, moment) is None
        assert objection(Kind.PARTIAL_CLOSE, moment) is None
        assert objection(Kind.PLACE, moment) is None


# The band is 1.0835 to 1.0855.
@pytest.mark.parametrize(
    ("kind", "side", "bid", "ask", "drifted"),
    [
        (Kind.OPEN, "buy", "1.08545", "1.0855", False),
        (Kind.OPEN, "buy", "1.0855", "1.08551", True),
        (Kind.OPEN, "buy", "1.08345", "1.08349", True),
        (Kind.OPEN, "sell", "1.0855", "1.0857", False),
        (Kind.OPEN, "sell", "1.08349", "1.0836", True),
        (Kind.CLOSE, "buy", "1.0855", "1.0857", False),
        (Kind.CLOSE, "buy", "1.08349", "1.0836", True),
        (Kind.CLOSE, "sell", "1.0854", "1.0855", False),
        (Kind.CLOSE, "sell", "1.0855", "1.08551", True),
        (Kind.PLACE, "buy", "1.2", "1.2001", False),
        (Kind.MODIFY, "buy", "1.2", "1.2001", False),
    ],
)
def test_the_price_that_would_be_paid_decides_whether_it_has_drifted(
    kind: Kind, side: str, bid: str, ask: str, *, drifted: bool
) -> None:
    found = objection(kind, a_moment_with(a_quote(bid, ask)), side=side)
    assert found is (PriceDrifted if drifted else None)


def test_a_spread_wider_than_allowed_is_not_traded() -> None:
    assert objection(Kind.OPEN, a_moment_with(a_quote("1.08425", "1.08475"))) is None
    wide = a_moment_with(a_quote("1.08425", "1.08476"))
    assert objection(Kind.OPEN, wide) is SpreadTooWide
    assert objection(Kind.CLOSE, wide) is SpreadTooWide
    assert objection(Kind.PLACE, wide) is None
    generous = a_subscription(limits={"max_spread_pips": Decimal("5.1")})
    assert objection(Kind.OPEN, replace(wide, subscription=generous)) is None


BROKEN = Figure(
    reason="WOULD_BREAK_LOSS_LIMIT",
    rule="daily-loss",
    measure=Measure.LOSS,
    now=Decimal(480),
    after=Decimal(515),
    limit=Decimal(500),
    breaks=True,
    text="would break daily-loss",
)
KEPT = replace(BROKEN, after=Decimal(490), breaks=False)


def foreseen(*figures: Figure, is_stale: bool = False) -> Foresight:
    return Foresight(figures, NOW, is_stale=is_stale)


def test_an_opening_beyond_a_limit_is_refused_with_the_figures() -> None:
    approval = an_approval()
    assert objection_to(approval, a_moment(foresight=foreseen(KEPT))) is None
    refusal = objection_to(approval, a_moment(foresight=foreseen(KEPT, BROKEN)))
    assert isinstance(refusal, RiskLimitReached)
    assert refusal.facts == {
        "risk_reason": "WOULD_BREAK_LOSS_LIMIT",
        "rule": "daily-loss",
        "now": "480",
        "after": "515",
        "limit": "500",
    }


def test_only_a_person_opens_by_figures_that_are_old_or_missing() -> None:
    approval = an_approval()
    for foresight in (foreseen(KEPT, is_stale=True), Foresight((), None, is_stale=True), None):
        moment = a_moment(foresight=foresight)
        assert objection_to(approval, moment) is None
        assert isinstance(objection_to_a_rule(approval, moment), PortfolioStale)
        assert objection_to_a_rule(an_approval(Kind.CLOSE), moment) is None
    assert objection_to_a_rule(approval, a_moment(foresight=foreseen(KEPT))) is None
    broken = a_moment(foresight=foreseen(BROKEN, is_stale=True))
    assert isinstance(objection_to_a_rule(approval, broken), RiskLimitReached)


QUIET = QuietHours(
    start=NOW.time().replace(hour=9),
    end=NOW.time().replace(hour=11),
    zone=zone_or_none("UTC"),  # pyright: ignore[reportArgumentType]  # UTC exists
)


@pytest.mark.parametrize(
    ("mode", "quiet", "limit", "approves"),
    [
        (ApprovalMode.MANUAL, None, "1", False),
        (ApprovalMode.AUTOMATIC_WITHIN_LIMITS, None, "0.1", True),
        (ApprovalMode.AUTOMATIC_WITHIN_LIMITS, None, "0.09", False),
        (ApprovalMode.AUTOMATIC_WITHIN_LIMITS, None, None, False),
        (ApprovalMode.AUTOMATIC_WITHIN_LIMITS, QUIET, "0.1", True),
        (ApprovalMode.AUTOMATIC_OUTSIDE_QUIET_HOURS, None, "0.1", True),
        (ApprovalMode.AUTOMATIC_OUTSIDE_QUIET_HOURS, QUIET, "0.1", False),
        (ApprovalMode.AUTOMATIC_OUTSIDE_QUIET_HOURS, None, "0.09", False),
        (ApprovalMode.AUTOMATIC_OUTSIDE_QUIET_HOURS, None, None, False),
    ],
)
def test_a_rule_approves_within_its_volume_and_its_hours_only(
    mode: ApprovalMode, quiet: QuietHours | None, limit: str | None, *, approves: bool
) -> None:
    subscription = a_subscription(
        approval_mode=mode,
        quiet_hours=quiet,
        limits={"automatic_max_volume": limit and Decimal(limit)},
    )
    moment = a_moment(subscription=subscription)
    assert approves_itself(an_approval(), moment) is approves
    signed = replace(moment, account=an_account(owner_signature_required=True))
    assert not approves_itself(an_approval(), signed)


def test_a_change_of_stops_has_no_volume_that_could_be_too_large() -> None:
    subscription = a_subscription(
        approval_mode=ApprovalMode.AUTOMATIC_WITHIN_LIMITS,
        limits={"automatic_max_volume": Decimal("0.01")},
    )
    assert approves_itself(an_approval(Kind.MODIFY), a_moment(subscription=subscription))
    assert not approves_itself(an_approval(Kind.CLOSE), a_moment(subscription=subscription))
