"""The disk under the bridge's journal takes no more while approved signals are on their way."""

import resource
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fixtures.aftermath import both_books, settled
from tests.fixtures.burst import burst
from tests.fixtures.live_product import LiveProduct, Victim, live_product
from tests.fixtures.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

SIGNALS = 3
ROOM_FOR_LOG = 16 * 1024


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def product(
    tmp_path_factory: pytest.TempPathFactory, server_folder_of_module: Path
) -> AsyncGenerator[LiveProduct]:
    async with live_product(tmp_path_factory.mktemp("product"), server_folder_of_module) as running:
        yield running


def fill_disk(product: LiveProduct) -> None:
    """Let the kernel refuse the bridge every byte of its journal, and leave its log a little room.

    The journal is far beyond that size; also where it has room within itself it gets none.
    """
    set_file_size_max(product.bridge.pid, product.bridge.log.stat().st_size + ROOM_FOR_LOG)


def make_room(product: LiveProduct) -> None:
    set_file_size_max(product.bridge.pid, resource.RLIM_INFINITY)


def set_file_size_max(pid: int, size: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def test_a_bridge_whose_disk_is_full_claims_nothing_and_goes_on_when_there_is_room(
    product: LiveProduct,
) -> None:
    refused = product.bridge.said("journal not written")
    granted = len(both_books(product).ours.granted)
    received = len(product.truth()["received"])

    async def has_tried_each() -> bool:
        return product.bridge.said("journal not written") >= refused + 2 * SIGNALS

    fill_disk(product)
    async with burst(product, SIGNALS) as signals:
        await until(has_tried_each, "the bridge meets the full disk", 60)
    assert len(both_books(product).ours.granted) == granted
    assert len(product.truth()["received"]) == received
    make_room(product)

    assert await settled(product) == []
    ours = {str(command["id"]): command for command in both_books(product).ours.commands}
    assert [ours[command]["state"] for command in signals.approved] == ["executed"] * SIGNALS


async def test_a_bridge_that_dies_on_a_full_disk_sends_nothing_twice(product: LiveProduct) -> None:
    async def is_held_up() -> bool:
        return product.bridge.said("journal not written") > before

    before = product.bridge.said("journal not written")
    async with burst(product, SIGNALS) as signals:
        await signals.until_approved(1)
        fill_disk(product)
        await until(is_held_up, "the bridge meets the full disk", 60)
        product.kill(Victim.BRIDGE)
        await product.start(Victim.BRIDGE)

    assert await settled(product) == []
