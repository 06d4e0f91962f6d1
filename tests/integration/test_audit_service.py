"""Reading, verifying, exporting and following the event log through the door."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import pytest

from countersign.v1 import audit_pb2
from countersign_server.audit import feed
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.audit.wire import first_broken_line
from countersign_server.rpc.caller import Role
from tests.fixtures.back_office import BackOffice, Metadata, back_office
from tests.fixtures.clock import START, Clock
from tests.fixtures.refusals import refusal
from tests.fixtures.server_sent_events import Events


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[BackOffice]:
    async with back_office(database_url, Clock()) as running:
        yield running


async def write(
    office: BackOffice, owner: Metadata | None, *kinds: str, after: dict[str, Any] | None = None
) -> None:
    owner_id = None if owner is None else office.caller_of(owner).owner_id
    trace = Trace(actor="system:test")
    async with office.database.transaction(None) as tx:
        await record(
            tx,
            *(
                Entry(
                    kind=kind,
                    subject="account:1",
                    event_time=START,
                    trace=trace,
                    owner_id=owner_id,
                    after=after or {},
                )
                for kind in kinds
            ),
        )


async def listed(office: BackOffice, who: Metadata, **question: Any) -> list[str]:
    request = audit_pb2.ListAuditEntriesRequest(**question)
    answer = await office.audit.ListAuditEntries(request, metadata=who)
    return [entry.kind for entry in answer.entries]


async def test_an_owner_reads_its_own_entries_and_an_operator_everybodys(
    office: BackOffice,
) -> None:
    owner, other = await office.a_person(), await office.a_person()
    operator = await office.a_person(Role.OPERATOR)
    await write(office, owner, "a.mine")
    await write(office, other, "a.theirs")
    await write(office, None, "a.platforms")

    assert await listed(office, owner, kind_prefix="a.") == ["a.mine"]
    assert await listed(office, operator, kind_prefix="a.") == [
        "a.mine",
        "a.theirs",
        "a.platforms",
    ]


async def test_entries_are_listed_before_and_after_they_are_sealed(office: BackOffice) -> None:
    operator = await office.a_person(Role.OPERATOR)
    await write(office, None, "a")
    await office.seal()
    await write(office, None, "b")

    request = audit_pb2.ListAuditEntriesRequest()
    answer = await office.audit.ListAuditEntries(request, metadata=operator)
    first, second = answer.entries
    assert (first.sequence, len(first.entry_hash), second.sequence) == (1, 64, 0)
    assert second.entry_hash == ""


async def test_a_long_list_comes_in_pages_without_gap_or_repeat(office: BackOffice) -> None:
    operator = await office.a_person(Role.OPERATOR)
    await write(office, None, *(f"kind.{number}" for number in range(7)))
    kinds: list[str] = []
    request = audit_pb2.ListAuditEntriesRequest(page_size=3)
    while True:
        answer = await office.audit.ListAuditEntries(request, metadata=operator)
        kinds += [entry.kind for entry in answer.entries]
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert kinds == [f"kind.{number}" for number in range(7)]


async def test_a_prefix_of_a_kind_is_taken_by_its_letters(office: BackOffice) -> None:
    operator = await office.a_person(Role.OPERATOR)
    await write(office, None, "producer_key.created", "producerXkey.created")
    assert await listed(office, operator, kind_prefix="producer_key.") == ["producer_key.created"]


async def test_an_operator_hears_where_the_chain_ends_and_an_owner_may_not_ask(
    office: BackOffice,
) -> None:
    operator, owner = await office.a_person(Role.OPERATOR), await office.a_person()
    await write(office, None, "a", "b")
    await office.seal()
    await write(office, None, "c")

    verdict = await office.audit.VerifyAudit(audit_pb2.VerifyAuditRequest(), metadata=operator)
    assert (verdict.intact, verdict.checked, verdict.sealed_sequence) == (True, 2, 2)
    assert (verdict.unsealed, len(verdict.sealed_hash)) == (1, 64)
    with refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"):
        await office.audit.VerifyAudit(audit_pb2.VerifyAuditRequest(), metadata=owner)


async def exported(office: BackOffice, **question: int) -> list[bytes]:
    operator = await office.a_person(Role.OPERATOR)
    request = audit_pb2.ExportAuditRequest(**question)
    bodies = [body async for body in office.audit.ExportAudit(request, metadata=operator)]
    assert {body.content_type for body in bodies} == {"application/x-ndjson"}
    assert all(len(body.data) <= 64 * 1024 for body in bodies)
    return b"".join(body.data for body in bodies).splitlines(keepends=True)


async def test_an_export_has_every_sealed_entry_and_verifies_elsewhere(office: BackOffice) -> None:
    await write(office, None, *(f"kind.{number}" for number in range(600)))
    # Longer than a piece of the stream: a line is cut where it must be, and comes together again.
    await write(office, None, "long", after={"text": "é\n" * 50_000})
    await office.seal()
    await write(office, None, "unsealed")

    lines = await exported(office)

    assert [json.loads(line)["sequence"] for line in lines] == list(range(1, 602))
    assert first_broken_line(lines) is None
    part = await exported(office, from_sequence=10, to_sequence=12)
    assert part == lines[9:12]


async def test_an_export_of_nothing_is_empty(office: BackOffice) -> None:
    assert await exported(office) == []


@asynccontextmanager
async def following(
    office: BackOffice, who: Metadata, after: int = 0, headers: Metadata = ()
) -> AsyncGenerator[Events]:
    request = audit_pb2.FollowEventsRequest(after_sequence=after)
    call = office.audit.FollowEvents(request, metadata=(*who, *headers))
    try:
        yield await Events(call).opened()
    finally:
        call.cancel()


async def test_a_follower_is_told_what_concerns_it_in_the_order_of_the_chain(
    office: BackOffice,
) -> None:
    owner, other = await office.a_person(), await office.a_person()
    await write(office, owner, "a.before")
    await office.seal()

    async with following(office, owner, after=1) as events:
        await write(office, owner, "a.mine", after={"note": "line\nbreak"})
        await write(office, other, "a.theirs")
        await write(office, owner, "a.mine too")
        await office.seal()
        first, second = await events.next(), await events.next()

    assert (first["id"], first["event"]) == ("2", "a.mine")
    assert (second["id"], second["event"]) == ("4", "a.mine too")
    shown = json.loads(first["data"])
    assert shown["sequence"] == "2"  # as REST shows 64-bit numbers
    assert json.loads(shown["afterJson"]) == {"note": "line\nbreak"}


@pytest.mark.parametrize("header", [(), (("last-event-id", "2"),)])
async def test_a_follower_that_comes_again_goes_on_where_it_was(
    office: BackOffice, header: Metadata
) -> None:
    """The header, which a browser sends by itself, comes before the request's own sequence."""
    owner = await office.a_person()
    await write(office, owner, "a", "b", "c")
    await office.seal()
    after = 1 if header else 2
    async with following(office, owner, after, header) as events:
        assert (await events.next())["id"] == "3"


