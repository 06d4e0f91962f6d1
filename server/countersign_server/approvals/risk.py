"""What an opening would do to its account, before it exists: the figures, and what refuses it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from uuid import UUID

from countersign_guards import foresight as guard
from countersign_guards.conditions import see_quote
from countersign_guards.guardian import see_account
from countersign_guards.policy import Policy, default_policy
from countersign_guards.state import GuardState
from countersign_guards.view import AccountView, Direction, PositionView, QuoteView
from countersign_server.accounts.account import Account, OwnerLimits
from countersign_server.accounts.sizing import loss_per_lot
from countersign_server.accounts.subscription import Subscription
from countersign_server.accounts.symbol import Quote, SymbolProperties
from countersign_server.approvals.approval import Approval
from countersign_server.approvals.foresight import Figure, Foresight, Measure, told
from countersign_server.approvals.owner_risk import Share, of_owner

MINUTE = timedelta(minutes=1)
# Percent. Below it the broker refuses, or closes what is open soon after.
MARGIN_LEVEL_MIN = Decimal(100)

_ROUNDED = frozenset({Measure.LOSS, Measure.MARGIN_LEVEL, Measure.LEVERAGE})
_ZERO = Decimal(0)
_WIDE = Context(prec=60)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A position, or what may become one. Volume in lots, prices in the quote currency."""

    symbol: str  # as the broker names it
    side: str
    volume: Decimal
    price: Decimal | None  # where it stands now, or is to be entered; None: not known
    stop_loss: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """An opening that was approved. `magic`: the tag that its position will carry."""

    subscription_id: UUID | None
    holding: Holding
    magic: int
    issued_at: datetime
    may_come: bool  # it is not over, or came after the terminal was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a terminal held when it was read last. Money in the account's currency."""

    read_at: datetime
    is_stale: bool
    balance: Decimal
    equity: Decimal
    margin: Decimal
    positions: Mapping[int, Holding]  # by ticket
    magics: frozenset[int]
    credit: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Guarded:
    """What guards an account, and how its guard stands; None: no guard has seen the account."""

    policy: Policy
    state: GuardState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that an opening is held against: one account at one moment."""

    account: Account
    reading: Reading | None  # None: the terminal was never read
    issued: Sequence[Issued]  # of the last minute, and all that may come
    symbols: Mapping[str, SymbolProperties]  # those that are open, and those to be opened
    quotes: Mapping[str, Quote]
    guarded: Guarded | None  # None: the product's own policy, from what the terminal shows now
    now: datetime
    owner_limits: OwnerLimits = field(default_factory=OwnerLimits)
    beside: Sequence[Share] = ()  # what the owner's other accounts hold, if that is limited
    realised_today: Decimal = Decimal(0)  # by deals since 00:00 UTC; a loss is negative

    def with_issued(self, one: Issued) -> "Picture":
        """Return the picture after one more opening was approved."""
        return replace(self, issued=[*self.issued, one])

    def with_issued_beside(self, share: Share) -> "Picture":
        """Return the picture after an opening was approved in another account of the owner."""
        return replace(self, beside=[*self.beside, share])


def opening_of(approval: Approval) -> Holding:
    """Return what an approval opens. It has an intent."""
    assert approval.symbol  # noqa: S101  # what opens has an intent
    assert approval.volume is not None  # noqa: S101  # the same
    return Holding(
        symbol=approval.symbol,
        side=approval.side,
        volume=approval.volume,
        price=approval.signal_price if approval.price is None else approval.price,
        stop_loss=approval.stop_loss,
    )


def foresee(picture: Picture, subscription: Subscription, opening: Holding) -> Foresight:
    """Return where an opening would take its account with every limit, the gravest first.

    The worst is assumed: all that was approved comes, and every stop is hit. Positions of symbols
    whose worth the terminal does not tell count with no risk and no worth.
    """
    at_risk = _at_risk(picture, opening)
    figures = [
        *_of_guards(picture, opening, at_risk),
        *of_owner(
            picture.owner_limits,
            [*picture.beside, share_of(picture)],
            share_of_opening(picture, opening),
        ),
        *_at_its_stop(subscription, at_risk),
        *_pace(picture, subscription, opening),
    ]
    currency = picture.account.currency
    return Foresight(
        figures=tuple(
            replace(one, text=told(one, currency=currency, at_risk=at_risk)) for one in figures
        ),
        read_at=picture.reading.read_at if picture.reading else None,
        is_stale=picture.reading is None or picture.reading.is_stale,
    )


def share_of(picture: Picture) -> Share:
    """Return what an account has of all that its owner holds. One never read holds nothing."""
    reading = picture.reading
    held = (
        [*reading.positions.values(), *_coming(picture, reading)] if reading else _may_come(picture)
    )
    risks = (_at_risk(picture, one) for one in held)
    floating = reading.equity - reading.balance - reading.credit if reading else _ZERO
    return Share(
        currency=picture.account.currency,
        lots=sum((one.volume for one in held), _ZERO),
        positions=len(held),
        lost_today=-(picture.realised_today + floating),
        at_risk=sum((one for one in risks if one is not None), _ZERO),
    )


def share_of_opening(picture: Picture, opening: Holding) -> Share:
    """Return what an opening adds to that."""
    return Share(
        currency=picture.account.currency,
        lots=opening.volume,
        positions=1,
        lost_today=_ZERO,
        at_risk=_at_risk(picture, opening) or _ZERO,
    )


def _coming(picture: Picture, reading: Reading) -> list[Holding]:
    """Return what was approved and has not been shown by the terminal."""
    return [
        one.holding for one in picture.issued if one.may_come and one.magic not in reading.magics
    ]


def _may_come(picture: Picture) -> list[Holding]:
    return [one.holding for one in picture.issued if one.may_come]


def _of_guards(picture: Picture, opening: Holding, at_risk: Decimal | None) -> list[Figure]:
    if picture.reading is None:
        return []
    coming = _coming(picture, picture.reading)
    view, notional = _view(picture, picture.reading, coming)
    policy = _policy(picture)
    order = guard.Order(
        symbol=opening.symbol,
        direction=Direction(opening.side),
        volume=opening.volume,
        # With a stop whose worth is unknown it has one all the same.
        risk=None if opening.stop_loss is None else at_risk or _ZERO,
        margin=_margin(picture, opening),
        notional=_notional(picture, opening),
    )
    prospects = guard.foresee(
        _state(picture, policy, picture.reading), policy, view, order, notional=notional
    )
    return [_figure(one) for one in prospects]


def _view(
    picture: Picture, reading: Reading, coming: Sequence[Holding]
) -> tuple[AccountView, Decimal]:
    """Return the account with all that may come, as if it had, and what that is worth."""
    tickets = [*reading.positions.items(), *((-at, one) for at, one in enumerate(coming, 1))]
    view = AccountView(
        at=picture.now,
        balance=reading.balance,
        equity=reading.equity,
        margin=reading.margin + sum((_margin(picture, one) for one in coming), _ZERO),
        positions=[
            PositionView(
                ticket, one.symbol, Direction(one.side), one.volume, _at_risk(picture, one)
            )
            for ticket, one in tickets
        ],
    )
    return view, sum((_notional(picture, one) for _, one in tickets), _ZERO)


def _policy(picture: Picture) -> Policy:
    """Return what guards the account, and its owner's limits with it: the stricter counts."""
    account = picture.account
    policy = picture.guarded.policy if picture.guarded else default_policy(account.currency)
    allowed = [policy.exposure.positions, account.limits.max_open_positions]
    exposure = replace(
        policy.exposure,
        positions=min((one for one in allowed if one is not None), default=None),
        margin_level=policy.exposure.margin_level or MARGIN_LEVEL_MIN,
    )
    return replace(policy, exposure=exposure)


