"""Handing a signal in from the command line."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from countersign_client.cli.draft import Draft, drafted
from countersign_client.cli.invocation import command, current
from countersign_client.cli.moments import countdown, time_text
from countersign_client.cli.screen import print_json, remark, say
from countersign_client.cli.session import ask
from countersign_client.cli.signing_key import signer
from countersign_client.errors import invalid_value
from countersign_client.signing import Signer
from countersign_client.wire.countersign import v1

_FILE_BYTES_MAX = 100_000
_ALGORITHMS = {f"SIGNATURE_ALGORITHM_{one.name}": one for one in v1.SignatureAlgorithm}
_FORMATS = {f"PAYLOAD_FORMAT_{one.name}": one for one in v1.PayloadFormat}

app = typer.Typer()


def proof(
    *,
    signed: Annotated[
        Path | None, typer.Option(help="Send what 'countersign sign' wrote; no other option.")
    ] = None,
) -> v1.SignedSignal | None:
    """Return what was signed before; None: nothing was. Raises Invalid."""
    return read_signed(signed) if signed else None


@command(app, ready=proof, draft=drafted, key=signer)
def submit(*, ready: v1.SignedSignal | None, draft: Draft | None, key: Signer | None) -> None:
    """Sign a signal and hand it in. When it answers, the signal is stored and counted once.

    Keep --external-id to repeat: the same id with the same content counts once.
    """
    if ready is None:
        if draft is None:
            raise invalid_value("--instrument and --side, --file or --signed", field="signal")
        if key is None:
            raise invalid_value("a key is needed: --key-id and COUNTERSIGN_SECRET", field="key_id")
        remark(f"external id {draft.external_id}")
        ready = key.sign_payload(draft.payload, draft.format)
    elif draft is not None:
        raise invalid_value("--signed holds the whole signal; name no other", field="signed")
    signed = ready
    accepted = ask(lambda client: client.submit_signed(signed))
    if current().json:
        print_json(
            {
                "signalId": accepted.signal_id,
                "duplicate": accepted.duplicate,
                "receiveTime": accepted.receive_time.isoformat(),
                "expireTime": accepted.expire_time.isoformat(),
            }
        )
        return
    say(f"signal   {accepted.signal_id}" + ("  (stored before)" if accepted.duplicate else ""))
    say(f"stored   {time_text(accepted.receive_time)}")
    say(f"expires  {countdown(accepted.expire_time, datetime.now(UTC))}")


def read_signed(path: Path) -> v1.SignedSignal:
    """Return the SignedSignal that a JSON file holds. Raises Invalid."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_FILE_BYTES_MAX))
        fields = cast("dict[str, Any]", dict(content))
        signed = v1.SignedSignal(
            key_id=str(fields.pop("keyId")),
            algorithm=_ALGORITHMS[fields.pop("algorithm", "SIGNATURE_ALGORITHM_UNSPECIFIED")],
            sent_time_ms=int(fields.pop("sentTimeMs")),
            nonce=_bytes(fields.pop("nonce")),
            format=_FORMATS[fields.pop("format")],
            payload=_bytes(fields.pop("payload")),
            signature=_bytes(fields.pop("signature")),
        )
    except OSError as error:
        raise invalid_value(f"{path} cannot be read: {error.strerror}", field="signed") from None
    except (ValueError, KeyError, TypeError) as error:
        raise invalid_value(f"{path} is not a SignedSignal: {error}", field="signed") from None
    if fields:
        raise invalid_value(f"{path} has unknown fields: {', '.join(fields)}", field="signed")
    return signed


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError("bytes must be base64 text")
    return base64.b64decode(text, validate=True)
