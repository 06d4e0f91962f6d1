"""Whatever is sent to a method, it answers, or refuses for a reason that is documented."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import error_details_pb2, status_pb2
from hypothesis import HealthCheck, given, settings, strategies as st

from countersign_server.rpc.access import ACCESS
from countersign_server.rpc.caller import Role
from tests.fixtures.contract_areas import AREAS
from tests.fixtures.garbage import messages
from tests.fixtures.world import Metadata, World, a_signal, world

CATALOGUE = Path(__file__).resolve().parents[2] / "docs/errors.json"
DOCUMENTED = {entry["reason"] for entry in json.loads(CATALOGUE.read_text())["errors"]}
# What names something of the inside: libraries, classes, places in the code.
INSIDE = (
    *("traceback", "psycopg", "sqlalchemy", "google.protobuf", "countersign_server", ".py"),
    *("keyerror", "valueerror", "typeerror", "object at 0x", "select ", "insert into", "<class"),
)


def unary_methods() -> list[MethodDescriptor]:
    return [
        method
        for area in AREAS
        for service in area.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if not (method.client_streaming or method.server_streaming)
    ]


METHODS = {f"/{m.containing_service.full_name}/{m.name}": m for m in unary_methods()}


# One server for all examples, which take as long as they take.
HEALTH = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


@dataclass(frozen=True, slots=True)
class Scene:
    """Somebody of each role, and the ids of what there is."""

    it: World
    callers: dict[Role, Metadata]
    known: Sequence[str]


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with world(database_url, tmp_path) as it:
        ann = await it.an_owner()
        producer, device = await it.a_producer(ann), await it.a_device(ann)
        subscription = await it.follow(ann, producer)
        await it.tell_prices(ann)
        signal_id = await it.submit(producer, a_signal("s-1"))
        approval = await it.decide(ann, await it.entry(ann, signal_id))
        known = (
            *(ann.account_id, producer.id, producer.key_id, device.id, subscription, signal_id),
            *(approval.approval_id, approval.command_id, approval.intent.digest, "s-1"),
        )
        callers = {
            Role.OWNER: ann.metadata,
            Role.OPERATOR: it.operator,
            Role.PRODUCER: producer.metadata,
            Role.DEVICE: device.metadata,
        }
        yield Scene(it, callers, known)


def _raw(data: bytes) -> bytes:
    return data


async def told(scene: Scene, path: str, body: bytes, who: Metadata) -> tuple[str, str, str]:
    """Return code, reason and everything that is said; empty: it was answered."""
    call: Any = scene.it.channel.unary_unary(  # pyright: ignore[reportUnknownVariableType]
        path, request_serializer=_raw, response_deserializer=_raw
    )
    try:
        await call(body, metadata=who)
    except grpc.aio.AioRpcError as error:
        packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
        status = status_pb2.Status.FromString(bytes(packed))  # pyright: ignore[reportArgumentType]
        info = error_details_pb2.ErrorInfo()
        status.details[0].Unpack(info)
        return error.code().name, info.reason, f"{error.details()} {status}"
    return "OK", "", ""


@settings(max_examples=400, deadline=None, suppress_health_check=HEALTH)
@given(data=st.data())
async def test_no_request_meets_a_bug_or_is_told_of_the_inside(
    scene: Scene, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(METHODS)))
    roles = sorted(ACCESS[path]) or [Role.OWNER]
    who = scene.callers[data.draw(st.sampled_from(roles))]
    body = data.draw(messages(METHODS[path].input_type, scene.known) | st.binary(max_size=60))

    code, reason, words = await told(scene, path, body, who)

    assert code not in ("INTERNAL", "UNKNOWN"), words
    assert code == "OK" or reason in DOCUMENTED
    assert not [text for text in INSIDE if text in words.lower()], words
