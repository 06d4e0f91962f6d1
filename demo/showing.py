"""What the account's owner can look at afterwards: a chart as a file, and statistics."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.people import INSTRUMENT
from demo.processes import wait_until
from demo.rest import Refused, Rest

_PATIENCE_SECONDS = 20.0
# What it is called for people, and in the answer.
_FIGURES = (
    ("balance", "balance"),
    ("net profit", "netProfit"),
    ("trades closed", "trades"),
    ("won %", "winRatePercent"),
    ("profit factor", "profitFactor"),
)
_DELAYS = (("owner", "Person"), ("platform", "Platform"), ("broker", "Broker"))


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
        self._report(owner_token)

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
        self.say("What trading came to, and who took how long and cost what:")
        for title, name in _FIGURES:
            self.say(f"  {title:16} {found[0][name] if found[0][name] != '' else '-'}")
        (trade,) = self.rest.call("GET", "/api/v1/trades", token=token, pageSize="1")["trades"]
        for title, name in _DELAYS:
            cost = trade[f"slippageOf{name}"] or "unknown"
            self.say(f"  {title:16} {trade.get(f'delayOf{name}', '-'):16} worse by {cost}")

    def _report(self, token: str) -> None:
        page = self.rest.picture(
            "/api/v1/charts/report",
            token=token,
            account_id=self.account_id,
            format="REPORT_FORMAT_PDF",
        )
        file = self.folder / "report.pdf"
        file.write_bytes(page)
        self.say(f"The same on one page: {file}")
