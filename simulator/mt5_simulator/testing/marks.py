"""Sets a terminal up the way a test's marks ask for it."""

from decimal import Decimal
from typing import Any

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.codes import MarginMode
from mt5_simulator.broker.prices import Walk
from mt5_simulator.plain import from_plain
from mt5_simulator.simulation import simulate
from mt5_simulator.terminal.faults import Fault, FaultKind
from mt5_simulator.terminal.terminal import Terminal
from mt5_simulator.terminal.weather import STORM, Weather

LOGIN = 1_000_001
DEPOSIT = 10_000


def set_up(options: dict[str, Any]) -> Terminal:
    """Return a terminal for the keywords of the `mt5` mark. Raises TypeError for unknown ones."""
    chosen = dict(options)
    seed = chosen.pop("seed", None)
    deposit = Decimal(str(chosen.pop("deposit", DEPOSIT)))
    mode = MarginMode[chosen.pop("margin_mode", "hedging").upper()]
    terms = Terms(login=chosen.pop("login", LOGIN), margin_mode=mode, **chosen)
    return simulate([terms], deposit=deposit, feed=None if seed is None else Walk(seed))


def let_go_wrong(terminal: Terminal, kind: str, **details: object) -> None:
    """Set the fault an `mt5_fault` mark describes."""
    terminal.set_fault(from_plain(Fault, {"kind": kind, **details}))


def set_weather(terminal: Terminal, seed: int, chances: dict[str, float] | None = None) -> None:
    """Draw faults as an `mt5_weather` mark asks; without chances, those of a storm."""
    drawn = STORM if chances is None else {FaultKind(kind): odds for kind, odds in chances.items()}
    terminal.weather = Weather(seed, drawn)
