"""The journal's file: SQLite, every record synced to the disk before anything acts on it."""

import json
import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from countersign_bridge.journal.records import Kept, Record, RecordKind, checksum, plain_details

_SCHEMA = """
CREATE TABLE journal (journal_id TEXT NOT NULL, version INTEGER NOT NULL);
CREATE TABLE records (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    time TEXT NOT NULL,
    command_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    details TEXT NOT NULL,
    event BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX one_intent_per_attempt ON records (command_id, attempt)
    WHERE kind = 'INTENT';
CREATE UNIQUE INDEX one_intent_per_grant ON records (json_extract(details, '$.grant_id'))
    WHERE kind = 'INTENT';
"""
# Each version's additions, from the version before it.
_ADDITIONS = {
    2: """
CREATE UNIQUE INDEX one_closing_per_attempt ON records (command_id) WHERE kind = 'CLOSING';
CREATE UNIQUE INDEX one_closing_per_grant ON records (json_extract(details, '$.grant_id'))
    WHERE kind = 'CLOSING';
CREATE INDEX memories ON records (number) WHERE kind = 'MEMORY';
""",
}
_VERSION = 2
_COLUMNS = "number, kind, time, command_id, attempt, details, event, checksum, acknowledged"
_FORGET_MEMORIES = (
    "DELETE FROM records WHERE kind = 'MEMORY' AND number NOT IN "
    "(SELECT number FROM records WHERE kind = 'MEMORY' ORDER BY number DESC LIMIT 2)"
)
_BUSY_S = 1.0

_Row = tuple[int, str, str, str, int, str, bytes, int, int]


class JournalError(Exception):
    """The journal cannot be used; the message says what to do."""


class JournalUnavailable(JournalError):
    """The disk is full, or something holds the file. Nothing was written."""


class JournalDamaged(JournalError):
    """A record in the midst of the journal does not match its checksum."""


class JournalInUse(JournalError):
    """Another bridge runs on the same state."""


class Journal:
    """An open journal. One thread writes. Raises JournalUnavailable rather than lose a record."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        unsynced: sqlite3.Connection | None = None,
        lock: sqlite3.Connection | None = None,
    ) -> None:
        self._connection = connection
        self._unsynced = unsynced
        self._lock = lock
        (self.journal_id,) = connection.execute("SELECT journal_id FROM journal").fetchone()
        (self._last_number,) = connection.execute(
            "SELECT coalesce(max(number), 0) FROM records"
        ).fetchone()

    def append(self, records: Sequence[Record]) -> list[Kept]:
        """Write records in one transaction and return them when they are on the disk."""
        kept = [
            Kept(self._last_number + place, record, acknowledged=False)
            for place, record in enumerate(records, start=1)
        ]
        with _transaction(self._connection) as connection:
            connection.executemany(
                f"INSERT INTO records ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",  # noqa: S608  # our own column names
                [_row_of(item) for item in kept],
            )
            if any(record.kind is RecordKind.MEMORY for record in records):
                # The one before stays: the newest may be torn off with the tail.
                connection.execute(_FORGET_MEMORIES)
        self._last_number += len(kept)
        return kept

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Remember that the server has these for good. Forgotten by a crash, they are repeated."""
        with _transaction(self._unsynced or self._connection) as connection:
            connection.executemany(
                "UPDATE records SET acknowledged = 1 WHERE number = ?",
                [(number,) for number in numbers],
            )

    def records(self) -> list[Kept]:
        """Return all records, oldest first."""
        return list(map(_kept_of, _rows(self._connection)))

    def close(self) -> None:
        for connection in (self._unsynced, self._connection, self._lock):
            if connection is not None:
                connection.close()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    try:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
    except sqlite3.OperationalError as error:
        raise JournalUnavailable(f"the journal cannot be written: {error}") from error


