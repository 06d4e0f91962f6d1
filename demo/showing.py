"""What the account's owner can look at afterwards: a chart as a file, and statistics."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.people import INSTRUMENT
from demo.processes import wait_until
from demo.rest import Refused, Rest

_PATIENCE_SECONDS = 20.0
_FIGURES = ("trades", "netProfit", "winRatePercent", "profitFactor", "balance")


@dataclass(frozen=True, slots=True)
class Showing:
    """Asks over REST, as a page of the owner's would."""

    rest: Rest
    account_id: str
    folder: Path
    say: Callable[[str], None]

    def show(self, owner_token: str) -> None:
        """Put a chart into the folder, and say what trading came to so far."""
        self._draw(owner_token)
        self._count(owner_token)

    def _draw(self, token: str) -> None:
        pictures: list[bytes] = []

        def is_drawn() -> bool:
            try:
                pictures.append(
                    self.rest.picture(
                        "/api/v1/charts/prices",
                        token=token,
                        account_id=self.account_id,
                        symbol=INSTRUMENT,
                        timeframe="TIMEFRAME_M1",
                        bars="120",
                        **{"prices.averages": "exponential:20", "look.theme": "dark"},
                    )
                )
            except Refused as refused:
                if refused.reason != "BARS_MISSING":
                    raise
            return bool(pictures)

        wait_until(is_drawn, _PATIENCE_SECONDS, "the bridge tells bars and they are drawn")
        file = self.folder / "chart.png"
        file.write_bytes(pictures[0])
        self.say(f"Its chart, with what was signalled, approved and filled: {file}")

    def _count(self, token: str) -> None:
        found: list[dict[str, Any]] = []

        def is_counted() -> bool:
            answer = self.rest.call(
                "GET", "/api/v1/statistics", token=token, accountId=self.account_id
            )
            found[:] = answer.get("statistics", [])
            return bool(found) and bool(found[0]["complete"])

        wait_until(is_counted, _PATIENCE_SECONDS, "the deals are counted")
        self.say("What trading came to (countersign stats shows all of it):")
        for name in _FIGURES:
            self.say(f"  {name:16} {found[0][name] if found[0][name] != '' else '-'}")
        trades = self.rest.call("GET", "/api/v1/trades", token=token, pageSize="1")["trades"]
        for name in ("delayOfPerson", "delayOfPlatform", "delayOfBroker"):
            self.say(f"  {name:16} {trades[0].get(name, '-')}")
