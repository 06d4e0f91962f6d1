"""How far equity fell, and how far signals came: pure rules of readings and of reasons."""

from decimal import Decimal
from uuid import UUID

import pytest

from countersign_server.analytics.equity import EquityPath, Reading
from countersign_server.analytics.funnel import STEPS, Group, funnel_of
from countersign_server.approvals.lifecycle import ApprovalState
from countersign_server.execution.lifecycle import CommandState

TAKEN = {ApprovalState.APPROVED, ApprovalState.REVOKED}


def path(*readings: tuple[str, str, str, str]) -> EquityPath:
    """Readings as balance and equity read, balance counted and paid counted by then."""
    first = Reading(Decimal(readings[0][0]), Decimal(readings[0][1]))
    made = EquityPath.beginning(first, counted=Decimal(readings[0][2]))
    for balance, equity, counted, paid in readings:
        reading = Reading(Decimal(balance), Decimal(equity))
        made = made.after(reading, counted=Decimal(counted), paid=Decimal(paid))
    return made


def maximal(made: EquityPath) -> Decimal:
    assert made.drawdown is not None
    return made.drawdown.maximal.amount


def test_a_position_that_is_closed_is_no_fall_while_its_deal_is_on_its_way() -> None:
    open_position = ("1000", "1050", "1000", "1000")
    closed_and_not_told = ("1050", "1050", "1000", "1000")
    told = ("1050", "1050", "1050", "1000")
    assert maximal(path(open_position, closed_and_not_told, told)) == 0
    gone_with_it = ("1050", "1040", "1050", "1000")
    assert maximal(path(open_position, closed_and_not_told, told, gone_with_it)) == 10


def test_a_deposit_lifts_the_peak_along_and_a_withdrawal_is_no_fall() -> None:
    before, after = ("1000", "1000", "1000", "1000"), ("1500", "1500", "1500", "1500")
    assert maximal(path(before, after, before)) == 0
    assert maximal(path(before, after, ("1500", "1450", "1500", "1500"))) == 50


def test_what_no_deal_explains_for_longer_counts_as_paid_in() -> None:
    begun = ("1000", "1000", "0", "0")
    unexplained = ("1200", "1200", "0", "0")
    made = path(begun, unexplained, unexplained, ("1200", "1150", "0", "0"))
    assert maximal(made) == 50
    assert made.drawdown is not None
    assert made.drawdown.absolute == 50


def a_group(approval: str, command: str = "", reason: str = "") -> Group:
    return Group(approval, "", command, reason, 1, UUID(int=7))


@pytest.mark.parametrize("state", [state for state in ApprovalState if state not in TAKEN])
def test_a_signal_that_was_not_approved_has_a_reason(state: ApprovalState) -> None:
    funnel = funnel_of([a_group(state)])
    (miss,) = funnel.misses
    assert miss.reason
    assert funnel.reached["approved"] == 0


@pytest.mark.parametrize("state", list(CommandState))
def test_an_approved_signal_was_filled_or_has_a_reason(state: CommandState) -> None:
    funnel = funnel_of([a_group("approved", state, "MARKET_CLOSED")])
    was_filled = state in (CommandState.EXECUTED, CommandState.PARTIAL)
    assert funnel.reached["filled"] == was_filled
    assert [miss.step for miss in funnel.misses] == (
        [] if was_filled else [next(s for s in reversed(STEPS) if funnel.reached[s])]
    )
    told_by_itself = state in (CommandState.REJECTED, CommandState.NOT_SENT)
    assert all((m.reason == "MARKET_CLOSED") == told_by_itself for m in funnel.misses)


def test_misses_for_the_same_reason_are_one_and_the_most_frequent_comes_first() -> None:
    funnel = funnel_of(
        [a_group("expired"), a_group("rejected"), a_group("approved", "in-doubt")] * 2
        + [a_group("rejected")]
    )
    assert [(miss.reason, miss.count) for miss in funnel.misses] == [
        *[("REJECTED_BY_OWNER", 3), ("NOT_DECIDED_IN_TIME", 2), ("IN_DOUBT", 2)],
    ]
    assert funnel.reached == {"delivered": 7, "asked": 7, "approved": 2, "granted": 2, "filled": 0}
