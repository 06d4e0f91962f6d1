"""The account and its positions as the bridge tells them: whole, then what changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings, strategies as st

from countersign.v1 import execution_pb2
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Tell
from countersign_bridge.reporting.portfolio import Portfolio
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.views import AccountView, PositionView, TerminalView
from countersign_server.execution.portfolio import with_delta

START = Moment(datetime(2026, 1, 5, 9, 30, tzinfo=UTC), 0.0)
D = Decimal


def a_position(identifier: int, price: str = "1.1") -> PositionView:
    return PositionView(
        ticket=identifier,
        identifier=identifier,
        magic=0,
        symbol="EURUSD",
        type=0,
        volume=D("0.1"),
        price_open=D("1.1"),
        price_current=D(price),
        stop_loss=D(0),
        take_profit=D(0),
        profit=D(0),
        swap=D(0),
        broker_time_ms=1,
        comment="",
    )


def read(*positions: PositionView, balance: str = "10000") -> jobs.SnapshotAnswer:
    account = AccountView(
        login=1,
        server="Sim-Demo",
        currency="USD",
        margin_mode=2,
        trade_allowed=True,
        trade_expert=True,
        balance=D(balance),
        equity=D(balance),
        credit=D(0),
        margin=D(0),
        margin_free=D(balance),
        currency_digits=2,
    )
    terminal = TerminalView(
        connected=True, trade_allowed=True, api_disabled=False, build=5000, ping_last_us=1
    )
    return jobs.SnapshotAnswer(account=account, terminal=terminal, positions=positions)


HEARTBEAT = timedelta(seconds=5)


class Server:
    """A server that is told by a bridge, and keeps what it is told."""

    def __init__(self, *, takes_deltas: bool = True, heartbeat: timedelta = HEARTBEAT) -> None:
        self.portfolio = Portfolio()
        self.portfolio.session_opened(takes_deltas=takes_deltas, heartbeat=heartbeat)
        self.now = START
        self.told: list[str] = []
        self.kept = execution_pb2.AccountSnapshot()
        self.delta = execution_pb2.AccountDelta()

    def after(self, seconds: float, answer: jobs.SnapshotAnswer) -> list[str]:
        """What comes of reading the terminal after a while."""
        self.now = self.now.later(timedelta(seconds=seconds))
        self.told = []
        for effect in self.portfolio.tell(answer, self.now):
            assert isinstance(effect, Tell)
            if effect.event.HasField("snapshot"):
                self.kept = effect.event.snapshot
                self.told.append("snapshot")
            else:
                self.delta = effect.event.delta
                assert self.delta.revision == self.kept.revision + 1
                self.kept = with_delta(self.kept, self.delta)
                self.told.append("delta")
        return self.told


def test_a_session_begins_with_the_whole_and_goes_on_with_what_changed() -> None:
    server = Server()
    assert server.after(0, read(a_position(1), a_position(2))) == ["snapshot"]
    assert server.after(1, read(a_position(1), a_position(3, "1.2"))) == ["delta"]
    assert [one.identifier for one in server.delta.changed] == [3]
    assert list(server.delta.closed) == [2]
    assert server.kept.revision == 2
    server.portfolio.session_opened(takes_deltas=True, heartbeat=HEARTBEAT)
    assert server.after(1, read(a_position(1))) == ["snapshot"]
    assert server.kept.revision == 1


def test_what_has_not_changed_is_told_again_only_after_a_while_and_costs_nothing() -> None:
    server = Server()
    server.after(0, read(a_position(1)))
    assert server.after(4.9, read(a_position(1))) == []
    assert server.after(0.1, read(a_position(1))) == ["delta"]
    assert (list(server.delta.changed), list(server.delta.closed)) == ([], [])


def test_a_quicker_heartbeat_brings_what_has_not_changed_as_often() -> None:
    server = Server(heartbeat=timedelta(seconds=1))
    server.after(0, read(a_position(1)))
    assert server.after(0.9, read(a_position(1))) == []
    assert server.after(0.1, read(a_position(1))) == ["delta"]


def test_the_terminals_ping_is_no_change() -> None:
    server = Server()
    answer = read(a_position(1))
    server.after(0, answer)
    assert server.after(1, replace(answer, terminal=replace(answer.terminal, ping_last_us=9))) == []


def test_the_whole_is_told_when_asked_for_and_once_a_minute() -> None:
    server = Server()
    server.after(0, read(a_position(1)))
    server.portfolio.fetch()
    assert server.after(1, read(a_position(1))) == ["snapshot"]
    assert server.after(59, read(a_position(1))) == ["delta"]
    assert server.after(1, read(a_position(1, "1.2"))) == ["snapshot"]


def test_an_older_server_is_told_the_whole_each_time() -> None:
    server = Server(takes_deltas=False)
    server.after(0, read(a_position(1)))
    assert server.after(1, read()) == ["snapshot"]
    assert server.after(5, read()) == ["snapshot"]


readings = st.lists(
    st.lists(
        st.builds(a_position, st.integers(1, 4), st.sampled_from(["1.1", "1.2"])),
        unique_by=lambda position: position.identifier,
        max_size=4,
    ),
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(readings=readings, seconds=st.floats(0, 70))
def test_the_deltas_add_up_to_what_the_terminal_shows(
    readings: list[list[PositionView]], seconds: float
) -> None:
    server, whole = Server(), Server(takes_deltas=False)
    for number, positions in enumerate(readings):
        answer = read(*positions, balance=str(10_000 + number))
        server.after(seconds, answer)
        whole.after(seconds, answer)
        shown = sorted(server.kept.positions, key=lambda position: position.identifier)
        assert shown == sorted(whole.kept.positions, key=lambda position: position.identifier)
        assert server.kept.balance == whole.kept.balance
        assert server.kept.connected
