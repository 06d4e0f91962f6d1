"""What is earned can be paid out, once, and never more than there is; the ledger always adds up."""

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import affiliates_pb2 as pb, audit_pb2, values_pb2
from countersign_server.affiliates.tables import ledger_entries, ledger_lines
from countersign_server.database.engine import Database
from countersign_server.errors import IllegalTransition
from countersign_server.operators import open_bank_details
from countersign_server.sealing_key import sealing_key
from countersign_server.settings import Settings
from countersign_server.tables import metadata
from tests.fixtures.affiliates import (
    IBAN,
    Affiliate,
    an_affiliate,
    ask_payout,
    balance,
    has_earned,
    history,
    payout_request,
    set_program,
)
from tests.fixtures.lock_waits import until_someone_waits
from tests.fixtures.refusals import Refusal, refusal, refusal_in
from tests.fixtures.world import World, world

NOT_NOW = grpc.StatusCode.FAILED_PRECONDITION


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as it:
        await set_program(it)
        yield it


@pytest.fixture
async def ann(it: World) -> Affiliate:
    """An affiliate who has earned a hundred dollars."""
    made = await an_affiliate(it)
    await has_earned(it, made, "100")
    return made


async def approve(it: World, payout: pb.Payout) -> pb.Payout:
    request = pb.ApprovePayoutRequest(payout_id=payout.payout_id)
    return (await it.affiliates.ApprovePayout(request, metadata=it.operator)).payout


async def pay(it: World, payout: pb.Payout, reference: str = "wire-1") -> pb.Payout:
    request = pb.PayPayoutRequest(payout_id=payout.payout_id, reference=reference)
    return (await it.affiliates.PayPayout(request, metadata=it.operator)).payout


async def fail(it: World, payout: pb.Payout) -> pb.Payout:
    request = pb.FailPayoutRequest(payout_id=payout.payout_id, reason="account closed")
    return (await it.affiliates.FailPayout(request, metadata=it.operator)).payout


async def sums(it: World) -> set[Any]:
    """Return what the lines of each entry, and all lines together, add up to."""
    async with it.database.transaction(None) as tx:
        each = select(func.sum(ledger_lines.c.amount)).group_by(
            ledger_lines.c.entry_id, ledger_lines.c.currency
        )
        return set((await tx.scalars(each)).all())


async def test_a_payout_goes_from_asked_for_to_paid(it: World, ann: Affiliate) -> None:
    asked = await ask_payout(it, ann, "60")
    told = await balance(it, ann)
    assert (told.available, told.reserved, told.paid) == ("40", "60", "0")

    approved = await approve(it, asked)
    assert await approve(it, asked) == approved
    paid = await pay(it, asked)
    assert await pay(it, asked) == paid

    assert [one.state for one in (asked, approved, paid)] == [
        pb.PAYOUT_STATE_REQUESTED,
        pb.PAYOUT_STATE_APPROVED,
        pb.PAYOUT_STATE_PAID,
    ]
    told = await balance(it, ann)
    assert (told.available, told.reserved, told.paid, told.earned) == ("40", "0", "60", "100")
    with refusal(grpc.StatusCode.ABORTED, "ALREADY_DECIDED"):
        await pay(it, asked, "another")
    with refusal(NOT_NOW, "ILLEGAL_TRANSITION"):
        await fail(it, asked)
    assert await sums(it) == {0}


async def test_money_of_a_payout_that_fails_comes_back_once(it: World, ann: Affiliate) -> None:
    asked = await ask_payout(it, ann, "60")

    failed = await fail(it, asked)
    assert await fail(it, asked) == failed

    assert failed.reason == "account closed"
    assert (await balance(it, ann)).available == "100"
    kinds = [entry.kind for entry in (await history(it, ann)).entries]
    assert kinds == [
        pb.AFFILIATE_HISTORY_KIND_PAYOUT_FAILED,
        pb.AFFILIATE_HISTORY_KIND_PAYOUT_REQUESTED,
        pb.AFFILIATE_HISTORY_KIND_COMMISSION,
    ]


async def test_a_payout_is_paid_only_after_it_was_approved(it: World, ann: Affiliate) -> None:
    asked = await ask_payout(it, ann, "60")

    with refusal(NOT_NOW, "ILLEGAL_TRANSITION"):
        await pay(it, asked)
    assert (await balance(it, ann)).reserved == "60"


async def test_of_two_operators_one_decides(it: World, ann: Affiliate) -> None:
    asked = await ask_payout(it, ann, "60")
    await approve(it, asked)

    answers = await asyncio.gather(
        *(step(it, asked) for step in (pay, fail) * 3), return_exceptions=True
    )

    assert len([one for one in answers if not isinstance(one, Exception)]) == 3
    told = await balance(it, ann)
    assert (told.reserved, {told.available, told.paid}) in (
        ("0", {"40", "60"}),
        ("0", {"100", "0"}),
    )
    assert await sums(it) == {0}


