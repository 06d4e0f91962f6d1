"""What the contract names and this version does not do says so, and nothing else does."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc

from countersign.v1 import execution_pb2, reconciliation_pb2 as pb
from tests.fixtures.refusals import Refusal, refusal_of
from tests.fixtures.world import world

LATER = Refusal(grpc.StatusCode.UNIMPLEMENTED, "NOT_IMPLEMENTED_YET")


async def test_a_method_of_a_later_version_says_so(database_url: str, tmp_path: Path) -> None:
    async with world(database_url, tmp_path) as it:
        owner = await it.an_owner()
        account: dict[str, Any] = {"account_id": owner.account_id}
        calls = {
            it.execution.SettleInDoubt: execution_pb2.SettleInDoubtRequest(
                command_id=str(uuid4()),
                settlement=execution_pb2.SETTLEMENT_NOT_EXECUTED,
                reason="looked at the terminal",
            ),
            it.reconciliation.StartReconciliation: pb.StartReconciliationRequest(**account),
            it.reconciliation.ListDivergences: pb.ListDivergencesRequest(**account),
            it.reconciliation.ListSnapshots: pb.ListSnapshotsRequest(**account),
        }
        met = [
            await refusal_of(call(request, metadata=owner.metadata))
            for call, request in calls.items()
        ]
        stream = it.reconciliation.FollowPositions(
            pb.FollowPositionsRequest(**account), metadata=owner.metadata
        )
        met.append(await refusal_of(stream.read()))

    assert met == [LATER] * 5
