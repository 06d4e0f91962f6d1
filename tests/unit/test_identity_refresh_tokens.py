"""What comes of a refresh token, in every state it can be in."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from countersign_server.identity.session import (
    RefreshToken,
    RefreshVerdict,
    judge,
    session_id_of,
    session_name,
)
from countersign_server.rpc.caller import Caller, Role

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(days=1), NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("expires_at", "used_at", "ended_at", "verdict"),
    [
        (LATER, None, None, RefreshVerdict.RENEW),
        (LATER, BEFORE, None, RefreshVerdict.END_SESSION),
        (LATER, None, BEFORE, RefreshVerdict.REFUSE),
        (LATER, BEFORE, BEFORE, RefreshVerdict.REFUSE),
        (NOW, None, None, RefreshVerdict.REFUSE),
        (BEFORE, BEFORE, None, RefreshVerdict.REFUSE),
    ],
)
def test_a_token_renews_once_and_never_after_its_end(
    expires_at: datetime,
    used_at: datetime | None,
    ended_at: datetime | None,
    verdict: RefreshVerdict,
) -> None:
    token = RefreshToken(uuid4(), uuid4(), expires_at, used_at, ended_at)
    assert judge(token, NOW) is verdict


def test_a_token_that_never_was_is_refused() -> None:
    assert judge(None, NOW) is RefreshVerdict.REFUSE


def test_a_session_is_found_by_its_name() -> None:
    session_id, ann = uuid4(), uuid4()
    assert session_id_of(Caller(ann, Role.OWNER, ann, session_name(session_id))) == session_id
    assert session_id_of(Caller(ann, Role.OWNER, ann, f"api_token:{uuid4()}")) is None
