"""Any process of the product is killed while approved signals are on their way to the terminal."""

from datetime import UTC, datetime

import pytest

from tests.fixtures.aftermath import both_books, settled
from tests.fixtures.burst import burst
from tests.fixtures.live_product import LiveProduct, Victim
from tests.fixtures.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

SIGNALS = 6


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


async def test_a_bridge_that_slept_sends_nothing_under_a_grant_that_lapsed(
    product: LiveProduct,
) -> None:
    async def is_given_up() -> bool:
        return both_books(product).ours.leases == 0

    async with burst(product, SIGNALS) as signals:
        await signals.until_approved(SIGNALS // 2)
        slept = datetime.now(UTC)
        product.bridge.sleep()
        await until(is_given_up, "the server gives the session up", 60)
        woke = datetime.now(UTC)
        product.bridge.wake()

    assert await settled(product) == []
    both = both_books(product)
    for command in both.ours.granted:
        if command["granted_at"] < slept:
            orders = both.theirs.orders_of(command["magic"])
            assert all(datetime.fromisoformat(order["at"]) < woke for order in orders)


async def test_a_terminal_that_hangs_costs_no_session_and_what_it_did_is_found(
    product: LiveProduct,
) -> None:
    sessions = product.bridge.said("session opened")
    lost = product.bridge.said("terminal process lost")

    async def is_cut_off() -> bool:
        return product.bridge.said("terminal process lost") > lost

    product.fail_terminal("hang")
    async with burst(product, SIGNALS):
        await until(is_cut_off, "the bridge cuts the call off", 60)

    assert await settled(product) == []
    assert product.bridge.said("session opened") == sessions
