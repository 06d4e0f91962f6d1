"""Where owners make accounts, and say what each broker's symbols are."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import accounts_pb2, accounts_pb2_grpc
from countersign_server.accounts import store, symbol_store
from countersign_server.accounts.account import Account, AccountLimits, TradingState, facts_of
from countersign_server.accounts.fingerprints import symbol_fingerprint
from countersign_server.accounts.kill_switch import KILL_SWITCH, state_of_everything
from countersign_server.accounts.switch_store import switches_that_hold
from countersign_server.accounts.symbol import SymbolProperties
from countersign_server.accounts.update_masks import Changeable, updated
from countersign_server.accounts.wire import (
    account_to_message,
    fingerprint_from_message,
    id_from_text,
    limits_from_message,
    properties_from_message,
    properties_to_message,
    symbol_to_message,
)
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import AccountExists, Invalid, NotFound, SymbolTaken, SymbolUnknown
from countersign_server.identifiers import uuid7
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, Role, current_call, current_caller
from countersign_server.rpc.conversion import trace_of
from countersign_server.rpc.pages import id_position, next_token, page_size

_LIMITS = frozenset(f"limits.{field.name}" for field in fields(AccountLimits))
_CHANGEABLE = Changeable(
    settable=_LIMITS | {"name", "broker", "owner_signature_required"},
    clearable=_LIMITS | {"broker", "owner_signature_required"},
)
_SYMBOLS_MAX = 500


class AccountCalls(accounts_pb2_grpc.AccountServiceServicer):
    """The calls about accounts and their symbols. See accounts.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _now: Callable[[], datetime]

    async def CreateAccount(
        self, request: accounts_pb2.CreateAccountRequest, context: Context
    ) -> accounts_pb2.CreateAccountResponse:
        caller = current_caller()
        wanted = _new_account(request, caller.owner_id, self._now())
        async with self._database.transaction(caller.tenant) as tx:
            made = await _as_switched(tx, wanted)
            if await store.add_account(tx, made):
                await record(tx, self._told("account.created", made, None, facts_of(made)))
            else:
                made = await _same_account(tx, wanted)
        self._wakeups.ring("audit")
        return accounts_pb2.CreateAccountResponse(account=account_to_message(made))

    async def GetAccount(
        self, request: accounts_pb2.GetAccountRequest, context: Context
    ) -> accounts_pb2.GetAccountResponse:
        caller, account_id = current_caller(), UUID(request.account_id)
        async with self._database.transaction(caller.tenant) as tx:
            account = await _visible_account(tx, account_id, caller)
        return accounts_pb2.GetAccountResponse(account=account_to_message(account))

    async def ListAccounts(
        self, request: accounts_pb2.ListAccountsRequest, context: Context
    ) -> accounts_pb2.ListAccountsResponse:
        position, size = id_position(request), page_size(request.page_size)
        async with self._database.transaction(current_caller().tenant) as tx:
            rows = await store.list_accounts(tx, before=position, limit=size + 1)
        page = rows[:size]
        return accounts_pb2.ListAccountsResponse(
            accounts=map(account_to_message, page),
            next_page_token=next_token(request, rows, size, [page[-1].id] if page else []),
        )

    async def UpdateAccount(
        self, request: accounts_pb2.UpdateAccountRequest, context: Context
    ) -> accounts_pb2.UpdateAccountResponse:
        account_id = id_from_text(request.account.account_id, field="account.account_id")
        async with self._database.transaction(current_caller().tenant) as tx:
            before = await _held_account(tx, account_id)
            asked, fields = updated(
                account_to_message(before),
                request.account,
                update_mask=request.update_mask,
                clear_mask=request.clear_mask,
                changeable=_CHANGEABLE,
            )
            after = _updated(before, asked, fields)
            if after != before:
                await store.save_account(tx, after)
                told = self._told("account.updated", after, facts_of(before), facts_of(after))
                await record(tx, told)
        self._wakeups.ring("audit")
        return accounts_pb2.UpdateAccountResponse(account=account_to_message(after))

    async def PutSymbol(
        self, request: accounts_pb2.PutSymbolRequest, context: Context
    ) -> accounts_pb2.PutSymbolResponse:
        account_id, instrument = UUID(request.account_id), request.instrument
        async with self._database.transaction(current_caller().tenant) as tx:
            account = await _held_account(tx, account_id)
            told = await symbol_store.told_properties(tx, account_id, request.symbol)
            wanted = _properties_to_confirm(request, told)
            await _refuse_taken_symbol(tx, account_id, instrument, request.symbol)
            before = await symbol_store.symbol_of(tx, account_id, instrument)
            if before is None or _differs(before.properties, wanted, told):
                await symbol_store.confirm_symbol(
                    tx,
                    owner_id=account.owner_id,
                    account_id=account_id,
                    instrument=instrument,
                    properties=wanted,
                    now=self._now(),
                )
                old = _symbol_facts(before.properties) if before else None
                new = {"instrument": instrument, **_symbol_facts(wanted)}
                await record(tx, self._told("symbol.confirmed", account, old, new))
            symbol = await symbol_store.symbol_of(tx, account_id, instrument)
        self._wakeups.ring("audit", f"account:{account_id}")
        return accounts_pb2.PutSymbolResponse(symbol=symbol and symbol_to_message(symbol))

    async def ListSymbols(
        self, request: accounts_pb2.ListSymbolsRequest, context: Context
    ) -> accounts_pb2.ListSymbolsResponse:
        caller, account_id = current_caller(), UUID(request.account_id)
        async with self._database.transaction(caller.tenant) as tx:
            await _visible_account(tx, account_id, caller)
            symbols = await symbol_store.symbols_of_account(tx, account_id, limit=_SYMBOLS_MAX)
            unmapped = await symbol_store.unmapped_symbols(tx, account_id, limit=_SYMBOLS_MAX)
        return accounts_pb2.ListSymbolsResponse(
            symbols=map(symbol_to_message, symbols), unmapped=map(properties_to_message, unmapped)
        )

    def _told(
        self,
        kind: str,
        account: Account,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any],
    ) -> Entry:
        return Entry(
            kind=kind,
            subject=f"account:{account.id}",
            event_time=self._now(),
            trace=trace_of(current_call()),
            owner_id=account.owner_id,
            account_id=account.id,
            before=before,
            after=after,
        )


