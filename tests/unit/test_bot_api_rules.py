"""The Bot API that tests talk with keeps the rules of Telegram's own, and our client meets them."""

from datetime import timedelta
from typing import Any

import pytest

from countersign_server.outgoing.addresses import ANYWHERE
from countersign_server.outgoing.posting import Answer, NotAnswered, Poster
from countersign_server.telegram.bot_api import BotApi, BotRefused, result_in
from tests.fixtures.bot_api import TOKEN, FakeBotApi, Refused, bot_api

ANN = 7


def buttons(*data: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": one[:9], "callback_data": one} for one in data]]}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"text": ""}, "text is empty"),
        ({"text": "x" * 4097}, "too long"),
        ({"text": "\U0001f4c8" * 2049}, "too long"),
        ({"text": "x", "reply_markup": buttons("d" * 65)}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": buttons("")}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "chat_id": 0}, "chat not found"),
    ],
)
async def test_a_message_that_breaks_a_rule_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        await FakeBotApi().call("sendMessage", {"chat_id": ANN, **asked})

    assert refused.value.code == 400


async def test_a_message_at_the_limits_is_shown() -> None:
    api = FakeBotApi()

    await api.call("sendMessage", {"chat_id": ANN, "text": "\U0001f4c8" * 2048})
    await api.call("sendMessage", {"chat_id": ANN, "text": "x", "reply_markup": buttons("d" * 64)})

    assert len(api.texts(ANN)) == 2


async def test_who_blocked_the_bot_gets_nothing() -> None:
    api = FakeBotApi(blocked={ANN})

    with pytest.raises(Refused) as refused:
        await api.call("sendMessage", {"chat_id": ANN, "text": "x"})

    assert refused.value.code == 403


async def test_an_edit_changes_a_message_that_is_there_and_takes_its_buttons() -> None:
    api = FakeBotApi()
    sent = await api.call(
        "sendMessage", {"chat_id": ANN, "text": "x", "reply_markup": buttons("d")}
    )
    edit = {"chat_id": ANN, "message_id": sent["message_id"], "text": "y"}
    await api.call("editMessageText", edit)

    assert (api.last(ANN).text, api.last(ANN).buttons) == ("y", {})
    with pytest.raises(Refused, match="not modified"):
        await api.call("editMessageText", edit)
    with pytest.raises(Refused, match="not found"):
        await api.call("editMessageText", {**edit, "message_id": 1})


async def test_a_press_is_answered_once() -> None:
    api = FakeBotApi()
    update = api.presses_data(ANN, ANN, 1, "d")
    answer = {"callback_query_id": update["callback_query"]["id"], "text": "done"}
    await api.call("answerCallbackQuery", answer)

    with pytest.raises(Refused, match="too old"):
        await api.call("answerCallbackQuery", answer)


async def test_updates_come_until_later_ones_are_asked_for() -> None:
    api = FakeBotApi()
    first, second = api.says(ANN, "/help"), api.says(ANN, "/inbox")

    assert await api.call("getUpdates", {"offset": 0}) == [first, second]
    assert await api.call("getUpdates", {"offset": second["update_id"]}) == [second]
    assert await api.call("getUpdates", {"offset": second["update_id"] + 1}) == []


async def test_updates_are_posted_or_asked_for_and_never_both() -> None:
    api = FakeBotApi()
    await api.call("setWebhook", {"url": "https://example.com/hook", "secret_token": "s"})

    with pytest.raises(Refused) as refused:
        await api.call("getUpdates", {"offset": 0})
    with pytest.raises(Refused, match="HTTPS"):
        await api.call("setWebhook", {"url": "http://example.com/hook"})

    assert refused.value.code == 409


async def test_our_client_hears_how_long_to_wait_and_what_was_refused() -> None:
    async with bot_api() as api, _poster() as poster:
        api.refusals.append(Refused(429, "Too Many Requests: retry after 7", retry_after=7))
        bot = BotApi(poster, url=api.url, token=TOKEN)

        with pytest.raises(BotRefused) as refused:
            await bot.send(ANN, "x", keyboard=None, silent=False)

    assert refused.value.code == 429
    assert refused.value.retry_after == timedelta(seconds=7)


async def test_a_wrong_token_is_refused() -> None:
    async with bot_api() as api, _poster() as poster:
        with pytest.raises(BotRefused) as refused:
            await BotApi(poster, url=api.url, token="1:wrong").user_name()  # noqa: S106  # it is none

    assert refused.value.code == 401


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"ok":false}', b"null", b""])
def test_what_is_no_answer_of_the_bot_api_is_none(body: bytes) -> None:
    with pytest.raises(NotAnswered):
        result_in(Answer(502, {}, body))


def _poster() -> Poster:
    return Poster(ANYWHERE, time_limit=timedelta(seconds=5), answer_bytes_max=1 << 20)
