"""How many entries one source may leave in a minute."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from countersign_server.audit.allowance import Allowance, Omitted, Source

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOURCE = Source(uuid4(), "producer:1")


def test_so_many_entries_a_minute_are_kept_and_the_rest_is_counted_by_reason() -> None:
    allowance = Allowance(2)
    reasons = ("A", "A", "A", "B", "A")
    kept = [allowance.takes(SOURCE, reason, NOON) for reason in reasons]
    assert kept == [True, True, False, False, False]
    assert allowance.over(NOON + timedelta(minutes=1)) == [Omitted(SOURCE, NOON, {"A": 2, "B": 1})]


def test_a_source_has_its_own_allowance_and_each_minute_a_new_one() -> None:
    allowance, other = Allowance(1), Source(uuid4(), "producer:2")
    assert allowance.takes(SOURCE, "A", NOON)
    assert allowance.takes(other, "A", NOON)
    assert not allowance.takes(SOURCE, "A", NOON + timedelta(seconds=59))
    assert allowance.takes(SOURCE, "A", NOON + timedelta(seconds=60))


def test_a_minute_is_told_once_when_it_is_over_and_at_the_end_in_any_case() -> None:
    allowance = Allowance(0)
    allowance.takes(SOURCE, "A", NOON)
    assert allowance.over(NOON + timedelta(seconds=59)) == []
    assert allowance.over(None) == [Omitted(SOURCE, NOON, {"A": 1})]
    assert allowance.over(None) == []


def test_what_could_not_be_kept_is_counted_on() -> None:
    allowance = Allowance(0)
    allowance.takes(SOURCE, "A", NOON)
    lost = allowance.over(None)
    allowance.takes(SOURCE, "A", NOON)
    allowance.give_back(lost)
    assert allowance.over(None) == [Omitted(SOURCE, NOON, {"A": 2})]