async def test_an_event_id_that_is_none_is_refused(office: BackOffice) -> None:
    owner = await office.a_person()
    for wrong in ("x", "-1", "1.5", str(2**63)):
        with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
            async with following(office, owner, headers=(("last-event-id", wrong),)):
                pass


async def test_a_stream_says_that_the_server_goes_away(office: BackOffice) -> None:
    owner = await office.a_person()
    async with following(office, owner) as events:
        office.feed.stop()
        last = await events.next()
    assert last["event"] == "end"
    assert json.loads(last["data"]) == {"code": "UNAVAILABLE", "reason": "DRAINING"}


async def test_a_follower_with_all_the_patience_ends_at_once_when_the_feed_stops(
    office: BackOffice,
) -> None:
    async with aclosing(office.feed.follow(None, 0, patience=timedelta(hours=1))) as batches:
        following = asyncio.ensure_future(anext(batches, None))
        told, _ = await asyncio.wait({following}, timeout=0.5)
        assert not told, "there is nothing to tell: it waits"
        office.feed.stop()
        async with asyncio.timeout(5):
            assert await following is None


async def test_a_revoked_sign_in_ends_its_streams(office: BackOffice) -> None:
    owner = await office.a_person()
    async with following(office, owner) as events:
        office.revocations.announce(office.caller_of(owner).session)
        last = await events.next()
    assert last["event"] == "end"
    assert json.loads(last["data"])["reason"] == "TOKEN_REVOKED"


async def test_a_stream_ends_with_the_token_that_opened_it(office: BackOffice) -> None:
    person = office.caller_of(await office.a_person())
    ends_at = office.clock() + timedelta(minutes=15)
    owner = office.bearing(replace(person, session="another", token_expires_at=ends_at))
    async with following(office, owner) as events:
        office.clock.go_on(timedelta(minutes=15))
        async with asyncio.timeout(5):
            last = await events.next()
    assert last["event"] == "end"
    assert json.loads(last["data"]) == {"code": "UNAUTHENTICATED", "reason": "TOKEN_EXPIRED"}


async def test_a_follower_far_behind_among_others_entries_finds_its_own(
    office: BackOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Several strides of nothing for it lie before; none of them may wait for a bell.
    monkeypatch.setattr(feed, "_STRIDE", 100)
    owner, other = await office.a_person(), await office.a_person()
    await write(office, other, *["a.theirs"] * 1200)
    await write(office, owner, *["a.mine"] * 1100)
    await office.seal()
    async with following(office, owner, after=1) as events:
        async with asyncio.timeout(15):
            ids = [(await events.next())["id"] for _ in range(1100)]
    assert ids == [str(number) for number in range(1201, 2301)]
