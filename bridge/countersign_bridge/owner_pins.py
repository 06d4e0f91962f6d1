"""Whose signatures this bridge asks for: the names of owner keys that a person pinned here.

They stand in the settings and in a file of their own beside the pairing, which pairing again leaves
alone. No server can add to them or take from them.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

NAME = "owner-keys.txt"

_KEY_ID = re.compile(r"own_[A-Za-z0-9_-]{43}")
_LABEL_MAX = 64
_HEADING = """\
# Keys whose signature this bridge asks for before it opens or changes a trade: id, then a name.
# While this file is here and names no key, nothing is opened. The bridge reads it when it starts.
"""


class PinsError(Exception):
    """The pins cannot be read, or are none; the message says what to do."""


def pinned_keys(state_dir: Path, configured: tuple[str, ...]) -> Mapping[str, str] | None:
    """Return the pinned keys by their ids, with what they are called.

    None: nobody ever pinned one, and the server's countersignature is enough. Raises PinsError.
    """
    kept = _read(state_dir)
    if kept is None and not configured:
        return None
    return {_checked(key_id): "settings" for key_id in configured} | (kept or {})


def pin(state_dir: Path, key_id: str, label: str) -> Path:
    """Pin a key and return the file that says so. Raises PinsError."""
    if len(label) > _LABEL_MAX or not label.isprintable():
        raise PinsError(f"the name must be at most {_LABEL_MAX} printable characters")
    return _write(state_dir, {**(_read(state_dir) or {}), _checked(key_id): label.strip()})


def unpin(state_dir: Path, key_id: str) -> Path:
    """Take a pin out and return the file. Without any left nothing is opened. Raises PinsError."""
    kept = dict(_read(state_dir) or {})
    if kept.pop(key_id, None) is None:
        raise PinsError(f"{key_id} is not pinned in {state_dir / NAME}: see 'owner-key list'")
    return _write(state_dir, kept)


def _read(state_dir: Path) -> dict[str, str] | None:
    file = state_dir / NAME
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise PinsError(f"{file} cannot be read ({error}): mend it, or pin the keys anew") from None
    kept: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        key_id, _, label = line.strip().partition(" ")
        if not key_id or key_id.startswith("#"):
            continue
        if not _KEY_ID.fullmatch(key_id):
            raise PinsError(f"{file}, line {number}: {key_id[:60]!r} is no owner key's id")
        kept[key_id] = label.strip()
    return kept


def _write(state_dir: Path, pins: Mapping[str, str]) -> Path:
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    file, fresh = state_dir / NAME, state_dir / f"{NAME}.new"
    text = _HEADING + "".join(f"{key_id} {label}".rstrip() + "\n" for key_id, label in pins.items())
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    return file


def _checked(key_id: str) -> str:
    if not _KEY_ID.fullmatch(key_id):
        shown = key_id[:60]
        raise PinsError(f"{shown!r} is no owner key's id: 'countersign key list' shows yours")
    return key_id
