"""What the package checks of its arguments before it asks the terminal anything.

Three outcomes: the value passes; the call is refused with `RES_E_INVALID_PARAMS` and a text; or the
number overflows, which the real package turns into a SystemError besides refusing.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from mt5_simulator.face import constants
from mt5_simulator.face.built_in import Keywords

TEXT_UNITS_MAX = 29
"""The longest symbol, comment or group, in UTF-16 units."""

PATH_UNITS_MAX = 259

_WINDOWS_LOCAL_TIME = (86_400, 32_535_215_999)
"""Seconds since 1970 for which Windows can tell local time: a day later, to the year 3000."""


class Refused(Exception):
    """The call ends here: `code` and `text` become the last error."""

    def __init__(self, text: str, code: int = constants.RES_E_INVALID_PARAMS) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Overflowed(Refused):
    """Refused, and the real package forgets to clear the Python error: SystemError."""

    def __init__(self, text: str, cause: Exception) -> None:
        super().__init__(text)
        self.cause = cause


def unsigned(value: object, bits: int, refusal: str) -> int:
    """Return a whole number of at most `bits` bits. numpy's integers are not whole numbers here."""
    if not isinstance(value, int):
        raise Refused(refusal)
    if value < 0:
        raise Overflowed(refusal, OverflowError("can't convert negative int to unsigned"))
    if value >= 1 << bits:
        raise Overflowed(refusal, OverflowError("int too big to convert"))
    return int(value)


def signed(value: object, bits: int, refusal: str) -> int:
    if not isinstance(value, int):
        raise Refused(refusal)
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise Overflowed(refusal, OverflowError("int too big to convert"))
    return int(value)


def number(value: object, refusal: str) -> float:
    """Return a float. A whole number is refused; nan and the infinities pass."""
    if not isinstance(value, float):
        raise Refused(refusal)
    return float(value)


def text(value: object, refusal: str, units_max: int = TEXT_UNITS_MAX) -> str:
    if not isinstance(value, str) or units_of(value) > units_max:
        raise Refused(refusal)
    return str(value)


def units_of(value: str) -> int:
    """Return the length Windows sees: a character outside the basic plane counts twice."""
    return len(value) + sum(character > "\uffff" for character in value)


REQUEST_FIELDS: Mapping[str, Callable[[object, str], object]] = {
    "action": lambda value, refusal: unsigned(value, 32, refusal),
    "magic": lambda value, refusal: unsigned(value, 64, refusal),
    "order": lambda value, refusal: unsigned(value, 64, refusal),
    "symbol": text,
    "volume": number,
    "price": number,
    "stoplimit": number,
    "sl": number,
    "tp": number,
    "deviation": lambda value, refusal: unsigned(value, 64, refusal),
    "type": lambda value, refusal: unsigned(value, 32, refusal),
    "type_filling": lambda value, refusal: unsigned(value, 32, refusal),
    "type_time": lambda value, refusal: unsigned(value, 32, refusal),
    "expiration": lambda value, refusal: signed(value, 64, refusal),
    "comment": text,
    "position": lambda value, refusal: unsigned(value, 64, refusal),
    "position_by": lambda value, refusal: unsigned(value, 64, refusal),
}

_EMPTY_REQUEST: Mapping[str, object] = {
    "symbol": "",
    "comment": "",
    "volume": 0.0,
    "price": 0.0,
    "stoplimit": 0.0,
    "sl": 0.0,
    "tp": 0.0,
}


def request(arguments: tuple[Any, ...], keywords: Keywords) -> dict[str, Any]:
    """Return the 17 fields of a trade request. Unknown keys are dropped and absent ones are zero.

    Raises Refused for the traps of the real one: any keywords, even none at all but passed as
    `**{}`, forbid the positional form.
    """
    if arguments and keywords is not None:
        raise Refused("Unnamed arguments not allowed")
    if keywords is not None:
        given = keywords
    elif len(arguments) == 1:
        given = arguments[0]
    else:
        raise Refused("Invalid number of arguments")
    if not isinstance(given, dict):
        raise Refused("Invalid arguments")
    fields = cast("dict[str, object]", given)
    return {
        name: check(fields[name], f'Invalid "{name}" argument')
        if name in fields
        else _EMPTY_REQUEST.get(name, 0)
        for name, check in REQUEST_FIELDS.items()
    }


