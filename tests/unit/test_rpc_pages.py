"""Page tokens that nobody was given."""

import base64
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from countersign.v1 import execution_pb2
from countersign_server.errors import PageTokenInvalid
from countersign_server.rpc.pages import id_position, moment_position, next_token, position_of

ROW = UUID(int=7)
ASKED = execution_pb2.ListInDoubtRequest(page_size=1)


def given(position: list[object]) -> str:
    return next_token(ASKED, [1, 2], 1, position)


def with_token(token: str) -> execution_pb2.ListInDoubtRequest:
    return execution_pb2.ListInDoubtRequest(page_token=token)


@pytest.mark.parametrize("body", ["5", "null", "[]", "[1,2,3]", "[" * 100_000, "no json", "\xff"])
def test_a_token_that_is_none_is_refused(body: str) -> None:
    with pytest.raises(PageTokenInvalid):
        position_of(with_token(base64.urlsafe_b64encode(body.encode("latin-1")).decode()))


def test_a_token_leads_on_where_the_page_ended() -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    assert id_position(with_token(given([ROW]))) == ROW
    assert moment_position(with_token(given([moment.isoformat(), ROW]))) == (moment, ROW)


@pytest.mark.parametrize(
    "position",
    [
        [],
        [7, 7],
        ["2026-03-02T00:00:00+00:00", "x"],
        ["2026-03-02T00:00:00", str(ROW)],  # of no zone: no time that was ever given
        [str(ROW)],
        [None, None],
        [{}, json.dumps([])],
    ],
)
def test_a_position_in_another_kind_of_list_is_refused(position: list[object]) -> None:
    with pytest.raises(PageTokenInvalid):
        moment_position(with_token(given(position)))
