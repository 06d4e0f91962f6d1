"""PostgreSQL's book and the one in memory answer the same, whatever is asked of them.

The simulation proves what it proves only as far as this holds.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from countersign.v1 import execution_pb2 as pb, values_pb2
from countersign_server.accounts.account import AccountLimits, OwnerLimits, TradingState
from countersign_server.approvals.commands_port import Mandate
from countersign_server.database.engine import Database
from countersign_server.execution.command import Command
from countersign_server.execution.digests import tickets_sha256
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.settlement import Mark, Wish
from countersign_server.execution.settling import Settled
from tests.fixtures.two_books import TwoBooks, fingerprint, without_other_areas_rows

DEVICES = st.sampled_from([0, 1])
KINDS = ["open", "open", "open", "place", "close", "modify"]
# By the database's clock: over; over only when `now` has gone on; not over.
LIVES = st.sampled_from([timedelta(hours=9), timedelta(minutes=20), timedelta(hours=-1)])
SPANS = st.sampled_from([0.1, 3, 6, 15, 20, 130, 1800])
STATES = st.sampled_from([TradingState.ACTIVE, TradingState.CLOSE_ONLY, TradingState.HALTED])
UNSURE = (CommandState.GRANTED, CommandState.WORKING, CommandState.IN_DOUBT)
NONCES = st.sampled_from([b"1" * 16, b"2" * 16])
GRANTS = st.sampled_from(["own", "own", "other", ""])
ATTEMPTS = st.sampled_from([1, 1, 1, 2])
OUTCOMES = st.sampled_from(
    [value for value in pb.AttemptOutcome.values() if value != pb.ATTEMPT_OUTCOME_UNSPECIFIED]
)


class Books(RuleBasedStateMachine):
    """One account's life, told to both."""

    runner: asyncio.Runner
    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.two = TwoBooks(self.database)
        self.run(self.two.begin())
        self.approvals: list[UUID] = []

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def both(self, name: str, *arguments: Any) -> Any:
        return self.run(self.two.both(lambda side: getattr(side, name)(*arguments)))

    @property
    def commands(self) -> list[Command]:
        return list(self.two.memory_books.tables.commands.values())

    @property
    def live(self) -> list[int]:
        return sorted(self.two.sql.sessions)

    def pick(self, number: int, *states: CommandState) -> Command:
        """Return a command, in one of the states if there is one."""
        fitting = [one for one in self.commands if one.state in states] or self.commands
        return fitting[number % len(fitting)]

    @initialize()
    def begin(self) -> None:
        self.greet(0, pb.Hello())

    # What approvals do.

    @rule(kind=st.sampled_from(KINDS), lives=LIVES, volume=st.sampled_from(["0.1", "0.3", None]))
    def issue(self, kind: str, lives: timedelta, volume: str | None) -> None:
        approval_id, cast = uuid4(), self.two.cast
        mandate = Mandate(
            approval_id=approval_id,
            owner_id=cast.owner.id,
            account_id=cast.account.id,
            signal_id=uuid4(),
            kind=kind,
            instrument="EURUSD",
            symbol="EURUSD",
            side="buy",
            volume=Decimal(volume) if volume else None,
            price_min=None,
            price_max=None,
            intent_text=f"approval: {approval_id}\npayload: {'0' * 64}\nfingerprint: {'1' * 64}\n",
            intent_digest="d",
            server_signature=b"s",
            server_key_id="k",
            owner_signature=None,
            opening_approval_id=self.approvals[-1] if kind == "close" and self.approvals else None,
            expires_at=self.two.started_at + lives,
        )
        self.both("issue", mandate)
        self.approvals.append(approval_id)

    @precondition(lambda self: self.approvals)
    @rule(number=st.integers(0, 9))
    def withdraw(self, number: int) -> None:
        self.both("withdraw", self.approvals[number % len(self.approvals)])

    @precondition(lambda self: self.commands)
    @rule(
        which=st.integers(0, 9),
        mark=st.sampled_from([*Mark]),
        ticket=st.sampled_from([0, 0, 7]),
        confirmed=st.sampled_from(["no", "yes", "yes", "wrongly"]),
    )
    def settle(self, which: int, mark: Mark, ticket: int, confirmed: str) -> None:
        command = self.pick(which, CommandState.IN_DOUBT, CommandState.PRESUMED_NOT_EXECUTED)
        wish = Wish(
            command_id=command.id, mark=mark, ticket=ticket, reason="asked", actor="user:ann"
        )
        asked = self.both("settle", wish, "1.0" if confirmed == "wrongly" else "")
        if confirmed == "yes" and isinstance(asked, Settled):
            self.both("settle", wish, asked.token)
            self.both("settle", wish, asked.token)

    # What time does.

    @rule(seconds=SPANS)
    def time_passes(self, seconds: float) -> None:
        self.two.passed += timedelta(seconds=seconds)
        self.both("tick")

    # What people do.

    @rule(
        wish=st.sampled_from(["limit", "limit owner", "halt", "revoke"]),
        state=STATES,
        positions=st.sampled_from([None, 1, 3]),
        a_minute=st.sampled_from([None, None, 1]),
        a_second=st.sampled_from([None, None, 1, 2]),
    )
    def decide(
        self,
        wish: str,
        state: TradingState,
        positions: int | None,
        a_minute: int | None,
        a_second: int | None,
    ) -> None:
        if wish == "halt":
            self.run(self.two.set_trading_state(state))
        elif wish == "limit":
            limits = AccountLimits(None, positions, a_minute, a_second, a_second)
            self.run(self.two.limit(limits))
        elif wish == "limit owner":
            self.run(self.two.limit_owner(OwnerLimits(a_second, a_minute)))
        elif wish == "revoke":
            self.run(self.two.revoke(1))  # the other one goes on

    # What bridges do.

    @rule(number=DEVICES, ahead=st.sampled_from([0, 0, 0, 7]), unresolved=st.booleans())
    def connect(self, number: int, ahead: int, unresolved: bool) -> None:  # noqa: FBT001  # a rule's choice
        hello = pb.Hello(generation_seen=ahead)
        if unresolved and self.commands:
            last = self.commands[-1]
            hello.unresolved.add(command_id=str(last.id), attempt=1, magic=last.magic)
        self.greet(number, hello)

    def greet(self, number: int, hello: pb.Hello) -> None:
        hello.instance_id = str(UUID(int=1))
        hello.account.CopyFrom(fingerprint())
        self.both("connect", number, hello)

    @precondition(lambda self: self.live)
    @rule(number=DEVICES)
    def disconnect(self, number: int) -> None:
        if number in self.live:
            self.both("disconnect", number)

    @precondition(lambda self: self.live)
    @rule(number=DEVICES)
    def look(self, number: int) -> None:
        self.both("look", self.live[number % len(self.live)])

    @precondition(lambda self: self.live)
    @rule(number=DEVICES)
    def beat(self, number: int) -> None:
        self.both("beat", self.live[number % len(self.live)])

    @precondition(lambda self: self.live)
    @rule(
        kind=st.sampled_from(KINDS),
        nonce=NONCES,
        attempt=ATTEMPTS,
        spoilt=st.sampled_from(["", "", "", "expire", "drop"]),
    )
    def trade(self, kind: str, nonce: bytes, attempt: int, spoilt: str) -> None:
        self.issue(kind, timedelta(hours=9), "0.3")
        self.look(0)
        if spoilt:
            self.spoil(self.commands[-1], spoilt)
        self.claim(len(self.commands) - 1, nonce, attempt)

    def spoil(self, command: Command, how: str) -> None:
        """Let a command's time be over by the books' own clock, or let it be asked back."""
        over = {"expires_at": self.two.started_at - timedelta(hours=1)}
        self.both("change", command, over if how == "expire" else {"cancel_asked": True})

    @precondition(lambda self: self.live and self.commands)
    @rule(which=st.integers(0, 9), nonce=NONCES, attempt=ATTEMPTS)
    def claim(self, which: int, nonce: bytes, attempt: int) -> None:
        command = self.pick(which)
        claim = pb.Claim(command_id=str(command.id), attempt=attempt, claim_nonce=nonce)
        self.say(claim=claim)

    @precondition(lambda self: self.live and self.commands)
    @rule(
        which=st.integers(0, 9),
        reason=st.sampled_from(["MARKET_CLOSED", "ALREADY_SENT"]),
        final=st.booleans(),
    )
    def decline(self, which: int, reason: str, final: bool) -> None:  # noqa: FBT001  # a rule's choice
        command_id = str(self.pick(which).id)
        self.say(decline=pb.Decline(command_id=command_id, attempt=1, reason=reason, final=final))

    @precondition(lambda self: self.live and self.commands)
    @rule(which=st.integers(0, 9), step=st.sampled_from(["received", "intent"]))
    def step(self, which: int, step: str) -> None:
        command = self.pick(which)
        body: dict[str, Any] = {
            "received": pb.CommandReceived(command_id=str(command.id), attempt=1),
            "intent": pb.IntentRecorded(
                command_id=str(command.id), attempt=1, request_sha256="0" * 64
            ),
        }
        self.tell(f"{step}:{command.id}:1", **{step: body[step]})

    @precondition(lambda self: self.live and self.commands)
    @rule(
        which=st.integers(0, 9),
        outcome=OUTCOMES,
        grant=st.sampled_from(["own", "own", "other", ""]),
    )
    def result(self, which: int, outcome: Any, grant: str) -> None:
        command = self.pick(which, *UNSURE)
        grants = {"own": command.grant_id or b"", "other": b"x" * 16, "": b""}
        result = pb.AttemptResult(
            command_id=str(command.id),
            attempt=1,
            grant_id=grants[grant],
            outcome=outcome,
            retcode=10009,
            order_ticket=400,
        )
        self.tell(f"result:{command.id}:1", result=result)

    @precondition(lambda self: self.live and self.commands)
    @rule(
        which=st.integers(-1, 9),
        ticket=st.integers(1, 6),
        volume=st.sampled_from(["0.1", "0.2", "0.3"]),
        entry=st.sampled_from([pb.DEAL_ENTRY_IN, pb.DEAL_ENTRY_OUT]),
        canceled=st.sampled_from(["", "", "0", "0.30"]),
        comment=st.sampled_from(["", "", "a\0b"]),
    )
    def deal(  # noqa: PLR0913  # what a story varies
        self, *, which: int, ticket: int, volume: str, entry: Any, canceled: str, comment: str
    ) -> None:
        """`canceled`: what is left of it; empty: it stands."""
        deal = pb.Deal(
            ticket=ticket,
            type=13 if canceled else 0,
            order_ticket=400 + ticket,
            position_id=which + 1,
            magic=self.pick(which).magic if which >= 0 else 0,
            entry=entry,
            symbol="EURUSD",
            volume=volume,
            price=f"1.08{ticket}",
            profit=canceled or "0.10",
            commission="0",
            swap="0",
            fee="0",
            broker_time_ms=1_772_000_000_000 + ticket * 86_000_000,
            comment=comment,
        )
        self.tell(f"deal:{ticket}:canceled" if canceled else f"deal:{ticket}", deal=deal)

    @precondition(lambda self: self.live and self.commands)
    @rule(
        which=st.integers(0, 9),
        state=st.sampled_from([1, 2, 4, 5]),
        left=st.sampled_from(["0", "0.1"]),
    )
    def order(self, which: int, state: int, left: str) -> None:
        command = self.pick(which, *UNSURE)
        order = pb.OrderReport(
            ticket=300 + which,
            magic=command.magic,
            symbol="EURUSD",
            state=state,
            volume_initial="0.1",
            volume_current=left,
            final=state != 1,
        )
        self.tell(f"order:{which}:{state}:{left}", order=order)

    @precondition(lambda self: self.live and self.commands)
    @rule(
        which=st.integers(0, 9),
        name=st.integers(0, 5),
        found=st.sampled_from([(), (), (7,)]),
        whole=st.booleans(),
        later=st.booleans(),
    )
    def evidence(
        self,
        which: int,
        name: int,
        found: tuple[int, ...],
        whole: bool,  # noqa: FBT001  # a rule's choice
        later: bool,  # noqa: FBT001  # a rule's choice
    ) -> None:
        command = self.pick(which, CommandState.IN_DOUBT)
        if later:
            self.two.passed += timedelta(seconds=130)
        evidence = pb.Evidence(
            command_id=str(command.id),
            attempt=1,
            deal_tickets=found,
            connected_throughout=True,
            history_complete=whole,
        )
        self.tell(f"evidence:{command.id}:{name}", evidence=evidence)
        self.both("tick")

    @precondition(lambda self: self.live)
    @rule(
        shown=st.lists(
            st.tuples(st.sampled_from([(), (), (7,)]), st.booleans()), min_size=1, max_size=2
        ),
        later=st.sampled_from([100, 130]),
    )
    def fall_silent(self, shown: list[tuple[tuple[int, ...], bool]], later: int) -> None:
        """Trade, hear nothing for long, and be shown what there is."""
        self.trade("open", b"3" * 16, 1, "")
        command = self.commands[-1]
        self.time_passes(20)
        for number, (found, whole) in enumerate(shown):
            self.two.passed += timedelta(seconds=later)
            evidence = pb.Evidence(
                command_id=str(command.id),
                attempt=1,
                deal_tickets=found,
                connected_throughout=True,
                history_complete=whole,
            )
            self.tell(f"evidence:{command.id}:silent:{number}", evidence=evidence)
        self.time_passes(3)

    @precondition(lambda self: self.live)
    @rule(revision=st.integers(1, 3))
    def snapshot(self, revision: int) -> None:
        position = pb.Position(
            ticket=1, identifier=1, symbol="EURUSD", side=values_pb2.SIDE_BUY, volume="0.1"
        )
        snapshot = pb.AccountSnapshot(
            revision=revision, balance="10000", equity="10005.50", positions=[position]
        )
        self.tell(f"snapshot:{revision}", snapshot=snapshot)

    @precondition(lambda self: self.live)
    @rule(size=st.sampled_from(["100000", "1000"]), bid=st.sampled_from(["1.08", ""]))
    def symbols(self, size: str, bid: str) -> None:
        told = values_pb2.SymbolProperties(
            symbol="EURUSD", digits=5, contract_size=size, tick_size="0.00001", tick_value="1",
            volume_min="0.01", volume_max="100", volume_step="0.01", currency_base="EUR",
            currency_profit="USD", pip_size="0.0001",
        )  # fmt: skip
        report = pb.SymbolReport(symbols=[told])
        if bid:
            report.quotes.add(symbol="EURUSD", bid=bid, ask="1.09", quote_time=self.stamp())
        self.tell("symbols", symbols=report)

    @precondition(lambda self: self.live)
    @rule(right=st.booleans())
    def digest(self, right: bool) -> None:  # noqa: FBT001  # a rule's choice
        deals = self.two.memory_books.tables.deals.values()
        tickets = [deal.ticket for deal in deals] if right else [77]
        self.say(
            deal_digest=pb.DealDigest(
                day="2026-02-25", count=len(tickets), tickets_sha256=tickets_sha256(tickets)
            )
        )

    @precondition(lambda self: self.live)
    @rule(name=st.sampled_from(["a", "b"]), gap=st.booleans())
    def anomaly(self, name: str, gap: bool) -> None:  # noqa: FBT001  # a rule's choice
        anomaly = pb.Anomaly(kind="OVERFILL", detail=name)
        event = pb.Event(natural_key=f"anomaly:{name}", event_time=self.stamp(), anomaly=anomaly)
        self.both("say", self.live[0], [pb.ChannelRequest(sequence=3 if gap else 1, event=event)])

    @precondition(lambda self: self.live)
    @rule()
    def heartbeat(self) -> None:
        self.say(heartbeat=pb.BridgeHeartbeat())

    def tell(self, natural_key: str, **body: Any) -> None:
        self.say(event=pb.Event(natural_key=natural_key, event_time=self.stamp(), **body))

    def say(self, **frame: Any) -> None:
        self.both("say", self.live[-1], [pb.ChannelRequest(sequence=1, **frame)])

    def stamp(self) -> Timestamp:
        stamp = Timestamp()
        stamp.FromDatetime(self.two.now())
        return stamp

    def teardown(self) -> None:
        self.run(self.two.agree())


@contextmanager
def machine(database_url: str) -> Generator[type[Books]]:
    with asyncio.Runner() as runner:
        database = Database(database_url, connections=2)
        runner.run(without_other_areas_rows(database))
        try:
            yield type("Machine", (Books,), {"runner": runner, "database": database})
        finally:
            runner.run(database.close())


def test_both_books_answer_the_same_and_hold_the_same(database_url: str) -> None:
    with machine(database_url) as books:
        run_state_machine_as_test(  # pyright: ignore[reportUnknownMemberType]  # hypothesis leaves it untyped
            books,
            settings=settings(
                max_examples=50,
                stateful_step_count=40,
                # Shrinking asks PostgreSQL some ten thousand times; a long story is told at once.
                phases=[Phase.explicit, Phase.generate],
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            ),
        )
