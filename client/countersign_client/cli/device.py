"""Installed bridges: registering, pairing, rotating, revoking."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, countdown_column
from countersign_client.cli.moments import countdown
from countersign_client.cli.screen import print_json, remark, say
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_COLUMNS = (
    column("device", "device_id"),
    column("account", "account_id"),
    column("name", "name"),
    column("state", "state"),
    column("connected", "holds_lease"),
    countdown_column("seen", "last_seen_time"),
    column("version", "agent_version"),
    column("terminal connected", "terminal.connected"),
    column("algo trading", "terminal.trade_allowed"),
)

app = typer.Typer(help="Installed bridges.", no_args_is_help=True)

DeviceId = Annotated[str, typer.Argument(help="UUID.")]
Account = Annotated[str, typer.Option(help="The account it will serve.")]
Name = Annotated[str, typer.Argument(help="What to call it: VPS Frankfurt.")]


@command(app)
def register(name: Name, *, account: Account) -> None:
    """Register a device; its secret is shown this once."""
    request = v1.RegisterDeviceRequest(request_id=str(uuid4()), account_id=account, name=name)
    made = ask(lambda client: client.devices.register_device(request))
    if current().json:
        print_json(message_json(made))
        return
    show(made.device, _COLUMNS)
    say(f"secret  {made.secret}")
    for key in made.approval_keys:
        say(f"server's approval key  {key.key_id} {key.public_key.hex()}")
    remark("the secret is shown this once")


@command(app, "pair-code")
def pair_code(name: Name, *, account: Account) -> None:
    """Make a code with which a bridge pairs itself. One use, ten minutes."""
    request = v1.CreatePairingCodeRequest(account_id=account, name=name)
    made = ask(lambda client: client.devices.create_pairing_code(request))
    if current().json:
        print_json(message_json(made))
        return
    say(made.code)
    remark(f"ends {countdown(made.expire_time, datetime.now(UTC))}")


@command(app, "list")
def list_(
    *,
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
) -> None:
    """List devices, newest first."""
    request = v1.ListDevicesRequest(account_id=account)
    devices = ask(
        lambda client: gather(
            client.devices.list_devices, request, lambda page: page.devices, limit
        )
    )
    show_all(devices, _COLUMNS, nothing="no devices")


@command(app)
def rotate(device_id: DeviceId) -> None:
    """Give a device a new secret, shown this once; the old one ends at once."""
    request = v1.RotateDeviceKeyRequest(device_id=device_id)
    made = ask(lambda client: client.devices.rotate_device_key(request))
    if current().json:
        print_json(message_json(made))
        return
    say(made.secret)
    remark("shown this once; the old secret has ended")


@command(app)
def revoke(device_id: DeviceId) -> None:
    """End a device for good; its connection ends within a second."""
    request = v1.RevokeDeviceRequest(device_id=device_id)
    show(ask(lambda client: client.devices.revoke_device(request)).device, _COLUMNS)
