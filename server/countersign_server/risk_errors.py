"""Why an opening is refused before an order exists. The tree is in `errors.py`."""

from countersign_server.errors import NotNow


class RiskLimitReached(NotNow):
    reason = "RISK_LIMIT_REACHED"
    advice = (
        "The opening would break a limit, which the metadata names with its figures; reduce what "
        "is open and approve again in time, or change the limit."
    )


class PortfolioStale(NotNow):
    reason = "PORTFOLIO_STALE"
    advice = "The terminal was not read lately; check that its bridge is connected."