def _state(picture: Picture, policy: Policy, reading: Reading) -> GuardState:
    state = picture.guarded.state if picture.guarded else None
    if state is None or state.seen is None:
        # Losses count from what the terminal shows: nobody knows what was before.
        begins = AccountView(
            at=reading.read_at,
            balance=reading.balance,
            equity=reading.equity,
            margin=reading.margin,
            net_deposits=_ZERO,
        )
        state, _ = see_account(GuardState(), policy, begins)
    for quote in picture.quotes.values():
        seen = QuoteView(quote.symbol, quote.quoted_at, quote.bid, quote.ask)
        state = see_quote(state, policy, seen)
    return state


def _at_its_stop(subscription: Subscription, at_risk: Decimal | None) -> Iterator[Figure]:
    limit = subscription.limits.max_money_at_risk
    if limit is not None:
        yield Figure(
            reason="TOO_MUCH_AT_RISK",
            rule="max_money_at_risk",
            measure=Measure.MONEY_AT_RISK,
            now=None,
            after=at_risk,
            limit=limit,
            breaks=at_risk is None or at_risk > limit,
            text="",
        )


def _pace(picture: Picture, subscription: Subscription, opening: Holding) -> Iterator[Figure]:
    recent = [one for one in picture.issued if picture.now - one.issued_at < MINUTE]
    alike = [one for one in recent if _are_identical(one.holding, opening)]
    ours = [one for one in recent if one.subscription_id == subscription.id]
    limits = picture.account.limits
    yield from _paced(
        "IDENTICAL_ORDERS",
        "max_identical_orders_per_minute",
        len(alike),
        limits.max_identical_orders_per_minute,
    )
    yield from _paced(
        "TOO_MANY_ORDERS",
        "max_orders_per_minute",
        len(ours),
        subscription.limits.max_orders_per_minute,
    )


