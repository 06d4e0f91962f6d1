"""Where people become affiliates, and see what they have earned."""

import secrets
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import affiliates_pb2 as pb
from countersign_server.affiliate_errors import NotAnAffiliate
from countersign_server.affiliates import ledger_store, store
from countersign_server.affiliates.payout_calls import PayoutCalls
from countersign_server.affiliates.program_calls import ProgramCalls
from countersign_server.affiliates.referral import Affiliate, link_of, new_token
from countersign_server.affiliates.sign_up import Referrals
from countersign_server.affiliates.standing import measured
from countersign_server.affiliates.telling import told_affiliate
from countersign_server.affiliates.wire import (
    balance_message,
    history_message,
    standing_message,
)
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.decimals import decimal_text
from countersign_server.errors import Invalid, NotFound
from countersign_server.identifiers import Random
from countersign_server.identity.vault import Vault
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import to_timestamp, trace_of, uuid_or_none
from countersign_server.rpc.pages import DEFAULT_SIZE


class AffiliateService(PayoutCalls, ProgramCalls):
    """See affiliates.proto for the contract."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        vault: Vault,
        referrals: Referrals,
        referral_page: str,
        now: Callable[[], datetime],
        random: Random = secrets.token_bytes,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._vault = vault
        self._referrals = referrals
        self._referral_page = referral_page
        self._now = now
        self._random = random

    async def RegisterAffiliate(
        self, request: pb.RegisterAffiliateRequest, context: Context
    ) -> pb.RegisterAffiliateResponse:
        caller, now = current_caller(), self._now()
        made = Affiliate(caller.owner_id, new_token(self._random), now)
        async with self._database.transaction(caller.tenant) as tx:
            if await store.add_affiliate(tx, made):
                await record(tx, told_affiliate(made, trace_of(current_call())))
            mine = await _affiliate(tx, caller.owner_id)
        self._wakeups.ring("audit")
        link = link_of(self._referral_page, mine.token)
        return pb.RegisterAffiliateResponse(token=mine.token, link=link)

    async def GetAffiliateLink(
        self, request: pb.GetAffiliateLinkRequest, context: Context
    ) -> pb.GetAffiliateLinkResponse:
        caller = current_caller()
        async with self._database.transaction(caller.tenant) as tx:
            mine = await _affiliate(tx, caller.owner_id)
        link = link_of(self._referral_page, mine.token)
        return pb.GetAffiliateLinkResponse(link=link, token=mine.token)

    async def GetAffiliateStats(
        self, request: pb.GetAffiliateStatsRequest, context: Context
    ) -> pb.GetAffiliateStatsResponse:
        caller, now = current_caller(), self._now()
        async with self._database.transaction(caller.tenant) as tx:
            mine = await _affiliate(tx, caller.owner_id)
            referred = await store.referred_count(tx, mine.owner_id)
            month = await ledger_store.activity(tx, mine.owner_id, now)
            balances = await ledger_store.balances(tx, mine.owner_id)
            standings = [
                standing_message(program, await measured(tx, mine.owner_id, program, now))
                for program in await store.programs_in_force(tx)
            ]
        return pb.GetAffiliateStatsResponse(
            referred_count=referred,
            active_count=month.people,
            lots_this_month=decimal_text(month.lots),
            balances=[balance_message(*one) for one in balances.items()],
            standings=standings,
        )

    async def ListAffiliateHistory(
        self, request: pb.ListAffiliateHistoryRequest, context: Context
    ) -> pb.ListAffiliateHistoryResponse:
        caller, asked = current_caller(), uuid_or_none(request.affiliate_id)
        if caller.tenant is None and asked is None:
            raise Invalid("name the affiliate whose history it is", field="affiliate_id")
        if asked is not None and caller.tenant not in (None, asked):
            raise NotFound(f"no affiliate {asked}", affiliate_id=str(asked))
        async with self._database.transaction(caller.tenant) as tx:
            whose = await _affiliate(tx, asked or caller.owner_id)
            entries, total = await ledger_store.history(
                tx, whose.owner_id, limit=request.limit or DEFAULT_SIZE, offset=request.offset
            )
        return pb.ListAffiliateHistoryResponse(
            entries=map(history_message, entries), total_count=total
        )

    async def NameReferrer(
        self, request: pb.NameReferrerRequest, context: Context
    ) -> pb.NameReferrerResponse:
        caller, trace = current_caller(), trace_of(current_call())
        # The affiliate is somebody else, whom the caller cannot see.
        async with self._database.transaction(None) as tx:
            made = await self._referrals.record(tx, caller.owner_id, request.referral_code, trace)
        self._wakeups.ring("audit")
        return pb.NameReferrerResponse(create_time=to_timestamp(made.created_at))


async def _affiliate(tx: AsyncConnection, owner_id: UUID) -> Affiliate:
    found = await store.affiliate(tx, owner_id)
    if found is None:
        raise NotAnAffiliate("the user is not an affiliate")
    return found
