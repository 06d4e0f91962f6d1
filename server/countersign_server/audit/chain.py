"""How entries of the event log are chained by hashes, and where a chain does not hold.

The hash of an entry is SHA-256 over the tag `countersign.audit/1` and a zero byte, the 32 bytes of
the hash before (zeros before the first), then, each preceded by its length in 4 bytes (big-endian)
and in UTF-8: the sequence in decimal, and the entry's FIELDS. Times are as in
2026-11-21T10:00:00.123456Z; what is not given is empty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from struct import Struct

FIELDS = (
    "event_time",
    "kind",
    "actor",
    "caller_address",
    "request_id",
    "owner_id",
    "subject",
    "signal_id",
    "account_id",
    "command_id",
    "before_json",
    "after_json",
)
GENESIS = bytes(32)

_TAG = b"countersign.audit/1\0"
_LENGTH = Struct(">I").pack

# An entry's FIELDS as the texts that are hashed, in their order.
Texts = Sequence[str]


@dataclass(frozen=True, slots=True)
class Link:
    """A seal with the entry that it is about. `texts` None: the entry is not there."""

    sequence: int
    texts: Texts | None
    previous_hash: bytes
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a chain does not hold, and what does not hold there."""

    sequence: int
    reason: str  # upper-case, a colon, and words for people


def entry_hash(previous_hash: bytes, sequence: int, texts: Texts) -> bytes:
    """Return the hash of an entry at its place in the chain."""
    encoded = [text.encode() for text in (str(sequence), *texts)]
    lengths = map(_LENGTH, map(len, encoded))
    parts = chain.from_iterable(zip(lengths, encoded, strict=True))
    return sha256(b"".join((_TAG, previous_hash, *parts))).digest()


def hashes_of(previous_hash: bytes, first_sequence: int, entries: Iterable[Texts]) -> list[bytes]:
    """Return the hashes of entries that follow each other from `first_sequence` on."""
    hashes: list[bytes] = []
    for sequence, texts in enumerate(entries, first_sequence):
        previous_hash = entry_hash(previous_hash, sequence, texts)
        hashes.append(previous_hash)
    return hashes


def first_break(previous_hash: bytes, sequence: int, links: Sequence[Link]) -> Break | None:
    """Return where `links`, the first of which should be `sequence`, do not hold; None: they do."""
    for index, link in enumerate(links):
        if link.sequence != sequence:
            return Break(sequence, "SEAL_DELETED: there is no seal with this sequence")
        if link.previous_hash != previous_hash:
            return Break(sequence, "SEAL_EDITED: it does not name the hash of the entry before")
        if link.texts is None:
            return Break(sequence, "ENTRY_DELETED: there is a seal and no entry")
        computed = entry_hash(previous_hash, sequence, link.texts)
        if computed != link.entry_hash:
            following = links[index + 1] if index + 1 < len(links) else None
            return Break(sequence, _edited(computed, following))
        previous_hash, sequence = link.entry_hash, sequence + 1
    return None


def _edited(computed: bytes, following: Link | None) -> str:
    """Tell which of the two was edited: the next seal remembers the true hash."""
    if following is None:
        return "ENTRY_OR_SEAL_EDITED: the entry does not have the hash in its seal"
    if following.previous_hash == computed:
        return "SEAL_EDITED: the hash in it is not the entry's"
    return "ENTRY_EDITED: it does not have the hash that it was sealed with"
