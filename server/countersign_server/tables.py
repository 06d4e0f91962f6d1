"""Every table of every area, for migrations and for the check that code and database agree."""

from countersign_server.accounts import tables as accounts
from countersign_server.affiliates import tables as affiliates
from countersign_server.analytics import tables as analytics
from countersign_server.approvals import delegate_tables as delegates, tables as approvals
from countersign_server.audit import tables as audit
from countersign_server.charts import tables as charts
from countersign_server.database.metadata import metadata
from countersign_server.devices import tables as devices
from countersign_server.execution import rate_tables as rates, tables as execution
from countersign_server.guards import tables as guards
from countersign_server.identity import tables as identity
from countersign_server.notifications import tables as notifications
from countersign_server.reconciliation import tables as reconciliation
from countersign_server.signals import tables as signals
from countersign_server.telegram import tables as telegram
from countersign_server.webhooks import tables as webhooks

AREAS = (
    identity,
    audit,
    accounts,
    devices,
    signals,
    approvals,
    delegates,
    execution,
    rates,
    reconciliation,
    guards,
    analytics,
    charts,
    notifications,
    webhooks,
    affiliates,
    telegram,
)

__all__ = ["AREAS", "metadata"]
