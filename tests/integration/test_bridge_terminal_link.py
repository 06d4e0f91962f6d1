"""The terminal process may hang, die or lie; the bridge's other side learns exactly one outcome."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.link import QUEUE_MAX, Patience, TerminalLink
from countersign_bridge.trading.retcodes import SendAnswer
from tests.fixtures.served_terminal import ServedTerminal

Outcome = jobs.Answer | jobs.Failure
CALL_PATIENCE_S = 1.0
grants = count(1)


class LinkedTerminal:
    """A link and what it delivered."""

    def __init__(self, opening: jobs.Opening) -> None:
        self.delivered: SimpleQueue[tuple[int, Outcome]] = SimpleQueue()
        self.seen: SimpleQueue[jobs.HealthAnswer | jobs.Failure] = SimpleQueue()
        self.may_open = True
        self.link = TerminalLink(
            opening,
            Patience(CALL_PATIENCE_S, 20.0),
            deliver=lambda number, outcome: self.delivered.put((number, outcome)),
            watch=self.seen.put,
            may_open=lambda: self.may_open,
            now=time.monotonic,
        )
        self._numbers = count(1)
        self.link.start()

    def ask(self, job: jobs.Job) -> Outcome:
        """Put one job and return its outcome."""
        self.submit(job)
        return self.delivered.get(timeout=20)[1]

    def submit(self, job: jobs.Job) -> int:
        number = next(self._numbers)
        self.link.submit(number, job)
        return number

    def started(self) -> jobs.HealthAnswer | jobs.Failure:
        """Wait for the next start of the terminal process."""
        return self.seen.get(timeout=20)


def opening_of(terminal: ServedTerminal, **changes: object) -> jobs.Opening:
    opening = jobs.Opening(
        module="mt5_simulator",
        connection={"path": f"sim:{terminal.address}"},
        login=1000001,
        server="Sim-Demo",
        orders_per_minute_max=100,
        volume_max=Decimal(1),
        symbols=(),
        used_grants=(),
        recent_send_ages=(),
    )
    return replace(opening, **changes)  # pyright: ignore[reportArgumentType]  # a test's own


def a_send(*, magic: int = 7, grant: bytes | None = None, lasts_s: float = 30.0) -> jobs.Send:
    return jobs.Send(
        fields={
            "action": 1,
            "symbol": "EURUSD",
            "type": 0,
            "volume": 0.1,
            "price": 1.085,
            "deviation": 100,
            "type_filling": 0,
            "type_time": 0,
            "magic": magic,
            "comment": "test",
        },
        grant_id=grant or next(grants).to_bytes(16, "big"),
        deadline=time.monotonic() + lasts_s,
        deadline_wall=time.time() + lasts_s,
        price_min=None,
        price_max=None,
        closes=False,
    )


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[ServedTerminal]:
    with ServedTerminal(tmp_path, prices="still") as served:
        yield served


@pytest.fixture
def linked(terminal: ServedTerminal) -> Iterator[LinkedTerminal]:
    linked = LinkedTerminal(opening_of(terminal))
    assert isinstance(linked.started(), jobs.HealthAnswer)
    yield linked
    linked.link.stop()


def test_an_order_is_sent_once_under_one_grant(
    terminal: ServedTerminal, linked: LinkedTerminal
) -> None:
    send = a_send(grant=b"g" * 16)
    answer = linked.ask(send)
    assert isinstance(answer, SendAnswer)
    assert (answer.retcode, answer.volume) == (10009, Decimal("0.1"))

    again = linked.ask(send)
    assert isinstance(again, jobs.Refused)
    assert again.reason == "SECOND_SEND_REFUSED"
    assert len(terminal.received(7)) == 1


def test_a_call_that_hangs_is_cut_off_and_its_grant_stays_used(
    terminal: ServedTerminal, linked: LinkedTerminal
) -> None:
    terminal.ask("fault", kind="hang", seconds=0, executes="now")
    send = a_send(grant=b"h" * 16)

    began = time.monotonic()
    assert isinstance(linked.ask(send), jobs.Lost)
    assert time.monotonic() - began < CALL_PATIENCE_S + 10
    assert isinstance(linked.started(), jobs.HealthAnswer)

    again = linked.ask(send)
    assert isinstance(again, jobs.Refused)
    assert again.reason == "SECOND_SEND_REFUSED"
    assert len(terminal.received(7)) == 1


@pytest.mark.parametrize("kind", ["reply_lost", "out_of_step"])
def test_after_an_answer_out_of_step_the_process_is_a_new_one(
    terminal: ServedTerminal, linked: LinkedTerminal, kind: str
) -> None:
    terminal.ask("fault", kind=kind)
    answer = linked.ask(a_send())
    assert isinstance(answer, SendAnswer)
    assert answer.retcode == 0
    assert isinstance(linked.started(), jobs.HealthAnswer)
    looked = linked.ask(jobs.Look(7, 0, 0, 0))
    assert isinstance(looked, jobs.LookAnswer)
    assert [deal.volume for deal in looked.traces.deals] == [Decimal("0.1")]
    assert looked.unexplained == 0


def test_none_is_a_failure_and_never_no_positions(
    terminal: ServedTerminal, linked: LinkedTerminal
) -> None:
    terminal.ask("fault", kind="no_answer", call="positions_get")
    failed = linked.ask(jobs.Snapshot())
    assert isinstance(failed, jobs.CallFailed)
    assert failed.call == "positions_get"
    whole = linked.ask(jobs.Snapshot())
    assert isinstance(whole, jobs.SnapshotAnswer)
    assert whole.positions == ()


def test_another_account_is_neither_read_nor_traded(
    terminal: ServedTerminal, linked: LinkedTerminal
) -> None:
    terminal.ask("switch", login=1000002)
    for job in (a_send(), jobs.Snapshot(), jobs.Scan(0), jobs.Look(7, 0, 0, 0)):
        outcome = linked.ask(job)
        assert outcome == jobs.AccountChanged("1000002@Sim-Demo")
    assert terminal.received(7) == []


def test_the_band_is_asked_of_the_market_at_the_last_moment(
    terminal: ServedTerminal, linked: LinkedTerminal
) -> None:
    terminal.ask("price", symbol="EURUSD", bid="1.2000", ask="1.2001")
    refused = linked.ask(replace(a_send(), price_max=Decimal("1.1")))
    assert isinstance(refused, jobs.Refused)
    assert refused.reason == "PRICE_OUT_OF_BAND"
    assert terminal.received(7) == []


def test_a_grant_that_lapses_while_it_waits_sends_nothing(
    terminal: ServedTerminal, linked: LinkedTerminal
) -> None:
    terminal.ask("fault", kind="hang", seconds=0.5, executes="never")
    linked.submit(a_send(magic=8))
    late = linked.submit(a_send(lasts_s=0.2))
    outcomes = dict(linked.delivered.get(timeout=20) for _ in range(2))
    refused = outcomes[late]
    assert isinstance(refused, jobs.Refused)
    assert refused.reason == "GRANT_LAPSED"
    assert terminal.received(7) == []


def test_what_closes_overtakes_everything_and_too_much_is_turned_away(
    terminal: ServedTerminal, linked: LinkedTerminal
) -> None:
    terminal.ask("fault", kind="hang", seconds=0.5, call="positions_get")
    first = linked.submit(jobs.Snapshot())
    watching = [linked.submit(jobs.Health()) for _ in range(QUEUE_MAX + 5)]
    opening = linked.submit(a_send(magic=8))
    closing = linked.submit(replace(a_send(magic=9), closes=True))

    order = [linked.delivered.get(timeout=20) for _ in range(len(watching) + 3)]

    turned_away = [number for number, outcome in order if isinstance(outcome, jobs.Unavailable)]
    assert len(turned_away) >= 4
    answered = [number for number, _ in order if number not in turned_away]
    assert answered.index(closing) < answered.index(opening) < answered.index(watching[1])
    assert first in answered


def test_a_terminal_that_is_not_there_is_told_and_tried_again(terminal: ServedTerminal) -> None:
    gone = opening_of(terminal, connection={"path": "sim:127.0.0.1:1"})
    linked = LinkedTerminal(gone)
    failures = [linked.started() for _ in range(2)]
    assert all(isinstance(failure, jobs.CallFailed) for failure in failures)
    linked.submit(jobs.Health())
    assert isinstance(linked.delivered.get(timeout=20)[1], jobs.Unavailable)
    linked.link.stop()


def test_stopping_leaves_nothing_running_and_nothing_unanswered(linked: LinkedTerminal) -> None:
    numbers = {linked.submit(jobs.Health()) for _ in range(5)}
    linked.link.stop()
    answered = {linked.delivered.get(timeout=5)[0] for _ in numbers}
    assert answered == numbers
    with pytest.raises(Empty):
        linked.delivered.get_nowait()


@pytest.mark.skipif(sys.platform == "win32", reason="reads /proc")
def test_a_bridge_that_is_killed_takes_its_terminal_process_with_it(
    terminal: ServedTerminal,
) -> None:
    script = (
        "import time; from decimal import Decimal;"
        "from countersign_bridge.terminal import jobs;"
        "from countersign_bridge.terminal.link import Patience, TerminalLink;"
        f"o = jobs.Opening('mt5_simulator', {{'path': 'sim:{terminal.address}'}}, 0, '', 1,"
        " Decimal(1), (), (), ());"
        "link = TerminalLink(o, Patience(5, 20), deliver=print,"
        " watch=lambda _: print('up', flush=True), may_open=bool, now=time.monotonic);"
        "link.start(); link._thread.join()"
    )
    bridge = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own
    assert bridge.stdout is not None
    assert bridge.stdout.readline() == "up\n"
    (child,) = children_of(bridge.pid)

    bridge.send_signal(signal.SIGKILL)
    bridge.wait()
    bridge.stdout.close()

    deadline = time.monotonic() + 10
    while is_running(child):
        assert time.monotonic() < deadline, "the terminal process outlived its bridge"
        os.sched_yield()


def children_of(pid: int) -> list[int]:
    return [
        int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ] or [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def is_running(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_once_trading_is_halted_nothing_that_opens_leaves_and_a_close_still_does(
    linked: LinkedTerminal, terminal: ServedTerminal
) -> None:
    linked.may_open = False
    refused = linked.ask(a_send(magic=7))
    assert isinstance(refused, jobs.Refused)
    assert refused.reason == "HALTED"
    assert terminal.received(7) == []

    let = linked.ask(replace(a_send(magic=8), closes=True))
    assert isinstance(let, SendAnswer)
    assert len(terminal.received(8)) == 1


def test_bars_come_from_the_terminal_as_columns_and_an_unknown_symbol_has_none(
    linked: LinkedTerminal,
) -> None:
    bars = linked.ask(jobs.Rates("EURUSD", "M1", 20))
    assert isinstance(bars, jobs.RatesAnswer)
    lengths = {len(bars.times), len(bars.opens), len(bars.closes), len(bars.volumes)}
    assert lengths == {len(bars.times)}
    assert [*bars.times] == sorted(bars.times)
    assert all(low <= high for low, high in zip(bars.lows, bars.highs, strict=True))
    unknown = linked.ask(jobs.Rates("NOSUCH", "M1", 20))
    assert isinstance(unknown, jobs.CallFailed)
    assert (unknown.call, unknown.code) == ("copy_rates_from_pos", -4)
