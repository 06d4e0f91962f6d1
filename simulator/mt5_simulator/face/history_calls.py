"""The functions about past prices. They answer with numpy arrays whose columns have names."""

from typing import TYPE_CHECKING, Any

from mt5_simulator.face import arguments as check
from mt5_simulator.face.built_in import Keywords
from mt5_simulator.face.exporting import (
    Arguments,
    exported,
    positional,
    session,
    symbol_name,
)

if TYPE_CHECKING:
    # numpy costs more than all the rest to import, and most programs never ask for prices.
    import numpy as np
    from numpy.typing import NDArray

RATE_COLUMNS = [
    ("time", "<i8"),
    ("open", "<f8"),
    ("high", "<f8"),
    ("low", "<f8"),
    ("close", "<f8"),
    ("tick_volume", "<u8"),
    ("spread", "<i4"),
    ("real_volume", "<u8"),
]

TICK_COLUMNS = [
    ("time", "<i8"),
    ("bid", "<f8"),
    ("ask", "<f8"),
    ("last", "<f8"),
    ("volume", "<u8"),
    ("time_msc", "<i8"),
    ("flags", "<u4"),
    ("volume_real", "<f8"),
]


@exported
def copy_rates_from(arguments: Arguments, keywords: Keywords) -> "NDArray[np.void] | None":
    symbol, frame, since, count = positional("copy_rates_from", arguments, keywords, 4)
    details: dict[str, Any] = {"timeframe": check.c_int(frame), "count": check.c_int(count)}
    details |= {"symbol": symbol_name(symbol), "from": check.moment(since)}
    return _array("copy_rates_from", details, RATE_COLUMNS)


@exported
def copy_rates_from_pos(arguments: Arguments, keywords: Keywords) -> "NDArray[np.void] | None":
    symbol, frame, start, count = positional("copy_rates_from_pos", arguments, keywords, 4)
    details: dict[str, Any] = {
        name: check.c_int(value)
        for name, value in (("timeframe", frame), ("start", start), ("count", count))
    }
    details["symbol"] = symbol_name(symbol)
    return _array("copy_rates_from_pos", details, RATE_COLUMNS)


@exported
def copy_rates_range(arguments: Arguments, keywords: Keywords) -> "NDArray[np.void] | None":
    symbol, frame, *ends = positional("copy_rates_range", arguments, keywords, 4)
    details: dict[str, Any] = {"timeframe": check.c_int(frame), "symbol": symbol_name(symbol)}
    details |= check.time_range(tuple(ends))
    return _array("copy_rates_range", details, RATE_COLUMNS)


@exported
def copy_ticks_from(arguments: Arguments, keywords: Keywords) -> "NDArray[np.void] | None":
    symbol, since, count, flags = positional("copy_ticks_from", arguments, keywords, 4)
    details: dict[str, Any] = {"count": check.c_int(count), "flags": check.c_int(flags)}
    details |= {"symbol": symbol_name(symbol), "from": check.moment(since)}
    return _array("copy_ticks_from", details, TICK_COLUMNS)


@exported
def copy_ticks_range(arguments: Arguments, keywords: Keywords) -> "NDArray[np.void] | None":
    symbol, since, until, flags = positional("copy_ticks_range", arguments, keywords, 4)
    details: dict[str, Any] = {"flags": check.c_int(flags), "symbol": symbol_name(symbol)}
    details |= check.time_range((since, until))
    return _array("copy_ticks_range", details, TICK_COLUMNS)


def _array(
    call: str, details: dict[str, Any], columns: list[tuple[str, str]]
) -> "NDArray[np.void] | None":
    answer = session.ask(call, details)
    if answer is None:
        return None
    import numpy as np  # noqa: PLC0415  # see above

    return np.array([tuple(row) for row in answer], dtype=columns)
