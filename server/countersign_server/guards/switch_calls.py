"""The calls by which people stop trading, and let it go on."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from countersign.v1 import guards_pb2 as pb, guards_pb2_grpc
from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.key_cache import TOPIC as KEYS
from countersign_server.accounts.kill_switch import KillSwitch
from countersign_server.accounts.producer_store import producer
from countersign_server.accounts.store import list_accounts
from countersign_server.accounts.switch_store import switches_that_hold
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import NotFound
from countersign_server.guards.keeping import topics_of
from countersign_server.guards.latches import STATES_READ
from countersign_server.guards.persons_word import (
    Word,
    hold_accounts,
    release,
    stop_everything,
    stop_producer,
)
from countersign_server.guards.policy_calls import visible_account
from countersign_server.guards.sql_book import SqlGuardBook
from countersign_server.guards.wire import switch_message
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
                    await hold_accounts(
                        SqlGuardBook(tx), [found], state, self._word(request.reason)
                    )
                self._ring([found])
                return pb.PullKillSwitchResponse(accounts=1)
            case "producer_id":
                return await self._stop_producer(UUID(request.producer_id), state, request.reason)
            case _ if caller.role is Role.OPERATOR:
                return await self._stop_everything(state, request.reason)
            case _:
                async with self._database.transaction(caller.tenant) as tx:
                    mine = await list_accounts(tx, before=None, limit=_ACCOUNTS_MAX)
                    await hold_accounts(SqlGuardBook(tx), mine, state, self._word(request.reason))
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
        caller = current_caller()
        async with self._database.transaction(caller.tenant) as tx:
            await release(
                SqlGuardBook(tx),
                UUID(request.kill_switch_id),
                self._word(request.reason),
                may_release=lambda held: _may_release(held, caller),
            )
        self._wakeups.ring("audit", "guards", KEYS)
        return pb.ReleaseKillSwitchResponse()

    async def _stop_producer(
        self, producer_id: UUID, state: TradingState, reason: str
    ) -> pb.PullKillSwitchResponse:
        caller = current_caller()
        async with self._database.transaction(caller.tenant) as tx:
            found = await producer(tx, producer_id)
            if found is None or caller.tenant not in (None, found.owner_id):
                raise NotFound(f"no producer {producer_id}", producer_id=str(producer_id))
            pulled = await stop_producer(
                SqlGuardBook(tx), producer_id, found.owner_id, state, self._word(reason)
            )
        self._wakeups.ring("audit", "guards", KEYS)
        return pb.PullKillSwitchResponse(kill_switch=switch_message(pulled))

    async def _stop_everything(self, state: TradingState, reason: str) -> pb.PullKillSwitchResponse:
        async with self._database.transaction(None) as tx:
            pulled, changed = await stop_everything(SqlGuardBook(tx), state, self._word(reason))
        self._ring(changed)
        return pb.PullKillSwitchResponse(accounts=len(changed), kill_switch=switch_message(pulled))

    def _word(self, reason: str) -> Word:
        by_operator = current_caller().role is Role.OPERATOR
        return Word(trace_of(current_call()), reason, self._now(), by_operator=by_operator)

    def _ring(self, found: Sequence[Account]) -> None:
        topics = {topic for one in found for topic in topics_of(one)}
        self._wakeups.ring(*topics, "audit", "guards")


def _may_release(held: KillSwitch, caller: Caller) -> bool:
    is_own = not held.by_operator and held.owner_id == caller.owner_id
    return caller.role is Role.OPERATOR or is_own
