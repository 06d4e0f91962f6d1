"""Whether the seals of the audit hold: each by itself, and each on the one before."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from countersign_client.evidence.records import Evidence, Link

FIELDS = (
    *("event_time", "kind", "actor", "caller_address", "request_id", "owner_id", "subject"),
    *("signal_id", "account_id", "command_id", "before_json", "after_json"),
)
GENESIS = bytes(32)
_TAG = b"countersign.audit/1\0"


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """A place at which the chain does not hold, and why."""

    sequence: int
    why: str


def chain_breaks(evidence: Evidence, sealed_hash: bytes | None) -> Iterator[ChainBreak]:
    """Yield where the chain does not hold.

    Of a whole chain every seal, from the first to the one that the heading names; of an excerpt
    each seal by itself, and on the one before where that is there. `sealed_hash`: written down
    elsewhere, it must be the hash of one of the seals.
    """
    links = sorted(evidence.links.values(), key=lambda link: link.sequence)
    before: Link | None = None
    is_whole = evidence.heading.chain == "whole"
    for link in links:
        yield from _own_breaks(link)
        follows = before is not None and before.sequence + 1 == link.sequence
        if is_whole and not follows and link.sequence != 1:
            expected = before.sequence + 1 if before else 1
            yield ChainBreak(expected, "there is no seal with this sequence")
        expected_hash = before.entry_hash if before and follows else None
        if link.sequence == 1:
            expected_hash = GENESIS
        if expected_hash is not None and link.previous_hash != expected_hash:
            yield ChainBreak(link.sequence, "it does not name the hash of the entry before")
        before = link
    if is_whole:
        yield from _end_breaks(evidence, before)
    if sealed_hash is not None and all(link.entry_hash != sealed_hash for link in links):
        yield ChainBreak(0, "no seal has the hash that was written down")


def _own_breaks(link: Link) -> Iterator[ChainBreak]:
    if link.entry is None:
        yield ChainBreak(link.sequence, "there is a seal and no entry")
        return
    if entry_hash(link) != link.entry_hash:
        yield ChainBreak(link.sequence, "the entry does not have the hash that it was sealed with")


def _end_breaks(evidence: Evidence, last: Link | None) -> Iterator[ChainBreak]:
    heading = evidence.heading
    end = (last.sequence, last.entry_hash) if last else (0, GENESIS)
    if end != (heading.sealed_sequence, heading.sealed_hash):
        yield ChainBreak(end[0] + 1, f"the chain was sealed up to {heading.sealed_sequence}")


def entry_hash(link: Link) -> bytes:
    """Return the hash that a seal must have for its entry."""
    entry = link.entry or {}
    parts = [_TAG, link.previous_hash]
    for text in (str(link.sequence), *(str(entry.get(name, "")) for name in FIELDS)):
        encoded = text.encode()
        parts += (len(encoded).to_bytes(4, "big"), encoded)
    return sha256(b"".join(parts)).digest()