async def test_requests_at_once_never_take_more_than_there_is(it: World, ann: Affiliate) -> None:
    await set_program(it, minimum_payout="1")

    answers = await asyncio.gather(
        *(ask_payout(it, ann, "30") for _ in range(12)), return_exceptions=True
    )

    assert len([one for one in answers if isinstance(one, pb.Payout)]) == 3
    refused = [refusal_in(one) for one in answers if isinstance(one, grpc.aio.AioRpcError)]
    assert refused == [Refusal(NOT_NOW, "BALANCE_TOO_LOW")] * 9
    told = await balance(it, ann)
    assert (told.available, told.reserved) == ("10", "90")


async def test_the_same_request_at_once_is_one_payout(it: World, ann: Affiliate) -> None:
    request_id = str(uuid4())

    answers = await asyncio.gather(
        *(ask_payout(it, ann, "60", request_id=request_id) for _ in range(6))
    )

    assert len({answer.payout_id for answer in answers}) == 1
    assert (await balance(it, ann)).available == "40"
    for changes in (
        {"amount": values_pb2.Money(amount="61", currency="USD")},
        {"bank_details": pb.BankDetails(holder="Eve", iban="GB82WEST12345698765432")},
    ):
        with refusal(grpc.StatusCode.ABORTED, "REQUEST_ID_REUSED"):
            await ask_payout(it, ann, "60", request_id=request_id, **changes)


@pytest.mark.parametrize(
    ("amount", "changes", "reason"),
    [
        ("49.99", {}, "PAYOUT_TOO_SMALL"),
        ("100.01", {}, "BALANCE_TOO_LOW"),
        ("60.001", {}, "INVALID"),
        ("-60", {}, "INVALID"),
        (
            "60",
            {"amount": values_pb2.Money(amount="60", currency="EUR")},
            "NO_PROGRAM",
        ),
        (
            "60",
            {"bank_details": pb.BankDetails(holder="Ann", iban="DE89370400440532013001")},
            "INVALID",
        ),
    ],
)
async def test_a_payout_that_cannot_be_is_refused_and_takes_nothing(
    it: World, ann: Affiliate, amount: str, changes: dict[str, Any], reason: str
) -> None:
    code = grpc.StatusCode.INVALID_ARGUMENT if reason == "INVALID" else NOT_NOW
    with refusal(code, reason):
        await ask_payout(it, ann, amount, **changes)

    assert (await balance(it, ann)).available == "100"


async def test_there_is_an_end_to_payouts_under_way(it: World, ann: Affiliate) -> None:
    await set_program(it, minimum_payout="1")
    for _ in range(10):
        await ask_payout(it, ann, "1")

    with refusal(NOT_NOW, "PAYOUTS_EXHAUSTED"):
        await ask_payout(it, ann, "1")


async def test_where_the_money_goes_is_nowhere_to_be_read(it: World, ann: Affiliate) -> None:
    asked = await ask_payout(it, ann, "60")
    await pay(it, await approve(it, asked))

    assert asked.bank_account_hint == f"…{IBAN[-4:]}"
    async with it.database.transaction(None) as tx:
        for table in metadata.sorted_tables:
            rows = await tx.scalars(select(text(f"CAST({table.name} AS text)")).select_from(table))
            for row in rows:
                assert IBAN not in row, table.name
                assert IBAN.encode().hex() not in row, table.name
                assert "Ann Example" not in row, table.name


async def test_whoever_pays_opens_an_approved_payout_on_the_servers_machine_and_the_audit_tells(
    it: World, ann: Affiliate, database_url: str, tmp_path: Path
) -> None:
    asked = await ask_payout(it, ann, "60")
    opened = partial(
        open_bank_details,
        database_url=database_url,
        sealing_key=sealing_key(Settings(data_dir=tmp_path)),
        payout_id=UUID(asked.payout_id),
    )

    with pytest.raises(IllegalTransition):
        await opened()
    await approve(it, asked)
    details = await opened()

    assert (details.holder, details.iban) == ("Ann Example", IBAN)
    entries = await it.audit.ListAuditEntries(
        audit_pb2.ListAuditEntriesRequest(kind_prefix="payout."), metadata=ann.metadata
    )
    assert [entry.kind for entry in entries.entries] == [
        *("payout.requested", "payout.approved", "payout.bank_details_opened")
    ]


