"""A signal as options or a file name it: the bytes to be signed, before anything is signed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import uuid4

import typer

from countersign_client.cli.labels import value_of
from countersign_client.cli.moments import read_span
from countersign_client.errors import invalid_value
from countersign_client.signals import (
    cancel_order,
    close_position,
    modify,
    open_position,
    place_order,
)
from countersign_client.wire.countersign import v1

_PAYLOAD_BYTES_MAX = 32_768


class Action(StrEnum):
    """What is to be done."""

    OPEN = "open"
    PLACE = "place"
    MODIFY = "modify"
    CLOSE = "close"
    CANCEL = "cancel"


class SideChoice(StrEnum):
    """The direction."""

    BUY = "buy"
    SELL = "sell"


_MAKERS: Mapping[Action, Callable[..., v1.Signal]] = {
    Action.OPEN: open_position,
    Action.PLACE: place_order,
    Action.MODIFY: modify,
    Action.CLOSE: close_position,
    Action.CANCEL: cancel_order,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """The bytes to be signed, how they are read, and the external id inside."""

    payload: bytes
    format: v1.PayloadFormat
    external_id: str


def drafted(  # noqa: PLR0913  # options, each by name
    *,
    file: Annotated[
        Path | None, typer.Option(help="JSON of a Signal, signed byte for byte as it is.")
    ] = None,
    action: Annotated[Action, typer.Option(help="What is to be done.")] = Action.OPEN,
    instrument: Annotated[str, typer.Option(help="EURUSD.")] = "",
    side: Annotated[SideChoice | None, typer.Option(help="Direction; the position's.")] = None,
    price: Annotated[str, typer.Option(help="open, close: the price the strategy saw.")] = "",
    limit_price: Annotated[str, typer.Option(help="place: at this price or better.")] = "",
    stop_price: Annotated[str, typer.Option(help="place: once it is reached.")] = "",
    stop_loss: Annotated[str, typer.Option(help="Where to give up.")] = "",
    no_stop_loss: Annotated[bool, typer.Option("--no-stop-loss", help="None, on purpose.")] = False,
    take_profit: Annotated[str, typer.Option(help="Where to take the profit.")] = "",
    no_take_profit: Annotated[
        bool, typer.Option("--no-take-profit", help="None, on purpose.")
    ] = False,
    opening: Annotated[
        str, typer.Option(help="modify, close, cancel: external id of what opened.")
    ] = "",
    fraction: Annotated[str, typer.Option(help="close: a part of it, such as 0.5.")] = "",
    strategy_version: Annotated[str, typer.Option(help="The strategy's version.")] = "1",
    external_id: Annotated[
        str, typer.Option(help="Yours; keep it to repeat. Absent: a new one.")
    ] = "",
    expires_in: Annotated[str, typer.Option(help="Such as 5m; absent: the server's 60 s.")] = "",
    good_for: Annotated[str, typer.Option(help="place: such as 2h; absent: till cancelled.")] = "",
    note: Annotated[str, typer.Option(help="Why; shown to the owner.")] = "",
) -> Draft | None:
    """Return the draft that options name; None: they name none. Raises Invalid."""
    if file is not None:
        return _from_file(file)
    if not instrument and side is None:
        return None
    if not instrument or side is None:
        raise invalid_value("--instrument and --side are both needed", field="instrument")
    common: dict[str, Any] = {
        "external_id": external_id or str(uuid4()),
        "instrument": instrument,
        "side": value_of(v1.Side, side),
        "version": strategy_version,
        "note": note,
        "expire_time": _ahead(expires_in, "expires_in"),
    }
    if action in (Action.OPEN, Action.PLACE, Action.MODIFY):
        common["stop_loss"] = _choice(stop_loss, none=no_stop_loss, option="stop-loss")
        common["take_profit"] = _choice(take_profit, none=no_take_profit, option="take-profit")
    if action in (Action.MODIFY, Action.CLOSE, Action.CANCEL):
        common["opening_external_id"] = _needed(opening, "opening")
    own: dict[str, Any] = {}
    if action in (Action.OPEN, Action.CLOSE):
        own["price"] = _needed(price, "price")
    if action is Action.PLACE:
        own |= {
            "limit_price": limit_price or None,
            "stop_price": stop_price or None,
            "good_until_time": _ahead(good_for, "good_for"),
        }
    if action is Action.CLOSE:
        own["fraction"] = fraction or None
    signal = _MAKERS[action](**common, **own)
    return Draft(bytes(signal), v1.PayloadFormat.PROTOBUF, signal.external_id)


def _from_file(path: Path) -> Draft:
    try:
        payload = path.read_bytes()
    except OSError as error:
        raise invalid_value(f"{path} cannot be read: {error.strerror}", field="file") from None
    if len(payload) > _PAYLOAD_BYTES_MAX:
        raise invalid_value(f"{path} has more than {_PAYLOAD_BYTES_MAX} bytes", field="file")
    try:
        content = json.loads(payload)
    except ValueError as error:
        raise invalid_value(f"{path} is not JSON: {error}", field="file") from None
    fields = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    external_id = fields.get("externalId", fields.get("external_id"))
    if not isinstance(external_id, str):
        raise invalid_value(f"{path} must be an object with externalId", field="external_id")
    return Draft(payload, v1.PayloadFormat.JSON, external_id)


def _choice(price: str, *, none: bool, option: str) -> str | None:
    if bool(price) == none:
        raise invalid_value(f"give --{option} PRICE or --no-{option}, one of the two", field=option)
    return price or None


def _needed(text: str, option: str) -> str:
    if not text:
        raise invalid_value(f"--{option} is needed for this action", field=option)
    return text


def _ahead(span: str, field: str) -> datetime | None:
    return datetime.now(UTC) + read_span(span, field=field) if span else None
