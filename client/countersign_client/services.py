"""Every service of the contract, typed as generated, carried by grpc.aio."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, TypeVar

import betterproto

from countersign_client.calls import Calls
from countersign_client.wire.countersign import v1

Response = TypeVar("Response", bound=betterproto.Message)


class _OverGrpcAio(betterproto.ServiceStub):
    """Takes the place of the transport beneath the generated stubs."""

    def __init__(self, calls: Calls) -> None:
        # The base class keeps the other transport's channel, which there is none of.
        self._calls = calls

    async def _unary_unary(
        self,
        route: str,
        request: Any,  # noqa: ANN401  # the base class knows it by a private protocol
        response_type: type[Response],
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # the generated stubs' own parameter
        **_: Any,  # noqa: ANN401  # deadline and metadata, which nobody passes
    ) -> Response:
        limit = None if timeout is None else timedelta(seconds=timeout)
        return await self._calls.unary(route, request, response_type, timeout=limit)

    async def _unary_stream(
        self,
        route: str,
        request: Any,  # noqa: ANN401  # as above
        response_type: type[Response],
        **_: Any,  # noqa: ANN401  # as above; a stream has no deadline
    ) -> AsyncIterator[Response]:
        async for response in self._calls.stream(route, request, response_type):
            yield response


class Identity(_OverGrpcAio, v1.IdentityServiceStub):
    """IdentityService."""


class Accounts(_OverGrpcAio, v1.AccountServiceStub):
    """AccountService."""


class Devices(_OverGrpcAio, v1.DeviceServiceStub):
    """DeviceService."""


class Signals(_OverGrpcAio, v1.SignalServiceStub):
    """SignalService."""


class Approvals(_OverGrpcAio, v1.ApprovalServiceStub):
    """ApprovalService."""


class Execution(_OverGrpcAio, v1.ExecutionServiceStub):
    """ExecutionService."""


class Reconciliation(_OverGrpcAio, v1.ReconciliationServiceStub):
    """ReconciliationService."""


class Guards(_OverGrpcAio, v1.GuardServiceStub):
    """GuardService."""


class Histories(_OverGrpcAio, v1.HistoryServiceStub):
    """HistoryService."""


class Affiliates(_OverGrpcAio, v1.AffiliateServiceStub):
    """AffiliateService."""


class Audit(_OverGrpcAio, v1.AuditServiceStub):
    """AuditService."""


class Analytics(_OverGrpcAio, v1.AnalyticsServiceStub):
    """AnalyticsService."""


class Notifications(_OverGrpcAio, v1.NotificationServiceStub):
    """NotificationService."""


class Webhooks(_OverGrpcAio, v1.WebhookServiceStub):
    """WebhookService."""


class Charts(_OverGrpcAio, v1.ChartServiceStub):
    """ChartService."""


class Telegram(_OverGrpcAio, v1.TelegramServiceStub):
    """TelegramService."""
