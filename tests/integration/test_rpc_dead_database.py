"""The database goes away under a server that runs."""

import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import grpc

from countersign.v1 import identity_pb2
from countersign_server.database.schema_version import migrate
from countersign_server.database.supervisor import EmbeddedPostgres
from tests.fixtures.refusals import Refusal, refusal_of
from tests.fixtures.world import world


async def test_without_a_database_calls_are_refused_within_their_deadline(
    server_folder: Path, tmp_path: Path
) -> None:
    with ExitStack() as database:
        server = database.enter_context(EmbeddedPostgres(server_folder, durable=False))
        migrate(server.url)
        async with world(server.url, tmp_path, call_deadline=timedelta(seconds=10)) as it:
            database.close()
            started = time.monotonic()
            for _ in range(3):
                refused = await refusal_of(
                    it.identity.ListUsers(identity_pb2.ListUsersRequest(), metadata=it.operator)
                )
                assert refused == Refusal(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
            assert time.monotonic() - started < 10
