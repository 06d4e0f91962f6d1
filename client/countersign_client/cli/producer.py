"""Strategy engines: making them with all they need, and their signing keys."""

import os
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column
from countersign_client.cli.moments import read_time
from countersign_client.cli.profile import chosen, write_private
from countersign_client.cli.quickstart import quickstart
from countersign_client.cli.screen import print_json, remark, say
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.client import Client
from countersign_client.errors import invalid_value
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_PRODUCER = (
    column("producer", "producer_id"),
    column("name", "name"),
    column("instruments", "instruments"),
    column("listed", "listed"),
    column("paused", "paused"),
    column("made", "create_time"),
)
_KEY = (
    column("key", "key_id"),
    column("algorithm", "algorithm"),
    column("made", "create_time"),
    column("last used", "last_used_time"),
    column("ends", "revoke_time"),
)

app = typer.Typer(help="Strategy engines and their signing keys.", no_args_is_help=True)
keys = typer.Typer(help="Keys that sign signals.", no_args_is_help=True)
app.add_typer(keys, name="key")

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")]
ProducerId = Annotated[str, typer.Argument(help="UUID.")]


@command(app)
def create(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    *,
    instrument: Annotated[
        list[str] | None, typer.Option(help="May signal only this; repeat for more.")
    ] = None,
    listed: Annotated[bool, typer.Option("--listed", help="Others may follow it.")] = False,
    script: Annotated[
        Path, typer.Option(help="Where to write the ready script, with its secrets.")
    ] = Path("quickstart.py"),
    bare: Annotated[bool, typer.Option("--bare", help="No key, no token, no script.")] = False,
) -> None:
    """Make a producer with a signing key and a token, and write a script that is ready to run."""
    if not bare and script.exists():
        raise invalid_value(f"{script} exists already: name another --script", field="script")
    request = v1.CreateProducerRequest(name=name, instruments=instrument or [], listed=listed)
    if bare:
        show(ask(lambda client: client.accounts.create_producer(request)).producer, _PRODUCER)
        return
    producer, key, token = ask(lambda client: _equipped(client, request))
    address = chosen(current().asked, os.environ).address
    text = quickstart(address=address, token=token.secret, key_id=key.key.key_id, secret=key.secret)
    _write_script(script, text)
    if current().json:
        parts = {"producer": producer, "key": key, "token": token}
        content = {part: message_json(message) for part, message in parts.items()}
        print_json(content | {"script": str(script)})
        return
    show(producer, _PRODUCER)
    say(f"key        {key.key.key_id}")
    say(f"secret     {key.secret}")
    say(f"token      {token.secret}")
    remark(f"secret and token are shown this once. Next: python {script}")
    remark("nobody follows it yet: 'countersign subscription create' lets an account do so")


@command(app, "list")
def list_(*, limit: Limit = 50) -> None:
    """List producers, newest first."""
    producers = ask(
        lambda client: gather(
            client.accounts.list_producers,
            v1.ListProducersRequest(),
            lambda page: page.producers,
            limit,
        )
    )
    show_all(producers, _PRODUCER, nothing="no producers")


@command(keys, "create")
def create_key(
    producer_id: ProducerId,
    *,
    public_key: Annotated[
        Path | None, typer.Option(help="PEM of an Ed25519 public key; absent: an HMAC secret.")
    ] = None,
) -> None:
    """Give a producer a signing key. An HMAC secret is shown this once."""
    algorithm = v1.SignatureAlgorithm.HMAC_SHA256
    if public_key is not None:
        algorithm = v1.SignatureAlgorithm.ED25519
    request = v1.CreateProducerKeyRequest(
        request_id=str(uuid4()),
        producer_id=producer_id,
        algorithm=algorithm,
        public_key=_raw_public_key(public_key) if public_key else b"",
    )
    made = ask(lambda client: client.accounts.create_producer_key(request))
    if current().json:
        print_json(message_json(made))
        return
    show(made.key, _KEY)
    if made.secret:
        say(f"secret     {made.secret}")
        remark("the secret is shown this once")


@command(keys, "list")
def list_keys(producer_id: ProducerId) -> None:
    """List a producer's keys, newest first."""
    request = v1.ListProducerKeysRequest(producer_id=producer_id)
    listed = ask(lambda client: client.accounts.list_producer_keys(request))
    show_all(listed.keys, _KEY, nothing="no keys")


@command(keys, "revoke")
def revoke_key(
    producer_id: ProducerId,
    key_id: Annotated[str, typer.Argument(help='"key_..."')],
    *,
    at: Annotated[str, typer.Option(help="When it ends, such as 2026-11-21T10:00:00Z.")] = "",
) -> None:
    """End a key, now or at a moment. Signals signed with it are refused from then on."""
    request = v1.RevokeProducerKeyRequest(producer_id=producer_id, key_id=key_id)
    if at:
        request.revoke_time = read_time(at, field="at")
    show(ask(lambda client: client.accounts.revoke_producer_key(request)).key, _KEY)


async def _equipped(
    client: Client, request: v1.CreateProducerRequest
) -> tuple[v1.Producer, v1.CreateProducerKeyResponse, v1.CreateApiTokenResponse]:
    producer = (await client.accounts.create_producer(request)).producer
    # Said at once: should the next step fail, the producer is there all the same.
    remark(f"made producer {producer.producer_id}")
    key = await client.accounts.create_producer_key(
        v1.CreateProducerKeyRequest(
            request_id=str(uuid4()),
            producer_id=producer.producer_id,
            algorithm=v1.SignatureAlgorithm.HMAC_SHA256,
        )
    )
    token = await client.identity.create_api_token(
        v1.CreateApiTokenRequest(
            request_id=str(uuid4()), name=producer.name[:64], producer_id=producer.producer_id
        )
    )
    return producer, key, token


def _write_script(path: Path, text: str) -> None:
    try:
        write_private(path, text)
    except OSError as error:
        # The secrets are on their way to the screen; losing the script loses nothing.
        remark(f"{path} could not be written: {error.strerror}")


def _raw_public_key(path: Path) -> bytes:
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise invalid_value(
            f"{path} cannot be read: {error.strerror}", field="public_key"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise invalid_value(f"{path} is not a PEM public key", field="public_key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise invalid_value(f"{path} is not an Ed25519 key", field="public_key")
    return key.public_bytes_raw()
