"""Pairing codes: what they are made of, and how they may be typed."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, strategies as st

from countersign_server.devices.device import Device
from countersign_server.devices.pairing import (
    ALPHABET,
    LENGTH,
    PairingCode,
    canonical,
    new_code,
    shown,
)

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


@given(st.binary(min_size=16, max_size=16))
def test_a_code_has_ten_characters_that_nobody_mistakes(drawn: bytes) -> None:
    code = new_code(lambda _: drawn)
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)


def test_nothing_in_the_alphabet_looks_like_something_else() -> None:
    assert not set("01OIL") & set(ALPHABET)
    assert len(set(ALPHABET)) == len(ALPHABET) == 31


@given(st.binary(min_size=16, max_size=16), st.sampled_from(["", " ", "-", " - "]))
def test_a_code_is_read_in_whatever_way_it_is_typed(drawn: bytes, between: str) -> None:
    code = new_code(lambda _: drawn)
    typed = f" {between.join(code)} ".lower()
    assert canonical(typed) == canonical(shown(code)) == code


def test_a_code_is_shown_in_two_groups() -> None:
    assert shown("K7QXM3TR9V") == "K7QXM-3TR9V"


def test_other_bytes_make_another_code() -> None:
    codes = {new_code(lambda _, n=n: n.to_bytes(16, "big")) for n in range(1000)}
    assert len(codes) == 1000


@pytest.mark.parametrize(
    ("expires_at", "used_at", "is_open"),
    [
        (NOW + timedelta(seconds=1), None, True),
        (NOW, None, False),
        (NOW + timedelta(seconds=1), NOW, False),
    ],
)
def test_a_code_is_open_until_it_is_used_or_its_time_is_over(
    expires_at: datetime,
    used_at: datetime | None,
    is_open: bool,  # noqa: FBT001 - a row of a table
) -> None:
    code = PairingCode(uuid4(), uuid4(), "VPS", expires_at, used_at)
    assert code.is_open(NOW) is is_open


def test_each_secret_of_a_device_has_sign_ins_of_its_own() -> None:
    device_id = uuid4()
    sessions = {
        Device(
            id=device_id,
            owner_id=uuid4(),
            account_id=uuid4(),
            name="VPS",
            secret_number=number,
            created_at=NOW,
        ).session
        for number in range(1, 12)
    }
    assert len(sessions) == 11
    assert f"device:{device_id}" not in sessions
