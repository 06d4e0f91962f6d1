"""The whole product as real processes, one for all tests of a file."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fixtures.live_product import LiveProduct, live_product


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def product(
    tmp_path_factory: pytest.TempPathFactory, server_folder_of_module: Path
) -> AsyncGenerator[LiveProduct]:
    async with live_product(tmp_path_factory.mktemp("product"), server_folder_of_module) as running:
        yield running