def open_journal(state_dir: Path, new_id: Callable[[], str]) -> Journal:
    """Open the journal in `state_dir`, or make one there with a new id. Drops a torn tail.

    Raises JournalInUse, JournalDamaged, JournalUnavailable.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _locked(state_dir)
    except OSError as error:
        raise JournalUnavailable(f"{state_dir} cannot be written: {error}") from error
    opened = [lock]
    try:
        connection = _connected(_file(state_dir), opened)
        _create_once(connection, new_id)
        _bring_up_to_date(connection)
        _drop_torn_tail(connection)
        unsynced = _connected(_file(state_dir), opened)
        # Commits of this one wait for no disk; those of the other take them along.
        unsynced.execute("PRAGMA synchronous = NORMAL")
        return Journal(connection, unsynced=unsynced, lock=lock)
    except sqlite3.DatabaseError as error:
        kind = JournalUnavailable if isinstance(error, sqlite3.OperationalError) else JournalDamaged
        failure = kind(f"{_file(state_dir)} cannot be opened: {error}")
        _close(opened)
        raise failure from error
    except JournalError:
        _close(opened)
        raise


def read_journal(state_dir: Path) -> Journal:
    """Open an existing journal to look at, also while it is written. Raises JournalUnavailable."""
    file = _file(state_dir)
    if not file.exists():
        raise JournalUnavailable(f"there is no journal in {state_dir}")
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)
    try:
        return Journal(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise JournalUnavailable(f"{file} cannot be read: {error}") from error


def _file(state_dir: Path) -> Path:
    return state_dir / "journal.sqlite"


def _connected(file: Path, opened: list[sqlite3.Connection]) -> sqlite3.Connection:
    # Opened on one thread and written on one other; never on two at a time.
    connection = sqlite3.connect(
        file, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
    )
    opened.append(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    # NORMAL may lose the last records when the power goes, and with them that an order was sent.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    return connection


def _locked(state_dir: Path) -> sqlite3.Connection:
    """Hold what only one process can hold, on every system alike, and loses when it dies."""
    lock = sqlite3.connect(
        state_dir / "bridge.lock", isolation_level=None, timeout=0, check_same_thread=False
    )
    try:
        lock.execute("PRAGMA locking_mode = EXCLUSIVE")
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if error.sqlite_errorname == "SQLITE_BUSY":
            raise JournalInUse(f"another bridge runs on {state_dir}; stop it first") from error
        raise JournalUnavailable(f"{state_dir} cannot be locked: {error}") from error
    return lock


def _create_once(connection: sqlite3.Connection, new_id: Callable[[], str]) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        return
    script = f"BEGIN;{_SCHEMA}"
    try:
        connection.executescript(script)
        connection.execute("INSERT INTO journal VALUES (?, 1)", (new_id(),))
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Add what this version keeps and the one that made the journal did not.

    Raises JournalUnavailable if a later one made it: it may hold what this one cannot read.
    """
    (version,) = connection.execute("SELECT version FROM journal").fetchone()
    if version > _VERSION:
        raise JournalUnavailable(
            f"a later version of the bridge wrote this journal (format {version}, this one knows "
            f"{_VERSION}): install that version again"
        )
    for added in range(version + 1, _VERSION + 1):
        connection.executescript(
            f"BEGIN;{_ADDITIONS[added]}UPDATE journal SET version = {added};COMMIT;"  # noqa: S608  # our own numbers
        )


def _drop_torn_tail(connection: sqlite3.Connection) -> None:
    """Drop records at the end that are not whole. Raises JournalDamaged for one before the end."""
    first_torn: int | None = None
    for row in _rows(connection):
        if _is_whole(row) and first_torn is not None:
            raise JournalDamaged(
                f"record {first_torn} of the journal is damaged and later ones are not: keep the "
                "state directory for inspection, settle the commands in doubt, then start with an "
                "empty one"
            )
        if not _is_whole(row) and first_torn is None:
            first_torn = row[0]
    if first_torn is not None:
        connection.execute("DELETE FROM records WHERE number >= ?", (first_torn,))


def _rows(connection: sqlite3.Connection) -> Iterable[_Row]:
    return connection.execute(f"SELECT {_COLUMNS} FROM records ORDER BY number")  # noqa: S608  # our own column names


def _is_whole(row: _Row) -> bool:
    number, kind, time, command_id, attempt, details, event, stored, _ = row
    texts = (kind, time, command_id, str(attempt), details)
    return stored == checksum(number, texts, event)


def _row_of(kept: Kept) -> tuple[int, str, str, str, int, str, bytes, int]:
    record = kept.record
    time = record.time.astimezone(UTC).isoformat(timespec="microseconds")
    details = json.dumps(plain_details(record.details), sort_keys=True)
    texts = (str(record.kind), time, record.command_id, str(record.attempt), details)
    crc = checksum(kept.number, texts, record.event)
    return (
        *(kept.number, str(record.kind), time, record.command_id, record.attempt, details),
        *(record.event, crc),
    )


def _kept_of(row: _Row) -> Kept:
    number, kind, time, command_id, attempt, details, event, _, acknowledged = row
    record = Record(
        kind=RecordKind(kind),
        time=datetime.fromisoformat(time),
        command_id=command_id,
        attempt=attempt,
        details=json.loads(details),
        event=event,
    )
    return Kept(number, record, bool(acknowledged))


def _close(opened: Iterable[sqlite3.Connection]) -> None:
    for connection in opened:
        connection.close()
