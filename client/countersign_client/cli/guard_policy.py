"""What an account is to be protected from."""

import json
import sys
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column
from countersign_client.cli.screen import print_facts, print_json, say
from countersign_client.cli.session import ask, show_all
from countersign_client.client import Client
from countersign_client.decimals import canonical
from countersign_client.errors import invalid_value
from countersign_client.message_json import message_json
from countersign_client.owner_keys import OwnerSigner
from countersign_client.wire.countersign import v1

_TEXT_MAX = 16_384
_POLICY = (
    column("account", "account_id"),
    column("version", "version"),
    column("digest", "digest"),
    column("set", "create_time"),
    column("by", "actor"),
    column("signed with", "owner_signature.owner_key_id"),
)
_PRESET = (
    column("name", "name"),
    column("title", "title"),
    column("read on", "read_on"),
    column("source", "source"),
    column("rule", "rule"),
)

app = typer.Typer(help="What accounts are to be protected from.", no_args_is_help=True)

AccountId = Annotated[str, typer.Argument(help="UUID of the account.")]


@app.callback()
def group() -> None:
    """Say what accounts are to be protected from."""


@command(app, "show")
def show_(account_id: AccountId) -> None:
    """Show the policy in force."""
    request = v1.GetGuardPolicyRequest(account_id=account_id)
    _print(ask(lambda client: client.guards.get_guard_policy(request)).policy)


@command(app)
def presets() -> None:
    """List policies made ready, each with its source. Firms change theirs: compare."""
    request = v1.ListGuardPresetsRequest()
    found = ask(lambda client: client.guards.list_guard_presets(request)).presets
    show_all(found, _PRESET, nothing="there are none")


@command(app, "set")
def set_(
    account_id: AccountId,
    *,
    file: Annotated[
        Path | None, typer.Option(help="The policy as JSON; - reads standard input.")
    ] = None,
    preset: Annotated[str, typer.Option(help="The losses of this preset, from `presets`.")] = "",
    initial_balance: Annotated[
        str, typer.Option(help="With a preset: what its limits are fractions of.")
    ] = "",
    key: Annotated[
        Path | None,
        typer.Option(
            help="Sign with your own key: PEM of its private half.",
            envvar="COUNTERSIGN_OWNER_KEY",
            show_envvar=True,
        ),
    ] = None,
) -> None:
    """Set the policy that guards an account, here and in its bridge."""
    if (file is None) == (not preset):
        raise invalid_value("give either --file or --preset", field="file")
    if preset and not initial_balance:
        raise invalid_value("a preset needs --initial-balance", field="initial_balance")
    signer = None if key is None else OwnerSigner.from_file(key)
    given = None if file is None else _read(file)

    async def put(client: Client) -> v1.GuardPolicy:
        asked = v1.GetGuardPolicyRequest(account_id=account_id)
        before = (await client.guards.get_guard_policy(asked)).policy
        text = given or await _preset_text(client, preset, initial_balance, before)
        request = v1.PutGuardPolicyRequest(
            account_id=account_id, text=text, version=before.version + 1
        )
        if signer is not None:
            digest = sha256(text.encode()).hexdigest()
            request.owner_signature = signer.approve(
                f"{before.next_statement_head}policy: {digest}\n"
            )
        return (await client.guards.put_guard_policy(request)).policy

    _print(ask(put))


async def _preset_text(
    client: Client, name: str, initial_balance: str, before: v1.GuardPolicy
) -> str:
    """Return a preset as a policy of the account's currency."""
    answer = await client.guards.list_guard_presets(v1.ListGuardPresetsRequest())
    found = {preset.name: preset for preset in answer.presets}
    if name not in found:
        names = ", ".join(found)
        raise invalid_value(f"there is no preset {name!r:.40}: {names}", field="preset")
    amount = canonical(initial_balance, field="initial_balance")
    if Decimal(amount) <= 0:
        raise invalid_value("the initial balance must be above 0", field="initial_balance")
    plain = {
        "currency": json.loads(before.text)["currency"],
        "initial_balance": amount,
        "losses": json.loads(found[name].losses_json),
    }
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def _read(file: Path) -> str:
    try:
        text = sys.stdin.read(_TEXT_MAX + 1) if str(file) == "-" else file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise invalid_value(f"{file} cannot be read: {error}", field="file") from None
    if not 0 < len(text) <= _TEXT_MAX:
        raise invalid_value(f"a policy has 1 to {_TEXT_MAX} characters", field="file")
    return text


def _print(policy: v1.GuardPolicy) -> None:
    if current().json:
        print_json(message_json(policy))
        return
    print_facts(policy, _POLICY)
    say("\n" + json.dumps(json.loads(policy.text), indent=2))
