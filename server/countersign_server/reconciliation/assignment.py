"""Which assignment pairs as many as can be paired, at the lowest cost."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

Edges = Sequence[Sequence[tuple[int, int]]]


def assign(rows: Sequence[int], columns: Sequence[int], edges: Edges) -> list[tuple[int, int, int]]:
    """Pair rows with columns: as many as possible, and of those ways the cheapest.

    `rows` and `columns` say how often each may be paired: equal things are one row. `edges` are,
    for each row, the columns it may be paired with and the cost of one pair, zero or more. Returns
    each row and column that are paired, and how often; the same for the same arguments.

    Successive shortest paths with potentials (Ahuja, Magnanti, Orlin, "Network Flows", 9.7): each
    row is placed by the cheapest chain of re-pairings, which looks no further than it must. A row
    may also stay alone, at a price above that of any pairing of all.
    """
    dearest = max((cost for row in edges for _, cost in row), default=0)
    alone = (dearest + 1) * (sum(rows) + 1)
    search = _Search(edges, list(columns), alone)
    for row, copies in enumerate(rows):
        left = copies
        while left and edges[row]:
            placed = search.place(row, left)
            left -= placed
    return sorted(
        (row, column, count)
        for column, by_row in search.flow.items()
        for row, count in by_row.items()
    )


@dataclass(slots=True)
class _Reached:
    """What one search has found. Distances are reduced costs."""

    rows: dict[int, int]
    columns: dict[int, int]
    came_from: dict[int, int]  # the row that a column was reached from
    came_back: dict[int, int]  # the column that a row was reached from


class _Search:
    """The pairs so far, and the prices that prove them cheapest."""

    def __init__(self, edges: Edges, free: list[int], alone: int) -> None:
        self._edges = edges
        self._free = free
        self._alone = alone
        self._row_price = [0] * len(edges)
        self._column_price = [0] * len(free)
        self.flow: defaultdict[int, dict[int, int]] = defaultdict(dict)

    def place(self, row: int, copies: int) -> int:
        """Place some of the copies of a row, or leave them alone; return how many."""
        prices = self._column_price
        cheapest, column = min([(cost - prices[c], c) for c, cost in self._edges[row]])
        if self._free[column]:
            # The common case: its nearest is free.
            placed = min(copies, self._free[column])
            self._row_price[row] = cheapest
            self._free[column] -= placed
            self._give(column, row, placed)
            return placed
        return self._place_by_search(row, copies)

    def _place_by_search(self, source: int, copies: int) -> int:
        reached = _Reached({source: 0}, {}, {}, {})
        heap: list[tuple[int, int]] = []
        lonely, lonely_at = source, self._alone - self._row_price[source]
        self._look_around(source, 0, reached, heap)
        while heap:
            distance, column = heappop(heap)
            if distance > reached.columns[column]:
                continue
            if distance >= lonely_at:
                break
            if self._free[column]:
                self._reprice(reached, distance)
                return self._turn(source, column, min(copies, self._free[column]), reached)
            for row in self.flow[column]:
                if row in reached.rows:
                    continue
                reached.rows[row] = distance
                reached.came_back[row] = column
                here = distance + self._alone - self._row_price[row]
                if here < lonely_at:
                    lonely, lonely_at = row, here
                self._look_around(row, distance, reached, heap)
        self._reprice(reached, lonely_at)
        if lonely == source:
            return copies
        return self._leave_alone(source, lonely, copies, reached)

    def _look_around(
        self, row: int, distance: int, reached: _Reached, heap: list[tuple[int, int]]
    ) -> None:
        base = distance - self._row_price[row]
        for column, cost in self._edges[row]:
            there = base + cost - self._column_price[column]
            known = reached.columns.get(column)
            if known is None or there < known:
                reached.columns[column] = there
                reached.came_from[column] = row
                heappush(heap, (there, column))

    def _reprice(self, reached: _Reached, end: int) -> None:
        """Keep every pair's price equal to its cost, and no other's above it."""
        for row, distance in reached.rows.items():
            if distance < end:
                self._row_price[row] += end - distance
        for column, distance in reached.columns.items():
            if distance < end:
                self._column_price[column] -= end - distance

    def _leave_alone(self, source: int, lonely: int, copies: int, reached: _Reached) -> int:
        """Let some of `lonely` stay alone, so that the source gets what they had."""
        column = reached.came_back[lonely]
        count = min(copies, self._narrowest(source, column, reached), self.flow[column][lonely])
        self._take(column, lonely, count)
        self._shift(source, column, count, reached)
        return count

    def _turn(self, source: int, column: int, copies: int, reached: _Reached) -> int:
        """Pair along the chain that leads to a free column."""
        count = min(copies, self._narrowest(source, column, reached))
        self._free[column] -= count
        self._shift(source, column, count, reached)
        return count

    def _narrowest(self, source: int, column: int, reached: _Reached) -> int:
        """Return how many pairs the chain to a column can move."""
        width = self._free[column] or sum(self.flow[column].values())
        row = reached.came_from[column]
        while row != source:
            column = reached.came_back[row]
            width = min(width, self.flow[column][row])
            row = reached.came_from[column]
        return width

    def _shift(self, source: int, column: int, count: int, reached: _Reached) -> None:
        row = reached.came_from[column]
        self._give(column, row, count)
        while row != source:
            column = reached.came_back[row]
            self._take(column, row, count)
            row = reached.came_from[column]
            self._give(column, row, count)

    def _give(self, column: int, row: int, count: int) -> None:
        self.flow[column][row] = self.flow[column].get(row, 0) + count

    def _take(self, column: int, row: int, count: int) -> None:
        left = self.flow[column][row] - count
        if left:
            self.flow[column][row] = left
        else:
            del self.flow[column][row]
