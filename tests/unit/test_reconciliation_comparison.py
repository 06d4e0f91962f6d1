"""How a terminal differs from our book, and how every difference ends."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st

from countersign_server.reconciliation.bookkeeping import Opening, PositionDeal, bookings
from countersign_server.reconciliation.comparison import Book, Booked, ForeignDeal, compare
from countersign_server.reconciliation.divergence import (
    DEFAULT_POLICY,
    Action,
    Difference,
    Divergence,
    Kind,
    Policy,
    State,
)
from countersign_server.reconciliation.position import Held
from countersign_server.reconciliation.settlement import CLOSE_WITHIN, Look, resolved, settle
from countersign_server.reconciliation.statement import Statement, Sums
from countersign_server.reconciliation.symbol_names import SymbolNames
from tests.fixtures.clock import START
from tests.fixtures.reconciliation import a_held_position, a_trade

D = Decimal
PIP = D("0.0001")
LATER = START + timedelta(seconds=10)
ACCOUNT, OWNER = UUID(int=7), UUID(int=8)


def booked(number: int = 1, **fields: Any) -> Booked:
    """A trade of position 1, with a stop, that was opened where its signal said."""
    facts: dict[str, Any] = {
        "signal_price": D("1.1"),
        "stop_loss": D("1.09"),
        "take_profit": None,
        "foreign": (),
        "changed_at": START,
    }
    own = {name: fields.pop(name) for name in list(fields) if name in facts}
    return Booked(trade=a_trade(number, **{"position_id": number, **fields}), **{**facts, **own})


def held(identifier: int = 1, **fields: Any) -> Held:
    return a_held_position(identifier, **{"stop_loss": D("1.09"), **fields})


def by_others(ticket: int, signed: str, **fields: Any) -> ForeignDeal:
    facts: dict[str, Any] = {
        "ticket": ticket,
        "position_id": 1,
        "magic": 0,
        "entry": "out",
        "reason": 4,
        "symbol": "EURUSD",
        "signed": D(signed),
        "price": D("1.09"),
        "seen_at": START,
    }
    return ForeignDeal(**{**facts, **fields})


def seen(
    trades: Sequence[Booked],
    positions: Sequence[Held],
    *,
    ours: frozenset[int] = frozenset(),
    strays: Sequence[ForeignDeal] = (),
    read_at: datetime = LATER,
) -> Sequence[Difference]:
    book = Book(trades=trades, over={}, ours=ours, strays=strays, names=SymbolNames({}))
    return compare(book, positions, read_at).differences


def kinds(differences: Sequence[Difference]) -> list[Kind]:
    return [difference.kind for difference in differences]


def test_what_is_as_it_should_be_makes_no_difference() -> None:
    assert not seen([booked()], [held()])


@pytest.mark.parametrize(
    ("kind", "within", "beyond"),
    [
        (Kind.SLIPPAGE, {"entry_price": D("1.1005")}, {"entry_price": D("1.10051")}),
        (Kind.SLIPPAGE, {"entry_price": D("1.0995")}, {"entry_price": D("1.09949")}),
        (Kind.VOLUME, {"volume": D("1.1")}, {"volume": D("1.11")}),
        (Kind.VOLUME, {"volume": D("0.9")}, {"volume": D("0.89")}),
        (Kind.STOPS, {"stop_loss": D("1.091")}, {"stop_loss": D("1.09101")}),
        (Kind.STOPS, {}, {"stop_loss": None}),
        (Kind.STOPS, {}, {"take_profit": D("1.2")}),
        (Kind.REVERSED, {}, {"side": "sell"}),
    ],
)
def test_a_position_differs_only_beyond_its_tolerance(
    kind: Kind, within: dict[str, Any], beyond: dict[str, Any]
) -> None:
    assert not seen([booked()], [held(**within)])
    assert kinds(seen([booked()], [held(**beyond)])) == [kind]


def test_a_position_that_others_closed_in_part_is_told_with_their_deal() -> None:
    (one,) = seen([booked(foreign=[by_others(9, "-0.4")])], [held(volume=D("0.6"))])
    assert (one.kind, one.deal_ticket) == (Kind.PARTIAL, 9)


def test_a_position_closed_by_the_broker_is_told_with_the_closing_deal() -> None:
    (one,) = seen([booked(foreign=[by_others(8, "-0.4"), by_others(9, "-0.6")])], [])
    assert (one.kind, one.deal_ticket, one.actual["reason"]) == (
        Kind.CLOSED_BY_BROKER,
        9,
        "STOP_LOSS",
    )


@pytest.mark.parametrize("foreign", [[], [by_others(9, "-0.4")]])
def test_a_position_that_is_gone_without_a_deal_that_closes_it_is_an_orphan(
    foreign: list[ForeignDeal],
) -> None:
    assert kinds(seen([booked(foreign=foreign)], [])) == [Kind.ORPHAN]


def test_what_none_of_our_commands_opened_is_manual() -> None:
    assert kinds(seen([], [held(5), held(6, magic=77)], ours=frozenset({77}))) == [Kind.MANUAL]


def test_a_deal_of_no_position_is_unknown() -> None:
    (one,) = seen([], [], strays=[by_others(9, "1", entry="in")])
    assert (one.kind, one.deal_ticket) == (Kind.UNKNOWN_DEAL, 9)


def test_a_terminal_read_before_the_book_changed_tells_nothing_of_the_change() -> None:
    strays = [by_others(9, "1", seen_at=LATER)]
    changed = booked(changed_at=LATER)
    assert not seen([changed], [], strays=strays)
    assert not seen([changed], [held(volume=D(9))], strays=strays)
    over = {UUID(int=2): LATER, UUID(int=3): START}
    book = Book(trades=[changed], over=over, ours=set(), strays=strays, names=SymbolNames({}))
    assert compare(book, [], LATER).untold == {UUID(int=1), UUID(int=2), 9}


def test_the_next_deal_of_others_is_another_difference_and_a_restart_is_none() -> None:
    first = seen([booked(foreign=[by_others(9, "-0.4")])], [held(volume=D("0.6"))])
    again = seen([booked(foreign=[by_others(9, "-0.4")])], [held(volume=D("0.6"))])
    second = seen(
        [booked(foreign=[by_others(9, "-0.4"), by_others(10, "-0.3")])], [held(volume=D("0.3"))]
    )
    ids = [one[0].id_for(ACCOUNT) for one in (first, again, second)]
    assert ids[0] == ids[1] != ids[2]
    assert first[0].id_for(ACCOUNT) != first[0].id_for(OWNER)


# How they end.


def look(number: int, *held: int) -> Look:
    at = START + number * timedelta(seconds=10)
    return Look(ACCOUNT, OWNER, stored_at=at, now=at, held=frozenset(held))


class Keeping:
    """Divergences as they are kept, from one comparison to the next."""

    def __init__(self, policy: Policy = DEFAULT_POLICY) -> None:
        self.policy = policy
        self.kept: dict[UUID, Divergence] = {}
        self.looks = 0

    def see(self, *differences: Difference, same_snapshot: bool = False) -> list[Divergence]:
        self.looks += not same_snapshot
        changed = settle(look(self.looks), differences, self.kept, self.policy)
        self.kept |= {one.id: one for one in changed}
        return changed


def a_difference(kind: Kind = Kind.ORPHAN, subject: str = "x", volume: int = 1) -> Difference:
    return Difference(kind=kind, subject=subject, expected={}, actual={"volume": volume})


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Action.ADOPT, State.ADOPTED),
        (Action.IGNORE, State.IGNORED),
        (Action.ESCALATE, State.ESCALATED),
    ],
)
def test_every_kind_ends_as_its_policy_says_within_two_looks(
    kind: Kind, action: Action, state: State
) -> None:
    keeping = Keeping({**DEFAULT_POLICY, kind: action})
    (begun,) = keeping.see(a_difference(kind))
    assert begun.state is State.OPEN
    (ended,) = keeping.see(a_difference(kind))
    assert (ended.id, ended.state) == (begun.id, state)
    assert (ended.ended_at is not None) is state.is_over
    assert keeping.see(a_difference(kind)) == []


def test_the_same_snapshot_is_no_second_look() -> None:
    keeping = Keeping()
    keeping.see(a_difference())
    assert keeping.see(a_difference(), same_snapshot=True) == []


def test_by_default_nothing_is_closed() -> None:
    assert Action.CLOSE not in DEFAULT_POLICY.values()
    assert set(DEFAULT_POLICY) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "state"), [(Kind.MANUAL, State.CLOSED), (Kind.ORPHAN, State.IGNORED)]
)
def test_what_is_seen_no_more_ends_by_itself(kind: Kind, state: State) -> None:
    keeping = Keeping(dict.fromkeys(Kind, Action.ESCALATE))
    keeping.see(a_difference(kind))
    keeping.see(a_difference(kind))
    (ended,) = keeping.see()
    assert (ended.state, ended.ended_at) == (state, look(3).now)


@pytest.mark.parametrize("about", [{"command_id": UUID(int=1)}, {"deal_ticket": 9}])
def test_what_changed_after_the_terminal_was_read_ends_nothing_by_not_being_seen(
    about: dict[str, Any],
) -> None:
    (begun,) = Keeping().see(replace(a_difference(), **about))
    changed = frozenset(about.values())
    kept = {begun.id: begun}
    assert settle(replace(look(2), untold=changed), [], kept, DEFAULT_POLICY) == []
    assert settle(look(3), [], kept, DEFAULT_POLICY) != []


def being_closed() -> tuple[Difference, Divergence]:
    """A position opened by hand that its owner's policy closes, at the second look."""
    by_hand = replace(a_difference(Kind.MANUAL), position_id=7)
    keeping = Keeping({**DEFAULT_POLICY, Kind.MANUAL: Action.CLOSE})
    keeping.see(by_hand)
    (closing,) = keeping.see(by_hand)
    assert (closing.state, closing.closing_since) == (State.OPEN, look(2).now)
    return by_hand, closing


