"""The process that draws: charts come in on standard input, pictures go out on standard output.

It ends when its input does, so that nothing is left behind when a server is killed.
"""

import os
import pickle
import sys
from typing import Any, BinaryIO

from countersign_server.charts.renko import TooManyBricks
from countersign_server.charts.report import Report
from countersign_server.charts.spec import EquityChart, PriceChart, SpecInvalid

# What an answer begins with.
DRAWN, INVALID, FAILED = b"d", b"i", b"f"
# Trading goes before pictures.
_NICENESS = 5


def main() -> None:
    """Draw what is asked for, one after another, until the input ends."""
    os.nice(_NICENESS)
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    # What anything prints must not get between the pictures.
    sys.stdout = sys.stderr
    while (body := _read(asked)) is not None:
        # From our own server, over a pipe that nobody else holds.
        kind, told = _answer(pickle.loads(body))  # noqa: S301  # as said above
        answers.write(kind + len(told).to_bytes(4, "big") + told)
        answers.flush()


def _answer(chart: PriceChart | EquityChart | Report) -> tuple[bytes, bytes]:
    try:
        return DRAWN, _draw(chart)
    except SpecInvalid as refused:
        return INVALID, pickle.dumps((refused.field, str(refused)))
    except TooManyBricks as refused:
        return INVALID, pickle.dumps(("brick", str(refused)))
    except Exception as error:  # noqa: BLE001  # whatever it is, the next chart may be drawn
        return FAILED, type(error).__name__.encode()


def _draw(chart: PriceChart | EquityChart | Report) -> bytes:
    # Loaded here: a backend that is missing is told as a failure, and the server never loads it.
    if isinstance(chart, PriceChart):
        from countersign_server.charts.price_drawing import draw_prices  # noqa: PLC0415  # as above

        return draw_prices(chart)
    if isinstance(chart, Report):
        from countersign_server.charts.report_drawing import draw_report  # noqa: PLC0415  # as above

        return draw_report(chart)
    from countersign_server.charts.equity_drawing import draw_equity  # noqa: PLC0415  # as above

    return draw_equity(chart)


def _read(asked: BinaryIO) -> Any:  # noqa: ANN401  # bytes, or None at the end
    head = asked.read(4)
    if len(head) < 4:  # noqa: PLR2004  # the length's own
        return None
    return asked.read(int.from_bytes(head, "big"))


if __name__ == "__main__":
    main()
