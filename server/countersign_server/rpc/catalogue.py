"""Every reason that the server gives, written down for people and programs."""

import json
from collections.abc import Iterator

from google.rpc import code_pb2

from countersign_server.affiliate_errors import NotAnAffiliate
from countersign_server.doubt_errors import NotInDoubt
from countersign_server.errors import CountersignError
from countersign_server.guard_errors import NoClosing
from countersign_server.history_errors import ReportUnreadable
from countersign_server.media_errors import CurrenciesDiffer
from countersign_server.notification_errors import WebhookUrlRefused
from countersign_server.owner_key_errors import OwnerSignatureRequired
from countersign_server.risk_errors import RiskLimitReached
from countersign_server.rpc.errors import DOMAIN, code_of

# These have files of their own; importing them makes them errors like the others.
from countersign_server.rpc.validation import RulesBroken

_INTERNAL = {
    "reason": "INTERNAL",
    "code": "INTERNAL",
    "advice": "This is a bug: report it with the request id.",
}


def kinds(kind: type[CountersignError] = CountersignError) -> Iterator[type[CountersignError]]:
    """Yield every class of error, parents before their children."""
    for child in kind.__subclasses__():
        yield child
        yield from kinds(child)


def catalogue() -> str:
    """Return the document's text: reason, code and advice of each error, by reason."""
    imported = {
        CurrenciesDiffer,
        NoClosing,
        NotAnAffiliate,
        NotInDoubt,
        OwnerSignatureRequired,
        ReportUnreadable,
        RiskLimitReached,
        RulesBroken,
        WebhookUrlRefused,
    }
    assert imported <= set(kinds())  # noqa: S101  # or the imports were for nothing
    told = [
        {"reason": kind.reason, "code": code_pb2.Code.Name(code_of(kind)), "advice": kind.advice}
        for kind in kinds()
        if kind.__module__.startswith(f"{DOMAIN}_")
    ]
    entries = sorted([*told, _INTERNAL], key=lambda entry: entry["reason"])
    return json.dumps({"domain": DOMAIN, "errors": entries}, indent=2) + "\n"
