"""Exits 0 if the server of this container says that it serves: the container's health check."""

import os
import sys
from typing import Any, cast

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


def serves(address: str) -> bool:
    """Return whether the server at an address answers SERVING within two seconds."""
    with grpc.insecure_channel(address) as channel:
        try:
            stub = cast("Any", health_pb2_grpc.HealthStub(channel))
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.RpcError:
            return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING


if __name__ == "__main__":
    sys.exit(not serves(os.environ["COUNTERSIGN_LISTEN"]))
