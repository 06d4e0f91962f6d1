"""The calls by which people stop trading, and let it go on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import guards_pb2 as pb, guards_pb2_grpc
from countersign_guards.guardian import switch
from countersign_guards.latch import TradingState as Held
from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.key_cache import TOPIC as KEYS
from countersign_server.accounts.kill_switch import KILL_SWITCH, KillSwitch, severity, strictest
from countersign_server.accounts.producer_store import producer
from countersign_server.accounts.store import account_of, list_accounts
from countersign_server.accounts.switch_store import (
    add_switch,
    release_switch,
    set_producer_state,
    switch_for_update,
    switch_seen,
    switches_that_hold,
)
from countersign_server.accounts.tables import accounts
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import Forbidden, NotFound
from countersign_server.guards.keeping import keep, topics_of
from countersign_server.guards.latches import STATES_READ
from countersign_server.guards.policy_calls import held_guard, visible_account
from countersign_server.guards.store import policy_in_force
from countersign_server.guards.tables import guards
from countersign_server.guards.wire import switch_message
from countersign_server.identifiers import uuid7
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, Role, current_call, current_caller
from countersign_server.rpc.conversion import trace_of

_ACCOUNTS_MAX = 500


class SwitchCalls(guards_pb2_grpc.GuardServiceServicer):
    """See guards.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _now: Callable[[], datetime]

    async def PullKillSwitch(
        self, request: pb.PullKillSwitchRequest, context: Context
    ) -> pb.PullKillSwitchResponse:
        caller, state = current_caller(), TradingState(STATES_READ[request.state])
        match request.WhichOneof("target"):
            case "account_id":
                async with self._database.transaction(caller.tenant) as tx:
                    found = await visible_account(tx, UUID(request.account_id))
                    await self._hold(tx, [found], state, request.reason)
                self._ring([found])
                return pb.PullKillSwitchResponse(accounts=1)
            case "producer_id":
                return await self._stop_producer(UUID(request.producer_id), state, request.reason)
            case _ if caller.role is Role.OPERATOR:
                return await self._stop_everything(state, request.reason)
            case _:
                async with self._database.transaction(caller.tenant) as tx:
                    mine = await list_accounts(tx, before=None, limit=_ACCOUNTS_MAX)
                    await self._hold(tx, mine, state, request.reason)
                self._ring(mine)
                return pb.PullKillSwitchResponse(accounts=len(mine))

    async def ListKillSwitches(
        self, request: pb.ListKillSwitchesRequest, context: Context
    ) -> pb.ListKillSwitchesResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await switches_that_hold(tx)
        return pb.ListKillSwitchesResponse(kill_switches=map(switch_message, found))

    async def ReleaseKillSwitch(
        self, request: pb.ReleaseKillSwitchRequest, context: Context
    ) -> pb.ReleaseKillSwitchResponse:
        caller, now, switch_id = current_caller(), self._now(), UUID(request.kill_switch_id)
        async with self._database.transaction(caller.tenant) as tx:
            seen = await switch_seen(tx, switch_id)
            if seen is None:
                raise NotFound(f"no kill switch {switch_id}", kill_switch_id=str(switch_id))
            _check_may_release(seen, caller)
            held = await switch_for_update(tx, switch_id)
            assert held is not None  # noqa: S101  # it was seen, and switches are never deleted
            if held.released_at is not None:
                return pb.ReleaseKillSwitchResponse()
            await release_switch(tx, switch_id, now)
            if held.producer_id is not None:
                await _let_producer(tx, held.producer_id)
            else:
                # Each follows its own guard again at its next look, which is now.
                await _have_all_looked_at(tx, now)
            facts = {"reason": request.reason}
            await record(tx, self._entry("kill_switch.released", held, facts, now))
        self._wakeups.ring("audit", "guards", KEYS)
        return pb.ReleaseKillSwitchResponse()

    async def _hold(
        self, tx: AsyncConnection, found: Sequence[Account], state: TradingState, reason: str
    ) -> None:
        """Hold the latches of accounts, in one order for all who hold several."""
        now, trace = self._now(), trace_of(current_call())
        for one in sorted(found, key=lambda account: account.id):
            kept = await held_guard(tx, one)
            policy = await policy_in_force(tx, kept, one.currency)
            after, effects = switch(
                kept.state, Held(state), by=current_caller().actor, reason=reason, now=now
            )
            # Looked at at once: what is open may have to be closed.
            after_kept = replace(kept, state=after, due_at=now)
            await keep(tx, one, kept, after_kept, effects, policy=policy, trace=trace, now=now)

    async def _stop_producer(
        self, producer_id: UUID, state: TradingState, reason: str
    ) -> pb.PullKillSwitchResponse:
        caller, now = current_caller(), self._now()
        async with self._database.transaction(caller.tenant) as tx:
            found = await producer(tx, producer_id)
            if found is None or caller.tenant not in (None, found.owner_id):
                raise NotFound(f"no producer {producer_id}", producer_id=str(producer_id))
            pulled = await self._pull(tx, found.owner_id, producer_id, state, reason, now)
            await _let_producer(tx, producer_id)
        self._wakeups.ring("audit", "guards", KEYS)
        return pb.PullKillSwitchResponse(kill_switch=switch_message(pulled))

    async def _stop_everything(self, state: TradingState, reason: str) -> pb.PullKillSwitchResponse:
        now = self._now()
        async with self._database.transaction(None) as tx:
            pulled = await self._pull(tx, None, None, state, reason, now)
            changed = await self._hold_everything(tx, state, now)
        self._ring(changed)
        return pb.PullKillSwitchResponse(accounts=len(changed), kill_switch=switch_message(pulled))

    async def _pull(  # noqa: PLR0913, PLR0917  # the parts of a switch
        self,
        tx: AsyncConnection,
        owner_id: UUID | None,
        producer_id: UUID | None,
        state: TradingState,
        reason: str,
        now: datetime,
    ) -> KillSwitch:
        """Return the switch that holds: the one that holds so already, or a new one."""
        caller = current_caller()
        for one in await switches_that_hold(tx):
            is_same = (one.producer_id, one.actor) == (producer_id, caller.actor)
            if is_same and severity(one.state) >= severity(state):
                return one
        pulled = KillSwitch(
            id=uuid7(now),
            owner_id=owner_id,
            producer_id=producer_id,
            state=state,
            reason=reason,
            actor=caller.actor,
            by_operator=caller.role is Role.OPERATOR,
            created_at=now,
        )
        await add_switch(tx, pulled)
        await record(tx, self._entry("kill_switch.pulled", pulled, {"reason": reason}, now))
        return pulled

    async def _hold_everything(
        self, tx: AsyncConnection, state: TradingState, now: datetime
    ) -> Sequence[Account]:
        """Hold every account that is freer than `state`, and return them.

        Whoever judges an account meanwhile has its guard: this waits, or it sees the switch.
        """
        await _have_all_looked_at(tx, now)
        freer = [one.value for one in TradingState if severity(one) < severity(state)]
        changed = await tx.execute(
            update(accounts)
            .where(accounts.c.trading_state.in_(freer))
            .values(
                trading_state=state,
                trading_cause=KILL_SWITCH,
                trading_since=now,
                latch=accounts.c.latch + 1,
            )
            .returning(accounts)
        )
        held = [account_of(row) for row in changed]
        trace = trace_of(current_call())
        entries = [
            Entry(
                kind="account.trading_state_changed",
                subject=f"account:{one.id}",
                event_time=now,
                trace=trace,
                owner_id=one.owner_id,
                account_id=one.id,
                after={"state": state, "cause": KILL_SWITCH, "latch": one.latch},
            )
            for one in held
        ]
        if entries:
            await record(tx, *entries)
        return held

    def _entry(
        self, kind: str, held: KillSwitch, facts: Mapping[str, object], now: datetime
    ) -> Entry:
        return Entry(
            kind=kind,
            subject=f"kill-switch:{held.id}",
            event_time=now,
            trace=trace_of(current_call()),
            owner_id=held.owner_id,
            after={"state": held.state, "producer_id": held.producer_id, **facts},
        )

    def _ring(self, found: Sequence[Account]) -> None:
        topics = {topic for one in found for topic in topics_of(one)}
        self._wakeups.ring(*topics, "audit", "guards")


def _check_may_release(held: KillSwitch, caller: Caller) -> None:
    """Raise Forbidden unless the caller may let go on what the switch stops."""
    if caller.role is Role.OPERATOR:
        return
    if held.by_operator or held.owner_id != caller.owner_id:
        raise Forbidden("an operator pulled this switch: an operator releases it")


async def _let_producer(tx: AsyncConnection, producer_id: UUID) -> None:
    """Leave a producer what its switches leave it."""
    mine = [one.state for one in await switches_that_hold(tx) if one.producer_id == producer_id]
    await set_producer_state(tx, producer_id, strictest(*mine))


async def _have_all_looked_at(tx: AsyncConnection, now: datetime) -> None:
    """Have every account looked at now, those that were never seen as well.

    Holds every guard, in the order in which all hold several, and before any account: whoever
    judges one has its guard first, and then its account.
    """
    every = select(accounts.c.id, accounts.c.owner_id)
    await tx.execute(
        upsert(guards).from_select(["account_id", "owner_id"], every).on_conflict_do_nothing()
    )
    await tx.execute(select(guards.c.account_id).order_by(guards.c.account_id).with_for_update())
    await tx.execute(update(guards).values(due_at=now))
