"""What whoever verifies knows from elsewhere: keys, secrets, and a hash that was written down.

A file can prove that it is consistent, and no more: every key in it is its own word. A key that was
given here is not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from countersign_client.evidence.records import Evidence


@dataclass(frozen=True, slots=True)
class Trust:
    """`keys`: raw Ed25519 public keys. `owner_key_ids`: names of owner keys, as bridges pin them.

    `secrets` of producers by key id; "" for those given without one.
    """

    keys: frozenset[bytes] = frozenset()
    owner_key_ids: frozenset[str] = frozenset()
    secrets: Mapping[str, frozenset[bytes]] = field(
        default_factory=lambda: MappingProxyType(dict[str, frozenset[bytes]]())
    )
    sealed_hash: bytes | None = None

    def secrets_of(self, key_id: str) -> frozenset[bytes]:
        return self.secrets.get(key_id) or self.secrets.get("", frozenset())


class Anchors:
    """Which of a file's keys are known from elsewhere, and whose are all to be."""

    def __init__(self, evidence: Evidence, trust: Trust) -> None:
        self._trust = trust
        self._owners = {
            key.owner_id
            for key in evidence.owner_keys.values()
            if self.knows_owner_key(key.id, key.public_key)
        }
        self._producers = {
            key.producer_id
            for key in evidence.producer_keys.values()
            if key.public_key in trust.keys
        }
        self._server = any(key.public_key in trust.keys for key in evidence.server_keys.values())
        self.unused = self._unused(evidence)

    def knows(self, public_key: bytes) -> bool:
        return public_key in self._trust.keys

    def knows_owner_key(self, key_id: str, public_key: bytes) -> bool:
        return key_id in self._trust.owner_key_ids or public_key in self._trust.keys

    def must_know_server(self) -> bool:
        """Whether a key of the server was given: then no other one counts."""
        return self._server

    def must_know_owner(self, owner_id: str) -> bool:
        return owner_id in self._owners

    def must_know_producer(self, producer_id: str) -> bool:
        return producer_id in self._producers

    def _unused(self, evidence: Evidence) -> list[str]:
        """Return what was given and is in no line: then another key stands in its place."""
        books: tuple[Iterable[bytes], ...] = (
            (key.public_key for key in evidence.server_keys.values()),
            (key.public_key for key in evidence.producer_keys.values()),
            (key.public_key for key in evidence.owner_keys.values()),
        )
        there = {key for book in books for key in book}
        ids = {key.id for key in evidence.owner_keys.values()}
        return [
            *(f"the key {key.hex()}" for key in sorted(self._trust.keys - there)),
            *(f"the key {key_id}" for key_id in sorted(self._trust.owner_key_ids - ids)),
        ]