def filters(arguments: tuple[Any, ...], keywords: Keywords) -> dict[str, Any]:
    """Return the filters of `positions_get` and `orders_get`. Unknown ones are ignored silently."""
    if arguments:
        raise Refused("Unnamed arguments not allowed")
    return _named_filters(keywords or {}, ("symbol", "group"), ("ticket",))


def history(arguments: tuple[Any, ...], keywords: Keywords) -> dict[str, Any]:
    """Return the range and filters of `history_orders_get` and `history_deals_get`.

    Raises Refused when neither two dates nor a ticket nor a position are given.
    """
    given = keywords or {}
    found = _named_filters(given, ("group",), ("ticket", "position"))
    if arguments:
        return found | time_range(arguments)
    if "ticket" not in found and "position" not in found:
        raise Refused("Invalid arguments")
    return found


def time_range(arguments: tuple[Any, ...], _: Keywords = None) -> dict[str, float]:
    """Return `from` and `to` in seconds, as the terminal counts them. Keywords are ignored."""
    if len(arguments) != 2:  # noqa: PLR2004  # a range has two ends
        raise Refused("Invalid arguments")
    since, until = (moment(value) for value in arguments)
    return {"from": since, "to": until}


def moment(value: object) -> float:
    """Return seconds since 1970 for a datetime, an int or a float; nan and infinities pass.

    An int must fit the C long of Windows. The real package notices that late: it asks the terminal
    first, which is why the error then is the missing connection.
    """
    if isinstance(value, datetime):
        return _seconds(value)
    if isinstance(value, float):
        return float(value)
    if not isinstance(value, int):
        raise Refused("Invalid arguments")
    if not -(1 << 31) <= value < 1 << 31:
        raise LateOverflow
    return float(value)


class LateOverflow(Exception):
    """An int beyond the C long. The terminal is asked all the same, and its answer is lost."""


def _seconds(value: datetime) -> float:
    if value.tzinfo is not None:
        return value.timestamp()
    low, high = _WINDOWS_LOCAL_TIME
    wall = value.replace(tzinfo=UTC).timestamp()
    if not low <= wall <= high:
        raise Overflowed("Invalid arguments", OSError(22, "Invalid argument"))
    return value.timestamp()


def whole_seconds(value: float) -> int | None:
    """Return the second `value` falls in. None when it is no moment at all (nan, infinity)."""
    return math.floor(value) if math.isfinite(value) else None


def _named_filters(
    keywords: Mapping[str, Any], texts: tuple[str, ...], tickets: tuple[str, ...]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in texts:
        if name in keywords:
            # A group is a list of masks and may be longer than one symbol.
            units_max = PATH_UNITS_MAX if name == "group" else TEXT_UNITS_MAX
            found[name] = text(keywords[name], f'Invalid "{name}" argument', units_max)
    for name in tickets:
        if name in keywords:
            found[name] = unsigned(keywords[name], 64, f'Invalid "{name}" argument')
    return found


def connection(
    arguments: tuple[Any, ...], keywords: Keywords, positional: str
) -> dict[str, int | str]:
    """Return what `initialize` and `login` were given. `positional` is the one unnamed argument."""
    given = dict(keywords or {})
    if len(arguments) > 1:
        raise Refused("Invalid number of arguments")
    if arguments:
        unnamed = "Invalid 1st unnamed argument"
        check = _CONNECTION_FIELDS[positional]
        given[positional] = check(arguments[0], unnamed)
    return {
        name: check(given[name], f'Invalid "{name}" argument')
        for name, check in _CONNECTION_FIELDS.items()
        if name in given
    }


_CONNECTION_FIELDS: Mapping[str, Callable[[object, str], int | str]] = {
    "path": lambda value, refusal: text(value, refusal, PATH_UNITS_MAX),
    "password": lambda value, refusal: text(value, refusal, PATH_UNITS_MAX),
    "server": lambda value, refusal: text(value, refusal, PATH_UNITS_MAX),
    "timeout": lambda value, refusal: unsigned(value, 32, refusal),
    "login": lambda value, refusal: unsigned(value, 64, refusal),
}
