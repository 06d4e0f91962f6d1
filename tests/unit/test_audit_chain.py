"""The chain of the event log: one changed byte anywhere, and it does not hold."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from countersign_server.audit.chain import FIELDS, GENESIS, Link, entry_hash, first_break, hashes_of
from countersign_server.audit.wire import export_line, first_broken_line

texts = st.lists(st.text(max_size=20), min_size=len(FIELDS), max_size=len(FIELDS))


def an_entry(kind: str = "account.created") -> list[str]:
    return ["2026-11-21T10:00:00.123456Z", kind, "user:1", *[""] * (len(FIELDS) - 3)]


def a_chain(length: int, previous_hash: bytes = GENESIS, first: int = 1) -> list[Link]:
    entries = [an_entry(f"kind.{number}") for number in range(length)]
    hashes = hashes_of(previous_hash, first, entries)
    before = [previous_hash, *hashes]
    return [Link(first + at, entry, before[at], hashes[at]) for at, entry in enumerate(entries)]


def test_a_hash_is_of_the_text_that_the_module_describes() -> None:
    fields = an_entry()
    written = b"countersign.audit/1\0" + GENESIS
    for text in ("7", *fields):
        written += len(text).to_bytes(4, "big") + text.encode()
    assert entry_hash(GENESIS, 7, fields) == sha256(written).digest()


def test_a_chain_as_it_was_sealed_holds_from_anywhere() -> None:
    chain = a_chain(5)
    assert first_break(GENESIS, 1, chain) is None
    assert first_break(chain[1].entry_hash, 3, chain[2:]) is None
    assert first_break(GENESIS, 1, []) is None


@given(given=texts, other=texts, sequence=st.integers(1, 10**12))
def test_two_entries_have_one_hash_only_if_they_are_the_same(
    given: list[str], other: list[str], sequence: int
) -> None:
    same = entry_hash(GENESIS, sequence, given) == entry_hash(GENESIS, sequence, other)
    assert same is (given == other)


def test_what_moves_from_one_field_to_the_next_changes_the_hash() -> None:
    entry = an_entry()
    moved = [entry[0], entry[1] + entry[2], "", *entry[3:]]
    assert entry_hash(GENESIS, 1, entry) != entry_hash(GENESIS, 1, moved)


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_an_edited_entry_is_named(at: int) -> None:
    chain = a_chain(5)
    chain[at] = replace(chain[at], texts=an_entry("edited"))
    found = first_break(GENESIS, 1, chain)
    assert found is not None
    assert (found.sequence, found.reason.partition(":")[0]) == (at + 1, "ENTRY_EDITED")


def test_an_edit_of_the_last_link_is_found_whichever_of_the_two_it_was() -> None:
    chain = a_chain(5)
    chain[4] = replace(chain[4], entry_hash=bytes(32))
    found = first_break(GENESIS, 1, chain)
    assert found is not None
    assert (found.sequence, found.reason.partition(":")[0]) == (5, "ENTRY_OR_SEAL_EDITED")


def test_an_edited_seal_is_told_from_an_edited_entry() -> None:
    chain = a_chain(5)
    chain[1] = replace(chain[1], entry_hash=bytes(32))
    found = first_break(GENESIS, 1, chain)
    assert found is not None
    assert (found.sequence, found.reason.partition(":")[0]) == (2, "SEAL_EDITED")


def test_a_seal_that_names_another_past_is_named() -> None:
    chain = a_chain(5)
    chain[2] = replace(chain[2], previous_hash=bytes(32))
    found = first_break(GENESIS, 1, chain)
    assert found is not None
    assert (found.sequence, found.reason.partition(":")[0]) == (3, "SEAL_EDITED")


def test_a_missing_entry_and_a_missing_seal_are_told_apart() -> None:
    chain = a_chain(5)
    gone = first_break(GENESIS, 1, [chain[0], replace(chain[1], texts=None), *chain[2:]])
    assert gone is not None
    assert (gone.sequence, gone.reason.partition(":")[0]) == (2, "ENTRY_DELETED")
    unsealed = first_break(GENESIS, 1, [chain[0], *chain[2:]])
    assert unsealed is not None
    assert (unsealed.sequence, unsealed.reason.partition(":")[0]) == (2, "SEAL_DELETED")


def test_a_chain_rewritten_as_a_whole_holds_and_ends_in_another_hash() -> None:
    """Why the newest hash is to be written down elsewhere."""
    true, forged = a_chain(3), a_chain(3)
    entries = [link.texts or () for link in true]
    entries[0] = an_entry("forged")
    hashes = hashes_of(GENESIS, 1, entries)
    forged = [
        Link(at + 1, entry, ([GENESIS, *hashes])[at], hashes[at])
        for at, entry in enumerate(entries)
    ]
    assert first_break(GENESIS, 1, forged) is None
    assert forged[-1].entry_hash != true[-1].entry_hash


@given(entries=st.lists(texts, min_size=1, max_size=5))
def test_an_export_verifies_without_the_database(entries: list[list[str]]) -> None:
    hashes = hashes_of(GENESIS, 1, entries)
    before = [GENESIS, *hashes]
    lines = [
        export_line(Link(at + 1, entry, before[at], hashes[at])) for at, entry in enumerate(entries)
    ]
    assert all(line.count(b"\n") == 1 for line in lines)
    assert first_broken_line(lines) is None


def test_an_export_with_a_line_edited_removed_or_unreadable_does_not_verify() -> None:
    lines = [export_line(link) for link in a_chain(4)]
    edited = lines[1].replace(b"kind.1", b"kind.9")
    assert first_broken_line([lines[0], edited, *lines[2:]]) == 2
    assert first_broken_line([lines[0], *lines[2:]]) == 2
    assert first_broken_line([lines[0], b"{}\n"]) == 2
    assert first_broken_line([lines[0], b"not json\n"]) == 2
    gone = export_line(replace(a_chain(2)[1], texts=None))
    assert first_broken_line([lines[0], gone]) == 2
