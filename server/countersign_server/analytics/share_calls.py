"""Showing an account's statistics to others: by a link that its owner makes, and ends."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from countersign.v1 import analytics_pb2 as pb, analytics_pb2_grpc
from countersign_server.accounts.store import account
from countersign_server.analytics import share_store
from countersign_server.analytics.reading import Asked, days_together, views
from countersign_server.analytics.share_link import IN_FORCE_MAX, ShareLink
from countersign_server.analytics.summary import months_of
from countersign_server.analytics.wire import (
    month_messages,
    share_link_message,
    statistics_message,
)
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import Invalid, NotFound, RequestRepeated
from countersign_server.identifiers import digest_of, new_secret, uuid7
from countersign_server.media_errors import ShareLinksExhausted
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, next_token, page_size

# What says who the account is, or how much is on it.
_HIDDEN = ("account_id", "balance", "paid", "accounts")


class ShareCalls(analytics_pb2_grpc.AnalyticsServiceServicer):
    """See analytics.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _now: Callable[[], datetime]

    async def CreateShareLink(
        self, request: pb.CreateShareLinkRequest, context: Context
    ) -> pb.CreateShareLinkResponse:
        caller, now, account_id = current_caller(), self._now(), UUID(request.account_id)
        if not request.title.isprintable():
            raise Invalid("title may hold printable characters only", field="title")
        secret = new_secret("css")
        link = ShareLink(
            id=uuid7(now),
            owner_id=caller.owner_id,
            account_id=account_id,
            title=request.title,
            created_at=now,
            expires_at=now + request.lifetime.ToTimedelta(),
            with_report=request.with_report,
        )
        async with self._database.transaction(caller.tenant) as tx:
            if await account(tx, account_id) is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            added = await share_store.add_share_link(
                tx, link, digest=digest_of(secret), request_id=UUID(request.request_id)
            )
            if not added:
                raise RequestRepeated(
                    "a link was made with this request_id", request_id=request.request_id
                )
            if await share_store.count_share_links(tx, caller.owner_id, now) > IN_FORCE_MAX:
                raise ShareLinksExhausted(f"{IN_FORCE_MAX} share links are in force")
            await record(tx, _entry("share_link.created", link, now))
        self._wakeups.ring("audit")
        return pb.CreateShareLinkResponse(link=share_link_message(link), token=secret)

    async def ListShareLinks(
        self, request: pb.ListShareLinksRequest, context: Context
    ) -> pb.ListShareLinksResponse:
        size, account_id = page_size(request.page_size), uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            rows = await share_store.list_share_links(
                tx, account_id=account_id, before=id_position(request), limit=size + 1
            )
        page = rows[:size]
        return pb.ListShareLinksResponse(
            links=map(share_link_message, page),
            next_page_token=next_token(request, rows, size, [page[-1].id] if page else []),
        )

    async def RevokeShareLink(
        self, request: pb.RevokeShareLinkRequest, context: Context
    ) -> pb.RevokeShareLinkResponse:
        link_id, now = UUID(request.share_link_id), self._now()
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await share_store.share_link(tx, link_id, hold=True)
            if found is None:
                raise NotFound(f"no share link {link_id}", share_link_id=str(link_id))
            if found.revoked_at is None:
                await share_store.revoke_share_link(tx, link_id, now)
                await record(tx, _entry("share_link.revoked", found, now))
            ended = await share_store.share_link(tx, link_id)
        self._wakeups.ring("audit")
        return pb.RevokeShareLinkResponse(link=ended and share_link_message(ended))

    async def GetSharedStatistics(
        self, request: pb.GetSharedStatisticsRequest, context: Context
    ) -> pb.GetSharedStatisticsResponse:
        async with self._database.transaction(None) as tx:
            link = await share_store.opened_by(tx, request.token, self._now())
        async with self._database.transaction(link.owner_id) as tx:
            seen = await views(tx, Asked(link.account_id, None, None))
        if not seen:
            return pb.GetSharedStatisticsResponse(title=link.title, with_report=link.with_report)
        days = days_together(seen)
        shown = statistics_message(seen, seen[0].history.currency, days, producer_id="")
        for name in _HIDDEN:
            shown.ClearField(name)
        return pb.GetSharedStatisticsResponse(
            title=link.title,
            statistics=shown,
            months=month_messages(months_of(days), with_paid=False),
            with_report=link.with_report,
        )


def _entry(kind: str, link: ShareLink, now: datetime) -> Entry:
    return Entry(
        kind=kind,
        subject=f"share_link:{link.id}",
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=link.owner_id,
        account_id=link.account_id,
        after={
            "title": link.title,
            "expires_at": link.expires_at,
            "with_report": link.with_report,
        },
    )
