"""What the package checks of its arguments before it asks the terminal anything.

Three outcomes: the value passes; the call is refused with `RES_E_INVALID_PARAMS` and a text; or the
number overflows, which the real package turns into a SystemError besides refusing.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, SupportsFloat, SupportsIndex, cast

from mt5_simulator.face import constants
from mt5_simulator.face.built_in import Keywords

TEXT_UNITS_MAX = 29
"""The longest symbol or comment, in UTF-16 units."""

GROUP_UNITS_MAX = 1997
PATH_UNITS_MAX = 257
CREDENTIAL_UNITS_MAX = 253
RANGE_ENDS = 2

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
    given = keywords or {}
    return _tickets(given, "ticket") | _texts(given, "symbol") | _texts(given, "group")


def group(arguments: tuple[Any, ...], keywords: Keywords) -> dict[str, Any]:
    """Return the filter of `symbols_get`, which may go unnamed."""
    if len(arguments) > 1:
        raise Refused("Invalid number of arguments")
    if arguments:
        return {"group": text(arguments[0], "Invalid 1st unnamed argument", GROUP_UNITS_MAX)}
    return _texts(keywords or {}, "group")


def history(arguments: tuple[Any, ...], keywords: Keywords) -> dict[str, Any]:
    """Return the range or filter of `history_orders_get` and `history_deals_get`.

    One way of asking silences the others: beside two dates only a group counts, and beside a ticket
    nothing does. Raises Refused when nothing is asked for.
    """
    given = keywords or {}
    if len(arguments) == RANGE_ENDS:
        return _texts(given, "group") | time_range(arguments)
    wanted = next((name for name in ("ticket", "position") if name in given), None)
    if wanted is None:
        raise Refused("Invalid arguments")
    if arguments:
        raise Refused("Unnamed arguments not allowed")
    return _tickets(given, wanted)


def time_range(arguments: tuple[Any, ...]) -> dict[str, float]:
    """Return `from` and `to` in seconds, as the terminal counts them."""
    if len(arguments) != RANGE_ENDS:
        raise Refused("Invalid arguments")
    ends: list[float] = []
    overflow: LateOverflow | None = None
    for value in arguments:
        if overflow is not None and not isinstance(value, int | float):
            # With one error pending, anything that is not a number cannot be converted any more.
            raise Overflowed("Invalid arguments", TypeError("bad arguments"))
        try:
            ends.append(moment(value))
        except LateOverflow as late:
            overflow = late
    if overflow is not None:
        raise overflow
    return {"from": ends[0], "to": ends[1]}


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


def c_int(value: object) -> int:
    """Return an int of 32 bits, as Python's own parser of C arguments makes one of numpy's too."""
    try:
        whole = operator.index(cast("SupportsIndex", value))
    except TypeError as error:
        raise Overflowed("Invalid arguments", error) from error
    return signed(whole, 32, "Invalid arguments")


def c_mask(value: object) -> int:
    """Return the lowest 32 bits of a Python int; nothing is too large and nothing negative."""
    if not isinstance(value, int):
        raise Overflowed("Invalid arguments", TypeError("an integer is required"))
    return value & 0xFFFF_FFFF


def c_double(value: object) -> float:
    """Return a float of anything that is a number, unlike the fields of a request."""
    if isinstance(value, str | bytes):
        raise Overflowed("Invalid arguments", TypeError("must be real number"))
    try:
        return float(cast("SupportsFloat", value))
    except (TypeError, OverflowError) as error:
        raise Overflowed("Invalid arguments", error) from error


def _texts(keywords: Mapping[str, Any], name: str) -> dict[str, Any]:
    units_max = GROUP_UNITS_MAX if name == "group" else TEXT_UNITS_MAX
    refusal = f'Invalid "{name}" argument'
    return {name: text(keywords[name], refusal, units_max)} if name in keywords else {}


def _tickets(keywords: Mapping[str, Any], name: str) -> dict[str, Any]:
    refusal = f'Invalid "{name}" argument'
    return {name: unsigned(keywords[name], 64, refusal)} if name in keywords else {}


def connection(
    arguments: tuple[Any, ...], keywords: Keywords, *unnamed: str
) -> dict[str, int | str]:
    """Return what `initialize` and `login` were given. `unnamed` may be given without a name."""
    if len(arguments) > len(unnamed):
        raise Refused("Invalid number of arguments")
    found: dict[str, int | str] = {}
    for ordinal, name, value in zip(("1st", "2nd", "3rd"), unnamed, arguments, strict=False):
        found[name] = _CONNECTION_FIELDS[name](value, f"Invalid {ordinal} unnamed argument")
    given = keywords or {}
    for name, check in _CONNECTION_FIELDS.items():
        if name in given:
            found[name] = check(given[name], f'Invalid "{name}" argument')
    return found


# In the order the package checks them.
_CONNECTION_FIELDS: Mapping[str, Callable[[object, str], int | str]] = {
    "path": lambda value, refusal: text(value, refusal, PATH_UNITS_MAX),
    "login": lambda value, refusal: unsigned(value, 64, refusal),
    "server": lambda value, refusal: text(value, refusal, CREDENTIAL_UNITS_MAX),
    "password": lambda value, refusal: text(value, refusal, CREDENTIAL_UNITS_MAX),
    "timeout": lambda value, refusal: unsigned(value, 32, refusal),
}
