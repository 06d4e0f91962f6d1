"""The server dies at each named place while a signal is on its way, and is started again."""

import pytest

from countersign_server.crash_points import EXIT_CODE, CrashPoint
from tests.fixtures.aftermath import both_books, settled
from tests.fixtures.burst import burst
from tests.fixtures.live_product import LiveProduct, Victim

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

# Here a crash may leave a grant that nobody ever hears of.
GRANT_UNHEARD = (CrashPoint.AFTER_GRANT, CrashPoint.AFTER_GRANT_SAID)


@pytest.mark.parametrize("point", CrashPoint)
async def test_wherever_the_server_dies_the_books_agree(
    point: CrashPoint, product: LiveProduct
) -> None:
    before = {command["id"] for command in both_books(product).ours.commands}
    await product.server.leave()
    product.server.extra["COUNTERSIGN_SERVER_CRASH_AT"] = point
    await product.start(Victim.SERVER)

    async with burst(product, 1) as signals:
        assert await product.server.ended() == EXIT_CODE
        await product.start(Victim.SERVER)

    assert await settled(product) == []
    assert len(signals.approved) == 1
    (command,) = [c for c in both_books(product).ours.commands if c["id"] not in before]
    possible = {"executed"}
    if point in GRANT_UNHEARD:
        possible = {"executed", "not-sent", "presumed-not-executed"}
    assert command["state"] in possible
