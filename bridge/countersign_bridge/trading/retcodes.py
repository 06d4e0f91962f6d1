"""What each answer of the terminal to an order means."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from countersign_bridge.trading.requests import Action, Filling, RequestFields


class Outcome(StrEnum):
    """How an attempt ended."""

    EXECUTED = "executed"
    PARTIAL = "partial"
    WORKING = "working"
    REJECTED = "rejected"
    NOT_SENT = "not-sent"
    IN_DOUBT = "in-doubt"

    @property
    def is_known(self) -> bool:
        return self is not Outcome.IN_DOUBT


PLACED = 10008
DONE = 10009
DONE_PARTIAL = 10010
NO_CHANGES = 10025
TOO_MANY_REQUESTS = 10024

# Definitely refused: no order exists.
REFUSALS: Mapping[int, str] = MappingProxyType(
    {
        10004: "REQUOTE",
        10006: "REJECTED",
        10007: "CANCELLED",
        10013: "INVALID_REQUEST",
        10014: "INVALID_VOLUME",
        10015: "INVALID_PRICE",
        10016: "INVALID_STOPS",
        10017: "TRADE_DISABLED",
        10018: "MARKET_CLOSED",
        10019: "NO_MONEY",
        10020: "PRICE_CHANGED",
        10021: "PRICE_OFF",
        10022: "INVALID_EXPIRATION",
        10023: "ORDER_CHANGED",
        TOO_MANY_REQUESTS: "TOO_MANY_REQUESTS",
        10026: "SERVER_DISABLES_ALGO_TRADING",
        10027: "TERMINAL_DISABLES_ALGO_TRADING",
        10029: "FROZEN",
        10030: "INVALID_FILLING",
        10032: "ONLY_REAL_ACCOUNTS",
        10033: "LIMIT_ORDERS",
        10034: "LIMIT_VOLUME",
        10035: "INVALID_ORDER",
        10036: "POSITION_CLOSED",
        10038: "INVALID_CLOSE_VOLUME",
        10039: "CLOSE_ORDER_EXISTS",
        10040: "LIMIT_POSITIONS",
        10042: "LONG_ONLY",
        10043: "SHORT_ONLY",
        10044: "CLOSE_ONLY",
        10045: "FIFO_CLOSE",
    }
)

# The ambiguous codes with a name; any code not listed anywhere is as ambiguous.
DOUBTS: Mapping[int, str] = MappingProxyType(
    {
        10011: "ERROR",
        10012: "TIMEOUT",
        10028: "LOCKED",
        10031: "CONNECTION",
        10041: "REJECT_CANCEL",
    }
)

# Errors of the package with which the request cannot have left this machine.
NEVER_DELIVERED: Mapping[int, str] = MappingProxyType(
    {-2: "ARGUMENT_REFUSED", -8: "API_DISABLED", -10004: "NO_TERMINAL"}
)

# After these the pipe may be one reply out of step: the next answer could belong to this call.
OUT_OF_STEP = frozenset({-10000, -10002})

# Refusals that say something of the moment and nothing of the order.
_PASSING = frozenset(
    {10004, 10015, 10016, 10018, 10019, 10020, 10021, 10024, 10026, 10027, 10029, 10033, 10040}
)


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """What `order_send` returned. `retcode` 0: it returned None, and `error_code` says more."""

    retcode: int
    error_code: int
    order: int
    deal: int
    volume: Decimal
    price: Decimal
    comment: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means. `reason` is empty where the order was done as asked."""

    outcome: Outcome
    reason: str = ""


def classify(answer: SendAnswer, request: RequestFields) -> Verdict:
    """Return what the terminal's answer to `request` means. What is not known is in doubt."""
    if answer.retcode == 0:
        reason = NEVER_DELIVERED.get(answer.error_code)
        if reason is not None:
            return Verdict(Outcome.REJECTED, reason)
        return Verdict(Outcome.IN_DOUBT, "NO_REPLY")
    if answer.retcode in REFUSALS:
        return Verdict(Outcome.REJECTED, REFUSALS[answer.retcode])
    trades = request["action"] in (Action.DEAL, Action.PENDING)
    accepted = _verdict_on_trade if trades else _verdict_on_change
    return accepted(answer, request) or Verdict(
        Outcome.IN_DOUBT, DOUBTS.get(answer.retcode, "UNKNOWN_CODE")
    )


def is_passing(retcode: int) -> bool:
    """Whether a refusal may not hold a moment later."""
    return retcode in _PASSING


def _verdict_on_trade(answer: SendAnswer, request: RequestFields) -> Verdict | None:
    if answer.retcode == DONE and answer.deal:
        # Zero: the terminal did not tell. The deals will.
        short = 0 < answer.volume < Decimal(repr(request["volume"]))
        return Verdict(_ended_short(request)) if short else Verdict(Outcome.EXECUTED)
    if answer.retcode in (DONE, PLACED):
        return Verdict(Outcome.WORKING)
    if answer.retcode == DONE_PARTIAL:
        return Verdict(_ended_short(request))
    return None


def _verdict_on_change(answer: SendAnswer, _: RequestFields) -> Verdict | None:
    if answer.retcode == DONE:
        return Verdict(Outcome.EXECUTED)
    if answer.retcode == NO_CHANGES:
        return Verdict(Outcome.EXECUTED, "NO_CHANGES")
    return None


def _ended_short(request: RequestFields) -> Outcome:
    # The rest of an immediate order is cancelled; that of an order with RETURN stays at the broker.
    stays = request.get("type_filling") == Filling.RETURN
    return Outcome.WORKING if stays else Outcome.PARTIAL
