"""Statistics as MetaTrader defines them: against its own reports, and against plain arithmetic."""

import itertools
import json
import math
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from countersign_server.analytics.printed import printed
from countersign_server.analytics.streaks import Streak
from countersign_server.analytics.trade_figures import figures_of
from tests.fixtures.histories import deals_of_report, history
from tests.fixtures.real_data import real_files

REPORTS = real_files("reports/*/deals.csv")
# A tester counts them from equity, which deals alone cannot tell.
FROM_EQUITY = {"Recovery Factor", "Sharpe Ratio"}
TEN = ("50", "-20", "-30", "0", "40", "-10", "-10", "25", "-60", "80")


@pytest.mark.parametrize("deals", [*REPORTS, None], ids=lambda path: path and path.parent.name)
def test_every_figure_is_printed_as_metatrader_prints_it(deals: Path | None) -> None:
    if deals is None:
        ours, theirs = printed(figures_of(history("1000", *TEN))), TWIN
    else:
        ours = printed(figures_of(deals_of_report(deals)))
        statistics = json.loads((deals.parent / "stats.json").read_text(encoding="utf-8"))
        theirs = statistics["statistics_as_printed"]
        ours = {label: text for label, text in ours.items() if label not in FROM_EQUITY}
    assert ours == {label: theirs[label] for label in ours}


# By hand from the definitions; with ten trades each can be followed on paper.
TWIN = {
    "Total Net Profit": "65.00",
    "Gross Profit": "195.00",
    "Gross Loss": "-130.00",
    "Profit Factor": "1.50",
    "Expected Payoff": "6.50",
    "Recovery Factor": "1.00",
    "Sharpe Ratio": "0.18",
    "Balance Drawdown Absolute": "15.00",
    "Balance Drawdown Maximal": "65.00 (6.19%)",
    "Balance Drawdown Relative": "6.19% (65.00)",
    "Total Trades": "10",
    "Total Deals": "10",
    "Short Trades (won %)": "5 (60.00%)",
    "Long Trades (won %)": "5 (40.00%)",
    "Profit Trades (% of total)": "5 (50.00%)",
    "Loss Trades (% of total)": "5 (50.00%)",
    "Largest profit trade": "80.00",
    "Largest loss trade": "-60.00",
    "Average profit trade": "39.00",
    "Average loss trade": "-26.00",
    "Maximum consecutive wins ($)": "2 (40.00)",
    "Maximum consecutive losses ($)": "2 (-50.00)",
    "Maximal consecutive profit (count)": "80.00 (1)",
    "Maximal consecutive loss (count)": "-60.00 (1)",
    "Average consecutive wins": "1",
    "Average consecutive losses": "2",
    "AHPR": "1.0071 (0.71%)",
    "GHPR": "1.0063 (0.63%)",
    "LR Correlation": "0.19",
    "LR Standard Error": "26.03",
    "Z-Score": "1.01 (68.75%)",
}


def test_a_trade_that_comes_to_nothing_is_a_win() -> None:
    assert figures_of(history("100", "0", "-1")).outcomes.wins.trades == 1


def test_the_commission_of_an_entry_is_a_loss_of_no_trade() -> None:
    figures = figures_of(history("100", "c0.70", "10", "c0.70", "-5"))
    assert (figures.gross_profit, figures.gross_loss) == (Decimal(10), Decimal("-6.40"))
    assert (figures.average_loss, figures.trades) == (Decimal("-6.40"), 2)


def test_a_payment_moves_the_balance_and_no_statistic() -> None:
    plain = figures_of(history("1000", "10", "-40", "30"))
    paid = figures_of(history("1000", "10", "d500", "-40", "d-700", "30"))
    assert paid.balance == plain.balance - 200
    assert (paid.net_profit, paid.trades, paid.deals) == (plain.net_profit, 3, 3)
    assert paid.drawdown is not None
    assert plain.drawdown is not None
    assert paid.drawdown.maximal.amount == plain.drawdown.maximal.amount
    assert paid.drawdown.absolute == plain.drawdown.absolute


def test_of_two_runs_as_long_the_one_with_more_money_is_the_longest() -> None:
    figures = figures_of(history("1000", "5", "5", "-1", "40", "1", "-1", "2", "2"))
    assert figures.outcomes.wins.longest == Streak(2, Decimal(41))


def test_a_balance_that_ends_below_zero_counts_as_one_for_the_geometric_mean() -> None:
    figures = figures_of(history("100", "50", "-300"))
    assert figures.ghpr == pytest.approx(Decimal("0.1"))  # pyright: ignore[reportUnknownMemberType]


def test_what_has_no_denominator_is_absent_and_not_infinite() -> None:
    only_wins = figures_of(history("100", "5", "5"))
    assert only_wins.profit_factor is None
    assert only_wins.recovery_factor is None
    assert only_wins.z_score is None
    assert only_wins.payoff_ratio is None
    nothing = figures_of(history("100"))
    assert (nothing.expected_payoff, nothing.sharpe, nothing.ghpr, nothing.sqn) == (None,) * 4
    assert nothing.lr_correlation is None


def test_an_account_without_any_trade_is_printed() -> None:
    assert printed(figures_of([]))["Total Net Profit"] == "0.00"


def test_the_quality_of_a_system_is_that_of_its_trades() -> None:
    assert float(figures_of(history("1000", *TEN)).sqn or 0) == pytest.approx(0.4905369335)  # pyright: ignore[reportUnknownMemberType]


amounts = st.lists(st.decimals(-200, 200, places=2), min_size=3, max_size=40)


@given(results=amounts)
def test_sums_kept_deal_by_deal_come_to_what_the_definitions_say(results: list[Decimal]) -> None:
    figures = figures_of(history("100000", *map(str, results)))
    balances = [100_000.0]
    for result in results:
        balances.append(balances[-1] + float(result))
    growths = [after / before for before, after in itertools.pairwise(balances)]
    mean = sum(growths) / len(growths)
    assert float(figures.ahpr or 0) == pytest.approx(mean)  # pyright: ignore[reportUnknownMemberType]
    assert float(figures.lr_standard_error or 0) == pytest.approx(  # pyright: ignore[reportUnknownMemberType]
        standard_error(balances), abs=1e-6
    )
    assert figures.net_profit == sum(results)
    assert figures.outcomes.runs == 1 + sum(
        (before >= 0) != (after >= 0) for before, after in itertools.pairwise(results)
    )


def standard_error(balances: list[float]) -> float:
    n = len(balances)
    mean_x, mean_y = (n - 1) / 2, sum(balances) / n
    spread = sum((x - mean_x) ** 2 for x in range(n))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in enumerate(balances)) / spread
    left = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in enumerate(balances))
    return math.sqrt(left / (n - 2))