@pytest.mark.parametrize(
    ("held", "state", "reason"),
    [((), State.CLOSED, "POLICY_CLOSE"), ((7,), State.CLOSED, "CLOSED_AT_TERMINAL")],
)
def test_what_is_being_closed_is_closed_once_its_position_is(
    held: tuple[int, ...], state: State, reason: str
) -> None:
    _, closing = being_closed()
    (ended,) = settle(look(3, *held), [], {closing.id: closing}, DEFAULT_POLICY)
    assert (ended.state, ended.reason, ended.closing_since) == (state, reason, None)
    assert ended.ended_at == look(3).now


def test_what_is_not_closed_two_looks_after_it_was_seen_waits_for_a_person_and_is_closed_on() -> (
    None
):
    by_hand, closing = being_closed()
    (overdue,) = settle(look(3, 7), [by_hand], {closing.id: closing}, DEFAULT_POLICY)
    assert (overdue.state, overdue.reason) == (State.ESCALATED, "CLOSE_OVERDUE")
    assert overdue.closing_since == closing.closing_since
    kept = {overdue.id: overdue}
    (ended,) = settle(look(4), [], kept, DEFAULT_POLICY)
    assert (ended.state, ended.ended_at) == (State.CLOSED, look(4).now)
    by_a_person = resolved(overdue, Action.IGNORE, "leave it", LATER)
    assert (by_a_person.state, by_a_person.closing_since) == (State.IGNORED, None)


