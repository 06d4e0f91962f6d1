"""The journal for people, and for programs."""

import json
from collections.abc import Iterable, Iterator

from countersign_bridge.journal.records import Kept

# What a person wants to see of a record's details, where it has them.
_TOLD = (
    *("outcome", "reason", "kind", "symbol", "ticket", "state", "generation", "detail"),
    *("did", "rule", "cause", "version"),
)


def lines_of(kept: Iterable[Kept], *, as_json: bool) -> Iterator[str]:
    """Yield one line a record: a table's row, or a JSON object."""
    for item in kept:
        yield _object(item) if as_json else _row(item)


def _object(kept: Kept) -> str:
    record = kept.record
    return json.dumps(
        {
            "number": kept.number,
            "kind": str(record.kind),
            "time": record.time.isoformat(),
            "command_id": record.command_id,
            "attempt": record.attempt,
            "details": record.details,
            "acknowledged": kept.acknowledged if record.event else None,
        }
    )


def _row(kept: Kept) -> str:
    record = kept.record
    about = f"{record.command_id} {record.attempt}" if record.command_id else ""
    details = (f"{name}={record.details[name]}" for name in _TOLD if record.details.get(name))
    told = ("told" if kept.acknowledged else "to tell") if record.event else ""
    time = record.time.isoformat(timespec="milliseconds")
    row = f"{kept.number:>7}  {time}  {record.kind:<10}  {told:<7}  {about:<38}  "
    return (row + " ".join(details)).rstrip()
