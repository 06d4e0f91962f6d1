"""How far an account is from each of its limits."""

from dataclasses import dataclass
from decimal import Decimal

from countersign_guards.policy import LossRule, MarginRule
from countersign_guards.references import Track
from countersign_guards.view import AccountView

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stands with one rule.

    For a loss in account currency, for margin in percent of margin level.
    """

    rule_id: str
    value: Decimal  # equity, or margin level
    reference: Decimal  # what the limit is counted from
    floor: Decimal  # at or below it the rule is broken
    share: Decimal  # of the limit that is used up; 1: broken

    @property
    def headroom(self) -> Decimal:
        """Return how much is left; negative: the rule is broken by so much."""
        return self.value - self.floor

    @property
    def is_broken(self) -> bool:
        return self.value <= self.floor


def standing_of_loss(
    rule: LossRule, track: Track, *, equity: Decimal, initial_balance: Decimal
) -> Standing:
    """Return where `equity` stands."""
    limit = limit_of(rule, track, initial_balance)
    floor = track.reference - limit
    if rule.stops_at_initial_balance:
        floor = min(floor, initial_balance)
    share = _ONE - (equity - floor) / limit if limit > 0 else _ONE
    return Standing(rule.id, equity, track.reference, floor, max(share, _ZERO))


def limit_of(rule: LossRule, track: Track, initial_balance: Decimal) -> Decimal:
    """Return how much may be lost, in account currency."""
    if rule.limit.amount is not None:
        return rule.limit.amount
    of = initial_balance if rule.limit.of_initial_balance else track.reference
    return max((rule.limit.fraction or _ZERO) * of, _ZERO)


def standing_of_margin(rule: MarginRule, view: AccountView) -> Standing | None:
    """Return where the margin level stands; None: no margin is in use."""
    level = view.margin_level
    if level is None:
        return None
    share = rule.level / level if level > 0 else _ONE
    return Standing(rule.id, level, level, rule.level, max(share, _ZERO))