def test_no_new_close_is_made_of_what_cannot_be_closed_for_long() -> None:
    by_hand, closing = being_closed()
    kept = {closing.id: settle(look(3, 7), [by_hand], {closing.id: closing}, DEFAULT_POLICY)[0]}
    since = 2 + int(CLOSE_WITHIN.total_seconds()) // 10
    assert settle(look(since - 1, 7), [by_hand], kept, DEFAULT_POLICY) == []
    (given_up,) = settle(look(since, 7), [by_hand], kept, DEFAULT_POLICY)
    assert (given_up.state, given_up.reason) == (State.ESCALATED, "CLOSE_GIVEN_UP")
    assert given_up.closing_since is None
    again = resolved(given_up, Action.CLOSE, "the market is open now", LATER)
    assert (again.state, again.closing_since) == (State.OPEN, LATER)


def test_an_escalated_one_shows_what_the_terminal_shows_now() -> None:
    keeping = Keeping()
    keeping.see(a_difference())
    keeping.see(a_difference())
    (changed,) = keeping.see(a_difference(volume=2))
    assert (changed.state, changed.actual_json) == (State.ESCALATED, '{"volume":2}')


def test_a_persons_word_ends_it() -> None:
    (begun,) = Keeping().see(a_difference())
    ended = resolved(begun, Action.IGNORE, "known", LATER)
    assert (ended.state, ended.reason, ended.ended_at) == (State.IGNORED, "known", LATER)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sets(st.integers(0, 4)), min_size=1, max_size=8), st.randoms())
