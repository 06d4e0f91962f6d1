"""An export of evidence, checked here: what holds, and exactly where it does not."""

import base64
import binascii
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from countersign_client.cli.failures import REFUSED
from countersign_client.cli.invocation import current
from countersign_client.cli.screen import print_json, remark, say
from countersign_client.errors import invalid_value
from countersign_client.evidence.links import Story
from countersign_client.evidence.records import EvidenceUnreadable, read_evidence
from countersign_client.evidence.trust import Trust
from countersign_client.evidence.verification import Report, verify

_KEY_BYTES_MAX = 100_000
_HASH_BYTES = 32
_SECRET_BYTES = 32
_OWNER_PREFIX = "own_"


def trust(
    *,
    key: Annotated[
        list[Path] | None,
        typer.Option(
            help="A key you know from elsewhere: PEM (yours may be the private one), or a list of "
            "own_... ids or of Ed25519 keys in hexadecimal, one a line; repeat for more."
        ),
    ] = None,
    secret_file: Annotated[
        list[Path] | None,
        typer.Option(help='Secret of an HMAC key: "csk_...", or lines of "key_... csk_...".'),
    ] = None,
    sealed_hash: Annotated[
        str, typer.Option(help="A hash of the chain that was written down elsewhere.")
    ] = "",
) -> Trust:
    """Return what is known apart from the file. Raises Invalid."""
    keys, owner_key_ids = set[bytes](), set[str]()
    for path in key or ():
        content = _content(path)
        if content.lstrip().startswith(b"-----BEGIN"):
            keys.add(_public_key(path, content))
        else:
            for name in _names(path, content):
                if name.startswith(_OWNER_PREFIX):
                    owner_key_ids.add(name)
                else:
                    keys.add(_raw_key(path, name))
    secrets: defaultdict[str, set[bytes]] = defaultdict(set)
    for path in secret_file or ():
        for line in _content(path).decode(errors="replace").split("\n"):
            key_id, _, secret = line.strip().rpartition(" ")
            if secret:
                secrets[key_id.strip()].add(_secret(path, secret))
    return Trust(
        keys=frozenset(keys),
        owner_key_ids=frozenset(owner_key_ids),
        secrets={key_id: frozenset(known) for key_id, known in secrets.items()},
        sealed_hash=_hash(sealed_hash) if sealed_hash else None,
    )


def verify_file(path: Path, trust: Trust) -> None:
    """Check an export, print what was found, and exit with 4 if anything does not hold."""
    try:
        with path.open("rb") as lines:
            evidence = read_evidence(lines)
    except OSError as error:
        raise invalid_value(f"{path} cannot be read: {error.strerror}", field="file") from None
    except EvidenceUnreadable as error:
        raise invalid_value(f"{path}: {error}", field="file") from None
    report = verify(evidence, trust)
    if current().json:
        print_json(_plain(report))
    else:
        _print(report, chain=evidence.heading.chain)
    if not report.intact:
        raise typer.Exit(REFUSED)


def _print(report: Report, *, chain: str) -> None:
    for story in report.stories:
        _print_story(story)
    for why in report.general:
        say(f"BROKEN  {why}")
    for place in report.chain:
        say(f"BROKEN  audit chain, sequence {place.sequence}: {place.why}")
    # Said once: most signals leave the same unchecked.
    for what in dict.fromkeys(what for story in report.stories for what in story.unchecked):
        remark(f"not checked: {what}")
    verdict = "everything checked holds" if report.intact else "IT DOES NOT HOLD"
    extent = "the whole chain" if chain == "whole" else "an excerpt of the chain"
    say(f"{len(report.stories)} signals, {report.links} seals of {extent}: {verdict}")


def _print_story(story: Story) -> None:
    word = "BROKEN" if story.broken else "ok    "
    say(f"{word}  {story.signal.id}  {' | '.join(story.told)}")
    for one in story.broken:
        say(f"        -> {one.link} {one.subject}: {one.why}")


def _plain(report: Report) -> dict[str, Any]:
    return {
        "intact": report.intact,
        "signals": [
            {
                "signalId": story.signal.id,
                "evidence": story.told,
                "broken": [
                    {"link": one.link, "subject": one.subject, "why": one.why}
                    for one in story.broken
                ],
                "notChecked": story.unchecked,
            }
            for story in report.stories
        ],
        "general": list(report.general),
        "chain": [{"sequence": one.sequence, "why": one.why} for one in report.chain],
        "seals": report.links,
    }


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_KEY_BYTES_MAX)
    except OSError as error:
        raise invalid_value(f"{path} cannot be read: {error.strerror}", field="key") from None


def _public_key(path: Path, pem: bytes) -> bytes:
    try:
        if b"PRIVATE KEY" in pem:
            private = load_pem_private_key(pem, password=None)
            found = private.public_key() if isinstance(private, Ed25519PrivateKey) else None
        else:
            found = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise invalid_value(f"{path} is not a PEM of an Ed25519 key", field="key")
    return found.public_bytes_raw()


def _names(path: Path, content: bytes) -> list[str]:
    """Return what stands first on each line of a list, such as a bridge's own."""
    lines = (line.strip() for line in content.decode(errors="replace").split("\n"))
    names = [line.partition(" ")[0] for line in lines if line and not line.startswith("#")]
    if not names:
        raise invalid_value(f"{path} is neither a PEM nor a list of keys", field="key")
    return names


def _raw_key(path: Path, text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _HASH_BYTES:
        raise invalid_value(
            f"{path}: {text[:40]!r} is neither own_... nor 64 hexadecimal digits", field="key"
        )
    return found


def _secret(path: Path, secret: str) -> bytes:
    try:
        known = base64.b64decode(secret.removeprefix("csk_") + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        known = b""
    if not secret.startswith("csk_") or len(known) != _SECRET_BYTES:
        raise invalid_value(f"{path}: a secret is the whole text csk_...", field="secret_file")
    return known


def _hash(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _HASH_BYTES:
        raise invalid_value("a hash has 64 hexadecimal digits", field="sealed_hash")
    return found
