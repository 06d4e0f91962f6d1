"""Telegram posts updates through the gateway: with its secret, and each counts once."""

import asyncio
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import httpx2

from countersign_server.identity.vault import Vault
from gateway.run import running
from tests.fixtures.bot_api import TOKEN, bot_api
from tests.fixtures.gateway_world import settings_for
from tests.fixtures.waiting import until
from tests.fixtures.world import world

KEY = bytes(range(32))
SECRET = Vault(KEY).digest(TOKEN, bound_to="telegram_webhook").hex()
HOOK = "https://countersign.example/api/v1/telegram/webhook"
ANN = 7


async def test_an_update_goes_through_the_gateway_to_an_answer(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        bot_api() as api,
        world(
            database_url,
            tmp_path / "data",
            telegram_token=TOKEN,
            telegram_api_url=api.url,
            telegram_webhook_url=HOOK,
            sealing_key=b64encode(KEY).decode(),
        ) as it,
    ):
        settings = settings_for(it.addresses.public, keys_refresh=timedelta(seconds=0.2))
        with running(settings, tmp_path / "gateway") as gateway:
            await asyncio.to_thread(gateway.wait_for_server)
            async with httpx2.AsyncClient(base_url=gateway.url, timeout=15) as http:
                update = api.says(ANN, "/inbox")
                secret = {"x-telegram-bot-api-secret-token": SECRET}
                unproven = await http.post("/api/v1/telegram/webhook", json=update)
                proven = [
                    await http.post("/api/v1/telegram/webhook", json=update, headers=secret)
                    for _ in range(2)
                ]

        async def told() -> bool:
            return bool(api.texts(ANN))

        await until(told, "the update is answered")

    assert unproven.status_code == 401
    assert [one.status_code for one in proven] == [200, 200]
    assert len(api.texts(ANN)) == 1
    assert api.webhook is not None
    assert (api.webhook["url"], api.webhook["secret_token"]) == (HOOK, SECRET)
