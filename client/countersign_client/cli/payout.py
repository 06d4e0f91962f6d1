"""An operator's word on affiliates: their terms, their payouts, and trades that did not stand."""

from enum import StrEnum
from typing import Annotated

import typer

from countersign_client.cli.affiliate import PAYOUTS
from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column, value_of
from countersign_client.cli.screen import Column
from countersign_client.cli.session import ask, show, show_all
from countersign_client.decimals import canonical
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1


def _tiers_text(program: v1.AffiliateProgram) -> str:
    return ", ".join(f"{tier.threshold}={tier.rate}" for tier in program.tiers)


_PROGRAMS = (
    column("currency", "currency"),
    column("basis", "basis"),
    column("measure", "measure"),
    Column("tiers", _tiers_text),
    column("minimum payout", "minimum_payout"),
    column("earning days", "earning_days"),
    column("closed", "closed"),
    column("since", "create_time"),
)

app = typer.Typer(help="Affiliates' terms and payouts.", no_args_is_help=True)


class Basis(StrEnum):
    """What a commission is a part of."""

    BROKER_COMMISSION = "broker-commission"
    LOTS = "lots"
    PROFIT = "profit"


class Measure(StrEnum):
    """What decides the tier."""

    MONTHLY_LOTS = "monthly-lots"
    REFERRED = "referred"


@command(app)
def approve(payout_id: Annotated[str, typer.Argument(help="UUID.")]) -> None:
    """Approve a payout that was asked for. For operators."""
    request = v1.ApprovePayoutRequest(payout_id=payout_id)
    show(ask(lambda client: client.affiliates.approve_payout(request)).payout, PAYOUTS)


@command(app)
def pay(
    payout_id: Annotated[str, typer.Argument(help="UUID.")],
    *,
    reference: Annotated[str, typer.Option(help="The bank's reference of the transfer.")],
) -> None:
    """Say that an approved payout was paid. For operators."""
    request = v1.PayPayoutRequest(payout_id=payout_id, reference=reference)
    show(ask(lambda client: client.affiliates.pay_payout(request)).payout, PAYOUTS)


@command(app)
def fail(
    payout_id: Annotated[str, typer.Argument(help="UUID.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; the affiliate reads it.")],
) -> None:
    """Say that a payout will not be paid; the money goes back to the balance. For operators."""
    request = v1.FailPayoutRequest(payout_id=payout_id, reason=reason)
    show(ask(lambda client: client.affiliates.fail_payout(request)).payout, PAYOUTS)


@command(app)
def reverse(
    entry_id: Annotated[str, typer.Argument(help="The commission, as the history shows it.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; the affiliate reads it.")],
) -> None:
    """Take back the commission on a trade that did not stand. For operators."""
    request = v1.ReverseCommissionRequest(entry_id=entry_id, reason=reason)
    columns = (
        column("entry", "entry_id"),
        column("takes back", "reversed_entry_id"),
        column("amount", "amount.amount"),
        column("currency", "amount.currency"),
    )
    show(ask(lambda client: client.affiliates.reverse_commission(request)).entry, columns)


@command(app)
def terms() -> None:
    """List the terms on which affiliates earn."""
    request = v1.ListAffiliateProgramsRequest()
    answer = ask(lambda client: client.affiliates.list_affiliate_programs(request))
    show_all(answer.programs, _PROGRAMS, nothing="no programs")


@command(app, "set-terms")
def set_terms(  # noqa: PLR0913  # each is an option
    *,
    currency: Annotated[str, typer.Option(help="Of the accounts that earn: USD.")],
    basis: Annotated[Basis, typer.Option(help="What a commission is a part of.")],
    tier: Annotated[
        list[str],
        typer.Option(help="THRESHOLD=RATE, once for each tier: 0=0.2; per lot the rate is money."),
    ],
    minimum_payout: Annotated[str, typer.Option(help="The least that is paid out.")],
    measure: Annotated[Measure, typer.Option(help="What decides the tier.")] = Measure.MONTHLY_LOTS,
    earning_days: Annotated[
        int, typer.Option(min=0, help="How long after the referral trades earn; 0: for ever.")
    ] = 0,
    closed: Annotated[bool, typer.Option("--closed", help="Nothing is earned any more.")] = False,
) -> None:
    """Set the terms in one currency for trades from now on. For operators."""
    program = v1.AffiliateProgram(
        currency=currency.upper(),
        basis=value_of(v1.CommissionBasis, basis),
        measure=value_of(v1.TierMeasure, measure),
        tiers=[_tier(text) for text in tier],
        minimum_payout=canonical(minimum_payout, field="minimum_payout"),
        earning_days=earning_days,
        closed=closed,
    )
    request = v1.PutAffiliateProgramRequest(program=program)
    show(ask(lambda client: client.affiliates.put_affiliate_program(request)).program, _PROGRAMS)


def _tier(text: str) -> v1.CommissionTier:
    threshold, equals, rate = text.partition("=")
    if not equals:
        raise invalid_value(f"{text} is not THRESHOLD=RATE such as 0=0.2", field="tier")
    # The first tier is from nothing on, which is no amount elsewhere.
    start = "0" if threshold == "0" else canonical(threshold, field="tier")
    return v1.CommissionTier(threshold=start, rate=canonical(rate, field="tier"))
