"""Sets a terminal up the way a test's marks ask for it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.codes import MarginMode
from mt5_simulator.broker.prices import Walk
from mt5_simulator.clock import VirtualClock
from mt5_simulator.plain import from_plain
from mt5_simulator.simulation import simulate
from mt5_simulator.terminal.faults import Fault, FaultKind
from mt5_simulator.terminal.terminal import Terminal
from mt5_simulator.terminal.weather import STORM, Weather

LOGIN = 1_000_001
OPTIONS: Mapping[str, Any] = {"seed": None, "start": None, "deposit": 10_000, "always_open": False}


def set_up(options: dict[str, Any]) -> Terminal:
    """Return a terminal for the keywords of the `mt5` mark. Raises TypeError for unknown ones."""
    _refuse_unknown("mt5", options, {*OPTIONS, *(field.name for field in fields(Terms))})
    chosen: dict[str, Any] = {"login": LOGIN, **options}
    seed, start, deposit, always_open = (chosen.pop(name, OPTIONS[name]) for name in OPTIONS)
    if start is not None and not isinstance(start, datetime):
        raise TypeError(f"start must be a datetime with a time zone, not {start!r}")
    mode = chosen.get("margin_mode")
    if isinstance(mode, str):
        if mode.upper() not in MarginMode.__members__:
            names = ", ".join(mode.lower() for mode in MarginMode.__members__)
            raise ValueError(f"margin_mode must be one of {names}, not {mode!r}")
        chosen["margin_mode"] = MarginMode[mode.upper()]
    return simulate(
        [Terms(**chosen)],
        deposit=deposit,
        clock=None if start is None else VirtualClock(start),
        feed=None if seed is None else Walk(seed),
        always_open=always_open,
    )


def _refuse_unknown(mark: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise TypeError for a name that a mark does not take."""
    for name in given:
        if name not in known:
            raise TypeError(f"@pytest.mark.{mark} takes no {name}, but {', '.join(sorted(known))}")


def let_go_wrong(terminal: Terminal, kind: str, **details: object) -> None:
    """Set the fault an `mt5_fault` mark describes."""
    _refuse_unknown("mt5_fault", details, {field.name for field in fields(Fault)} - {"kind"})
    if kind not in frozenset(FaultKind):
        raise ValueError(f"kind must be one of {', '.join(FaultKind)}, not {kind!r}")
    terminal.set_fault(from_plain(Fault, {"kind": kind, **details}))


def set_weather(terminal: Terminal, seed: int, chances: dict[str, float] | None = None) -> None:
    """Draw faults as an `mt5_weather` mark asks; without chances, those of a storm."""
    drawn = STORM if chances is None else {FaultKind(kind): odds for kind, odds in chances.items()}
    terminal.weather = Weather(seed, drawn)
