"""What each loss is measured from, and how that moves."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from countersign_guards.policy import LossRule, Reference
from countersign_guards.view import AccountView

# A view from before the day began that is older than this does not show how the day began.
_FRESH = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Track:
    """What a rule measures from, since when; `day` None: the rule knows no days."""

    rule_id: str
    reference: Decimal
    since: datetime
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of the last view that counted.

    `net_deposits` None: the history has never added up to the balance.
    """

    at: datetime
    balance: Decimal
    equity: Decimal
    net_deposits: Decimal | None


def first_track(rule: LossRule, view: AccountView, initial_balance: Decimal) -> Track:
    """Return what a rule measures from when an account is first seen."""
    day = rule.day.day_of(view.at) if rule.day else None
    reference = {
        Reference.INITIAL_BALANCE: initial_balance,
        Reference.PEAK_EQUITY: view.equity,
        Reference.PEAK_DAY_END_BALANCE: max(initial_balance, view.balance),
        Reference.DAY_START_BALANCE: view.balance,
        Reference.DAY_START_EQUITY: view.equity,
        Reference.DAY_START_HIGHER: max(view.balance, view.equity),
    }[rule.reference]
    return Track(rule.id, reference, view.at, day)


def after_deposit(
    rule: LossRule, track: Track, *, amount: Decimal, equity_before: Decimal
) -> Track:
    """Return the track after a deposit, or a withdrawal if `amount` is negative.

    The loss so far stays what it was, in what its limit is given in: in the currency, or as a
    fraction of the reference.
    """
    is_relative = rule.limit.fraction is not None and not rule.limit.of_initial_balance
    if is_relative and equity_before > 0 and equity_before + amount > 0:
        moved = track.reference * (equity_before + amount) / equity_before
    else:
        moved = track.reference + amount
    return replace(track, reference=moved)


def after_view(rule: LossRule, track: Track, seen: Seen, view: AccountView) -> Track:
    """Return the track after a view that can be trusted; `seen` is the one before it."""
    if rule.reference is Reference.PEAK_EQUITY:
        # A peak counts when two views in a row show it: one alone may be a bad tick.
        peak = min(seen.equity, view.equity)
        return replace(track, reference=peak, since=view.at) if peak > track.reference else track
    if rule.day is None:
        return track
    day = rule.day.day_of(view.at)
    if day == track.day:
        return track
    began = rule.day.start_of(day)
    balance, equity = _at_day_start(began, seen, view)
    reference = {
        Reference.PEAK_DAY_END_BALANCE: max(track.reference, balance),
        Reference.DAY_START_BALANCE: balance,
        Reference.DAY_START_EQUITY: equity,
        Reference.DAY_START_HIGHER: max(balance, equity),
    }[rule.reference]
    return Track(rule.id, reference, began, day)


def _at_day_start(began: datetime, seen: Seen, view: AccountView) -> tuple[Decimal, Decimal]:
    """Return balance and equity when the day began, or, if nobody saw it, what protects more."""
    if began - seen.at <= _FRESH:
        return seen.balance, seen.equity
    return max(seen.balance, view.balance), max(seen.equity, view.equity)