async def test_owners_see_their_own_payouts_and_operators_all(it: World, ann: Affiliate) -> None:
    bob = await an_affiliate(it, "bob", 1000002)
    await has_earned(it, bob, "100")
    first, second = await ask_payout(it, ann, "60"), await ask_payout(it, bob, "70")

    async def listed(who: Any, **asked: Any) -> list[str]:
        answer = await it.affiliates.ListPayouts(pb.ListPayoutsRequest(**asked), metadata=who)
        return [payout.payout_id for payout in answer.payouts]

    assert await listed(ann.metadata) == [first.payout_id]
    assert await listed(it.operator) == [second.payout_id, first.payout_id]
    await approve(it, first)
    assert await listed(it.operator, states=[pb.PAYOUT_STATE_APPROVED]) == [first.payout_id]
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await listed(it.operator, states=[77])


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_at_once_the_ledger_adds_up(
    it: World, ann: Affiliate, seed: int
) -> None:
    """Half of the steps are refused; what is left is what was earned less what was paid."""
    await set_program(it, minimum_payout="1")
    dice = random.Random(seed)  # noqa: S311  # it only mixes up what happens

    async def live() -> None:
        await has_earned(it, ann, str(dice.randint(1, 40)))
        asked = await ask_payout(it, ann, str(dice.randint(1, 60)))
        for step in dice.sample([approve, approve, pay, fail], 3):
            await asyncio.gather(step(it, asked), return_exceptions=True)

    await asyncio.gather(*(live() for _ in range(15)), return_exceptions=True)

    assert await sums(it) == {0}
    told = await balance(it, ann)
    available, reserved, earned, paid = (
        float(part) for part in (told.available, told.reserved, told.earned, told.paid)
    )
    assert available >= 0
    assert reserved >= 0
    assert available + reserved + paid == earned


async def write(tx: AsyncConnection, lines: list[tuple[str, str, int]], **entry: Any) -> None:
    """Write an entry past the code, as somebody with the database's password could."""
    entry_id = uuid4()
    await tx.execute(insert(ledger_entries).values(id=entry_id, created_at=func.now(), **entry))
    for number, (purpose, currency, amount) in enumerate(lines):
        is_platforms = purpose in {"commissions", "paid-out"}
        await tx.execute(
            insert(ledger_lines).values(
                entry_id=entry_id,
                number=number,
                owner_id=None if is_platforms else entry["owner_id"],
                purpose=purpose,
                currency=currency,
                amount=amount,
            )
        )


async def test_the_schema_itself_refuses_what_does_not_add_up(it: World, ann: Affiliate) -> None:
    whose = {"owner_id": UUID(ann.owner.id), "kind": "commission"}

    for lines in (
        [("available", "USD", 5)],
        [("commissions", "USD", -5), ("available", "EUR", 5)],
        [("commissions", "USD", -5), ("available", "USD", 6)],
    ):
        with pytest.raises(IntegrityError, match="do not add up to nothing"):
            async with it.database.transaction(None) as tx:
                await write(tx, lines, **whose)
    async with it.database.transaction(None) as tx:
        await write(tx, [("commissions", "USD", -5), ("available", "USD", 5)], **whose)

    assert (await balance(it, ann)).available == "105"


async def test_the_schema_itself_refuses_a_payout_of_more_than_there_is(
    it: World, ann: Affiliate, database_url: str
) -> None:
    lines = [("available", "USD", -60), ("reserved", "USD", 60)]
    looking = Database(database_url, connections=1)
    whose = {"owner_id": UUID(ann.owner.id), "kind": "payout-requested"}

    async def second() -> None:
        async with it.database.transaction(None) as tx:
            await write(tx, lines, **whose)

    async with it.database.transaction(None) as tx:
        await write(tx, lines, **whose)
        waiting = asyncio.create_task(second())
        await until_someone_waits(looking)
    await looking.close()
    with pytest.raises(IntegrityError, match="a payout takes more than there is"):
        await waiting


async def test_what_is_booked_is_never_changed(it: World, ann: Affiliate) -> None:
    await ask_payout(it, ann, "60")

    for statement in (
        update(ledger_lines).values(amount=ledger_lines.c.amount),
        delete(ledger_lines),
        update(ledger_entries).values(reason="other"),
        text("TRUNCATE ledger_entries CASCADE"),
        text("TRUNCATE ledger_lines"),
        text("UPDATE affiliate_programs SET closed = true"),
    ):
        with pytest.raises(ProgrammingError, match="append-only"):
            async with it.database.transaction(None) as tx:
                await tx.execute(statement)


async def test_a_payout_can_be_asked_for_in_a_local_account(it: World, ann: Affiliate) -> None:
    local = pb.LocalBankAccount(number="000123456789", bank_code="026009593", country="US")

    made = await ask_payout(
        it, ann, "60", bank_details=pb.BankDetails(holder="Ann Example", local=local)
    )

    assert made.bank_account_hint == "…6789"
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "RULES_BROKEN"):
        await it.affiliates.RequestPayout(
            payout_request("60", bank_details=pb.BankDetails(holder="Ann")), metadata=ann.metadata
        )
