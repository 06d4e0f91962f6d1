"""Accounts and their symbols: whose they are, what repeats do, what is confirmed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from countersign.v1 import accounts_pb2, audit_pb2, values_pb2
from countersign_server.accounts import store, symbol_store
from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.symbol import Quote, SymbolProperties
from countersign_server.accounts.wire import properties_to_message
from countersign_server.audit.entries import Trace
from countersign_server.errors import NotFound
from countersign_server.rpc.caller import Caller, Role
from tests.fixtures.back_office import (
    BackOffice,
    Metadata,
    a_snapshot,
    account_request,
    back_office,
    euro_dollar,
)
from tests.fixtures.clock import START, Clock
from tests.fixtures.refusals import refusal

TRACE = Trace(actor="device:1")


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[BackOffice]:
    async with back_office(database_url, Clock()) as running:
        yield running


async def kinds_of(office: BackOffice, owner: Metadata) -> list[str]:
    request = audit_pb2.ListAuditEntriesRequest()
    answer = await office.audit.ListAuditEntries(request, metadata=owner)
    return [entry.kind for entry in answer.entries]


async def test_making_the_same_account_again_answers_the_same(office: BackOffice) -> None:
    owner = await office.a_person()
    first = await office.an_account(owner)
    again = await office.an_account(owner)
    assert first == again
    assert first.trading_state == values_pb2.TRADING_STATE_ACTIVE
    assert await kinds_of(office, owner) == ["account.created"]


async def test_the_same_login_with_other_content_is_refused(office: BackOffice) -> None:
    owner = await office.a_person()
    await office.an_account(owner)
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "ACCOUNT_EXISTS"):
        await office.accounts.CreateAccount(account_request(name="Other"), metadata=owner)


async def test_two_owners_may_name_the_same_login(office: BackOffice) -> None:
    """Else one could learn, and block, where another trades."""
    first = await office.an_account(await office.a_person())
    second = await office.an_account(await office.a_person())
    assert first.account_id != second.account_id


async def test_a_server_name_that_is_not_one_line_is_refused(office: BackOffice) -> None:
    """It becomes a line of the text that is signed."""
    request = account_request()
    request.fingerprint.server = "Sim\nvolume: 100"
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "RULES_BROKEN"):
        await office.accounts.CreateAccount(request, metadata=await office.a_person())


async def test_an_account_is_seen_by_its_owner_its_device_and_operators_only(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    owner_id, own_id = UUID(account.owner_id), UUID(account.account_id)
    device = Caller(uuid4(), Role.DEVICE, owner_id, "device", account_id=own_id)
    other_device = Caller(uuid4(), Role.DEVICE, owner_id, "other", account_id=uuid4())
    request = accounts_pb2.GetAccountRequest(account_id=account.account_id)
    for caller in (owner, await office.a_person(Role.OPERATOR), office.bearing(device)):
        assert (await office.accounts.GetAccount(request, metadata=caller)).account == account
    for caller in (await office.a_person(), office.bearing(other_device)):
        with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
            await office.accounts.GetAccount(request, metadata=caller)


async def test_accounts_are_listed_newest_first_in_pages(office: BackOffice) -> None:
    owner = await office.a_person()
    made: list[str] = []
    for login in range(1, 6):
        made.append((await office.an_account(owner, login)).account_id)
        office.clock.go_on(timedelta(seconds=1))
    await office.an_account(await office.a_person())
    request, seen = accounts_pb2.ListAccountsRequest(page_size=2), list[str]()
    while True:
        answer = await office.accounts.ListAccounts(request, metadata=owner)
        seen += [account.account_id for account in answer.accounts]
        request.page_token = answer.next_page_token
        if not request.page_token:
            break
    assert seen == made[::-1]


async def test_an_update_changes_what_it_names_and_nothing_else(office: BackOffice) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    request = accounts_pb2.UpdateAccountRequest(
        account=accounts_pb2.Account(
            account_id=account.account_id,
            name="New",
            broker="Not named",
            limits=accounts_pb2.AccountLimits(max_volume="0.5", max_open_positions=3),
        ),
        update_mask=FieldMask(paths=["name", "limits"]),
    )
    changed = (await office.accounts.UpdateAccount(request, metadata=owner)).account
    assert (changed.name, changed.broker, changed.limits.max_volume) == ("New", "Sim", "0.5")
    again = (await office.accounts.UpdateAccount(request, metadata=owner)).account
    assert again == changed
    assert await kinds_of(office, owner) == ["account.created", "account.updated"]


async def test_a_limit_goes_only_when_it_is_named_to_be_cleared(office: BackOffice) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    limited = accounts_pb2.Account(
        account_id=account.account_id,
        limits=accounts_pb2.AccountLimits(max_volume="0.5", max_open_positions=3),
    )
    await office.accounts.UpdateAccount(
        accounts_pb2.UpdateAccountRequest(account=limited, update_mask=FieldMask(paths=["limits"])),
        metadata=owner,
    )

    async def update(limits: accounts_pb2.AccountLimits, **masks: FieldMask) -> Any:
        asked = accounts_pb2.Account(account_id=account.account_id, limits=limits)
        request = accounts_pb2.UpdateAccountRequest(account=asked, **masks)
        return (await office.accounts.UpdateAccount(request, metadata=owner)).account.limits

    one = accounts_pb2.AccountLimits(max_open_positions=5)
    kept = await update(one, update_mask=FieldMask(paths=["limits"]))
    assert (kept.max_volume, kept.max_open_positions) == ("0.5", 5)
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "UPDATE_MASK_INVALID"):
        await update(one, update_mask=FieldMask(paths=["limits.max_volume"]))
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "UPDATE_MASK_INVALID"):
        await update(accounts_pb2.AccountLimits(), update_mask=FieldMask(paths=["limits"]))

    cleared = await update(
        accounts_pb2.AccountLimits(), clear_mask=FieldMask(paths=["limits.max_volume"])
    )
    assert (cleared.max_volume, cleared.max_open_positions) == ("", 5)


async def test_a_new_account_is_kept_from_running_away_until_its_owner_says_otherwise(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    limits = account.limits
    assert (limits.max_orders_per_second, limits.max_identical_orders_per_minute) == (10, 20)
    request = accounts_pb2.UpdateAccountRequest(
        account=accounts_pb2.Account(
            account_id=account.account_id,
            limits=accounts_pb2.AccountLimits(max_orders_per_second=3),
        ),
        update_mask=FieldMask(paths=["limits"]),
        clear_mask=FieldMask(paths=["limits.max_identical_orders_per_minute"]),
    )
    limits = (await office.accounts.UpdateAccount(request, metadata=owner)).account.limits
    assert (limits.max_orders_per_second, limits.max_identical_orders_per_minute) == (3, 0)


async def test_limits_of_an_owner_are_the_owners_and_told_to_the_audit(
    office: BackOffice,
) -> None:
    owner, other = await office.a_person(), await office.a_person()
    wanted = accounts_pb2.OwnerLimits(max_orders_per_second=2, max_orders_per_minute=30)
    put = accounts_pb2.PutOwnerLimitsRequest(limits=wanted)
    for _ in range(2):
        answer = await office.accounts.PutOwnerLimits(put, metadata=owner)
        assert answer.limits == wanted
    get = accounts_pb2.GetOwnerLimitsRequest()
    assert (await office.accounts.GetOwnerLimits(get, metadata=owner)).limits == wanted
    nothing = accounts_pb2.OwnerLimits()
    assert (await office.accounts.GetOwnerLimits(get, metadata=other)).limits == nothing
    assert await kinds_of(office, owner) == ["owner_limits.updated"]
    none = accounts_pb2.PutOwnerLimitsRequest(limits=nothing)
    assert (await office.accounts.PutOwnerLimits(none, metadata=owner)).limits == nothing


async def test_an_account_is_updated_by_its_owner_only(office: BackOffice) -> None:
    account = await office.an_account(await office.a_person())
    request = accounts_pb2.UpdateAccountRequest(
        account=accounts_pb2.Account(account_id=account.account_id, name="Mine now"),
        update_mask=FieldMask(paths=["name"]),
    )
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await office.accounts.UpdateAccount(request, metadata=await office.a_person())


@pytest.mark.parametrize(
    ("change", "paths", "reason"),
    [
        ({"name": "New"}, [], "UPDATE_MASK_INVALID"),
        ({"name": "New"}, ["demo"], "UPDATE_MASK_INVALID"),
        ({"name": ""}, ["name"], "UPDATE_MASK_INVALID"),
        ({"account_id": "none"}, ["name"], "INVALID"),
    ],
)
async def test_an_update_that_cannot_be_meant_is_refused(
    office: BackOffice, change: dict[str, Any], paths: list[str], reason: str
) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    given: dict[str, Any] = {"account_id": account.account_id, **change}
    request = accounts_pb2.UpdateAccountRequest(
        account=accounts_pb2.Account(**given), update_mask=FieldMask(paths=paths)
    )
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, reason):
        await office.accounts.UpdateAccount(request, metadata=owner)


async def put_symbol(  # noqa: PLR0913  # the fields of one request
    office: BackOffice,
    owner: Metadata,
    account_id: str,
    *,
    instrument: str = "EURUSD",
    properties: SymbolProperties | None = None,
    symbol: str = "EURUSD.r",
) -> accounts_pb2.AccountSymbol:
    request = accounts_pb2.PutSymbolRequest(
        account_id=account_id,
        instrument=instrument,
        symbol=symbol,
        properties=properties and properties_to_message(properties),
    )
    return (await office.accounts.PutSymbol(request, metadata=owner)).symbol


async def tell(
    office: BackOffice,
    account: accounts_pb2.Account,
    *properties: SymbolProperties,
    quotes: tuple[Quote, ...] = (),
) -> list[str]:
    """The account's terminal tells of its symbols; return the instruments that now disagree."""
    async with office.database.transaction(None) as tx:
        changed = await symbol_store.save_symbol_report(
            tx,
            owner_id=UUID(account.owner_id),
            account_id=UUID(account.account_id),
            properties=properties,
            quotes=quotes,
            now=office.clock(),
            trace=TRACE,
        )
    return list(changed)


