"""Where money goes, opened for whoever pays it: on the server's own machine, never over a call."""

from datetime import datetime
from uuid import UUID

from countersign_server.affiliates.bank_details import BankDetails, from_plain_text
from countersign_server.affiliates.payout import PayoutState, sealed_under
from countersign_server.affiliates.payout_store import payout_held
from countersign_server.affiliates.telling import told_look
from countersign_server.audit.entries import Trace
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.errors import IllegalTransition, NotFound
from countersign_server.identity.vault import Vault

_TRACE = Trace(actor="system:payout-details")


async def opened_bank_details(
    database: Database, vault: Vault, payout_id: UUID, *, now: datetime
) -> BankDetails:
    """Return the bank details of an approved payout; the audit tells of it first.

    Raises NotFound, IllegalTransition, SealBroken.
    """
    async with database.transaction(None) as tx:
        payout = await payout_held(tx, payout_id)
        if payout is None:
            raise NotFound(f"no payout {payout_id}", payout_id=str(payout_id))
        if payout.state is not PayoutState.APPROVED:
            raise IllegalTransition(f"it is {payout.state}: only what is approved is paid")
        plain = vault.open(payout.bank_details_sealed, bound_to=sealed_under(payout.id))
        await record(tx, told_look(payout, _TRACE, now))
    return from_plain_text(plain)
