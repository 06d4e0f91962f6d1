"""Any process of the product is killed while approved signals are on their way to the terminal."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fixtures.aftermath import settled
from tests.fixtures.burst import burst
from tests.fixtures.live_product import LiveProduct, Victim, live_product

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

SIGNALS = 6


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def product(
    tmp_path_factory: pytest.TempPathFactory, server_folder_of_module: Path
) -> AsyncGenerator[LiveProduct]:
    async with live_product(tmp_path_factory.mktemp("product"), server_folder_of_module) as running:
        yield running


@pytest.mark.parametrize("victim", Victim)
async def test_whoever_is_killed_each_command_has_one_outcome_and_the_books_agree(
    victim: Victim, product: LiveProduct
) -> None:
    async with burst(product, SIGNALS) as signals:
        await signals.until_approved(SIGNALS // 2)
        product.kill(victim)
        await product.start(victim)

    assert await settled(product) == []
    assert len(signals.approved) + sum(signals.missed.values()) == SIGNALS
