"""The journal keeps what it said it kept, and refuses rather than lose anything."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from countersign_bridge.journal.records import Record, RecordKind
from countersign_bridge.journal.recovery import recall
from countersign_bridge.journal.store import (
    Journal,
    JournalDamaged,
    JournalInUse,
    JournalUnavailable,
    open_journal,
    read_journal,
)
from countersign_bridge.trading.retcodes import Outcome

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
COMMAND = "0197a1c2-0000-7000-8000-00000000000c"
ids = map(str, count(1))


def opened(folder: Path) -> Journal:
    return open_journal(folder, lambda: next(ids))


def an_intent_record(attempt: int = 1, grant: bytes = b"g") -> Record:
    details = {
        "grant_id": (grant * 16).hex(),
        "generation": 7,
        "magic": 70 + attempt,
        "fields": {"action": 1, "volume": 0.1},
    }
    return Record(RecordKind.INTENT, NOW, COMMAND, attempt, details, b"told")


def a_result_record(outcome: Outcome, attempt: int = 1) -> Record:
    details = {"outcome": str(outcome), "generation": 7}
    return Record(RecordKind.RESULT, NOW, COMMAND, attempt, details, b"told")


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    written = journal.append([an_intent_record(), a_result_record(Outcome.IN_DOUBT)])
    journal.acknowledge([1])
    journal.close()

    again = opened(tmp_path)
    read = again.records()
    assert [kept.record for kept in read] == [kept.record for kept in written]
    assert [kept.acknowledged for kept in read] == [True, False]
    assert again.journal_id == journal.journal_id
    assert again.append([a_result_record(Outcome.EXECUTED)])[0].number == 3
    again.close()


def test_every_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    full = 2
    connection: sqlite3.Connection = journal._connection  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the setting is its own
    assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
    journal.close()


def test_an_attempt_has_one_intent_and_a_grant_has_one_too(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([an_intent_record(1, b"g")])
    with pytest.raises(sqlite3.IntegrityError):
        journal.append([an_intent_record(1, b"h")])
    with pytest.raises(sqlite3.IntegrityError):
        journal.append([an_intent_record(2, b"g")])
    assert len(journal.records()) == 1
    journal.close()


def damage(folder: Path, number: int) -> None:
    """Change a byte of a record behind the journal's back."""
    connection = sqlite3.connect(folder / "journal.sqlite")
    with connection:
        connection.execute("UPDATE records SET event = x'00' WHERE number = ?", (number,))
    connection.close()


