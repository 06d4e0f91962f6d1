"""What people and brokers do at a terminal beside us is seen, and ends, on processes that run."""

from typing import Any

import httpx2
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from countersign.v1 import accounts_pb2, reconciliation_pb2 as pb
from mt5_simulator.served.address import parsed_address
from mt5_simulator.served.client import control
from tests.fixtures.burst import burst
from tests.fixtures.live_product import LiveProduct
from tests.fixtures.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

PATIENCE_SECONDS = 90
DONE = 10009  # MetaTrader's TRADE_RETCODE_DONE


def at_terminal(product: LiveProduct, verb: str, **details: object) -> Any:  # the simulator's JSON
    return control(parsed_address(product.terminal_address), verb, details)


async def rest(product: LiveProduct, method: str, path: str, **body: object) -> Any:  # JSON
    """Ask through the gateway, as a browser would."""
    headers = dict(product.owner.metadata)
    async with httpx2.AsyncClient(base_url=f"http://{product.client_line.address}") as client:
        answer = await client.request(
            method, f"/api/v1/{path}", headers=headers, json=body or None, timeout=20
        )
    assert answer.status_code == httpx2.codes.OK, answer.text
    return answer.json()


async def ended(product: LiveProduct, kind: str, state: str) -> dict[str, Any]:
    """Wait for a divergence of a kind that has ended so, and return it."""

    async def found() -> list[dict[str, Any]]:
        listed = await rest(product, "GET", f"divergences?account_id={product.owner.account_id}")
        wanted = (f"DIVERGENCE_KIND_{kind}", f"DIVERGENCE_STATE_{state}")
        return [
            one for one in listed.get("divergences", []) if (one["kind"], one["state"]) == wanted
        ]

    return (await until(found, f"a divergence {kind} is {state}", PATIENCE_SECONDS))[0]


async def held(product: LiveProduct) -> list[int]:
    answer = await product.world.reconciliation.ListPositions(
        pb.ListPositionsRequest(account_id=product.owner.account_id),
        metadata=product.owner.metadata,
    )
    return [one.ticket for stored in answer.accounts for one in stored.snapshot.positions]


async def test_a_trade_by_hand_is_closed_where_the_policy_says_so(product: LiveProduct) -> None:
    path = f"accounts/{product.owner.account_id}/reconciliationPolicy"
    rule = {"kind": "DIVERGENCE_KIND_MANUAL", "action": "DIVERGENCE_ACTION_CLOSE"}
    put = await rest(product, "PUT", path, rules=[rule])
    assert rule in put["rules"]
    assert await rest(product, "GET", path) == put
    at_terminal(
        product, "send", request={"action": 1, "type": 0, "symbol": "EURUSD", "volume": "0.02"}
    )

    divergence = await ended(product, "MANUAL", "CLOSED")

    assert divergence["reason"] == "POLICY_CLOSE"

    async def is_flat() -> bool:
        return await held(product) == []

    await until(is_flat, "the terminal is flat", PATIENCE_SECONDS)


async def test_a_close_at_the_broker_is_taken_into_our_book(product: LiveProduct) -> None:
    async with burst(product, 1):
        pass

    async def one_is_open() -> list[int]:
        return await held(product)

    (ticket,) = await until(one_is_open, "the position is shown", PATIENCE_SECONDS)
    at_terminal(product, "close", ticket=ticket, reason="SL")

    divergence = await ended(product, "CLOSED_BY_BROKER", "ADOPTED")

    assert '"reason":"STOP_LOSS"' in divergence["actualJson"]
    status = await rest(product, "GET", f"reconciliation/{product.owner.id}")
    (standing,) = status["accounts"]
    assert standing["openDivergences"] == 0


async def resized(product: LiveProduct, lots: str) -> None:
    """Let the owner's account trade another size."""
    world, owner = product.world, product.owner
    listed = await world.accounts.ListSubscriptions(
        accounts_pb2.ListSubscriptionsRequest(), metadata=owner.metadata
    )
    (followed,) = listed.subscriptions
    request = accounts_pb2.UpdateSubscriptionRequest(
        subscription=accounts_pb2.Subscription(
            subscription_id=followed.subscription_id,
            sizing=accounts_pb2.Sizing(fixed_lots=lots),
        ),
        update_mask=FieldMask(paths=["sizing"]),
    )
    await world.accounts.UpdateSubscription(request, metadata=owner.metadata)


async def test_a_part_that_is_closed_by_hand_is_taken_into_our_book(product: LiveProduct) -> None:
    await resized(product, "0.03")
    async with burst(product, 1):
        pass

    async def one_is_open() -> list[int]:
        return await held(product)

    (ticket,) = await until(one_is_open, "the position is shown", PATIENCE_SECONDS)
    half = {"action": 1, "type": 1, "symbol": "EURUSD", "volume": "0.02", "position": ticket}
    assert at_terminal(product, "send", request=half)["retcode"] == DONE

    divergence = await ended(product, "PARTIAL", "ADOPTED")

    assert divergence["reason"] == "POLICY_ADOPT"

    async def agrees() -> bool:
        status = await rest(product, "GET", f"reconciliation/{product.owner.id}")
        (standing,) = status["accounts"]
        return standing["openDivergences"] == 0 and await held(product) == [ticket]

    await until(agrees, "book and terminal agree on what is left", PATIENCE_SECONDS)
