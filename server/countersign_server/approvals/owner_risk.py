"""What an opening would do to all accounts of its owner together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal

from countersign_server.accounts.account import OwnerLimits
from countersign_server.approvals.foresight import Figure, Measure

_ZERO = Decimal(0)
_CENT = Decimal("0.01")
_WIDE = Context(prec=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one account has of all that its owner holds, with what may still come.

    Money in the account's currency; a gain is a negative loss.
    """

    currency: str
    lots: Decimal
    positions: int
    lost_today: Decimal
    at_risk: Decimal  # lost on top of that with every stop hit


def of_owner(limits: OwnerLimits, shares: Sequence[Share], opening: Share) -> Iterator[Figure]:
    """Return where an opening takes all accounts together, limit by limit.

    `shares` are those of every account, `opening` that of what is to be opened.
    """
    lots = sum((one.lots for one in shares), _ZERO)
    positions = Decimal(sum(one.positions for one in shares))
    most = limits.max_positions
    counted = (
        (
            "OWNER_TOO_MANY_LOTS",
            "owner_max_lots",
            Measure.LOTS,
            lots,
            opening.lots,
            limits.max_lots,
        ),
        (
            "OWNER_TOO_MANY_POSITIONS",
            "owner_max_positions",
            Measure.POSITIONS,
            positions,
            Decimal(opening.positions),
            None if most is None else Decimal(most),
        ),
    )
    for reason, rule, measure, now, more, limit in counted:
        if limit is not None:
            yield _figure(reason, rule, measure, now=now, after=now + more, limit=limit)
    loss_limit = limits.max_daily_losses.get(opening.currency)
    if loss_limit is not None:
        yield _of_losses(loss_limit, shares, opening)


def _of_losses(limit: Decimal, shares: Sequence[Share], opening: Share) -> Figure:
    # Nothing is converted: a rate that is wrong is a limit that is none.
    same = [one for one in shares if one.currency == opening.currency]
    lost = sum((one.lost_today for one in same), _ZERO)
    at_risk = sum((one.at_risk for one in same), _ZERO) + opening.at_risk
    return _figure(
        "OWNER_WOULD_BREAK_LOSS_LIMIT",
        "owner_max_daily_loss",
        Measure.LOSS,
        now=_cents(max(lost, _ZERO)),
        after=_cents(max(lost + at_risk, _ZERO)),
        limit=limit,
    )


def _figure(  # noqa: PLR0913  # the parts of a figure
    reason: str, rule: str, measure: Measure, *, now: Decimal, after: Decimal, limit: Decimal
) -> Figure:
    return Figure(
        reason=reason,
        rule=rule,
        measure=measure,
        now=now,
        after=after,
        limit=limit,
        breaks=after > limit,
        text="",
    )


def _cents(value: Decimal) -> Decimal:
    # What is shown is never better than what is.
    return value.quantize(_CENT, ROUND_CEILING, _WIDE)
