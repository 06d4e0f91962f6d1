"""Signing offline: what exactly is signed, and the signed signal as JSON for whoever sends it."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from countersign_client.cli.draft import Draft, drafted
from countersign_client.cli.invocation import command
from countersign_client.cli.profile import write_private
from countersign_client.cli.screen import print_json, remark
from countersign_client.cli.signing_key import signer
from countersign_client.errors import invalid_value
from countersign_client.message_json import message_json
from countersign_client.signing import Signer, signed_text
from countersign_client.wire.countersign import v1

app = typer.Typer()


@command(app, draft=drafted, key=signer)
def sign(
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new file; absent: standard output.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be signed.")
    ] = False,
    draft: Draft | None,
    key: Signer | None,
) -> None:
    """Sign a signal without sending it; prints a SignedSignal as JSON.

    The signed text is shown beside it. The server takes the signature for 30 seconds.
    """
    if draft is None:
        raise invalid_value("--instrument and --side are needed, or --file", field="signal")
    if dry_run:
        for line in _payload_lines(draft.payload, draft.format):
            remark(line)
        print_json(
            {
                "externalId": draft.external_id,
                "payloadBytes": len(draft.payload),
                "payloadSha256": sha256(draft.payload).hexdigest(),
            }
        )
        return
    if key is None:
        raise invalid_value("a key is needed: --key-id and COUNTERSIGN_SECRET", field="key_id")
    signed = key.sign_payload(draft.payload, draft.format)
    for line in signed_lines(signed):
        remark(line)
    content = message_json(signed)
    if output is None:
        print_json(content)
        return
    try:
        write_private(output, json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise invalid_value(
            f"{output} cannot be written: {error.strerror}", field="output"
        ) from None
    remark(f"written to {output}; send it with: countersign submit --signed {output}")


def signed_lines(signed: v1.SignedSignal) -> list[str]:
    """Return the signed text part by part, for people who compare it with their own."""
    return [
        "signed text: the tag, then each part with its length in 4 bytes before it",
        "  tag          countersign.signal/1 and a zero byte",
        f"  key id       {signed.key_id}",
        f"  format       {int(signed.format)} ({signed.format.name})",
        f"  sent time    {signed.sent_time_ms} ms",
        f"  nonce        {signed.nonce.hex()}",
        f"  payload      SHA-256 {sha256(signed.payload).hexdigest()}",
        f"  in full      {signed_text(signed).hex()}",
        *_payload_lines(signed.payload, signed.format),
    ]


def _payload_lines(payload: bytes, payload_format: v1.PayloadFormat) -> list[str]:
    if payload_format == v1.PayloadFormat.JSON:
        return ["payload:", payload.decode(errors="replace").rstrip("\n")]
    signal = v1.Signal().parse(payload)
    return ["payload:", json.dumps(message_json(signal), indent=2)]
