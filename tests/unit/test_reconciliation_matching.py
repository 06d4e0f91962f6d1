"""Which position is which trade."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from countersign_server.reconciliation.assignment import assign
from countersign_server.reconciliation.matching import Matching, match
from countersign_server.reconciliation.position import Held, Trade
from countersign_server.reconciliation.symbol_names import SymbolNames
from tests.fixtures.reconciliation import a_held_position, a_trade

NAMES = SymbolNames({"EURUSD.r": "EURUSD"})
POINT = Decimal("0.00001")


def paired(matching: Matching) -> list[tuple[int, int]]:
    return [(pair.position.identifier, pair.trade.command_id.int) for pair in matching.pairs]


def are_alike(held: Held, trade: Trade) -> bool:
    return paired(match([held], [trade], NAMES)) != []


@pytest.mark.parametrize(("away", "alike"), [(20, True), (-20, True), (21, False), (-21, False)])
def test_an_entry_within_two_pips_is_the_same(away: int, alike: bool) -> None:  # noqa: FBT001
    held = a_held_position(entry_price=Decimal("1.1") + away * POINT)
    assert are_alike(held, a_trade(entry_price=Decimal("1.1"))) is alike


@pytest.mark.parametrize(
    ("volume", "alike"), [("1.05", True), ("0.95", True), ("1.06", False), ("0.94", False)]
)
def test_a_volume_within_five_percent_is_the_same(volume: str, alike: bool) -> None:  # noqa: FBT001
    held = a_held_position(volume=Decimal(volume))
    assert are_alike(held, a_trade(volume=Decimal(1))) is alike


@pytest.mark.parametrize(
    ("symbol", "alike"),
    [("EURUSD", True), ("eurusd.R", True), ("EURUSD.x", False), ("GBPUSD.r", False)],
)
def test_the_brokers_names_are_read_whatever_their_case_and_suffix(
    symbol: str,
    alike: bool,  # noqa: FBT001
) -> None:
    assert are_alike(a_held_position(symbol=symbol), a_trade(symbol="EURUSD")) is alike


def test_the_suffix_of_a_confirmed_symbol_tells_that_of_the_others() -> None:
    assert NAMES.instrument_of("GBPUSD.R") == "GBPUSD"
    assert NAMES.instrument_of(".r") == ".R"


def test_the_other_direction_is_never_the_same() -> None:
    assert not are_alike(a_held_position(side="sell"), a_trade(side="buy"))


def test_what_names_itself_is_paired_however_unlike_it_looks() -> None:
    """A position that was reversed keeps its identifier; one re-opened keeps its tag."""
    trades = [a_trade(1, position_id=77), a_trade(2, magics=(5, 6))]
    held = [
        a_held_position(77, side="sell", volume=Decimal(9)),
        a_held_position(78, magic=6, entry_price=Decimal(2)),
    ]
    assert paired(match(held, trades, NAMES)) == [(77, 1), (78, 2)]


def test_a_position_goes_by_its_identifier_before_its_tag() -> None:
    trades = [a_trade(1, magics=(5,)), a_trade(2, position_id=77)]
    held = [a_held_position(77, magic=5, volume=Decimal(9))]
    assert paired(match(held, trades, NAMES)) == [(77, 2)]


def test_two_positions_with_one_tag_are_not_both_the_trade() -> None:
    held = [a_held_position(number, magic=5, entry_price=Decimal(number)) for number in (77, 78)]
    matching = match(held, [a_trade(1, magics=(5,))], NAMES)
    assert paired(matching) == [(77, 1)]
    assert [one.identifier for one in matching.positions] == [78]


def test_the_best_assignment_is_taken_and_not_the_first_that_comes() -> None:
    """The nearest pair would leave two alone that could both be paired."""
    held = [a_held_position(1, entry_price=Decimal("1.10005")), a_held_position(2)]
    trades = [
        a_trade(1, entry_price=Decimal("1.10005")),
        a_trade(2, entry_price=Decimal("1.10024")),
    ]
    assert paired(match(held, trades, NAMES)) == [(1, 2), (2, 1)]


def test_equal_positions_are_all_paired_each_once() -> None:
    held = [a_held_position(number) for number in range(1, 2001)]
    trades = [a_trade(number) for number in range(1, 1501)]
    matching = match(held, trades, NAMES)
    assert len(matching.pairs) == 1500
    assert len({pair.position.identifier for pair in matching.pairs}) == 1500
    assert (len(matching.positions), len(matching.trades)) == (500, 0)


near = st.integers(0, 60).map(lambda points: Decimal("1.1") + points * POINT)
volumes = st.sampled_from([Decimal("0.96"), Decimal("1.00"), Decimal("1.04")])


@st.composite
def books(draw: st.DrawFn) -> tuple[list[Held], list[Trade]]:
    """A handful of positions and trades that are much alike."""
    held = [
        a_held_position(number, entry_price=draw(near), volume=draw(volumes))
        for number in range(1, draw(st.integers(1, 7)))
    ]
    trades = [
        a_trade(number, entry_price=draw(near), volume=draw(volumes))
        for number in range(1, draw(st.integers(1, 7)))
    ]
    return held, trades


def cost(held: Held, trade: Trade) -> int | None:
    """How far apart they are, in tolerances; None: not alike."""
    away = abs(held.entry_price - trade.entry_price) / (2 * trade.pip)
    apart = abs(held.volume - trade.volume) / (trade.volume * 5 / 100)
    if away > 1 or apart > 1:
        return None
    return int(away * 1_000_000) + int(apart * 1_000_000)


def best(held: Sequence[Held], trades: Sequence[Trade]) -> tuple[int, int]:
    """Of all assignments there are: the most pairs (negated), then the least cost."""

    @cache
    def rest(at: int, used: int) -> tuple[int, int]:
        if at == len(held):
            return 0, 0
        found = [rest(at + 1, used)]
        for number, trade in enumerate(trades):
            price = cost(held[at], trade)
            if price is not None and not used >> number & 1:
                pairs, total = rest(at + 1, used | 1 << number)
                found.append((pairs - 1, total + price))
        return min(found)

    return rest(0, 0)


@settings(max_examples=400, deadline=None)
@given(books())
def test_no_other_assignment_pairs_more_or_costs_less(
    both: tuple[list[Held], list[Trade]],
) -> None:
    matching = match(*both, NAMES)
    costs = [cost(pair.position, pair.trade) for pair in matching.pairs]
    assert None not in costs
    assert (-len(costs), sum(filter(None, costs))) == best(*both)


@settings(max_examples=100, deadline=None)
@given(books(), st.randoms(use_true_random=False))
def test_the_order_of_the_books_changes_nothing(
    both: tuple[list[Held], list[Trade]], chance: Random
) -> None:
    held, trades = list(both[0]), list(both[1])
    before = match(held, trades, NAMES)
    chance.shuffle(held)
    chance.shuffle(trades)
    assert match(held, trades, NAMES) == before


@settings(max_examples=200, deadline=None)
@given(books())
def test_each_side_is_told_once(both: tuple[list[Held], list[Trade]]) -> None:
    held, trades = both
    matching = match(held, trades, NAMES)
    shown = [pair.position for pair in matching.pairs] + list(matching.positions)
    booked = [pair.trade for pair in matching.pairs] + list(matching.trades)
    assert sorted(one.identifier for one in shown) == [one.identifier for one in held]
    assert sorted(one.command_id.int for one in booked) == [one.command_id.int for one in trades]


copies = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(copies, copies, st.data())
def test_counting_equal_things_gives_what_pairing_each_would(
    rows: list[int], columns: list[int], data: st.DataObject
) -> None:
    edges = [
        [(c, data.draw(st.integers(0, 9))) for c in range(len(columns)) if data.draw(st.booleans())]
        for _ in rows
    ]
    costs = [dict(row) for row in edges]
    counted = assign(rows, columns, edges)
    each_row = [row for row, number in enumerate(rows) for _ in range(number)]
    each_column = [column for column, number in enumerate(columns) for _ in range(number)]
    each = assign(
        [1] * len(each_row),
        [1] * len(each_column),
        [
            [(at, costs[row][c]) for at, c in enumerate(each_column) if c in costs[row]]
            for row in each_row
        ],
    )
    assert sum(count for *_, count in counted) == sum(count for *_, count in each)
    assert sum(count * costs[row][column] for row, column, count in counted) == sum(
        costs[each_row[row]][each_column[column]] for row, column, _ in each
    )
