"""What is asked from outside about the server itself: is it well, what does it serve."""

from typing import Any

import grpc
from google.protobuf.descriptor_pool import Default
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from countersign_server.rpc.access import ACCESS

SERVICES = tuple(sorted({method.split("/")[1] for method in ACCESS}))


class Health:
    """The health of each service, as gRPC's own health protocol tells it."""

    def __init__(self) -> None:
        self._servicer: Any = health.aio.HealthServicer()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # it has no stubs

    def add_to(self, server: grpc.aio.Server) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)  # pyright: ignore[reportUnknownMemberType]  # it has no stubs

    async def serving(self) -> None:
        for name in ("", *SERVICES):
            await self._servicer.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stopping(self) -> None:
        """Answer NOT_SERVING from now on, whatever is asked."""
        await self._servicer.enter_graceful_shutdown()


def add_operators_services(server: grpc.aio.Server) -> None:
    """Add reflection, which only the internal listener has."""
    names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server, pool=Default())