async def symbol_now(
    office: BackOffice, account: accounts_pb2.Account
) -> accounts_pb2.AccountSymbol:
    operator = await office.a_person(Role.OPERATOR)
    request = accounts_pb2.ListSymbolsRequest(account_id=account.account_id)
    (symbol,) = (await office.accounts.ListSymbols(request, metadata=operator)).symbols
    return symbol


async def test_a_symbol_is_confirmed_as_the_terminal_tells_it(office: BackOffice) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    await tell(office, account, euro_dollar(), euro_dollar("GBPUSD.r"))

    confirmed = await put_symbol(office, owner, account.account_id)
    office.clock.go_on(timedelta(hours=1))
    again = await put_symbol(office, owner, account.account_id)

    assert confirmed == again
    assert not confirmed.changed
    assert confirmed.properties == properties_to_message(euro_dollar())
    request = accounts_pb2.ListSymbolsRequest(account_id=account.account_id)
    listed = await office.accounts.ListSymbols(request, metadata=owner)
    assert list(listed.symbols) == [confirmed]
    assert [one.symbol for one in listed.unmapped] == ["GBPUSD.r"]
    assert await kinds_of(office, owner) == ["account.created", "symbol.confirmed"]


async def test_a_symbol_that_no_terminal_told_needs_its_properties(office: BackOffice) -> None:
    owner = await office.a_person()
    account_id = (await office.an_account(owner)).account_id
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "SYMBOL_UNKNOWN"):
        await put_symbol(office, owner, account_id)
    given = await put_symbol(office, owner, account_id, properties=euro_dollar())
    assert given.properties.contract_size == "100000"


