"""What holds for all of an owner's accounts together, before an order exists."""

from dataclasses import replace
from decimal import Decimal

import pytest

from countersign_server.accounts.account import OwnerLimits
from countersign_server.approvals.foresight import Figure
from countersign_server.approvals.owner_risk import Share, of_owner
from countersign_server.approvals.risk import share_of
from tests.unit.test_approvals_risk import a_holding, a_picture, a_reading, an_issued, seen

OPENING = Share(
    currency="USD", lots=Decimal("0.1"), positions=1, lost_today=Decimal(0), at_risk=Decimal(44)
)


def a_share(currency: str = "USD", lots: str = "1", lost: str = "0", at_risk: str = "0") -> Share:
    return Share(
        currency=currency,
        lots=Decimal(lots),
        positions=1,
        lost_today=Decimal(lost),
        at_risk=Decimal(at_risk),
    )


def the_figure(limits: OwnerLimits, *shares: Share) -> Figure:
    (figure,) = of_owner(limits, shares, OPENING)
    return figure


@pytest.mark.parametrize(("limit", "breaks"), [("2.1", False), ("2.09", True)])
def test_lots_of_all_accounts_count_whatever_their_currency(limit: str, breaks: bool) -> None:  # noqa: FBT001
    limits = OwnerLimits(max_lots=Decimal(limit))
    figure = the_figure(limits, a_share(), a_share("EUR"))
    assert (figure.now, figure.after, figure.breaks) == (Decimal(2), Decimal("2.1"), breaks)
    assert figure.reason == "OWNER_TOO_MANY_LOTS"


@pytest.mark.parametrize(("limit", "breaks"), [(3, False), (2, True)])
def test_positions_of_all_accounts_count(limit: int, breaks: bool) -> None:  # noqa: FBT001
    figure = the_figure(OwnerLimits(max_positions=limit), a_share(), a_share("EUR"))
    assert (figure.reason, figure.breaks) == ("OWNER_TOO_MANY_POSITIONS", breaks)


@pytest.mark.parametrize(("lost", "breaks"), [("356", False), ("356.01", True)])
def test_losses_of_the_day_count_together_with_every_stop_hit(lost: str, breaks: bool) -> None:  # noqa: FBT001
    limits = OwnerLimits(max_daily_losses={"USD": Decimal(500)})
    shares = (a_share(lost=lost), a_share(at_risk="100"), a_share("EUR", lost="9000"))
    figure = the_figure(limits, *shares)
    assert (figure.reason, figure.breaks) == ("OWNER_WOULD_BREAK_LOSS_LIMIT", breaks)
    assert figure.now == Decimal(lost)


def test_what_one_account_gained_another_may_lose() -> None:
    limits = OwnerLimits(max_daily_losses={"USD": Decimal(50)})
    figure = the_figure(limits, a_share(lost="-100"), a_share(lost="90"))
    assert (figure.now, figure.after, figure.breaks) == (Decimal(0), Decimal(34), False)


def test_a_limit_in_another_currency_holds_nothing() -> None:
    limits = OwnerLimits(max_daily_losses={"EUR": Decimal(1)})
    assert list(of_owner(limits, [a_share(lost="9000")], OPENING)) == []


def test_an_account_s_share_is_what_is_open_what_may_come_and_what_it_made_today() -> None:
    reading = a_reading(
        positions={1: a_holding()},
        balance=Decimal(10_000),
        equity=Decimal(9_900),
        credit=Decimal(50),
    )
    coming = an_issued(may_come=True)
    picture = a_picture(reading=reading, issued=[coming], realised_today=Decimal(-30))
    share = share_of(picture)
    assert share.lots == a_holding().volume + coming.holding.volume
    assert (share.positions, share.lost_today) == (2, Decimal(180))
    assert share.at_risk > 0


def test_what_is_shown_already_is_not_counted_twice() -> None:
    reading = a_reading(positions={1: a_holding()}, magics=frozenset({7}))
    share = share_of(a_picture(reading=reading, issued=[an_issued(may_come=True)]))
    assert share.positions == 1


def test_an_account_never_read_holds_what_may_come_and_no_more() -> None:
    share = share_of(a_picture(reading=None, issued=[an_issued(may_come=True)]))
    assert (share.positions, share.lost_today) == (1, Decimal(0))


def test_an_opening_that_fits_its_account_is_refused_by_what_holds_for_all() -> None:
    limits = OwnerLimits(max_positions=2)
    alone = a_picture(owner_limits=limits)
    assert seen(alone).refusal is None
    beside = replace(alone, beside=[a_share(), a_share()])
    refusal = seen(beside).refusal
    assert refusal is not None
    assert refusal.text == "would break owner max positions: 3 positions after it, at most 2"


def test_what_the_account_itself_holds_counts_with_the_others() -> None:
    limits = OwnerLimits(max_positions=2)
    reading = a_reading(positions={1: a_holding()})
    picture = a_picture(owner_limits=limits, reading=reading, beside=[a_share()])
    refusal = seen(picture).refusal
    assert refusal is not None
    assert (refusal.reason, refusal.now) == ("OWNER_TOO_MANY_POSITIONS", Decimal(2))
