"""How charts and statistics are refused; part of the tree in errors.py."""

from countersign_server.errors import Exhausted, NotNow


class CurrenciesDiffer(NotNow):
    reason = "CURRENCIES_DIFFER"
    advice = "Name one account: amounts of several currencies have no sum."


class ShareLinksExhausted(NotNow):
    reason = "SHARE_LINKS_EXHAUSTED"
    advice = "Revoke a share link first."


class BarsMissing(NotNow):
    reason = "BARS_MISSING"
    advice = "The account's bridge has told no bars of it; check that it is connected, ask again."


class EquityMissing(NotNow):
    reason = "EQUITY_MISSING"
    advice = "The account was never read; connect its bridge and ask again in a minute."


class NothingTraded(NotNow):
    reason = "NOTHING_TRADED"
    advice = "There is no deal in this period; name another, or ask again after the first trade."


class PeriodTooLarge(NotNow):
    reason = "PERIOD_TOO_LARGE"
    advice = "Name a shorter period, or none: the whole of an account has no limit."


class PictureNotDrawn(NotNow):
    reason = "PICTURE_NOT_DRAWN"
    advice = "Only a placeholder could be made; look at the server's log, or try again."


class TooManyCharts(Exhausted):
    reason = "TOO_MANY_CHARTS"
    advice = "Wait a moment: others are being drawn."