def _paced(reason: str, rule: str, count: int, limit: int | None) -> Iterator[Figure]:
    if limit is not None:
        yield Figure(
            reason=reason,
            rule=rule,
            measure=Measure.ORDERS,
            now=Decimal(count),
            after=Decimal(count + 1),
            limit=Decimal(limit),
            breaks=count >= limit,
            text="",
        )


def _are_identical(one: Holding, other: Holding) -> bool:
    return (one.symbol, one.side, one.volume) == (other.symbol, other.side, other.volume)


def _at_risk(picture: Picture, held: Holding) -> Decimal | None:
    """Return what is lost at the stop, in account currency; None: no stop, or nobody can say."""
    symbol, price = picture.symbols.get(held.symbol), _price(picture, held)
    if symbol is None or price is None or held.stop_loss is None:
        return None
    loss = loss_per_lot(symbol, price, held.stop_loss)
    return None if loss is None else _cents(loss * held.volume, ROUND_CEILING)


def _notional(picture: Picture, held: Holding) -> Decimal:
    symbol, price = picture.symbols.get(held.symbol), _price(picture, held)
    if symbol is None or price is None:
        return _ZERO
    # All that it would lose if its price went to nothing.
    worth = loss_per_lot(symbol, price, _ZERO)
    return _ZERO if worth is None else worth * held.volume


def _price(picture: Picture, held: Holding) -> Decimal | None:
    """Return where it stands; what has no price of its own, where the market is."""
    quote = picture.quotes.get(held.symbol)
    if held.price is not None or quote is None:
        return held.price
    return quote.ask if held.side == "buy" else quote.bid


def _margin(picture: Picture, held: Holding) -> Decimal:
    symbol = picture.symbols.get(held.symbol)
    return _ZERO if symbol is None else symbol.margin_per_lot * held.volume


def _figure(prospect: guard.Prospect) -> Figure:
    measure = Measure(prospect.measure)
    # What is shown is never better than what is.
    worse = ROUND_FLOOR if measure is Measure.MARGIN_LEVEL else ROUND_CEILING

    def shown(value: Decimal | None, rounding: str) -> Decimal | None:
        if value is None or measure not in _ROUNDED:
            return value
        # What was gained is no loss.
        return _cents(max(value, _ZERO), rounding)

    return Figure(
        reason=prospect.reason,
        rule=prospect.rule,
        measure=measure,
        now=shown(prospect.now, worse),
        after=shown(prospect.after, worse),
        limit=shown(prospect.limit, ROUND_FLOOR),
        breaks=prospect.is_breach,
        text=prospect.detail,
    )


def _cents(value: Decimal, rounding: str) -> Decimal:
    return value.quantize(_CENT, rounding, _WIDE)
