"""Bringing others, what is earned by it, and being paid."""

from enum import StrEnum
from typing import Annotated
from uuid import uuid4

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, value_of
from countersign_client.cli.screen import print_json
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.decimals import canonical
from countersign_client.errors import invalid_value
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_LINK = (column("token", "token"), column("link", "link"))
_BALANCES = (
    column("currency", "currency"),
    column("available", "available"),
    column("reserved", "reserved"),
    column("earned", "earned"),
    column("paid", "paid"),
)
_STATS = (
    column("referred", "referred_count"),
    column("active this month", "active_count"),
    column("lots this month", "lots_this_month"),
)
_STANDINGS = (
    column("program", "currency"),
    column("measured", "measured"),
    column("rate", "rate"),
    column("next tier from", "next_threshold"),
)
_HISTORY = (
    column("entry", "entry_id"),
    column("what", "kind"),
    column("amount", "amount.amount"),
    column("currency", "amount.currency"),
    column("lots", "lots"),
    column("when", "create_time"),
    column("payout", "payout_id"),
    column("takes back", "reversed_entry_id"),
    column("reason", "reason"),
)
PAYOUTS = (
    column("payout", "payout_id"),
    column("affiliate", "affiliate_id"),
    column("amount", "amount.amount"),
    column("currency", "amount.currency"),
    column("state", "state"),
    column("to", "bank_account_hint"),
    column("asked", "create_time"),
    column("reference", "reference"),
    column("reason", "reason"),
)

app = typer.Typer(help="Bring others, and earn by it.", no_args_is_help=True)


class PayoutStateName(StrEnum):
    """Where a payout stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    PAID = "paid"
    FAILED = "failed"


@command(app)
def register() -> None:
    """Become an affiliate; asked again, it shows the same token."""
    show(
        ask(lambda client: client.affiliates.register_affiliate(v1.RegisterAffiliateRequest())),
        _LINK,
    )


@command(app)
def link() -> None:
    """Show your link and token."""
    show(
        ask(lambda client: client.affiliates.get_affiliate_link(v1.GetAffiliateLinkRequest())),
        _LINK,
    )


@command(app)
def stats() -> None:
    """Show whom you brought and what you earned."""
    told = ask(lambda client: client.affiliates.get_affiliate_stats(v1.GetAffiliateStatsRequest()))
    show(told, _STATS)
    if not current().json:
        show_all(told.balances, _BALANCES, nothing="nothing earned yet")
        show_all(told.standings, _STANDINGS, nothing="no programs")


@command(app)
def history(
    *,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most this many.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="Pass over so many.")] = 0,
    affiliate: Annotated[str, typer.Option(help="Whose, for operators; UUID.")] = "",
) -> None:
    """List what changed the balance, newest first."""
    request = v1.ListAffiliateHistoryRequest(limit=limit, offset=offset, affiliate_id=affiliate)
    answer = ask(lambda client: client.affiliates.list_affiliate_history(request))
    if current().json:
        print_json(message_json(answer))
        return
    show_all(answer.entries, _HISTORY, nothing="nothing yet")


@command(app)
def payout(  # noqa: PLR0913  # each is an option
    *,
    amount: Annotated[str, typer.Option(help="How much: 120.50.")],
    currency: Annotated[str, typer.Option(help="Of what: USD.")],
    holder: Annotated[str, typer.Option(help="Name of the account's holder.")],
    iban: Annotated[str, typer.Option(help="IBAN; spaces are left out.")] = "",
    number: Annotated[str, typer.Option(help="Account number, where there are no IBANs.")] = "",
    bank_code: Annotated[str, typer.Option(help="Routing number or sort code.")] = "",
    country: Annotated[str, typer.Option(help="Two letters: US.")] = "",
    bic: Annotated[str, typer.Option(help="BIC of the bank.")] = "",
    request_id: Annotated[
        str, typer.Option(help="UUID; give the same again to repeat a request.")
    ] = "",
) -> None:
    """Ask for money to be paid out."""
    if bool(iban) == bool(number):
        raise invalid_value("give --iban, or --number with --bank-code", field="bank_details")
    details = v1.BankDetails(holder=holder, bic=bic)
    if iban:
        details.iban = iban.replace(" ", "").upper()
    else:
        details.local = v1.LocalBankAccount(number=number, bank_code=bank_code, country=country)
    request = v1.RequestPayoutRequest(
        request_id=request_id or str(uuid4()),
        amount=v1.Money(amount=canonical(amount, field="amount"), currency=currency.upper()),
        bank_details=details,
    )
    show(ask(lambda client: client.affiliates.request_payout(request)).payout, PAYOUTS)


@command(app)
def payouts(
    *,
    state: Annotated[list[PayoutStateName] | None, typer.Option(help="Only these states.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
) -> None:
    """List payouts, newest first; operators see everybody's."""
    request = v1.ListPayoutsRequest(states=[value_of(v1.PayoutState, one) for one in state or []])
    found = ask(
        lambda client: gather(
            client.affiliates.list_payouts, request, lambda page: page.payouts, limit
        )
    )
    show_all(found, PAYOUTS, nothing="no payouts")


@command(app)
def referrer(token: Annotated[str, typer.Argument(help="The affiliate's token.")]) -> None:
    """Say who referred you, if you did not at sign-up. The first who is named stays."""
    request = v1.NameReferrerRequest(referral_code=token)
    answer = ask(lambda client: client.affiliates.name_referrer(request))
    show(answer, (column("recorded", "create_time"),))
