"""Who takes part in a story of execution; the world `it` is each test file's own."""

import pytest

from tests.fixtures.world import Device, Owner, Producer, World


@pytest.fixture
async def owner(it: World) -> Owner:
    return await it.an_owner()


@pytest.fixture
async def producer(it: World, owner: Owner) -> Producer:
    made = await it.a_producer(owner)
    await it.follow(owner, made)
    return made


@pytest.fixture
async def device(it: World, owner: Owner) -> Device:
    return await it.a_device(owner)