async def _as_switched(tx: AsyncConnection, account: Account) -> Account:
    """Return a new account as the switches on everything leave it."""
    state = state_of_everything(await switches_that_hold(tx))
    if state is TradingState.ACTIVE:
        return account
    return replace(account, trading_state=state, trading_cause=KILL_SWITCH)


def _new_account(
    request: accounts_pb2.CreateAccountRequest, owner_id: UUID, now: datetime
) -> Account:
    fingerprint = fingerprint_from_message(request.fingerprint)
    return Account(
        id=uuid7(now),
        owner_id=owner_id,
        name=request.name,
        broker=request.broker,
        server=fingerprint.server,
        login=fingerprint.login,
        currency=fingerprint.currency,
        margin_mode=fingerprint.margin_mode,
        demo=request.demo,
        limits=limits_from_message(request.limits).of_a_new_account(),
        owner_signature_required=False,
        trading_state=TradingState.ACTIVE,
        trading_cause="",
        trading_since=now,
        latch=0,
        generation=0,
        created_at=now,
    )


async def _same_account(tx: AsyncConnection, wanted: Account) -> Account:
    existing = await store.account_by_login(
        tx, wanted.owner_id, server=wanted.server, login=wanted.login
    )
    if existing is None or _content(existing) != _content(wanted):
        raise AccountExists(
            f"you have an account {wanted.login} at {wanted.server} already, with other content",
            login=str(wanted.login),
            server=wanted.server,
        )
    return existing


def _content(account: Account) -> tuple[Any, ...]:
    return (account.fingerprint, account.name, account.broker, account.limits, account.demo)


def _updated(before: Account, given: accounts_pb2.Account, fields: frozenset[str]) -> Account:
    changes: Mapping[str, Any] = {
        "name": given.name,
        "broker": given.broker,
        "limits": limits_from_message(given.limits),
        "owner_signature_required": given.owner_signature_required,
    }
    return replace(before, **{name: changes[name] for name in fields})


async def _held_account(tx: AsyncConnection, account_id: UUID) -> Account:
    account = await store.account_for_update(tx, account_id)
    if account is None:
        raise _no_account(account_id)
    return account


async def _visible_account(tx: AsyncConnection, account_id: UUID, caller: Caller) -> Account:
    account = await store.account(tx, account_id)
    if account is None or (caller.role is Role.DEVICE and account_id != caller.account_id):
        raise _no_account(account_id)
    return account


def _no_account(account_id: UUID) -> NotFound:
    return NotFound(f"no account {account_id}", account_id=str(account_id))


def _properties_to_confirm(
    request: accounts_pb2.PutSymbolRequest, told: SymbolProperties | None
) -> SymbolProperties:
    """Return what the terminal has `told` of the symbol; where it has not, what the caller says."""
    given = None
    if request.HasField("properties"):
        given = properties_from_message(request.properties)
        if given.symbol != request.symbol:
            raise Invalid(
                f"properties are of {given.symbol}, not of {request.symbol}",
                field="properties.symbol",
            )
    confirmed = told or given
    if confirmed is None:
        raise SymbolUnknown(
            f"the terminal has not told of {request.symbol}; "
            "connect its bridge, or give the symbol's properties",
            symbol=request.symbol,
        )
    if told and given and symbol_fingerprint(told) != symbol_fingerprint(given):
        raise Invalid(
            f"properties do not agree with what the terminal says of {request.symbol}; "
            "leave them out to confirm what it says",
            field="properties",
        )
    return confirmed


async def _refuse_taken_symbol(
    tx: AsyncConnection, account_id: UUID, instrument: str, symbol: str
) -> None:
    other = await symbol_store.instrument_of(tx, account_id, symbol)
    if other not in (None, instrument):
        raise SymbolTaken(f"{symbol} is {other} on this account already", instrument=str(other))


def _differs(
    confirmed: SymbolProperties, wanted: SymbolProperties, told: SymbolProperties | None
) -> bool:
    # What the terminal tells moves with the market: the fingerprint says whether it is the same.
    if told is not None:
        return symbol_fingerprint(confirmed) != symbol_fingerprint(wanted)
    return confirmed != wanted


def _symbol_facts(properties: SymbolProperties) -> dict[str, Any]:
    return {"fingerprint": symbol_fingerprint(properties), **properties.to_json()}