def test_whatever_is_seen_the_looks_converge(looks: list[set[int]], chance: random.Random) -> None:
    """Two cycles after it was seen, nothing is open and nothing changes any more."""
    keeping = Keeping({kind: chance.choice(list(Action)) for kind in Kind})
    for subjects in [*looks, looks[-1], looks[-1]]:
        keeping.see(*(a_difference(subject=str(one)) for one in sorted(subjects)))
    assert State.OPEN not in {one.state for one in keeping.kept.values()}
    assert keeping.see(*(a_difference(subject=str(one)) for one in looks[-1])) == []


# What our book says.


def opening(number: int = 1, **fields: Any) -> Opening:
    one = Opening(
        command_id=UUID(int=number),
        magics=(number,),
        position_id=1,
        symbol="EURUSD",
        side="buy",
        volume=D(1),
        filled_volume=D(1),
        average_price=D("1.1"),
        signal_price=D("1.1"),
        stop_loss=None,
        take_profit=None,
        adopted_deal=0,
        changed_at=START,
    )
    return replace(one, **fields)


def ours(ticket: int, signed: str, number: int = 1) -> PositionDeal:
    return PositionDeal(UUID(int=number), by_others(ticket, signed, entry="in"))


def theirs(ticket: int, signed: str) -> PositionDeal:
    return PositionDeal(None, by_others(ticket, signed))


def one_pip(_symbol: str, _price: Decimal) -> Decimal:
    return PIP


def in_book(openings: list[Opening], *deals: PositionDeal) -> list[tuple[str, Decimal]]:
    found = bookings(openings, deals, one_pip)
    return [(one.trade.side, one.trade.volume) for one in found.trades]


def test_our_own_deals_open_and_close_and_those_of_others_do_not_until_adopted() -> None:
    deals = [ours(1, "1"), theirs(2, "-0.4"), ours(3, "-0.1", number=9)]
    assert in_book([opening()], *deals) == [("buy", D("0.9"))]
    assert in_book([opening(adopted_deal=2)], *deals) == [("buy", D("0.5"))]


def test_a_trade_that_our_deals_close_is_over() -> None:
    found = bookings([opening()], [ours(1, "1"), ours(2, "-1")], one_pip)
    assert found.trades == []
    assert found.over == {UUID(int=1): START}


def test_several_openings_of_one_netting_position_are_one_trade() -> None:
    more = opening(2, filled_volume=D(3), average_price=D("1.2"))
    found = bookings([more, opening()], [ours(1, "1"), ours(2, "3", number=2)], one_pip)
    (one,) = found.trades
    assert (one.trade.command_id, one.trade.volume) == (UUID(int=1), D(4))
    assert (one.trade.entry_price, one.trade.magics) == (D("1.175"), (1, 2))
    assert one.signal_price is None


def test_a_reversal_that_was_adopted_turns_the_trade() -> None:
    deals = [ours(1, "1"), theirs(2, "-3")]
    assert in_book([opening(adopted_deal=2)], *deals) == [("sell", D(2))]


def test_what_a_bridge_says_is_done_is_in_the_book_before_its_deals_come() -> None:
    assert in_book([opening(filled_volume=D(0), position_id=0)]) == [("buy", D(1))]


# The statement.


def test_deals_that_add_up_to_the_balance_are_looked_at_once_a_day() -> None:
    both = Sums(D(10_000), D(500))
    statement = Statement(None, START).compared(deals=both, shown=both, now=START)
    assert (statement.difference, statement.differences()) == (D(0), [])
    assert not statement.is_due(START + timedelta(hours=23))
    assert statement.is_due(START + timedelta(days=1))


@pytest.mark.parametrize("deals", [Sums(D(9_990), D(500)), Sums(D(10_000), D(490))])
def test_money_without_a_deal_is_a_difference_that_is_looked_at_again(deals: Sums) -> None:
    shown = Sums(D(10_000), D(500))
    statement = Statement(None, START).compared(deals=deals, shown=shown, now=START)
    (one,) = statement.differences()
    assert (one.kind, one.actual["difference"]) == (Kind.STATEMENT, D(-10))
    assert statement.is_due(START)
    again = statement.compared(deals=deals, shown=shown, now=START)
    assert not again.is_due(START)
    assert again.compared(deals=shown, shown=shown, now=LATER).differences() == []


def test_a_bridge_just_installed_has_a_minute_to_tell_its_history() -> None:
    begun = Statement(None, None).begun(START)
    assert not begun.is_due(START + timedelta(seconds=59))
    assert begun.is_due(START + timedelta(minutes=1))