async def test_properties_that_contradict_the_terminal_are_refused(office: BackOffice) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    await tell(office, account, euro_dollar())
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        other = euro_dollar(contract_size="1000")
        await put_symbol(office, owner, account.account_id, properties=other)
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await put_symbol(office, owner, account.account_id, properties=euro_dollar("GBPUSD"))


async def test_one_symbol_is_one_instrument(office: BackOffice) -> None:
    owner = await office.a_person()
    account_id = (await office.an_account(owner)).account_id
    await put_symbol(office, owner, account_id, properties=euro_dollar())
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "SYMBOL_TAKEN"):
        await put_symbol(office, owner, account_id, instrument="EURO", properties=euro_dollar())


async def test_a_symbol_that_the_broker_changed_is_marked_until_it_is_confirmed_anew(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    await tell(office, account, euro_dollar())
    await put_symbol(office, owner, account.account_id)

    smaller = euro_dollar(contract_size="1000")
    assert await tell(office, account, smaller) == ["EURUSD"]
    assert await tell(office, account, smaller) == []  # told of once
    assert (await symbol_now(office, account)).changed

    await put_symbol(office, owner, account.account_id)
    assert not (await symbol_now(office, account)).changed
    kinds = await kinds_of(office, owner)
    assert kinds[1:] == ["symbol.confirmed", "symbol.changed", "symbol.confirmed"]


async def test_what_a_tick_is_worth_is_taken_from_the_newest_report(office: BackOffice) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    await tell(office, account, euro_dollar())
    await put_symbol(office, owner, account.account_id)
    assert await tell(office, account, replace(euro_dollar(), tick_value=Decimal("0.9"))) == []

    async with office.database.transaction(None) as tx:
        symbol = await symbol_store.symbol_of(tx, UUID(account.account_id), "EURUSD")
        assert await symbol_store.symbol_of(tx, UUID(account.account_id), "GBPUSD") is None
    assert symbol is not None
    assert (symbol.current.tick_value, symbol.properties.tick_value) == (Decimal("0.9"), 1)
    assert not symbol.changed


async def test_an_older_price_never_replaces_a_newer_one(office: BackOffice) -> None:
    account = await office.an_account(await office.a_person())
    account_id = UUID(account.account_id)

    def quote(bid: str, seconds: int) -> Quote:
        moment = START + timedelta(seconds=seconds)
        return Quote("EURUSD.r", Decimal(bid), Decimal(bid) + 1, moment)

    async def newest() -> Quote | None:
        async with office.database.transaction(None) as tx:
            return await symbol_store.quote_of(tx, account_id, "EURUSD.r")

    assert await newest() is None
    await tell(office, account, euro_dollar())
    assert await newest() is None
    for told in (quote("1", 1), quote("3", 3), quote("2", 2)):
        await tell(office, account, euro_dollar(), quotes=(told,))
    await tell(office, account, euro_dollar())  # no price told: the last one stands
    assert await newest() == quote("3", 3)


async def test_a_symbol_of_anothers_account_cannot_be_put_or_read(office: BackOffice) -> None:
    account_id = (await office.an_account(await office.a_person())).account_id
    other = await office.a_person()
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await put_symbol(office, other, account_id, properties=euro_dollar())
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        request = accounts_pb2.ListSymbolsRequest(account_id=account_id)
        await office.accounts.ListSymbols(request, metadata=other)


async def halt(office: BackOffice, account_id: UUID) -> Account:
    async with office.database.transaction(None) as tx:
        return await store.set_trading_state(
            tx,
            account_id,
            state=TradingState.HALTED,
            cause="DRAWDOWN_LIMIT",
            now=office.clock(),
            trace=TRACE,
        )


async def test_a_trading_state_is_set_once_counted_and_told(office: BackOffice) -> None:
    owner = await office.a_person()
    account_id = UUID((await office.an_account(owner)).account_id)
    halted = await halt(office, account_id)
    assert await halt(office, account_id) == halted
    assert (halted.latch, halted.trading_cause) == (1, "DRAWDOWN_LIMIT")
    kinds = await kinds_of(office, owner)
    assert kinds == ["account.created", "account.trading_state_changed"]


async def test_the_trading_state_of_no_account_cannot_be_set(office: BackOffice) -> None:
    with pytest.raises(NotFound):
        await halt(office, uuid4())


async def test_the_newest_snapshot_of_a_session_is_kept_and_a_new_session_begins_anew(
    office: BackOffice,
) -> None:
    account = await office.an_account(await office.a_person())
    owner_id, account_id = UUID(account.owner_id), UUID(account.account_id)

    async def keep(revision: int, balance: int, epoch: bytes = b"1" * 16) -> bool:
        snapshot = a_snapshot(
            account_id=account_id,
            owner_id=owner_id,
            revision=revision,
            balance=Decimal(balance),
            session_epoch=epoch,
        )
        async with office.database.transaction(None) as tx:
            return await store.save_snapshot(tx, snapshot)

    assert await keep(2, 200)
    assert not await keep(1, 100)
    assert not await keep(2, 250)
    assert await keep(1, 300, epoch=b"2" * 16)
    async with office.database.transaction(None) as tx:
        funds = await store.funds_of(tx, [account_id, uuid4()])
    assert {key: value.balance for key, value in funds.items()} == {account_id: 300}
