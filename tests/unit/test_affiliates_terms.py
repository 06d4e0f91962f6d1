"""What is earned on a closed trade, and on which not; how money moves, and how payouts go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from countersign_server.affiliate_errors import (
    BalanceTooLow,
    PayoutsExhausted,
    PayoutTooSmall,
    ReferralTooLate,
    SelfReferral,
)
from countersign_server.affiliates.bank_details import (
    BankDetails,
    check_bank_details,
    from_plain_text,
    plain_text,
)
from countersign_server.affiliates.closed_trade import ClosedTrade, PositionDeal, closed_by
from countersign_server.affiliates.commission import (
    Circumstances,
    Commission,
    Nothing,
    commission_on,
    month_of,
)
from countersign_server.affiliates.ledger import Owing, is_balanced
from countersign_server.affiliates.payout import (
    TRANSITIONS,
    UNDER_WAY_MAX,
    Payout,
    PayoutEvent,
    PayoutState,
    check_request,
    end_entry,
    moved_on,
    request_entry,
)
from countersign_server.affiliates.program import (
    Basis,
    Measure,
    Program,
    Tier,
    check_tiers,
    next_tier,
    rate_at,
)
from countersign_server.affiliates.referral import Person, check_referral, link_of, new_token
from countersign_server.errors import IllegalTransition, Invalid

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TIERS = (Tier(Decimal(0), Decimal("0.2")), Tier(Decimal(10), Decimal("0.3")))
PROGRAM = Program(
    id=UUID(int=9),
    currency="USD",
    basis=Basis.BROKER_COMMISSION,
    measure=Measure.MONTHLY_LOTS,
    tiers=TIERS,
    minimum_payout=Decimal(50),
    earning_days=0,
    closed=False,
    created_at=NOW,
)
TRADE = ClosedTrade(Decimal(2), Decimal(14), Decimal(86))
AROUND = Circumstances(
    closed_at=NOW,
    referred_at=NOW - timedelta(days=40),
    is_demo=False,
    is_affiliates=False,
    affiliate_disabled=False,
    program=PROGRAM,
    measured=Decimal(0),
)
PAYOUT = Payout(
    id=UUID(int=1),
    owner_id=UUID(int=2),
    request_id=UUID(int=3),
    content_digest=b"",
    amount=Decimal(60),
    currency="USD",
    state=PayoutState.REQUESTED,
    bank_details_sealed=b"",
    bank_account_hint="…3000",
    created_at=NOW,
    updated_at=NOW,
)


def a_deal(ticket: int, entry: str, volume: str, **changes: Any) -> PositionDeal:
    deal = PositionDeal(
        ticket=ticket,
        type=0,
        entry=entry,
        volume=Decimal(volume),
        profit=Decimal(0),
        commission=Decimal(0),
        swap=Decimal(0),
        fee=Decimal(0),
    )
    return replace(deal, **{name: Decimal(value) for name, value in changes.items()})


def earned(trade: ClosedTrade | None = TRADE, **changes: Any) -> str:
    """Return the amount, or why there is none."""
    match commission_on(trade, replace(AROUND, **changes)):
        case Commission(amount=amount):
            return str(amount.normalize())
        case Nothing(reason=reason):
            return reason


def test_an_end_bears_its_own_costs_and_its_share_of_those_of_the_opening() -> None:
    deals = [
        a_deal(1, "in", "2", commission="-7", fee="-1"),
        a_deal(2, "out", "0.5", commission="-1", profit="30", swap="-2"),
        a_deal(3, "out", "1.5", commission="-3", profit="-10"),
    ]

    assert closed_by(2, deals) == ClosedTrade(Decimal("0.5"), Decimal(3), Decimal(25))
    assert closed_by(3, deals) == ClosedTrade(Decimal("1.5"), Decimal(9), Decimal(-19))


def test_what_turns_a_position_round_closes_only_what_was_open() -> None:
    deals = [
        a_deal(1, "in", "1", commission="-4"),
        a_deal(2, "inout", "3", commission="-6", profit="20"),
        a_deal(3, "out", "2", commission="-2"),
    ]

    assert closed_by(2, deals) == ClosedTrade(Decimal(1), Decimal(6), Decimal(14))
    assert closed_by(3, deals) == ClosedTrade(Decimal(2), Decimal(6), Decimal(-6))


def test_an_opening_and_a_cancelled_deal_close_nothing() -> None:
    opening, ended = a_deal(1, "in", "1"), a_deal(2, "out", "1")

    assert closed_by(1, [opening, ended]) is None
    assert closed_by(2, [opening, replace(ended, type=14)]) is None
    assert closed_by(5, [opening, ended]) is None


def test_an_end_without_its_opening_bears_its_own_costs() -> None:
    assert closed_by(7, [a_deal(7, "out", "1", commission="-3")]) == ClosedTrade(
        Decimal(1), Decimal(3), Decimal(-3)
    )


hundredths = st.integers(1, 10_000).map(lambda number: Decimal(number) / 100)


@given(parts=st.lists(hundredths, min_size=1, max_size=8), charge=hundredths)
def test_a_position_closed_in_parts_bears_its_opening_costs_once(
    parts: list[Decimal], charge: Decimal
) -> None:
    deals = [a_deal(1, "in", str(sum(parts)), commission=str(-charge))]
    deals += [a_deal(number, "out", str(part)) for number, part in enumerate(parts, start=2)]

    ends = [closed_by(deal.ticket, deals) for deal in deals[1:]]

    assert sum(end.cost for end in ends if end) == pytest.approx(charge, rel=Decimal("1e-20"))


def test_the_basis_says_what_a_commission_is_a_part_of() -> None:
    per_lot = replace(PROGRAM, basis=Basis.LOTS, tiers=(Tier(Decimal(0), Decimal("3.5")),))

    assert earned() == "2.8"
    assert earned(program=replace(PROGRAM, basis=Basis.PROFIT)) == "17.2"
    assert earned(program=per_lot) == "7"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"program": None}, "NO_PROGRAM"),
        ({"program": replace(PROGRAM, closed=True)}, "NO_PROGRAM"),
        ({"is_demo": True}, "DEMO_ACCOUNT"),
        ({"is_affiliates": True}, "OWN_ACCOUNT"),
        ({"affiliate_disabled": True}, "AFFILIATE_DISABLED"),
        ({"referred_at": NOW + timedelta(seconds=1)}, "BEFORE_THE_REFERRAL"),
        ({"program": replace(PROGRAM, earning_days=39)}, "EARNING_TIME_OVER"),
        ({"trade": None}, "NOTHING_CLOSED"),
        ({"trade": replace(TRADE, cost=Decimal(0))}, "NOTHING_EARNED"),
        ({"trade": replace(TRADE, cost=Decimal(-5))}, "NOTHING_EARNED"),
        ({"trade": replace(TRADE, cost=Decimal(10) ** 17)}, "AMOUNT_IMPOSSIBLE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_is_earned_where_something_stands_against_it(
    changes: dict[str, Any], reason: str
) -> None:
    assert earned(**changes) == reason


def test_a_trade_earns_until_the_last_day_of_the_earning_time() -> None:
    assert earned(program=replace(PROGRAM, earning_days=40)) == "2.8"


def test_a_loss_earns_no_part_of_a_profit() -> None:
    by_profit = replace(PROGRAM, basis=Basis.PROFIT)

    assert earned(replace(TRADE, profit=Decimal(-86)), program=by_profit) == "NOTHING_EARNED"


def test_a_fraction_that_cannot_be_kept_is_left_with_the_platform() -> None:
    third = replace(PROGRAM, tiers=(Tier(Decimal(0), Decimal("0.333333333")),))

    assert earned(replace(TRADE, cost=Decimal("0.01")), program=third) == "0.003333333"


def test_the_tier_is_that_of_what_came_before_the_trade() -> None:
    assert earned(measured=Decimal("9.99")) == "2.8"
    assert earned(measured=Decimal(10)) == "4.2"
    assert rate_at(TIERS, Decimal(10)) == Decimal("0.3")
    assert next_tier(TIERS, Decimal(0)) == 10
    assert next_tier(TIERS, Decimal(10)) is None


@pytest.mark.parametrize(
    ("basis", "tiers", "field"),
    [
        (Basis.LOTS, [(1, 1)], "program.tiers[0].threshold"),
        (Basis.LOTS, [(0, 1), (5, 2), (5, 3)], "program.tiers[2].threshold"),
        (Basis.PROFIT, [(0, "0.5"), (5, "1.01")], "program.tiers[1].rate"),
        (Basis.LOTS, [(0, 10_001)], "program.tiers[0].rate"),
    ],
)
def test_tiers_that_leave_a_question_are_refused(
    basis: Basis, tiers: list[tuple[Any, Any]], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check_tiers(basis, [Tier(Decimal(one), Decimal(rate)) for one, rate in tiers])

    assert refused.value.field == field


def test_a_month_ends_where_the_next_begins() -> None:
    december = datetime(2025, 12, 31, 23, 59, tzinfo=UTC)

    assert month_of(december) == (
        datetime(2025, 12, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_the_last_month_that_there_is_ends_with_the_last_moment() -> None:
    last = datetime.max.replace(tzinfo=UTC)

    assert month_of(last) == (datetime(9999, 12, 1, tzinfo=UTC), last)
    assert month_of(datetime(9999, 11, 30, tzinfo=UTC))[1] == datetime(9999, 12, 1, tzinfo=UTC)


@given(amount=hundredths)
def test_every_movement_takes_what_it_gives(amount: Decimal) -> None:
    owing = Owing(UUID(int=2), "USD")

    for lines in (
        *(owing.earned(amount), owing.earned(-amount), owing.set_aside(amount)),
        *(owing.given_back(amount), owing.paid(amount)),
    ):
        assert is_balanced(lines)
        assert not is_balanced(lines[:1])
    assert not is_balanced(())


@pytest.mark.parametrize(("state", "event"), [*product(PayoutState, PayoutEvent)])
def test_a_payout_goes_the_ways_of_its_table_and_no_other(
    state: PayoutState, event: PayoutEvent
) -> None:
    payout = replace(PAYOUT, state=state)
    if (state, event) in TRANSITIONS:
        assert moved_on(payout, event, NOW).state is TRANSITIONS[state, event]
        return
    with pytest.raises(IllegalTransition):
        moved_on(payout, event, NOW)


def test_a_payout_sets_money_aside_and_it_leaves_or_comes_back_once() -> None:
    asked = request_entry(PAYOUT, entry_id=UUID(int=5))
    approved = moved_on(PAYOUT, PayoutEvent.APPROVE, NOW)
    paid = end_entry(moved_on(approved, PayoutEvent.PAY, NOW), entry_id=UUID(int=6))
    failed = end_entry(moved_on(approved, PayoutEvent.FAIL, NOW), entry_id=UUID(int=7))

    assert asked.change == (Decimal(-60), "USD")
    assert end_entry(approved, entry_id=UUID(int=8)) is None
    assert paid is not None
    assert paid.change == (Decimal(0), "USD")
    assert failed is not None
    assert failed.change == (Decimal(60), "USD")


def ask_for(amount: str, currency: str = "USD", *, under_way: int = 0) -> None:
    check_request(
        Decimal(amount),
        currency,
        minimum=Decimal(50),
        balance=Decimal(100),
        under_way=under_way,
    )


def test_a_payout_is_neither_too_small_nor_more_than_there_is() -> None:
    ask_for("50")
    ask_for("100")
    with pytest.raises(PayoutTooSmall):
        ask_for("49.99")
    with pytest.raises(BalanceTooLow) as refused:
        ask_for("100.01")
    assert refused.value.facts == {"available": "100"}
    with pytest.raises(PayoutsExhausted):
        ask_for("50", under_way=UNDER_WAY_MAX)


def test_money_is_paid_in_whole_coins() -> None:
    ask_for("60.25")
    ask_for("60", "JPY")
    ask_for("60.125", "KWD")
    for amount, currency in (("60.255", "USD"), ("60.5", "JPY"), ("60.1255", "KWD")):
        with pytest.raises(Invalid, match="whole coins"):
            ask_for(amount, currency)


def test_an_iban_with_a_wrong_or_swapped_character_is_refused() -> None:
    check_bank_details(BankDetails(holder="Ann", iban="DE89370400440532013000"))
    check_bank_details(BankDetails(holder="Ann", number="12345678", bank_code="026009593"))
    for wrong in ("DE89370400440532013001", "DE89370400440523013000", "DE98370400440532013000"):
        with pytest.raises(Invalid) as refused:
            check_bank_details(BankDetails(holder="Ann", iban=wrong))
        assert refused.value.field == "bank_details.iban"


def test_bank_details_come_back_as_they_were_sealed_and_show_four_characters() -> None:
    details = BankDetails(holder="Änn", iban="DE89370400440532013000", bic="COBADEFFXXX")

    assert from_plain_text(plain_text(details)) == details
    assert details.hint == "…3000"


ANN = Person(UUID(int=1), "ann@example.com", NOW - timedelta(days=10))
BOB = Person(UUID(int=2), "bob@example.com", NOW - timedelta(days=10))


def refer(affiliate: Person, referred: Person, *, brought: bool = False, days: int = 30) -> None:
    check_referral(
        affiliate, referred, brought_affiliate=brought, window=timedelta(days=days), now=NOW
    )


def test_nobody_refers_themselves_by_whatever_address() -> None:
    refer(ANN, BOB)
    for same in (
        ANN,
        replace(BOB, email="Ann@example.com"),
        replace(BOB, email="ann+2@EXAMPLE.com"),
    ):
        with pytest.raises(SelfReferral):
            refer(ANN, same)
    with pytest.raises(SelfReferral):
        refer(ANN, BOB, brought=True)


def test_who_brought_somebody_can_be_said_while_it_is_news() -> None:
    refer(ANN, BOB, days=10)
    with pytest.raises(ReferralTooLate):
        refer(ANN, BOB, days=9)


def test_a_link_names_its_affiliate_and_there_is_none_without_a_page() -> None:
    token = new_token(lambda size: bytes(range(size)))

    assert len(token) == 16
    assert token.isalnum()
    assert link_of("https://sign.example.com/join", token).endswith(f"/join?ref={token}")
    assert not link_of("", token)
