"""The network between the programs fails while approved signals are on their way."""

from collections.abc import Callable

import pytest

from tests.fixtures.aftermath import settled
from tests.fixtures.burst import burst
from tests.fixtures.live_product import LiveProduct
from tests.fixtures.programs import Program
from tests.fixtures.tcp_proxy import Fault
from tests.fixtures.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

SIGNALS = 5
OPENED = "session opened"


@pytest.mark.parametrize("fault", Fault)
async def test_a_bridge_cut_off_from_its_server_comes_back_and_the_books_agree(
    fault: Fault, product: LiveProduct
) -> None:
    bridge = product.bridge
    sessions = bridge.said(OPENED)

    async with burst(product, SIGNALS) as signals:
        await signals.until_approved(2)
        ends = ended(bridge)
        unanswered = bridge.said("no Welcome in time"), bridge.said("ping timeout")
        product.bridge_line.fail(fault)
        await until(lambda: has_grown(lambda: ended(bridge), ends), "the bridge notices", 60)
        product.bridge_line.heal()
        await until(lambda: has_grown(lambda: bridge.said(OPENED), sessions), "it is back", 60)

    assert await settled(product) == []
    if fault is Fault.HALF_OPEN:
        # Every stream that was tried was answered: none waited on the connection that is dead.
        assert (bridge.said("no Welcome in time"), bridge.said("ping timeout")) == unanswered


@pytest.mark.parametrize("fault", Fault)
async def test_a_client_cut_off_from_the_gateway_comes_again_and_counts_once(
    fault: Fault, product: LiveProduct
) -> None:
    async with burst(product, SIGNALS) as signals:
        await signals.until_approved(2)
        before = signals.refusals.total()
        product.client_line.fail(fault)
        await until(lambda: has_grown(signals.refusals.total, before), "a call fails", 60)
        product.client_line.heal()

    assert await settled(product) == []


def ended(bridge: Program) -> int:
    """Return how many of its sessions the bridge has seen end, by whomever."""
    return bridge.said("session broken") + bridge.said("channel ended")


async def has_grown(count: Callable[[], int], before: int) -> bool:
    return count() > before
