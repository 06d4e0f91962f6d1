"""`python -m demo.crash`: let the price crash while the demo runs, and see the guard close.

A position without a stop is opened at the terminal by another hand, as a person with a phone would;
then the price falls until more than a fifth of the account is lost, and goes on trembling there.
"""

import json
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from demo.people import ACCOUNT, INSTRUMENT
from demo.settings import DemoSettings

_LOTS = Decimal(1)
_LOST = Decimal("0.25")  # of the balance
_STEPS = 20
_STEP_SECONDS = 0.25
_TREMBLE_SECONDS = 30.0
_PIP = Decimal("0.0001")
_CONTRACT = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Terminal:
    """The demo's simulated terminal, reached as its own command reaches it."""

    address: str

    def ask(self, operation: str, **details: object) -> Any:  # noqa: ANN401  # whatever it answers
        from mt5_simulator.served.address import parsed_address  # noqa: PLC0415  # as the demo's other parts
        from mt5_simulator.served.client import control  # noqa: PLC0415  # as above

        return control(parsed_address(self.address), operation, dict(details))

    def account(self) -> dict[str, Any]:
        return dict(self.ask("truth")["accounts"][ACCOUNT["login"]])

    def price(self) -> tuple[Decimal, Decimal]:
        quote = self.ask("truth")["quotes"][INSTRUMENT]
        return Decimal(str(quote["bid"])), Decimal(str(quote["ask"]))

    def set_price(self, bid: Decimal) -> None:
        self.ask("price", symbol=INSTRUMENT, bid=str(bid), ask=str(bid + _PIP))


def main() -> int:
    """Crash the price, let it tremble, and let it go on; return 1 if no demo runs."""
    facts = DemoSettings().directory / "demo.json"
    if not facts.exists() or "addresses" not in (known := json.loads(facts.read_text())):
        print(f"no demo runs here: {facts} tells of none; start `make demo`", file=sys.stderr)  # noqa: T201  # a command
        return 1
    terminal = Terminal(known["addresses"]["terminal"])
    try:
        _crash(terminal)
    except OSError as error:
        print(f"the demo's terminal cannot be reached: {error}; is it running?", file=sys.stderr)  # noqa: T201  # a command
        return 1
    return 0


def _crash(terminal: Terminal) -> None:
    bid, ask = terminal.price()
    balance = terminal.account()["balance"]
    request = {"symbol": INSTRUMENT, "volume": str(_LOTS), "type": 0, "price": str(ask)}
    terminal.ask("send", request=request)
    _say(f"opened {_LOTS} lot of {INSTRUMENT} by hand at {ask}, without a stop")
    bottom = bid - (Decimal(balance) * _LOST / (_LOTS * _CONTRACT)).quantize(_PIP)
    for step in range(1, _STEPS + 1):
        terminal.set_price(bid + (bottom - bid) * step / _STEPS)
        time.sleep(_STEP_SECONDS)
    _say(f"the price fell from {bid} to {bottom}; see: countersign guards watch")
    ends = time.monotonic() + _TREMBLE_SECONDS
    while time.monotonic() < ends:
        for pips in (1, -1):
            terminal.set_price(bottom + pips * _PIP)
            time.sleep(_STEP_SECONDS)
    terminal.ask("price", symbol=INSTRUMENT, resume=True)
    held = len(terminal.account()["positions"])
    _say(f"the price goes on by itself; {held} position(s) are open at the broker")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # a command


if __name__ == "__main__":
    sys.exit(main())
