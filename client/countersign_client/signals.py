"""The trading ideas a strategy can hand in, put together so that nothing risky is forgotten.

`stop_loss` and `take_profit` have no default: None says in so many words that there is none.
`external_id` is yours: keep it, and a signal that is handed in again counts once.
"""

from datetime import UTC, datetime
from decimal import Decimal

from countersign_client.decimals import canonical
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign.v1 import (
    CancelAction,
    CloseAction,
    ModifyAction,
    OpenAction,
    PlaceAction,
    Side,
    Signal,
    StopChoice,
    TargetChoice,
)

Price = Decimal | str | int


def open_position(  # noqa: PLR0913  # a trading idea has so many parts; all but three by name
    external_id: str,
    instrument: str,
    side: Side,
    *,
    price: Price,
    stop_loss: Price | None,
    take_profit: Price | None,
    version: str,
    expire_time: datetime | None = None,
    note: str = "",
) -> Signal:
    """Return a signal to open at the market.

    `price` is what the strategy saw; drift is measured from it.

    `expire_time`: when it can no longer be approved; None: 60 s after the server received it.
    Raises Invalid.
    """
    signal = _signal(external_id, instrument, side, version, expire_time, note)
    signal.open = OpenAction(
        price=canonical(price, field="price"), stop=_stop(stop_loss), target=_target(take_profit)
    )
    return signal


def place_order(  # noqa: PLR0913  # as above
    external_id: str,
    instrument: str,
    side: Side,
    *,
    limit_price: Price | None = None,
    stop_price: Price | None = None,
    stop_loss: Price | None,
    take_profit: Price | None,
    version: str,
    good_until_time: datetime | None = None,
    expire_time: datetime | None = None,
    note: str = "",
) -> Signal:
    """Return a signal to place a pending order.

    It is entered at `limit_price` or better, or once `stop_price` is reached. `good_until_time`:
    when the order leaves the market unfilled; None: good till cancelled. Raises Invalid.
    """
    action = PlaceAction(stop=_stop(stop_loss), target=_target(take_profit))
    if limit_price is not None and stop_price is None:
        action.limit_price = canonical(limit_price, field="limit_price")
    elif stop_price is not None and limit_price is None:
        action.stop_price = canonical(stop_price, field="stop_price")
    else:
        raise invalid_value("give limit_price or stop_price, one of the two", field="entry")
    if good_until_time is not None:
        action.good_until_time = _utc(good_until_time, "good_until_time")
    signal = _signal(external_id, instrument, side, version, expire_time, note)
    signal.place = action
    return signal


def modify(  # noqa: PLR0913  # as above
    external_id: str,
    instrument: str,
    side: Side,
    *,
    opening_external_id: str,
    stop_loss: Price | None,
    take_profit: Price | None,
    version: str,
    expire_time: datetime | None = None,
    note: str = "",
) -> Signal:
    """Return a signal that states stop and target anew; None removes. `side` is the position's.

    Raises Invalid.
    """
    signal = _signal(external_id, instrument, side, version, expire_time, note)
    signal.modify = ModifyAction(
        opening_external_id=opening_external_id, stop=_stop(stop_loss), target=_target(take_profit)
    )
    return signal


def close_position(  # noqa: PLR0913  # as above
    external_id: str,
    instrument: str,
    side: Side,
    *,
    opening_external_id: str,
    price: Price,
    fraction: Price | None = None,
    version: str,
    expire_time: datetime | None = None,
    note: str = "",
) -> Signal:
    """Return a signal to close what another opened. `side` is the position's. Raises Invalid.

    `fraction`: a part of it above 0 and below 1; None: all of it.
    """
    action = CloseAction(
        opening_external_id=opening_external_id, price=canonical(price, field="price")
    )
    if fraction is None:
        action.everything = True
    else:
        action.fraction = canonical(fraction, field="fraction")
        if not action.fraction.startswith("0."):
            raise invalid_value("fraction must be above 0 and below 1", field="fraction")
    signal = _signal(external_id, instrument, side, version, expire_time, note)
    signal.close = action
    return signal


def cancel_order(  # noqa: PLR0913  # as above
    external_id: str,
    instrument: str,
    side: Side,
    *,
    opening_external_id: str,
    version: str,
    expire_time: datetime | None = None,
    note: str = "",
) -> Signal:
    """Return a signal to remove the pending order that another placed. `side` is the order's.

    Raises Invalid.
    """
    signal = _signal(external_id, instrument, side, version, expire_time, note)
    signal.cancel = CancelAction(opening_external_id=opening_external_id)
    return signal


def _signal(  # noqa: PLR0913, PLR0917  # one place for what all five have in common
    external_id: str,
    instrument: str,
    side: Side,
    version: str,
    expire_time: datetime | None,
    note: str,
) -> Signal:
    if side not in (Side.BUY, Side.SELL):
        raise invalid_value("side must be Side.BUY or Side.SELL", field="side")
    signal = Signal(
        external_id=external_id, instrument=instrument, side=side, version=version, note=note
    )
    if expire_time is not None:
        signal.expire_time = _utc(expire_time, "expire_time")
    return signal


def _stop(price: Price | None) -> StopChoice:
    if price is None:
        return StopChoice(no_stop_loss=True)
    return StopChoice(stop_loss=canonical(price, field="stop_loss"))


def _target(price: Price | None) -> TargetChoice:
    if price is None:
        return TargetChoice(no_take_profit=True)
    return TargetChoice(take_profit=canonical(price, field="take_profit"))


def _utc(moment: datetime, field: str) -> datetime:
    if moment.utcoffset() is None:
        raise invalid_value(
            f"{field} must say its time zone, such as datetime.now(UTC) + timedelta(minutes=5)",
            field=field,
        )
    if moment.astimezone(UTC) <= datetime(1970, 1, 1, tzinfo=UTC):
        raise invalid_value(f"{field} must be after 1970", field=field)
    return moment.astimezone(UTC)
