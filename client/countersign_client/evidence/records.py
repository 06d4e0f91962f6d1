"""The lines of an export of evidence, as values; docs/protocol.md has their form."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, TypeVar, cast

VERSION = "countersign.evidence/1"

Record = TypeVar("Record")
Facts = Mapping[str, Any]


class EvidenceUnreadable(Exception):
    """The file is no export of evidence; says which line and why."""


@dataclass(frozen=True, slots=True)
class ServerKey:
    id: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Producer:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ProducerKey:
    id: str
    producer_id: str
    algorithm: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Account:
    """`account` is login@server, as an intent names it."""

    id: str
    owner_id: str
    account: str


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    email: str


@dataclass(frozen=True, slots=True)
class OwnerKey:
    id: str
    owner_id: str
    name: str
    algorithm: str
    origin: str
    public_key: bytes
    created_time: str
    revoked_time: str


@dataclass(frozen=True, slots=True)
class Signal:
    id: str
    producer_id: str
    external_id: str
    instrument: str
    side: str
    action: str
    format: int
    key_id: str
    sent_time_ms: int
    nonce: bytes
    payload: bytes
    signature: bytes
    received_time: str


@dataclass(frozen=True, slots=True)
class Approval:
    """`owner_signature` None: the owner did not sign."""

    id: str
    owner_id: str
    signal_id: str
    account_id: str
    state: str
    mode: str
    decided_by: str | None
    decided_time: str
    consent_version: str
    command_id: str | None
    intent_text: str | None
    server_key_id: str
    server_signature: bytes
    owner_signature: Facts | None


@dataclass(frozen=True, slots=True)
class Command:
    """`tags`: attempt and magic of each attempt."""

    id: str
    account_id: str
    approval_id: str | None
    state: str
    kind: str
    granted_time: str
    tags: list[Facts]
    intent_text: str
    server_key_id: str
    server_signature: bytes
    owner_signature: Facts | None


@dataclass(frozen=True, slots=True)
class Deal:
    """`deal_type` 0 buys, 1 sells. Volume in lots."""

    account_id: str
    ticket: str
    command_id: str | None
    magic: str
    position_id: str
    deal_type: int
    entry: str
    symbol: str
    volume: str
    price: str
    broker_time_ms: str
    received_time: str


@dataclass(frozen=True, slots=True)
class Link:
    """A sealed audit entry; `entry` None: it is not there."""

    sequence: int
    previous_hash: bytes
    entry_hash: bytes
    entry: Facts | None


@dataclass(frozen=True, slots=True)
class Heading:
    exported_time: str
    chain: str  # "whole" or "excerpt"
    sealed_sequence: int
    sealed_hash: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a file says, by id. `repeated`: what it says twice, and not the same."""

    heading: Heading
    server_keys: dict[str, ServerKey] = field(default_factory=dict[str, ServerKey])
    producers: dict[str, Producer] = field(default_factory=dict[str, Producer])
    producer_keys: dict[str, ProducerKey] = field(default_factory=dict[str, ProducerKey])
    accounts: dict[str, Account] = field(default_factory=dict[str, Account])
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    owner_keys: dict[str, OwnerKey] = field(default_factory=dict[str, OwnerKey])
    signals: dict[str, Signal] = field(default_factory=dict[str, Signal])
    approvals: dict[str, Approval] = field(default_factory=dict[str, Approval])
    commands: dict[str, Command] = field(default_factory=dict[str, Command])
    deals: dict[str, Deal] = field(default_factory=dict[str, Deal])
    links: dict[str, Link] = field(default_factory=dict[str, Link])
    repeated: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class _Kind:
    record: type
    book: str
    key: Callable[[Any], str]


def _by_id(record: Any) -> str:  # noqa: ANN401  # any of the records with an id
    return str(record.id)


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "server-key": _Kind(ServerKey, "server_keys", _by_id),
        "producer": _Kind(Producer, "producers", _by_id),
        "producer-key": _Kind(ProducerKey, "producer_keys", _by_id),
        "account": _Kind(Account, "accounts", _by_id),
        "person": _Kind(Person, "people", _by_id),
        "owner-key": _Kind(OwnerKey, "owner_keys", lambda key: f"{key.owner_id}:{key.id}"),
        "signal": _Kind(Signal, "signals", _by_id),
        "approval": _Kind(Approval, "approvals", _by_id),
        "command": _Kind(Command, "commands", _by_id),
        "deal": _Kind(Deal, "deals", lambda deal: f"{deal.account_id}:{deal.ticket}"),
        "audit": _Kind(Link, "links", lambda link: str(link.sequence)),
    }
)


def read_evidence(lines: Iterable[bytes]) -> Evidence:
    """Return what the lines of an export say. Raises EvidenceUnreadable."""
    numbered = enumerate(lines, 1)
    number, first = next(numbered, (1, b""))
    facts = _facts(first, number)
    if facts.get("type") != VERSION:
        raise EvidenceUnreadable(f"line 1 is not the heading of {VERSION}")
    evidence = Evidence(_record(Heading, facts, number))
    for number, line in numbered:
        facts = _facts(line, number)
        kind = _KINDS.get(str(facts.get("type")))
        if kind is None:
            raise EvidenceUnreadable(f"line {number}: nothing is known of {facts.get('type')!r}")
        record: Any = _record(cast("type[Any]", kind.record), facts, number)
        book: dict[str, Any] = getattr(evidence, kind.book)
        if book.setdefault(kind.key(record), record) != record:
            evidence.repeated.append(f"line {number}: another {facts['type']} of the same id")
    return evidence


def _facts(line: bytes, number: int) -> Facts:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise EvidenceUnreadable(f"line {number} is not a JSON object")
    return cast("Facts", value)


def _record(kind: type[Record], facts: Facts, number: int) -> Record:
    try:
        values = {
            one.name: _value(one.type, facts[one.name])
            for one in fields(kind)  # pyright: ignore[reportArgumentType]  # each is a dataclass
        }
    except (KeyError, ValueError, TypeError) as error:
        raise EvidenceUnreadable(f"line {number}: {facts.get('type')}: {error!r}") from None
    return kind(**values)


def _value(wanted: Any, value: Any) -> Any:  # noqa: ANN401  # as JSON has it
    """Return a value as its field has it. Raises TypeError, ValueError."""
    if wanted is bytes:
        return bytes.fromhex(value)
    shapes: Mapping[Any, tuple[type, ...]] = {
        str: (str,),
        int: (int,),
        str | None: (str, type(None)),
        Facts | None: (dict, type(None)),
        list[Facts]: (list,),
    }
    if not isinstance(value, shapes[wanted]) or isinstance(value, bool):
        raise TypeError(f"{str(value)[:40]!r} is not of the form")
    return cast("Any", value)
