"""Statistics and charts as an owner has them: over REST through the gateway, and at a terminal."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from countersign_server.accounts.store import account
from countersign_server.execution.rate_store import Series, keep_bars
from gateway.run import running
from tests.fixtures.chart_bars import hourly_bars, stored_bars
from tests.fixtures.front_door import token_in
from tests.fixtures.gateway_world import settings_for
from tests.fixtures.histories import history
from tests.fixtures.statements import HEADS, as_html
from tests.fixtures.stored_deals import store_deals
from tests.fixtures.waiting import until
from tests.fixtures.world import Owner, World, world

STATEMENT = [
    ["Trade History Report"],
    ["Account:", "1000001 (USD, Sim-Demo, demo, Hedge)"],
    ["Deals"],
    [*HEADS],
    ["2026.01.05 10:00:00", "1", "", "balance", *[""] * 7, "1 000.00", "1 000.00", ""],
    [
        *("2026.01.05 11:00:00", "2", "EURUSD", "buy", "in", "0.1", "1.0845", "7"),
        *("-0.70", "0.00", "0.00", "0.00", "999.30", ""),
    ],
    [
        *("2026.01.05 12:00:00", "3", "EURUSD", "sell", "out", "0.1", "1.0895", "8"),
        *("-0.70", "0.00", "0.00", "50.00", "1 048.60", "tp"),
    ],
]
RESULTS = ("50", "-20", "-30", "0", "40", "-10", "-10", "25", "-60", "80")


@dataclass(frozen=True, slots=True)
class Scene:
    """The product behind its gateway, and ann with her account of eleven deals."""

    product: World
    http: httpx2.AsyncClient
    ann: Owner

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {token_in(self.ann.metadata)}"}

    async def get(self, path: str, **params: str) -> Any:
        answer = await self.http.get(path, params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def command(self, *arguments: str, folder: Path, code: int | None = 0) -> bytes:
        """Run `countersign` as ann, and return what it printed: its complaint if it fails.

        `code` None: it fails, whatever its code.
        """
        environment = os.environ | {
            "COUNTERSIGN_ADDRESS": self.product.addresses.public,
            "COUNTERSIGN_TOKEN": token_in(self.ann.metadata),
            "COUNTERSIGN_CONFIG": str(folder / "config.toml"),
        }
        program = "from countersign_client.cli import main; main()"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=folder,
        )
        printed, complaint = await process.communicate()
        assert process.returncode == code or (code is None and process.returncode), complaint
        return complaint if process.returncode else printed


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with world(database_url, tmp_path / "data") as product:
        ann = await product.an_owner()
        async with product.database.transaction(None) as tx:
            held = await account(tx, UUID(ann.account_id))
        assert held is not None
        await store_deals(product.database, held, history("1000", *RESULTS))
        settings = settings_for(product.addresses.public, keys_refresh=timedelta(seconds=0.2))
        with running(settings, tmp_path / "gateway") as gateway:
            await asyncio.to_thread(gateway.wait_for_server)
            async with httpx2.AsyncClient(base_url=gateway.url, timeout=15) as http:
                it = Scene(product, http, ann)
                await until(lambda: _counted(it), "the deals are counted")
                yield it


async def _counted(it: Scene) -> Any:
    answer = await it.get("/api/v1/statistics", account_id=it.ann.account_id)
    return [one for one in answer["statistics"] if one["complete"]]


async def test_statistics_are_told_over_rest_and_by_a_link_without_any_token(
    scene: Scene,
) -> None:
    account_id = scene.ann.account_id
    (told,) = (await scene.get("/api/v1/statistics", account_id=account_id))["statistics"]
    months = await scene.get("/api/v1/statistics/months", account_id=account_id)
    parts = await scene.get(
        "/api/v1/statistics/breakdown", account_id=account_id, by="BREAKDOWN_BY_SIDE"
    )
    made = await scene.http.post(
        "/api/v1/shareLinks",
        json={
            "requestId": str(uuid4()),
            "accountId": account_id,
            "title": "My year",
            "lifetime": "3600s",
        },
        headers=scene.headers,
    )
    token = made.json()["token"]
    shared = await scene.http.get(f"/api/v1/shared/{token}")
    unknown = await scene.http.get(f"/api/v1/shared/{token}x")

    assert (told["netProfit"], told["trades"]) == ("65", 10)
    assert {one["label"]: one["text"] for one in told["printed"]}["LR Correlation"] == "0.19"
    assert [month["result"] for month in months["months"]] == ["65"]
    assert [part["key"] for part in parts["parts"]] == ["long", "short"]
    assert shared.json()["statistics"]["netProfit"] == "65"
    assert account_id not in shared.text
    assert unknown.status_code == 404
    assert (await scene.get("/api/v1/trades"))["trades"] == []
    assert len((await scene.get("/api/v1/funnel"))["steps"]) == 5


async def test_statistics_are_shown_at_a_terminal_as_tables_and_as_json(
    scene: Scene, tmp_path: Path
) -> None:
    account_id = scene.ann.account_id
    shown = (await scene.command("stats", folder=tmp_path)).decode()
    told = json.loads(await scene.command("stats", "--json", folder=tmp_path))
    by = (
        await scene.command("stats", "--account", account_id, "--by", "weekday", folder=tmp_path)
    ).decode()
    months = (await scene.command("stats", "--months", folder=tmp_path)).decode()
    link = json.loads(
        await scene.command(
            *("share", "create", "--account", account_id, "--title", "Mine", "--json"),
            folder=tmp_path,
        )
    )
    listed = (await scene.command("share", "list", folder=tmp_path)).decode()

    assert "net profit" in shown
    assert "Z-Score" in shown
    assert told[0]["netProfit"] == "65"
    assert by.splitlines()[1].startswith("Monday")
    assert "2026-01" in months
    assert link["link"]["shareLinkId"] in listed
    assert link["token"] not in listed
    assert b"no approved command" in await scene.command("trades", folder=tmp_path)
    assert b"nothing was missed" in await scene.command("funnel", folder=tmp_path)


async def test_a_chart_comes_through_the_gateway_as_png_and_is_sent_once(scene: Scene) -> None:
    account_id = UUID(scene.ann.account_id)
    await store_bars(scene, "H1")
    params = {
        "account_id": str(account_id),
        "symbol": "EURUSD",
        "timeframe": "TIMEFRAME_H1",
        "prices.averages": "simple:9",
        "look.theme": "dark",
        "look.zone": "Europe/Prague",
    }
    path = "/api/v1/charts/prices"
    first = await scene.http.get(path, params=params, headers=scene.headers)
    etag = {"if-none-match": first.headers["etag"]}
    again = await scene.http.get(path, params=params, headers=scene.headers | etag)
    other = await scene.http.get(
        path, params=params | {"look.theme": "light"}, headers=scene.headers | etag
    )
    wrong = await scene.http.get(
        path, params=params | {"look.zone": "Atlantis"}, headers=scene.headers
    )

    assert (first.status_code, first.headers["content-type"]) == (200, "image/png")
    assert first.content.startswith(b"\x89PNG")
    assert first.headers["cache-control"] == "private, max-age=10"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200
    assert wrong.status_code == 400
    assert "zone" in wrong.text


async def test_bars_in_a_body_are_drawn_for_whoever_posts_them(scene: Scene) -> None:
    bars = hourly_bars(30)
    body = {
        "title": "Mine",
        "digits": 5,
        "bars": {
            "times": [int(bar.time.timestamp()) for bar in bars],
            "opens": [bar.open for bar in bars],
            "highs": [bar.high for bar in bars],
            "lows": [bar.low for bar in bars],
            "closes": [bar.close for bar in bars],
        },
        "levels": [{"kind": "LEVEL_KIND_STOP", "price": "1.07"}],
    }
    drawn = await scene.http.post("/api/v1/charts/prices:draw", json=body, headers=scene.headers)
    misspelt = await scene.http.post(
        "/api/v1/charts/prices:draw", json=body | {"levles": []}, headers=scene.headers
    )

    assert drawn.status_code == 200, drawn.text
    assert drawn.content.startswith(b"\x89PNG")
    assert misspelt.status_code == 400


async def test_a_chart_is_written_into_a_file_at_a_terminal(scene: Scene, tmp_path: Path) -> None:
    account_id = UUID(scene.ann.account_id)
    await store_bars(scene, "M15")
    file = tmp_path / "chart.png"
    asked = ("chart", "prices", "EURUSD", "--account", str(account_id), "--timeframe", "M15")
    said = await scene.command(
        *asked, "--average", "exponential:21", "--theme", "dark", "-o", str(file), folder=tmp_path
    )

    assert file.read_bytes().startswith(b"\x89PNG")
    assert str(file) in said.decode()


async def test_a_report_comes_as_a_picture_or_a_page_of_paper_and_is_sent_once(
    scene: Scene, tmp_path: Path
) -> None:
    path, params = "/api/v1/charts/report", {"account_id": scene.ann.account_id, "theme": "dark"}
    picture = await scene.http.get(path, params=params, headers=scene.headers)
    paper = params | {"format": "REPORT_FORMAT_PDF"}
    page = await scene.http.get(path, params=paper, headers=scene.headers)
    etag = {"if-none-match": page.headers["etag"]}
    again = await scene.http.get(path, params=paper, headers=scene.headers | etag)

    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG")
    assert (page.status_code, page.headers["content-type"]) == (200, "application/pdf")
    assert page.content.startswith(b"%PDF-")
    assert (again.status_code, again.content) == (304, b"")

    asked = ("report", "--file", "mine.pdf", "--from", "2026-01-05", "--to", "2026-01-07")
    await scene.command(*asked, folder=tmp_path)
    part = (tmp_path / "mine.pdf").read_bytes()
    assert part.startswith(b"%PDF-")
    assert part != page.content
    for wrong in (("--to", "2026-02-30"), ("--from", "2026-01-06", "--to", "2026-01-05")):
        complaint = await scene.command(
            *("report", "--file", "mine.pdf"), *wrong, folder=tmp_path, code=4
        )
        assert complaint.count(b"\n") == 1
    unknown = await scene.command("report", "--file", "mine.doc", folder=tmp_path, code=2)
    assert b"--file must end in .png or .pdf" in unknown


async def test_a_report_of_metatrader_is_taken_in_drawn_and_written_out_at_a_terminal(
    scene: Scene, tmp_path: Path
) -> None:
    (tmp_path / "before.html").write_bytes(as_html(STATEMENT))
    taken = json.loads(
        await scene.command("history", "import", "before.html", "--json", folder=tmp_path)
    )
    again = json.loads(
        await scene.command("history", "import", "before.html", "--json", folder=tmp_path)
    )
    history_id = taken["historyId"]
    listed = (await scene.command("history", "list", folder=tmp_path)).decode()
    shown = await scene.command("history", "export", "--history", history_id, folder=tmp_path)
    asked = ("history", "export", "--history", history_id, "--format", "json", "-o", "deals.json")
    await scene.command(*asked, folder=tmp_path)
    await scene.command("report", "--history", history_id, "-o", "before.png", folder=tmp_path)

    assert (again["historyId"], taken["name"], taken["deals"]) == (history_id, "before", "3")
    assert history_id in listed
    assert [line.split(",")[0] for line in shown.decode().splitlines()] == ["ticket", *"123"]
    assert json.loads((tmp_path / "deals.json").read_bytes())["printed"]["Total Trades"] == "1"
    assert (tmp_path / "before.png").read_bytes().startswith(b"\x89PNG")
    for wrong, says in (
        (("history", "import", "none.html"), b"none.html cannot be read"),
        (("history", "export"), b"name an account or an imported history"),
        (("report", "--account", "a", "--history", "b", "-o", "x.png"), b"not both"),
    ):
        complaint = await scene.command(*wrong, folder=tmp_path, code=None)
        assert says in complaint
        assert complaint.count(b"\n") == 1


async def test_deals_are_written_out_over_rest_as_the_document_says(scene: Scene) -> None:
    path, params = "/api/v1/histories:export", {"account_id": scene.ann.account_id}
    kinds = {
        "EXPORT_FORMAT_CSV": "text/csv; charset=utf-8",
        "EXPORT_FORMAT_JSON": "application/json",
    }
    for name, kind in kinds.items():
        answer = await scene.http.get(path, params=params | {"format": name}, headers=scene.headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


async def test_a_link_shows_the_report_to_whoever_has_it_if_it_was_made_to(
    scene: Scene, tmp_path: Path
) -> None:
    asked = ("share", "create", "--account", scene.ann.account_id, "--title", "Mine")
    said = (await scene.command(*asked, "--with-report", folder=tmp_path)).decode()
    path = said.split("report ")[-1].strip()
    seen = await scene.http.get(path)
    page = await scene.http.get(path, params={"format": "REPORT_FORMAT_PDF", "theme": "dark"})
    again = await scene.http.get(path, headers={"if-none-match": seen.headers["etag"]})
    without = json.loads(await scene.command(*asked, "--json", folder=tmp_path))["token"]
    unknown = await scene.http.get(f"/api/v1/shared/{without}/report")

    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/png")
    assert (page.status_code, page.headers["content-type"]) == (200, "application/pdf")
    assert (again.status_code, again.content) == (304, b"")
    assert unknown.status_code == 404


async def test_the_only_account_is_meant_where_none_is_named_and_of_several_none(
    scene: Scene, tmp_path: Path
) -> None:
    await store_bars(scene, "H1")
    asked = ("chart", "prices", "EURUSD", "-o", "chart.png")
    await scene.command(*asked, folder=tmp_path)
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")

    await scene.command(
        *("account", "create", "Second", "--server", "Sim-Demo", "--login", "778"),
        *("--currency", "USD", "--margin-mode", "hedging", "--demo"),
        folder=tmp_path,
    )
    complaint = (await scene.command(*asked, folder=tmp_path, code=2)).decode()
    assert complaint.count("\n") == 1
    assert complaint.startswith("countersign: --account must be given")


async def store_bars(scene: Scene, timeframe: str) -> None:
    """Sixty bars of EURUSD, as a bridge has told of them."""
    async with scene.product.database.transaction(None) as tx:
        held = await account(tx, UUID(scene.ann.account_id))
        assert held is not None
        series = Series(held.id, held.owner_id, "EURUSD", timeframe)
        await keep_bars(tx, series, stored_bars(hourly_bars(60)))
