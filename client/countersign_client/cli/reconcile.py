"""Our book beside the terminals: comparisons, differences, and how they end."""

from enum import StrEnum
from typing import Annotated

import typer

from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column, facts, label, value_of
from countersign_client.cli.screen import Column
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.client import Client
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1

app = typer.Typer(help="Our book beside the terminals.", no_args_is_help=True)
policy = typer.Typer(help="How differences end without you.", no_args_is_help=True)
app.add_typer(policy, name="policy")

AccountId = Annotated[str, typer.Argument(help="UUID of the account.")]
DivergenceId = Annotated[str, typer.Argument(help="UUID, from `reconcile divergences`.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")]


class Action(StrEnum):
    """How a difference ends."""

    ADOPT = "adopt"
    IGNORE = "ignore"
    CLOSE = "close"
    ESCALATE = "escalate"


class Choice(StrEnum):
    """How a person ends a difference."""

    ADOPT = "adopt"
    IGNORE = "ignore"
    CLOSE = "close"


class State(StrEnum):
    """Where a difference stands."""

    OPEN = "open"
    ADOPTED = "adopted"
    IGNORED = "ignored"
    CLOSED = "closed"
    ESCALATED = "escalated"


def _statement(standing: v1.ReconciliationStatus) -> str:
    difference = standing.statement_difference
    if not difference:
        return "not compared yet"
    return "agrees" if difference == "0" else f"differs by {difference}"


_RUN = (
    column("run", "run_id"),
    column("began", "start_time"),
    column("ended", "end_time"),
    column("matched", "matched"),
    column("diverged", "diverged"),
    column("failed", "failure_reason"),
)
_STATEMENT = Column("statement", _statement)
_STATUS = (
    column("account", "account_id"),
    column("compared", "last_run.end_time"),
    column("matched", "last_run.matched"),
    column("failed", "last_run.failure_reason"),
    column("open", "open_divergences"),
    column("breaker", "breaker"),
    column("terminal read", "snapshot_time"),
    _STATEMENT,
)
_BRIEF: tuple[Column[v1.Divergence], ...] = (
    column("divergence", "divergence_id"),
    column("kind", "kind"),
    column("state", "state"),
    column("position", "position_id"),
    Column("expected", lambda one: facts(one.expected_json)),
    Column("actual", lambda one: facts(one.actual_json)),
    column("why", "reason"),
    column("seen", "create_time"),
)
_FULL = (
    *_BRIEF,
    column("account", "account_id"),
    column("command", "command_id"),
    column("deal", "deal_ticket"),
    column("being closed since", "closing_time"),
    column("ended", "end_time"),
)
_RULE = (column("kind", "kind"), column("ends by", "action"))


@app.callback()
def group() -> None:
    """Show our book beside the terminals, and end what differs."""


@command(app)
def start(account_id: AccountId) -> None:
    """Compare an account now."""
    request = v1.StartReconciliationRequest(account_id=account_id)
    show(ask(lambda client: client.reconciliation.start_reconciliation(request)).run, _RUN)


@command(app)
def status() -> None:
    """Show how each of your accounts stands with its terminal."""
    show_all(ask(_standing), _STATUS, nothing="no accounts")


@command(app)
def statement(account_id: AccountId) -> None:
    """Show whether all deals of an account together are its balance."""
    standing = [one for one in ask(_standing) if one.account_id == account_id]
    if not standing:
        raise invalid_value(f"no account {account_id}", field="account_id")
    show(standing[0], (column("account", "account_id"), _STATEMENT))


@command(app)
def divergences(
    *,
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    state: Annotated[list[State] | None, typer.Option(help="Only these; repeatable.")] = None,
    limit: Limit = 50,
) -> None:
    """List differences, newest first."""
    states = [value_of(v1.DivergenceState, one) for one in state or ()]
    request = v1.ListDivergencesRequest(account_id=account, states=states)
    found = ask(
        lambda client: gather(
            client.reconciliation.list_divergences,
            request,
            lambda page: page.divergences,
            limit,
        )
    )
    show_all(found, _BRIEF, nothing="nothing differs")


@command(app, "show")
def show_one(divergence_id: DivergenceId) -> None:
    """Show one difference: what our book says, and what the terminal shows."""
    request = v1.GetDivergenceRequest(divergence_id=divergence_id)
    show(ask(lambda client: client.reconciliation.get_divergence(request)).divergence, _FULL)


@command(app)
def resolve(
    divergence_id: DivergenceId,
    *,
    action: Annotated[Choice, typer.Option("--as", help="How it ends.")],
    reason: Annotated[str, typer.Option(help="Why; kept for ever.")],
) -> None:
    """End a difference. To close sends commands that close its position at the terminal."""
    request = v1.ResolveDivergenceRequest(
        divergence_id=divergence_id,
        action=value_of(v1.DivergenceAction, action),
        reason=reason,
    )
    show(ask(lambda client: client.reconciliation.resolve_divergence(request)).divergence, _FULL)


@command(app)
def history(account_id: AccountId, *, limit: Limit = 50) -> None:
    """List an account's comparisons, newest first; what found the same is one."""
    request = v1.ListReconciliationRunsRequest(account_id=account_id)
    runs = ask(
        lambda client: gather(
            client.reconciliation.list_reconciliation_runs,
            request,
            lambda page: page.runs,
            limit,
        )
    )
    show_all(runs, _RUN, nothing="never compared")


@command(policy, "show")
def show_policy(account_id: AccountId) -> None:
    """Show how an account's differences end without you."""
    request = v1.GetReconciliationPolicyRequest(account_id=account_id)
    found = ask(lambda client: client.reconciliation.get_reconciliation_policy(request))
    show_all(found.rules, _RULE, nothing="no rules")


@command(policy, "set")
def set_policy(
    account_id: AccountId,
    rules: Annotated[list[str], typer.Argument(help="manual=close, stops=ignore and so on.")],
) -> None:
    """Say how an account's differences end without you; kinds not named have their defaults."""
    request = v1.PutReconciliationPolicyRequest(
        account_id=account_id, rules=[_rule(one) for one in rules]
    )
    found = ask(lambda client: client.reconciliation.put_reconciliation_policy(request))
    show_all(found.rules, _RULE, nothing="no rules")


async def _standing(client: Client) -> list[v1.ReconciliationStatus]:
    own = (await client.identity.get_me(v1.GetMeRequest())).user.user_id
    request = v1.GetReconciliationRequest(user_id=own)
    return (await client.reconciliation.get_reconciliation(request)).accounts


def _rule(text: str) -> v1.DivergenceRule:
    kind, _, action = text.partition("=")
    kinds = {label(one): one for one in v1.DivergenceKind if one.value}
    if kind not in kinds or action not in [*Action]:
        raise invalid_value(
            f"{text} is no rule: write KIND=ACTION, one of {', '.join(kinds)}, "
            f"and {', '.join(Action)}",
            field="rules",
        )
    return v1.DivergenceRule(kind=kinds[kind], action=value_of(v1.DivergenceAction, action))
