"""What the terminal's ways of not answering, and of saying no beforehand, mean for an offer."""

from countersign_bridge.terminal import jobs
from countersign_bridge.trading.retcodes import REFUSALS, is_passing
from countersign_bridge.trading.verification import Refusal

_SUCCESS = 1


def unreachable(outcome: object) -> Refusal:
    """Return why the terminal did nothing. Only for outcomes that say it did not."""
    if isinstance(outcome, jobs.Refused):
        return Refusal.for_now(outcome.reason, outcome.detail)
    if isinstance(outcome, jobs.AccountChanged):
        return Refusal.for_now("ACCOUNT_MISMATCH", f"the terminal shows {outcome.shown}")
    if isinstance(outcome, jobs.CallFailed):
        detail = f"{outcome.call}: {outcome.code} {outcome.text}"
        return Refusal.for_now("TERMINAL_FAILED", detail)
    if isinstance(outcome, jobs.Unavailable | jobs.Lost):
        return Refusal.for_now("TERMINAL_UNAVAILABLE", outcome.detail)
    raise AssertionError(f"{outcome!r} is an answer")


def check_refusal(answer: jobs.CheckAnswer) -> Refusal | None:
    """Return why the terminal would not take a request; None: it would."""
    if answer.retcode == 0 and answer.error_code == _SUCCESS:
        return None
    if answer.retcode == 0:
        detail = f"order_check: {answer.error_code} {answer.comment}"
        return Refusal.for_now("TERMINAL_FAILED", detail)
    reason = REFUSALS.get(answer.retcode, "CHECK_FAILED")
    detail = f"order_check: {answer.retcode} {answer.comment}"
    return Refusal(reason, detail, final=not is_passing(answer.retcode))
