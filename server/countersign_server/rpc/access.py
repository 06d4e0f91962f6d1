"""Who may call what. A method that is not listed cannot be called."""

from collections.abc import Mapping

from countersign_server.rpc.caller import Role

ANYONE: frozenset[Role] = frozenset()
_OWNER = frozenset({Role.OWNER})
_OPERATOR = frozenset({Role.OPERATOR})
_PRODUCER = frozenset({Role.PRODUCER})
_DEVICE = frozenset({Role.DEVICE})
_PEOPLE = _OWNER | _OPERATOR
_EVERY_ROLE = frozenset(Role)

_BY_SERVICE: Mapping[str, Mapping[str, frozenset[Role]]] = {
    "IdentityService": {
        "CreateSession": ANYONE,
        "EndSession": ANYONE,
        "GetMe": _EVERY_ROLE,
        "CreateUser": _OPERATOR,
        "AcceptInvitation": ANYONE,
        "ListUsers": _OPERATOR,
        "DisableUser": _OPERATOR,
        "ChangePassword": _PEOPLE,
        "CreateApiToken": _PEOPLE,
        "ListApiTokens": _PEOPLE,
        "RevokeApiToken": _PEOPLE,
        "GetJwks": ANYONE,
        "RotateSigningKey": _OPERATOR,
        "CreateOwnerKeyChallenge": _OWNER,
        "RegisterOwnerKey": _OWNER,
        "ListOwnerKeys": _OWNER,
        "RevokeOwnerKey": _OWNER,
    },
    "AuditService": {
        "ListAuditEntries": _PEOPLE,
        "VerifyAudit": _OPERATOR,
        "ExportAudit": _OPERATOR,
        "ExportEvidence": _PEOPLE,
        "FollowEvents": _PEOPLE,
    },
    "AccountService": {
        "CreateAccount": _OWNER,
        "GetAccount": _PEOPLE | _DEVICE,
        "ListAccounts": _PEOPLE,
        "UpdateAccount": _OWNER,
        "PutSymbol": _OWNER,
        "ListSymbols": _PEOPLE | _DEVICE,
        "CreateSubscription": _OWNER,
        "GetSubscription": _PEOPLE,
        "ListSubscriptions": _PEOPLE,
        "UpdateSubscription": _OWNER,
        "CancelSubscription": _OWNER,
        "CreateProducer": _OWNER,
        "GetProducer": _PEOPLE | _PRODUCER,
        "ListProducers": _PEOPLE,
        "UpdateProducer": _OWNER,
        "CreateProducerKey": _OWNER,
        "ListProducerKeys": _PEOPLE | _PRODUCER,
        "RevokeProducerKey": _OWNER,
        "PublishConsentText": _OPERATOR,
        "ListConsentTexts": _EVERY_ROLE,
        "GetOwnerLimits": _OWNER,
        "PutOwnerLimits": _OWNER,
    },
    "DeviceService": {
        "RegisterDevice": _OWNER,
        "CreatePairingCode": _OWNER,
        "PairDevice": ANYONE,
        "GetDevice": _PEOPLE | _DEVICE,
        "ListDevices": _PEOPLE,
        "RotateDeviceKey": _OWNER | _DEVICE,
        "RevokeDevice": _PEOPLE,
    },
    "SignalService": {
        "SubmitSignal": _PRODUCER,
        "SubmitSignals": _PRODUCER,
        "StreamSignals": _PRODUCER,
        "GetSignal": _PEOPLE | _PRODUCER,
        "ListSignals": _PEOPLE | _PRODUCER,
        "WatchSignals": _PEOPLE | _PRODUCER,
        "RedeliverSignal": _OPERATOR | _PRODUCER,
    },
    "ApprovalService": {
        "CreateApproval": _OWNER,
        "GetApproval": _PEOPLE,
        "ListApprovals": _PEOPLE,
        "ListInbox": _OWNER,
        "RevokeApproval": _OWNER,
        "GrantDelegate": _OWNER,
        "ListDelegates": _PEOPLE,
        "RevokeDelegate": _OWNER,
        "ListDelegatedInbox": _OWNER,
    },
    "ExecutionService": {
        "Channel": _DEVICE,
        "PollCommands": _DEVICE,
        "ClaimCommand": _DEVICE,
        "ReportAck": _DEVICE,
        "ReportFill": _DEVICE,
        "ReportError": _DEVICE,
        "GetExecutionStatus": _PEOPLE | _PRODUCER,
        "CancelCommand": _OWNER,
        "ListInDoubt": _PEOPLE,
        "GetEvidence": _PEOPLE,
        "SettleInDoubt": _OWNER,
    },
    "ReconciliationService": {
        "StartReconciliation": _PEOPLE,
        "GetReconciliation": _PEOPLE,
        "ListDivergences": _PEOPLE,
        "GetDivergence": _PEOPLE,
        "ResolveDivergence": _OWNER,
        "PutReconciliationPolicy": _OWNER,
        "GetReconciliationPolicy": _PEOPLE,
        "ListReconciliationRuns": _PEOPLE,
        "ListSnapshots": _PEOPLE,
        "ListPositions": _PEOPLE,
        "FollowPositions": _OWNER,
    },
    "GuardService": {
        "GetGuards": _PEOPLE,
        "FollowGuards": _OWNER,
        "GetGuardPolicy": _PEOPLE,
        "PutGuardPolicy": _OWNER,
        "ListGuardPresets": _PEOPLE,
        "ResetGuard": _OWNER,
        "CallOffClosing": _OWNER,
        "PullKillSwitch": _PEOPLE,
        "ListKillSwitches": _PEOPLE,
        "ReleaseKillSwitch": _PEOPLE,
        "ListGuardEvents": _PEOPLE,
        "ListDrawdownAlerts": _PEOPLE,
    },
    "ChartService": {
        "GetPriceChart": _PEOPLE,
        "GetEquityChart": _PEOPLE,
        "GetReport": _PEOPLE,
        # The token is what lets a caller in.
        "GetSharedReport": ANYONE,
        "DrawPriceChart": _PEOPLE | _PRODUCER,
        "DrawEquityChart": _PEOPLE | _PRODUCER,
        "PublishChart": _OWNER,
        "ListBars": _PEOPLE,
    },
    "AnalyticsService": {
        "GetStatistics": _PEOPLE,
        "GetBreakdown": _PEOPLE,
        "GetMonths": _PEOPLE,
        "ListTrades": _PEOPLE,
        "GetFunnel": _PEOPLE,
        "CreateShareLink": _OWNER,
        "ListShareLinks": _PEOPLE,
        "RevokeShareLink": _OWNER,
        # Whoever has the token may see what it shows.
        "GetSharedStatistics": ANYONE,
    },
    "NotificationService": {
        "ListNotifications": _PEOPLE | _PRODUCER,
        "GetNotification": _PEOPLE | _PRODUCER,
        "ReplayNotifications": _OWNER | _PRODUCER,
    },
    "TelegramService": {
        "CreateTelegramPairing": _OWNER,
        "ListTelegramChats": _PEOPLE,
        "UpdateTelegramChat": _OWNER,
        "RemoveTelegramChat": _OWNER,
        "ReceiveTelegramUpdate": ANYONE,
    },
    "WebhookService": {
        "CreateWebhookEndpoint": _OWNER | _PRODUCER,
        "GetWebhookEndpoint": _PEOPLE | _PRODUCER,
        "ListWebhookEndpoints": _PEOPLE | _PRODUCER,
        "UpdateWebhookEndpoint": _OWNER | _PRODUCER,
        "DeleteWebhookEndpoint": _OWNER | _PRODUCER,
        "RotateWebhookSecret": _OWNER | _PRODUCER,
        "TestWebhookEndpoint": _OWNER | _PRODUCER,
    },
    "HistoryService": {
        "ImportHistory": _OWNER,
        "ListHistories": _PEOPLE,
        "ExportHistory": _PEOPLE,
    },
    "AffiliateService": {
        "RegisterAffiliate": _OWNER,
        "GetAffiliateLink": _OWNER,
        "GetAffiliateStats": _OWNER,
        "ListAffiliateHistory": _PEOPLE,
        "RequestPayout": _OWNER,
        "ListPayouts": _PEOPLE,
        "NameReferrer": _OWNER,
        "ApprovePayout": _OPERATOR,
        "PayPayout": _OPERATOR,
        "FailPayout": _OPERATOR,
        "PutAffiliateProgram": _OPERATOR,
        "ListAffiliatePrograms": _PEOPLE,
        "ReverseCommission": _OPERATOR,
    },
}

ACCESS: Mapping[str, frozenset[Role]] = {
    f"/countersign.v1.{service}/{method}": roles
    for service, methods in _BY_SERVICE.items()
    for method, roles in methods.items()
}

# They are the transport's own, answer nothing of anybody, and the gateway does not route them.
OPEN_SERVICES = ("grpc.health.v1.", "grpc.reflection.", "grpc.channelz.")
