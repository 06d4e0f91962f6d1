"""Bars of a symbol, told when the server asks for them."""

from collections.abc import Iterator

from countersign.v1 import execution_pb2
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Ask, Effects, Say
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs

COUNT_MAX = 5_000
TIMEFRAMES = frozenset({"M1", "M5", "M15", "M30", "H1", "H4", "D1", "W1", "MN1"})
# Of one frame, well within the 64 KiB that a server is sure to take.
_FRAME_BARS = 1_000
# One question at a time: while the terminal looks for bars, it does nothing else.
_AT_ONCE = 1
_NOT_FOUND = -4


class Rates:
    """Asks the terminal for bars. What is asked for while it does is asked again by the server."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._under_way = 0

    def fetch(self, asked: execution_pb2.FetchRates) -> Effects:
        """Read the newest bars and tell them."""
        if asked.timeframe not in TIMEFRAMES or not 1 <= asked.count <= COUNT_MAX:
            return [Say(_report(asked, failure="QUESTION_UNKNOWN"))]
        if self._under_way >= _AT_ONCE or not self._situation.account_is_ours:
            return []
        self._under_way += 1

        def told(outcome: jobs.Answer | jobs.Failure, _: Moment) -> Effects:
            self._under_way -= 1
            if isinstance(outcome, jobs.RatesAnswer):
                return [Say(frame) for frame in self._frames(asked, outcome)]
            return [Say(_report(asked, failure=_reason_of(outcome)))]

        return [Ask(jobs.Rates(asked.symbol, asked.timeframe, asked.count), told)]

    def _frames(
        self, asked: execution_pb2.FetchRates, bars: jobs.RatesAnswer
    ) -> Iterator[execution_pb2.ChannelRequest]:
        count = len(bars.times)
        if not count:
            yield _report(asked, failure="NO_BARS")
        for start in range(0, count, _FRAME_BARS):
            part = slice(start, start + _FRAME_BARS)
            frame = _report(asked, last=start + _FRAME_BARS >= count)
            frame.rates.times.extend(bars.times[part])
            frame.rates.opens.extend(bars.opens[part])
            frame.rates.highs.extend(bars.highs[part])
            frame.rates.lows.extend(bars.lows[part])
            frame.rates.closes.extend(bars.closes[part])
            frame.rates.volumes.extend(bars.volumes[part])
            if self._situation.broker_offset is not None:
                frame.rates.broker_utc_offset.FromTimedelta(self._situation.broker_offset)
            yield frame


def _report(
    asked: execution_pb2.FetchRates, *, last: bool = True, failure: str = ""
) -> execution_pb2.ChannelRequest:
    return execution_pb2.ChannelRequest(
        rates=execution_pb2.RatesReport(
            symbol=asked.symbol, timeframe=asked.timeframe, last=last, failure=failure
        )
    )


def _reason_of(outcome: jobs.Answer | jobs.Failure) -> str:
    if isinstance(outcome, jobs.CallFailed):
        return "SYMBOL_UNKNOWN" if outcome.code == _NOT_FOUND else "TERMINAL_FAILED"
    return "TERMINAL_NOT_REACHED"
