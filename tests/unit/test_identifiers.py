"""Ids that sort by the time they were made."""

from datetime import timedelta

from countersign_server.identifiers import uuid7, uuids7
from tests.fixtures.clock import START


def test_an_id_is_of_version_7_and_sorts_by_its_moment() -> None:
    early, late = uuid7(START), uuid7(START + timedelta(milliseconds=1))
    assert (early.version, early.variant) == (7, "specified in RFC 4122")
    assert early < late
    assert early.int >> 80 == int(START.timestamp() * 1000)


def test_ids_of_one_draw_differ_in_all_that_is_random() -> None:
    drawn = iter([bytes(10) + b"\xff" * 10])
    zeros, ones = uuids7(START, 2, lambda _: next(drawn))
    assert zeros.int ^ ones.int == 0xFFF << 64 | (2**62 - 1)
    assert [zeros, ones] == [uuid7(START, bytes), uuid7(START, lambda n: b"\xff" * n)]


def test_none_of_no_ids_is_drawn() -> None:
    assert list(uuids7(START, 0)) == []
