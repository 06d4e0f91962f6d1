"""PostgreSQL's guards and those in memory judge, hold and close the same, whatever happens.

The simulation proves what it proves of guards only as far as this holds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from countersign.v1 import execution_pb2 as pb, guards_pb2, values_pb2
from countersign_server.accounts.account import Snapshot, TradingState
from countersign_server.database.engine import Database
from countersign_server.execution.command import Command
from countersign_server.execution.deal import Deal
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.report import Report
from countersign_server.guards.book import GuardBook
from tests.fixtures.two_books import without_other_areas_rows
from tests.fixtures.two_guards import TwoGuards, without_the_rows_of_others

HELD = st.sampled_from([TradingState.CLOSE_ONLY, TradingState.HALTED, TradingState.FLATTENING])
ENDS = (CommandState.EXECUTED, CommandState.REJECTED, CommandState.IN_DOUBT)
OPENED = (CommandState.EXECUTED, CommandState.WORKING, CommandState.IN_DOUBT)
LATCHES = (
    values_pb2.TRADING_STATE_ACTIVE,
    values_pb2.TRADING_STATE_HALTED,
    values_pb2.TRADING_STATE_FLATTENING,
)
NO_END = pb.ATTEMPT_OUTCOME_UNSPECIFIED
BALANCE = 2  # MetaTrader's DEAL_TYPE


class Guards(RuleBasedStateMachine):
    """One account's life, as its guards see it."""

    runner: asyncio.Runner
    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.two = TwoGuards(self.database)
        self.run(self.two.begin())
        self.told = 0

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def both(self, name: str, *arguments: Any) -> Any:
        return self.run(self.two.of_both(name, *arguments))

    def put(self, work: Callable[[GuardBook], Awaitable[object]]) -> None:
        self.run(self.two.put(work))

    @property
    def openings(self) -> list[Command]:
        commands = self.two.memory_books.tables.commands.values()
        return [one for one in commands if one.approval_id]

    @property
    def closings(self) -> list[Command]:
        commands = self.two.memory_books.tables.commands.values()
        return [one for one in commands if not one.approval_id]

    @initialize()
    def begin(self) -> None:
        self.deal(ticket=1, profit="10000", kind=BALANCE, magic=0)
        self.show("10000", positions=[], connected=True)
        self.both("attend")

    # What the account comes to.

    @rule(
        kind=st.sampled_from(["open", "open", "place"]),
        state=st.sampled_from(OPENED),
        ends=st.booleans(),
    )
    def open(self, kind: str, state: CommandState, ends: bool) -> None:  # noqa: FBT001  # a rule's choice
        now, cast, place = self.two.now(), self.two.cast, len(self.openings) + 1
        command = Command(
            id=uuid4(),
            owner_id=cast.owner.id,
            account_id=cast.account.id,
            signal_id=uuid4(),
            approval_id=uuid4(),
            kind=kind,
            state=state,
            attempt=1,
            instrument="EURUSD",
            symbol="EURUSD",
            side="buy",
            volume=Decimal("0.1"),
            price_min=None,
            price_max=None,
            intent_text=f"payload: {'0' * 64}\nfingerprint: {'1' * 64}\n",
            intent_digest="d",
            server_signature=b"s",
            server_key_id="k",
            owner_signature=None,
            magic=1000 + place,
            opening_command_id=None,
            created_at=now,
            updated_at=now,
            expires_at=now + timedelta(minutes=5),
            position_id=400 + place if state is CommandState.EXECUTED else 0,
            order_ticket=300 + place,
        )
        self.run(self.two.approve(command, ends=ends))

    @rule(
        equity=st.sampled_from(["10000", "9000", "7000", "7000"]),
        flat=st.sampled_from([True, False, False]),
        connected=st.sampled_from([True, True, True, False]),
    )
    def see(self, equity: str, flat: bool, connected: bool) -> None:  # noqa: FBT001  # a rule's choice
        held = [one for one in self.openings if one.position_id]
        self.show(equity, positions=[] if flat else held, connected=connected)
        self.both("attend")

    @rule(lost=st.booleans())
    def crash(self, lost: bool) -> None:  # noqa: FBT001  # a rule's choice
        """Let views show it for as long as it takes to be sure, and then the alert pass."""
        self.open("open", CommandState.EXECUTED, ends=False)
        for _ in range(5):
            self.see("7000", flat=False, connected=True)
            self.time_passes(3)
        self.see("7000", flat=lost, connected=True)

    @rule(seconds=st.sampled_from([0.2, 3, 11, 40, 400]))
    def time_passes(self, seconds: float) -> None:
        self.two.passed += timedelta(seconds=seconds)
        self.both("attend")

    @precondition(lambda self: self.closings)
    @rule(which=st.integers(0, 9), state=st.sampled_from(ENDS))
    def end(self, which: int, state: CommandState) -> None:
        """Let a close of the guard's own end somehow."""
        command = self.closings[which % len(self.closings)]
        if command.state is not CommandState.APPROVED:
            return
        change = {"state": state, "reason": "TOLD", "updated_at": self.two.now()}
        self.put(lambda book: book.execution.commands.change(command, change))
        if state is CommandState.EXECUTED:
            self.deal(ticket=100 + len(self.closings), profit="-10", kind=1, magic=command.magic)

    # What people say.

    @rule(
        what=st.sampled_from(["hold", "reset", "call off", "stop", "stop producer", "release"]),
        state=HELD,
        resets=st.integers(0, 2),
    )
    def say(self, what: str, state: TradingState, resets: int) -> None:
        self.both("say", what, state, resets)
        self.both("attend")

    # What the bridge's guard tells.

    @rule(state=st.sampled_from(LATCHES), resets=st.integers(0, 2), meets=st.booleans())
    def tell_latch(self, state: Any, resets: int, meets: bool) -> None:  # noqa: FBT001  # a rule's choice
        latch = guards_pb2.GuardLatch(state=state, cause="drawdown", by="guard", resets=resets)
        if meets:
            self.tell("guard-held", pb.GuardHeld(latch=latch))
            return
        act = guards_pb2.GUARD_ACT_LATCHED
        if state == values_pb2.TRADING_STATE_FLATTENING:
            act = guards_pb2.GUARD_ACT_FLATTENING
        elif state == values_pb2.TRADING_STATE_HALTED:
            act = guards_pb2.GUARD_ACT_FLATTENED
        acted = pb.GuardActed(act=act, rule_id="drawdown", latch=latch)
        self.tell("guard-acted", pb.Event(guard_acted=acted))

    @rule(
        which=st.integers(1, 3),
        outcome=st.sampled_from(
            [
                NO_END,
                pb.ATTEMPT_OUTCOME_EXECUTED,
                pb.ATTEMPT_OUTCOME_REJECTED,
                pb.ATTEMPT_OUTCOME_IN_DOUBT,
            ]
        ),
    )
    def tell_close(self, which: int, outcome: Any) -> None:
        close = pb.GuardClose(
            attempt_id=str(UUID(int=self.two.cast.account.id.int ^ which)),
            phase=pb.GUARD_CLOSE_PHASE_RESULT if outcome != NO_END else pb.GUARD_CLOSE_PHASE_INTENT,
            magic=5000 + which,
            cause="drawdown",
            position_id=400 + which,
            symbol="EURUSD",
            side=values_pb2.SIDE_BUY,
            volume="0.1",
            outcome=outcome,
        )
        self.tell("guard-close", pb.Event(guard_close=close))

    @rule(told=st.sampled_from([-1, 0, 1, 2]))
    def ask(self, told: int) -> None:
        self.both("ask", told)

    def tell(self, kind: str, body: Any) -> None:
        self.told += 1
        now = self.two.now()
        report = Report(
            account_id=self.two.cast.account.id,
            natural_key=f"{kind}:{self.told}",
            owner_id=self.two.cast.owner.id,
            command_id=None,
            device_id=self.two.cast.devices[0].id,
            kind=kind,
            body=body.SerializeToString(),
            # One after another: PostgreSQL tells those of one moment in any order.
            event_time=now + timedelta(milliseconds=self.told),
            received_at=now,
        )
        self.put(lambda book: book.execution.reports.add(report))
        self.two.passed += timedelta(seconds=1)
        self.both("attend")

    def show(self, equity: str, *, positions: list[Command], connected: bool) -> None:
        self.two.passed += timedelta(seconds=1)
        self.told += 1
        shown = pb.AccountSnapshot(
            revision=self.told, balance="10000", equity=equity, margin="0", connected=connected
        )
        for one in positions:
            shown.positions.add(
                ticket=one.position_id,
                identifier=one.position_id,
                magic=one.magic,
                symbol="EURUSD",
                side=values_pb2.SIDE_BUY,
                volume="0.1",
                price_open="1.1",
                price_current="1.1",
            )
        snapshot = Snapshot(
            account_id=self.two.cast.account.id,
            owner_id=self.two.cast.owner.id,
            session_epoch=b"e" * 16,
            revision=self.told,
            balance=Decimal(10000),
            equity=Decimal(equity),
            body=shown.SerializeToString(),
            connected=connected,
            event_time=self.two.now(),
            received_at=self.two.now(),
        )
        self.put(lambda book: book.execution.accounts.save_snapshot(snapshot))

    def deal(self, *, ticket: int, profit: str, kind: int, magic: int) -> None:
        now = self.two.now()
        deal = Deal(
            account_id=self.two.cast.account.id,
            ticket=ticket,
            owner_id=self.two.cast.owner.id,
            command_id=None,
            order_ticket=0,
            position_id=0,
            magic=magic,
            type=kind,
            entry="" if kind == BALANCE else "out",
            reason=0,
            symbol="" if kind == BALANCE else "EURUSD",
            volume=Decimal(0) if kind == BALANCE else Decimal("0.1"),
            price=Decimal(0),
            profit=Decimal(profit),
            commission=Decimal(0),
            swap=Decimal(0),
            fee=Decimal(0),
            broker_time_ms=1_772_000_000_000,
            broker_utc_offset_seconds=0,
            comment="",
            event_time=now,
            received_at=now,
        )
        self.put(lambda book: book.execution.deals.add(deal))

    def teardown(self) -> None:
        self.both("say", "release", TradingState.ACTIVE, 0)
        self.both("attend")
        self.run(self.two.agree())


@contextmanager
def machine(database_url: str) -> Generator[type[Guards]]:
    with asyncio.Runner() as runner:
        database = Database(database_url, connections=2)
        runner.run(without_other_areas_rows(database))
        runner.run(without_the_rows_of_others(database))
        try:
            yield type("Machine", (Guards,), {"runner": runner, "database": database})
        finally:
            runner.run(database.close())


def test_guards_judge_and_close_the_same_over_both_books(database_url: str) -> None:
    with machine(database_url) as guards:
        run_state_machine_as_test(  # pyright: ignore[reportUnknownMemberType]  # hypothesis leaves it untyped
            guards,
            settings=settings(
                max_examples=40,
                stateful_step_count=30,
                # Shrinking asks PostgreSQL some ten thousand times; a long story is told at once.
                phases=[Phase.explicit, Phase.generate],
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            ),
        )
