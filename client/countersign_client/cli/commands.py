"""Which commands there are.

Each is loaded when it is asked for, so that help and completion start fast.
"""

from importlib import import_module
from types import MappingProxyType
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

# Name -> module below countersign_client.cli, and what the list of commands says of it.
COMMANDS = MappingProxyType(
    {
        "login": ("login", "Sign in, and keep a token for later commands."),
        "logout": ("logout", "End what login kept."),
        "whoami": ("whoami", "Show who is signed in."),
        "sign": ("sign", "Sign a signal, without sending it."),
        "submit": ("submit", "Sign a signal and hand it in."),
        "signals": ("signals", "List, show and watch signals."),
        "inbox": ("inbox", "List what waits for your decision."),
        "approve": ("approve", "Show an intent and sign it off."),
        "reject": ("reject", "Turn down what waits for your decision."),
        "revoke": ("revoke", "Take an approval back before it is granted."),
        "status": ("status", "Show what the terminals did with a signal."),
        "positions": ("positions", "Show what the terminals hold."),
        "stats": ("stats", "Show what trading came to."),
        "chart": ("chart", "Draw prices and equity into a file."),
        "report": ("report", "Draw how an account did, on one page."),
        "trades": ("trades", "Who took how long between a signal and its fill."),
        "funnel": ("funnel", "How far signals came, and why no further."),
        "share": ("share", "Links that show statistics to others."),
        "guards": ("guards", "What stops trading: limits, closings, kill switches."),
        "reconcile": ("reconcile", "Our book beside the terminals, and how differences end."),
        "in-doubt": ("in_doubt", "Commands of which nobody knows whether they traded."),
        "key": ("key", "Keys of your own that sign approvals."),
        "producer": ("producer", "Strategy engines and their signing keys."),
        "account": ("account", "Trading accounts and their symbols."),
        "subscription": ("subscription", "Which account follows which producer, and how."),
        "limits": ("limits", "What may be opened at most, and how fast."),
        "delegate": ("delegate", "Let others decide for an account."),
        "device": ("device", "Installed bridges."),
        "consent": ("consent", "The text that is accepted when an account follows."),
        "history": ("history", "Histories that MetaTrader wrote, taken in; deals as a file."),
        "affiliate": ("affiliate", "Bring others, and earn by it."),
        "payout": ("payout", "Affiliates' terms and payouts, for operators."),
        "user": ("user", "People and their invitations."),
        "token": ("token", "API tokens for scripts."),
        "webhook": ("webhook", "Addresses that events are posted to; what was posted."),
        "telegram": ("telegram", "Alerts and decisions in Telegram."),
        "audit": ("audit", "Every change of state; verify and export the chain."),
    }
)


class CommandGroup(TyperGroup):
    """The root of all commands."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  # typer's own context is private
        return [*COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401  # as above
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"countersign_client.cli.{COMMANDS[cmd_name][0]}")
        # Plain help, as of the root: rich would cost more than the command.
        module.app.rich_markup_mode = None
        command = get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  # as above
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
