"""Every way that a report of MetaTrader's is refused; the families are in `errors.py`."""

from countersign_server.errors import Invalid, NotNow


class ReportUnreadable(Invalid):
    reason = "REPORT_UNREADABLE"
    advice = (
        "Save the report again in the terminal, as HTML or Open XML, and send that file as it is."
    )

    def __init__(self, message: str, *, row: int = 0) -> None:
        where = {"row": str(row)} if row else {}
        super().__init__(f"row {row}: {message}" if row else message, field="content", **where)


class ReportTooLarge(Invalid):
    reason = "REPORT_TOO_LARGE"
    advice = "Save a shorter period, or send the file compressed with gzip."

    def __init__(self, message: str) -> None:
        super().__init__(message, field="content")


class ReportCurrencyUnknown(Invalid):
    reason = "REPORT_CURRENCY_UNKNOWN"
    advice = "Name the currency of the account in the request."

    def __init__(self, message: str) -> None:
        super().__init__(message, field="currency")


class ExportTooLong(Invalid):
    reason = "EXPORT_TOO_LONG"
    advice = "Ask AnalyticsService for the figures; of the deals, export fewer at the terminal."


class HistoriesExhausted(NotNow):
    reason = "HISTORIES_EXHAUSTED"
    advice = "Use the histories that there are."
