"""How charts and statistics are refused; part of the tree in errors.py."""

from countersign_server.errors import NotNow


class CurrenciesDiffer(NotNow):
    reason = "CURRENCIES_DIFFER"
    advice = "Name one account: amounts of several currencies have no sum."


class ShareLinksExhausted(NotNow):
    reason = "SHARE_LINKS_EXHAUSTED"
    advice = "Revoke a share link first."
