"""A person approves, rejects and is told from a chat; nobody else does anything there."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import select, text

from countersign.v1 import (
    accounts_pb2,
    analytics_pb2,
    approvals_pb2,
    identity_pb2,
    notifications_pb2,
    telegram_pb2 as pb,
    values_pb2,
)
from countersign_server.accounts.store import account
from countersign_server.identity.vault import Vault
from countersign_server.telegram.tables import telegram_updates
from tests.fixtures.bot_api import BOT, TOKEN, FakeBotApi, Refused, Shown, bot_api
from tests.fixtures.histories import history
from tests.fixtures.refusals import refusal
from tests.fixtures.stored_deals import store_deals
from tests.fixtures.waiting import until
from tests.fixtures.world import Owner, Producer, World, a_signal, world

ANN, STRANGER, GROUP = 7, 8, -100
SEALING_KEY = bytes(range(32))
# What Telegram is given, made as every process of a server makes it.
SECRET = Vault(SEALING_KEY).digest(TOKEN, bound_to="telegram_webhook").hex()


@dataclass(frozen=True, slots=True)
class Story:
    it: World
    api: FakeBotApi
    owner: Owner
    producer: Producer

    async def paired(self, user: int = ANN) -> pb.CreateTelegramPairingResponse:
        made = await self.it.telegram.CreateTelegramPairing(
            pb.CreateTelegramPairingRequest(), metadata=self.owner.metadata
        )
        self.api.says(user, f"/start {made.code}")
        await self.reads(user, "Paired.")
        assert isinstance(made, pb.CreateTelegramPairingResponse)
        return made

    async def reads(self, user: int, words: str) -> str:
        async def found() -> str:
            return next((one for one in self.api.texts(user) if words in one), "")

        return await until(found, f"{user} reads {words!r}, not {self.api.texts(user)}")

    async def laid_before(self, **changes: Any) -> approvals_pb2.Approval:
        """Submit a signal, and wait until its message with buttons is there."""
        signal_id = await self.it.submit(self.producer, a_signal(**changes))
        entry = await self.it.entry(self.owner, signal_id)
        await self.reads(ANN, f"#{entry.approval_id[-8:]}")
        await self.bound()
        return entry

    async def bound(self) -> None:
        """Wait until it is known which message each button came with: nobody presses so fast."""

        async def none_left() -> bool:
            asked = text(
                "SELECT NOT EXISTS (SELECT FROM telegram_buttons WHERE message_id IS NULL)"
            )
            async with self.it.database.transaction(None) as tx:
                return bool(await tx.scalar(asked))

        await until(none_left, "the buttons are bound")

    def message(self, entry: approvals_pb2.Approval) -> Shown:
        """The newest message that lays an approval before its owner."""
        ref = f"#{entry.approval_id[-8:]}"
        return next(
            one
            for one in reversed(self.api.chats[ANN].values())
            if ref in one.text and "stop" in one.text
        )

    async def outcome(self, update: dict[str, Any]) -> str:
        async def found() -> str:
            async with self.it.database.transaction(None) as tx:
                asked = select(telegram_updates.c.outcome).where(
                    telegram_updates.c.update_id == update["update_id"]
                )
                return await tx.scalar(asked) or ""

        return await until(found, "the update is handled")

    async def state(self, entry: approvals_pb2.Approval) -> int:
        answer = await self.it.approvals.GetApproval(
            approvals_pb2.GetApprovalRequest(approval_id=entry.approval_id),
            metadata=self.owner.metadata,
        )
        return int(answer.approval.state)

    async def trading_state(self, account_id: str = "") -> int:
        answer = await self.it.accounts.GetAccount(
            accounts_pb2.GetAccountRequest(account_id=account_id or self.owner.account_id),
            metadata=self.owner.metadata,
        )
        return int(answer.account.trading_state)

    async def chats(self) -> list[pb.TelegramChat]:
        answer = await self.it.telegram.ListTelegramChats(
            pb.ListTelegramChatsRequest(), metadata=self.owner.metadata
        )
        return list(answer.chats)


@pytest.fixture
async def story(database_url: str, tmp_path: Path) -> AsyncIterator[Story]:
    async with (
        bot_api() as api,
        world(
            database_url,
            tmp_path,
            telegram_token=TOKEN,
            telegram_api_url=api.url,
            sealing_key=b64encode(SEALING_KEY).decode(),
        ) as it,
    ):
        owner = await it.an_owner()
        producer = await it.a_producer(owner)
        await it.follow(owner, producer)
        await it.tell_prices(owner)
        yield Story(it, api, owner, producer)


async def test_a_link_pairs_a_chat_once(story: Story) -> None:
    made = await story.paired()
    again = story.api.says(STRANGER, f"/start {made.code}")

    assert made.link == f"https://t.me/{BOT}?start={made.code}"
    assert await story.outcome(again) == "PAIRING_REFUSED"
    assert [chat.display_name for chat in await story.chats()] == [f"user{ANN}"]


async def test_a_signal_is_approved_by_a_button_and_the_message_says_so(story: Story) -> None:
    await story.paired()
    entry = await story.laid_before()
    message = story.message(entry)
    update = story.api.presses(ANN, "Approve")

    assert await story.outcome(update) == "APPROVED"
    assert await story.state(entry) == approvals_pb2.APPROVAL_STATE_APPROVED
    await story.reads(ANN, "APPROVED")
    assert (message.edits, message.buttons) == (1, {})
    assert story.api.answered[update["callback_query"]["id"]] == "Approved."


async def test_what_is_decided_elsewhere_changes_the_message_too(story: Story) -> None:
    await story.paired()
    entry = await story.laid_before()
    message = story.message(entry)
    await story.it.decide(story.owner, entry, approve=False)

    await story.reads(ANN, "REJECTED")

    assert (message.edits, message.buttons) == (1, {})


async def test_a_button_works_once_and_the_same_update_is_handled_once(story: Story) -> None:
    await story.paired()
    entry = await story.laid_before()
    message = story.message(entry)
    data = dict(message.buttons)
    first = story.api.presses(ANN, "Reject")
    assert await story.outcome(first) == "REJECTED"
    story.api.again(first)
    other = story.api.presses_data(ANN, ANN, message.message_id, data["Approve"])

    assert await story.outcome(other) == "BUTTON_REFUSED"
    assert await story.state(entry) == approvals_pb2.APPROVAL_STATE_REJECTED
    answers = [call for call in story.api.calls if call[0] == "answerCallbackQuery"]
    assert len(answers) == 2


async def test_a_button_is_for_its_person_its_chat_and_its_message(story: Story) -> None:
    await story.paired()
    entry = await story.laid_before()
    message = story.message(entry)
    data = message.buttons["Approve"]
    forged = story.api.presses_data(ANN, ANN, message.message_id, data)
    forged["callback_query"]["from"]["id"] = STRANGER
    presses = [
        forged,
        story.api.presses_data(STRANGER, GROUP, message.message_id, data),
        story.api.presses_data(STRANGER, STRANGER, message.message_id, data),
        story.api.presses_data(ANN, GROUP, message.message_id, data),
        story.api.presses_data(ANN, ANN, message.message_id + 1, data),
        story.api.presses_data(ANN, ANN, message.message_id, data[:-1] + "_"),
    ]

    assert [await story.outcome(one) for one in presses] == [
        *("STRANGER", "STRANGER", "STRANGER", "STRANGER"),
        *("BUTTON_REFUSED", "BUTTON_REFUSED"),
    ]  # fmt: skip
    assert await story.state(entry) == approvals_pb2.APPROVAL_STATE_PENDING


async def test_a_stranger_in_a_group_sees_and_does_nothing(story: Story) -> None:
    await story.paired()
    made = await story.it.telegram.CreateTelegramPairing(
        pb.CreateTelegramPairingRequest(), metadata=story.owner.metadata
    )
    updates = [
        story.api.says(STRANGER, f"/inbox@{BOT}", chat=GROUP),
        story.api.says(ANN, "/inbox", chat=GROUP),
        story.api.says(STRANGER, f"/start {made.code}", chat=GROUP),
        story.api.says(STRANGER, "/inbox"),
    ]

    assert [await story.outcome(one) for one in updates] == ["STRANGER"] * 4
    assert story.api.texts(GROUP) == []
    assert len(await story.chats()) == 1


async def test_a_user_who_was_disabled_can_do_nothing_any_more(story: Story) -> None:
    await story.paired()
    await story.it.identity.DisableUser(
        identity_pb2.DisableUserRequest(user_id=story.owner.id), metadata=story.it.operator
    )

    assert await story.outcome(story.api.says(ANN, "/inbox")) == "STRANGER"


async def test_more_than_ten_requests_a_minute_are_not_answered(story: Story) -> None:
    await story.paired()  # the first
    updates = [story.api.says(ANN, "/help") for _ in range(12)]

    outcomes = [await story.outcome(one) for one in updates]

    assert outcomes == ["ANSWERED"] * 9 + ["RATE_LIMITED"] * 3


async def test_who_has_asked_too_much_can_still_stop_and_close(story: Story) -> None:
    await story.paired()
    for _ in range(12):
        await story.outcome(story.api.says(ANN, "/help"))

    assert await story.outcome(story.api.says(ANN, "/closeonly")) == "ANSWERED"
    assert await story.outcome(story.api.says(ANN, "/pause")) == "ANSWERED"
    assert await story.trading_state() == values_pb2.TRADING_STATE_HALTED
    assert await story.outcome(story.api.says(ANN, "/flatten")) == "ANSWERED"
    await story.bound()
    assert await story.outcome(story.api.presses(ANN, "Close everything")) == "FLATTENED"
    assert await story.outcome(story.api.says(ANN, "/help")) == "RATE_LIMITED"


async def test_a_stranger_who_stops_too_often_is_counted(story: Story) -> None:
    updates = [story.api.says(STRANGER, "/pause") for _ in range(12)]

    outcomes = [await story.outcome(one) for one in updates]

    assert outcomes == ["STRANGER"] * 10 + ["RATE_LIMITED"] * 2


async def test_the_inbox_shows_each_with_its_buttons_and_reject_takes_a_reason(
    story: Story,
) -> None:
    await story.paired()
    entry = await story.laid_before()
    ref = entry.approval_id[-8:]
    shown = story.message(entry)
    await story.outcome(story.api.says(ANN, "/inbox"))
    assert story.message(entry) is not shown
    assert [*story.message(entry).buttons] == ["Approve", "Reject"]
    await story.outcome(story.api.says(ANN, f"/reject {ref} not today"))

    answer = await story.it.approvals.GetApproval(
        approvals_pb2.GetApprovalRequest(approval_id=entry.approval_id),
        metadata=story.owner.metadata,
    )

    assert answer.approval.reason == "not today"
    assert answer.approval.caller_address == f"telegram:{ANN}"


async def test_approve_by_command_asks_for_the_button(story: Story) -> None:
    await story.paired()
    entry = await story.laid_before()
    await story.outcome(story.api.says(ANN, f"/approve {entry.approval_id[-8:]}"))

    assert await story.state(entry) == approvals_pb2.APPROVAL_STATE_PENDING
    await story.bound()
    assert await story.outcome(story.api.presses(ANN, "Approve")) == "APPROVED"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/help", "/inbox"),
        ("/whatever", "/inbox"),
        ("/positions", "No account was read"),
        ("/status", "SIM main"),
        ("/mute 2h", "Muted until"),
        ("/mute for ever", "Say for how long"),
        ("/approve zzzzzzzz", "/inbox lists"),
        ("/reject", "/inbox lists"),
        ("/flatten", "Close every position"),
        ("/guards", "uards"),
        ("/report", "traded yet"),
        ("/chart", "SIM main: EQUITY_MISSING"),
        ("/chart EURUSD", "SIM main: "),
        ("/chart EURUSD h4", "SIM main: BARS_MISSING"),
        ("/chart EURUSD H3", "Say a symbol and a timeframe of M1, M5"),
        ("/chart EURUSD H4 more", "Say a symbol and a timeframe"),
        ("/pause Nowhere", "No account is called 'Nowhere': main #"),
        ("/flatten Nowhere", "No account is called 'Nowhere': main #"),
    ],
)
async def test_each_command_answers(story: Story, command: str, words: str) -> None:
    await story.paired()
    story.api.says(ANN, command)

    assert await story.reads(ANN, words)


@pytest.mark.parametrize(
    ("command", "state"),
    [
        ("/pause", values_pb2.TRADING_STATE_HALTED),
        ("/closeonly", values_pb2.TRADING_STATE_CLOSE_ONLY),
    ],
)
async def test_trading_is_stopped_from_a_chat(story: Story, command: str, state: int) -> None:
    await story.paired()

    assert await story.outcome(story.api.says(ANN, command)) == "ANSWERED"
    assert await story.reads(ANN, "1 account.")
    assert await story.trading_state() == state
    assert (await story.reads(ANN, "account.trading_state_changed")).startswith("!!!")


# What is flat already goes on to be halted.
CLOSED = (values_pb2.TRADING_STATE_FLATTENING, values_pb2.TRADING_STATE_HALTED)


async def test_flattening_is_asked_twice(story: Story) -> None:
    await story.paired()
    await story.outcome(story.api.says(ANN, "/flatten"))
    await story.bound()
    before = await story.trading_state()
    no = story.api.presses(ANN, "No")
    cancelled = await story.outcome(no)
    await story.outcome(story.api.says(ANN, "/flatten"))
    await story.bound()
    yes = await story.outcome(story.api.presses(ANN, "Close everything"))

    assert (before, cancelled, yes) == (
        values_pb2.TRADING_STATE_ACTIVE, "CANCELLED", "FLATTENED",
    )  # fmt: skip
    assert await story.trading_state() != values_pb2.TRADING_STATE_ACTIVE


async def test_of_several_accounts_the_one_is_closed_that_is_chosen_or_named(story: Story) -> None:
    spare = await a_spare_account(story)
    await story.paired()
    await story.outcome(story.api.says(ANN, "/flatten"))
    await story.bound()
    every, one = "Close everything", "Close SIM spare"
    asked = next(shown for shown in story.api.chats[ANN].values() if every in shown.buttons)
    before = await story.trading_state(spare)
    await story.outcome(story.api.presses(ANN, one))
    chosen = await story.trading_state(), await story.trading_state(spare)
    again = await story.outcome(
        story.api.presses_data(ANN, ANN, asked.message_id, asked.buttons[every])
    )

    assert list(asked.buttons) == [every, "Close SIM main", one, "No"]
    assert before == values_pb2.TRADING_STATE_ACTIVE
    assert chosen[0] == values_pb2.TRADING_STATE_ACTIVE
    assert chosen[1] in CLOSED
    # One message is one decision: its other buttons are used up with it.
    assert again == "BUTTON_REFUSED"
    assert await story.trading_state() == values_pb2.TRADING_STATE_ACTIVE

    story.api.says(ANN, "/flatten MAIN")
    await until(lambda: _has_button(story, "Close SIM main"), "it is asked")
    await story.outcome(story.api.presses(ANN, "Close SIM main"))
    assert await story.trading_state() in CLOSED


@pytest.mark.parametrize(
    ("command", "state"),
    [
        ("/pause", values_pb2.TRADING_STATE_HALTED),
        ("/closeonly", values_pb2.TRADING_STATE_CLOSE_ONLY),
    ],
)
async def test_an_account_that_is_named_is_stopped_at_once_and_no_other(
    story: Story, command: str, state: int
) -> None:
    spare = await a_spare_account(story)
    await story.paired()
    await story.outcome(story.api.says(ANN, f"{command} Spare"))

    assert await story.trading_state(spare) == state
    assert await story.trading_state() == values_pb2.TRADING_STATE_ACTIVE


async def _has_button(story: Story, label: str) -> bool:
    await story.bound()
    return any(list(one.buttons) == [label, "No"] for one in story.api.chats[ANN].values())


async def a_spare_account(story: Story) -> str:
    fingerprint = values_pb2.AccountFingerprint()
    fingerprint.CopyFrom(story.owner.fingerprint)
    fingerprint.login += 500
    made = await story.it.accounts.CreateAccount(
        accounts_pb2.CreateAccountRequest(name="spare", fingerprint=fingerprint, demo=True),
        metadata=story.owner.metadata,
    )
    return str(made.account.account_id)


@pytest.mark.parametrize("command", ["/pause", "/pause all"])
async def test_a_pause_without_a_name_stops_every_account_at_once(
    story: Story, command: str
) -> None:
    spare = await a_spare_account(story)
    await story.paired()
    await story.outcome(story.api.says(ANN, command))

    await story.reads(ANN, "2 accounts.")
    for account_id in (story.owner.account_id, spare):
        assert await story.trading_state(account_id) == values_pb2.TRADING_STATE_HALTED


async def test_a_report_comes_with_a_page_for_each_account_that_has_traded(story: Story) -> None:
    await a_spare_account(story)
    await story.paired()
    async with story.it.database.transaction(None) as tx:
        held = await account(tx, UUID(story.owner.account_id))
    assert held is not None
    await store_deals(story.it.database, held, history("1000", "50", "-20"))

    async def counted() -> bool:
        asked = analytics_pb2.GetStatisticsRequest(account_id=story.owner.account_id)
        told = await story.it.analytics.GetStatistics(asked, metadata=story.owner.metadata)
        return any(one.complete and one.trades == 2 for one in told.statistics)

    await until(counted, "the deals are counted")
    story.api.says(ANN, "/report")

    async def sent() -> list[tuple[str, bytes]]:
        return story.api.pictures.get(ANN, [])

    # Drawing takes as long as a busy machine needs.
    ((caption, page),) = await until(sent, "the page is sent", 60)
    await story.reads(ANN, "SIM spare: NOTHING_TRADED")
    assert caption == "SIM main"
    assert page.startswith(b"%PDF-")


async def test_a_chart_comes_as_a_picture(story: Story) -> None:
    await story.paired()
    async with story.it.database.transaction(None) as tx:
        await tx.execute(
            text(
                "INSERT INTO equity_hours "
                "(account_id, owner_id, hour, lowest, highest, balance, equity, paid) "
                "SELECT :account, :owner, date_trunc('hour', now()) - n * interval '1 hour', "
                "1000, 1009, 1000, 1000 + n, 0 FROM generate_series(1, 5) AS n"
            ),
            {"account": story.owner.account_id, "owner": story.owner.id},
        )
    story.api.says(ANN, "/chart")

    await story.reads(ANN, "SIM main")

    ((caption, picture),) = story.api.pictures[ANN]
    assert caption == "SIM main"
    assert picture.startswith(b"\x89PNG")


async def test_muted_is_what_is_not_critical(story: Story) -> None:
    await story.paired()
    await story.outcome(story.api.says(ANN, "/mute 2h"))
    before = len(story.api.texts(ANN))
    signal_id = await story.it.submit(story.producer, a_signal())
    await story.it.entry(story.owner, signal_id)
    # Somebody else may decide for the account now: that is critical.
    friend = await story.it.an_owner("bob", login=1000002)
    await story.it.approvals.GrantDelegate(
        approvals_pb2.GrantDelegateRequest(account_id=story.owner.account_id, user_id=friend.id),
        metadata=story.owner.metadata,
    )

    told = await story.reads(ANN, "delegate.granted")

    assert told.startswith("!!!")
    assert not any("EURUSD" in one for one in story.api.texts(ANN)[before:])
    assert [one.silent for one in story.api.chats[ANN].values() if one.text == told] == [False]


async def test_an_outage_delays_a_message_and_loses_none(story: Story) -> None:
    await story.paired()
    story.api.outages = 1
    signal_id = await story.it.submit(story.producer, a_signal())
    entry = await story.it.entry(story.owner, signal_id)

    async def failed() -> bool:
        answer = await story.it.notifications.ListNotifications(
            notifications_pb2.ListNotificationsRequest(), metadata=story.owner.metadata
        )
        return any(one.failure == "STATUS" for one in answer.notifications)

    await until(failed, "an attempt failed")
    async with story.it.database.transaction(None) as tx:
        await tx.execute(text("UPDATE notification_lanes SET due_at = now() WHERE due_at > now()"))

    assert await story.reads(ANN, entry.approval_id[-8:])


async def test_when_telegram_says_wait_it_is_waited_for(story: Story) -> None:
    await story.paired()
    story.api.refusals.append(Refused(429, "Too Many Requests", retry_after=600))
    signal_id = await story.it.submit(story.producer, a_signal())
    await story.it.entry(story.owner, signal_id)

    async def put_off() -> datetime | None:
        async with story.it.database.transaction(None) as tx:
            found: datetime | None = await tx.scalar(
                text("SELECT max(due_at) FROM notification_lanes WHERE failures > 0")
            )
            return found

    due_at = await until(put_off, "the lane is put off")

    assert due_at
    assert due_at > datetime.now(UTC) + timedelta(minutes=8)


async def test_who_blocked_the_bot_is_left_alone(story: Story) -> None:
    await story.paired()
    story.api.blocked.add(ANN)
    signal_id = await story.it.submit(story.producer, a_signal())
    await story.it.entry(story.owner, signal_id)

    async def paused() -> bool:
        return [chat.paused_reason for chat in await story.chats()] == ["BLOCKED"]

    assert await until(paused, "the chat is paused")


async def test_a_chat_that_was_removed_is_told_nothing_and_does_nothing(story: Story) -> None:
    await story.paired()
    entry = await story.laid_before()
    (chat,) = await story.chats()
    removed, again = [
        await story.it.telegram.RemoveTelegramChat(
            pb.RemoveTelegramChatRequest(chat_id=chat.chat_id), metadata=story.owner.metadata
        )
        for _ in range(2)
    ]

    assert removed == again
    assert await story.outcome(story.api.presses(ANN, "Approve")) == "STRANGER"
    assert await story.state(entry) == approvals_pb2.APPROVAL_STATE_PENDING


async def test_topics_of_a_chat_can_be_chosen(story: Story) -> None:
    await story.paired()
    (chat,) = await story.chats()
    changed = await story.it.telegram.UpdateTelegramChat(
        pb.UpdateTelegramChatRequest(
            chat=pb.TelegramChat(chat_id=chat.chat_id, topics=[notifications_pb2.EVENT_TOPIC_DEAL]),
            update_mask=FieldMask(paths=["topics"]),
        ),
        metadata=story.owner.metadata,
    )

    assert list(changed.chat.topics) == [notifications_pb2.EVENT_TOPIC_DEAL]


async def test_an_update_that_is_posted_needs_the_secret_and_counts_once(story: Story) -> None:
    header, update, later = "x-telegram-bot-api-secret-token", _posted(1), _posted(2, by=9)
    for wrong in ((), ((header, ""),), ((header, SECRET[:-1] + "x"),)):
        with refusal(grpc.StatusCode.UNAUTHENTICATED, "SIGNATURE_INVALID"):
            await story.it.telegram.ReceiveTelegramUpdate(_body(update), metadata=wrong)
    for each in (update, update, later):
        await story.it.telegram.ReceiveTelegramUpdate(_body(each), metadata=((header, SECRET),))
        outcome = await story.outcome(each)

    assert outcome == "STRANGER"
    assert (len(story.api.texts(STRANGER)), len(story.api.texts(9))) == (1, 1)


def _posted(number: int, by: int = STRANGER) -> dict[str, Any]:
    message = {
        "message_id": number,
        "from": {"id": by},
        "chat": {"id": by, "type": "private"},
        "text": "/inbox",
    }
    return {"update_id": number, "message": message}


def _body(update: dict[str, Any]) -> HttpBody:
    return HttpBody(data=json.dumps(update).encode())


@pytest.mark.parametrize("body", [b"", b"[]", b"nothing", b'"x"', b"[" * 100_000])
async def test_a_body_that_is_no_update_is_refused(story: Story, body: bytes) -> None:
    header = ("x-telegram-bot-api-secret-token", SECRET)

    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await story.it.telegram.ReceiveTelegramUpdate(HttpBody(data=body), metadata=(header,))


async def test_without_a_bot_there_is_nothing_to_pair(database_url: str, tmp_path: Path) -> None:
    async with world(database_url, tmp_path) as it:
        owner = await it.an_owner()

        with refusal(grpc.StatusCode.FAILED_PRECONDITION, "TELEGRAM_NOT_CONFIGURED"):
            await it.telegram.CreateTelegramPairing(
                pb.CreateTelegramPairingRequest(), metadata=owner.metadata
            )
        with refusal(grpc.StatusCode.UNAUTHENTICATED, "SIGNATURE_INVALID"):
            await it.telegram.ReceiveTelegramUpdate(HttpBody(data=b"{}"))
