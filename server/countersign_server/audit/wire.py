"""The event log as the contract, a browser's event stream and an export show it."""

import json
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format

from countersign.v1 import audit_pb2
from countersign_server.audit.chain import FIELDS, Link, entry_hash
from countersign_server.audit.log import LogEntry
from countersign_server.rpc.conversion import optional_id, to_timestamp
from countersign_server.rpc.server_sent_events import one_event


def entry_to_message(entry: LogEntry) -> audit_pb2.AuditEntry:
    return audit_pb2.AuditEntry(
        sequence=entry.sequence,
        event_time=to_timestamp(entry.event_time),
        kind=entry.kind,
        actor=entry.actor,
        caller_address=entry.caller_address,
        request_id=entry.request_id,
        owner_id=optional_id(entry.owner_id),
        subject=entry.subject,
        signal_id=optional_id(entry.signal_id),
        account_id=optional_id(entry.account_id),
        command_id=optional_id(entry.command_id),
        before_json=entry.before_json,
        after_json=entry.after_json,
        previous_hash=entry.previous_hash.hex(),
        entry_hash=entry.entry_hash.hex(),
    )


def server_sent_event(entry: LogEntry) -> bytes:
    """Return an entry as a server-sent event: id, event and data, the data as REST answers it."""
    data = json_format.MessageToJson(
        entry_to_message(entry), indent=None, always_print_fields_with_no_presence=True
    )
    return one_event(entry.kind, data, identifier=entry.sequence)


def link_facts(link: Link) -> dict[str, Any]:
    """Return a link with all that its verification needs, as JSON shows it."""
    return {
        "sequence": link.sequence,
        "previous_hash": link.previous_hash.hex(),
        "entry_hash": link.entry_hash.hex(),
        "entry": None if link.texts is None else dict(zip(FIELDS, link.texts, strict=True)),
    }


def export_line(link: Link) -> bytes:
    """Return a link as one line of JSON."""
    facts = link_facts(link)
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def first_broken_line(lines: Iterable[bytes]) -> int | None:
    """Return the number, from 1, of the first line of an export that does not hold; None: all do.

    The first line's own `previous_hash` is taken as true: compare it, or the last line's
    `entry_hash`, with what was written down elsewhere.
    """
    previous, sequence = None, None
    for number, line in enumerate(lines, 1):
        try:
            link = _link_of(line)
        except (ValueError, KeyError, TypeError):
            return number
        if link.texts is None or (previous, sequence) not in (
            (None, None),
            (link.previous_hash, link.sequence),
        ):
            return number
        if entry_hash(link.previous_hash, link.sequence, link.texts) != link.entry_hash:
            return number
        previous, sequence = link.entry_hash, link.sequence + 1
    return None


def _link_of(line: bytes) -> Link:
    read = json.loads(line)
    entry = read["entry"]
    return Link(
        sequence=read["sequence"],
        texts=None if entry is None else [entry[name] for name in FIELDS],
        previous_hash=bytes.fromhex(read["previous_hash"]),
        entry_hash=bytes.fromhex(read["entry_hash"]),
    )