def test_a_torn_tail_is_dropped_and_the_rest_kept(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(
        [an_intent_record(1), a_result_record(Outcome.EXECUTED), an_intent_record(2, b"h")]
    )
    journal.close()
    damage(tmp_path, 3)

    again = opened(tmp_path)
    assert [kept.number for kept in again.records()] == [1, 2]
    assert again.append([an_intent_record(2, b"h")])[0].number == 3
    again.close()


def test_a_damaged_record_before_the_end_stops_the_bridge(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([an_intent_record(1), a_result_record(Outcome.EXECUTED)])
    journal.close()
    damage(tmp_path, 1)

    with pytest.raises(JournalDamaged, match="record 1"):
        opened(tmp_path)


def test_a_file_that_is_no_journal_stops_the_bridge(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(
        b"not a database, but long enough to be taken for one" * 99
    )
    with pytest.raises(JournalDamaged):
        opened(tmp_path)


def test_two_bridges_never_share_a_state(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    with pytest.raises(JournalInUse, match="another bridge"):
        opened(tmp_path)
    journal.close()
    opened(tmp_path).close()


def test_a_bridge_that_was_killed_leaves_its_state_free(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path;"
        "from countersign_bridge.journal.store import open_journal;"
        "open_journal(Path(sys.argv[1]), lambda: 'j'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)  # noqa: S603  # our own
    journal = opened(tmp_path)
    assert journal.journal_id == "j"
    journal.close()


def test_a_locked_file_refuses_and_writes_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    other = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(JournalUnavailable, match="locked"):
        journal.append([an_intent_record()])

    other.execute("ROLLBACK")
    other.close()
    assert journal.records() == []
    assert journal.append([an_intent_record()])[0].number == 1
    journal.close()


def test_a_full_disk_refuses_and_writes_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([an_intent_record()])
    connection: sqlite3.Connection = journal._connection  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # what a full disk does to it
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(JournalUnavailable, match="full"):
        journal.append([Record(RecordKind.DEAL, NOW, details={"ticket": 1}, event=b"x" * 100_000)])

    assert len(journal.records()) == 1
    journal.close()


def test_a_state_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(JournalUnavailable, match="cannot be written"):
        opened(blocked / "state")


def test_a_running_journal_can_be_looked_at(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([an_intent_record()])
    looking = read_journal(tmp_path)
    assert len(looking.records()) == 1
    looking.close()
    journal.close()
    with pytest.raises(JournalUnavailable, match="no journal"):
        read_journal(tmp_path / "nowhere")


def test_what_may_have_been_sent_and_is_not_known_is_unresolved(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(
        [
            an_intent_record(1, b"a"),
            a_result_record(Outcome.EXECUTED, 1),
            an_intent_record(2, b"b"),
            an_intent_record(3, b"c"),
            a_result_record(Outcome.IN_DOUBT, 3),
            Record(RecordKind.DEAL, NOW, details={"ticket": 12}, event=b"told"),
            Record(RecordKind.LATCH, NOW, details={"state": "halted", "cause": "X", "changes": 3}),
        ]
    )
    past = recall(journal.records())
    journal.close()

    assert past.unresolved() == [(COMMAND, 2), (COMMAND, 3)]
    assert past.used_grants() == [b"a" * 16, b"b" * 16, b"c" * 16]
    assert past.generation_seen == 7
    assert past.deal_tickets == {12}
    assert (str(past.latch.state), past.latch.changes) == ("halted", 3)
    assert len(past.unacknowledged) == 6


def a_memory(text: str) -> Record:
    return Record(RecordKind.MEMORY, NOW, details={"memory": text, "account_id": COMMAND})


def a_closing(attempt_id: str, grant: bytes = b"c") -> Record:
    details = {"grant_id": (grant * 16).hex(), "target": 7, "is_order": False}
    return Record(RecordKind.CLOSING, NOW, attempt_id, 1, details, b"told")


def test_of_the_guard_s_memories_the_newest_two_are_kept_and_the_newest_counts(
    tmp_path: Path,
) -> None:
    journal = opened(tmp_path)
    for number in range(5):
        journal.append([a_memory(f"memory {number}"), an_intent_record(number, bytes([number]))])
    journal.close()

    again = opened(tmp_path)
    kept = [one.record for one in again.records() if one.record.kind is RecordKind.MEMORY]
    assert [one.details["memory"] for one in kept] == ["memory 3", "memory 4"]
    past = recall(again.records())
    assert (past.guard_memory, past.account_id) == ("memory 4", COMMAND)
    assert again.append([an_intent_record(9, b"z")])[0].number == 11
    again.close()


def test_a_second_closing_under_the_same_id_or_grant_cannot_be_written(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([a_closing("first")])
    with pytest.raises(sqlite3.IntegrityError):
        journal.append([a_closing("first", b"d")])
    with pytest.raises(sqlite3.IntegrityError):
        journal.append([a_closing("second")])
    assert recall(journal.records()).used_grants() == [b"c" * 16]
    journal.close()


def test_a_journal_of_the_version_before_goes_on_and_one_of_a_later_is_refused(
    tmp_path: Path,
) -> None:
    journal = opened(tmp_path)
    journal.append([an_intent_record()])
    journal.close()
    file = tmp_path / "journal.sqlite"
    with sqlite3.connect(file) as raw:
        for index in ("one_closing_per_attempt", "one_closing_per_grant", "memories"):
            raw.execute(f"DROP INDEX {index}")
        raw.execute("UPDATE journal SET version = 1")

    again = opened(tmp_path)
    assert len(again.records()) == 1
    again.append([a_closing("first")])
    with pytest.raises(sqlite3.IntegrityError):
        again.append([a_closing("first", b"d")])
    again.close()

    with sqlite3.connect(file) as raw:
        raw.execute("UPDATE journal SET version = 99")
    with pytest.raises(JournalUnavailable, match="install that version"):
        opened(tmp_path)
