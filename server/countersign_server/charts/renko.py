"""Renko: bricks of one height, each a step of the price, however long it took."""

from collections.abc import Sequence

from countersign_server.charts.bars import Bar

BRICKS_MAX = 5000


class TooManyBricks(ValueError):
    """The bricks are too small for the way the price went."""


def renko(bars: Sequence[Bar], brick: float) -> list[Bar]:
    """Return the bricks of closing prices. A turn takes two brick heights, as is usual.

    Raises TooManyBricks.
    """
    if not bars:
        return []
    bricks: list[Bar] = []
    level, direction = bars[0].close, 0
    for bar in bars[1:]:
        for way in (1, -1):
            # The way on begins where the last brick ended, the way back where it began.
            start = level if direction in (0, way) else level + way * brick
            steps = int((bar.close - start) * way / brick + 1e-9)
            if steps <= 0:
                continue
            if len(bricks) + steps > BRICKS_MAX:
                raise TooManyBricks(f"more than {BRICKS_MAX} bricks; make them larger")
            for _ in range(steps):
                end = start + way * brick
                bricks.append(Bar(bar.time, start, max(start, end), min(start, end), end))
                start = end
            level, direction = start, way
            break
    return bricks
