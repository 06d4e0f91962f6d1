"""What a failure means at a terminal: an exit code, and what to do."""

from types import MappingProxyType

from countersign_client.cli.screen import Failure
from countersign_client.errors import (
    Conflict,
    CountersignError,
    Doubt,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    NotNow,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

FAULT, NOT_UNDERSTOOD, NOT_SIGNED_IN, REFUSED, NOT_AVAILABLE, IN_DOUBT = 1, 2, 3, 4, 5, 6

_EXIT_CODES: MappingProxyType[type[CountersignError], int] = MappingProxyType(
    {
        Invalid: REFUSED,
        Unauthenticated: NOT_SIGNED_IN,
        Forbidden: REFUSED,
        NotFound: REFUSED,
        Conflict: REFUSED,
        NotNow: REFUSED,
        Exhausted: NOT_AVAILABLE,
        Unavailable: NOT_AVAILABLE,
        Doubt: IN_DOUBT,
        Unsupported: REFUSED,
    }
)

_CLASS_ADVICE: MappingProxyType[type[CountersignError], str] = MappingProxyType(
    {
        Invalid: "Correct the value and try again.",
        Unauthenticated: "Sign in with 'countersign login', or set COUNTERSIGN_TOKEN.",
        Forbidden: "Use a profile or token with the right role; see 'countersign whoami'.",
        NotFound: "Check the id; what belongs to others is not shown.",
        Conflict: "Look at what is recorded before you try again.",
        NotNow: "Look at its state; nothing was changed.",
        Exhausted: "Wait a moment and run the same command again.",
        Unavailable: "Check the address and that the server runs; nothing was changed.",
        Doubt: "It may or may not have been done: look before you run it again.",
        Unsupported: "The server is older than this command, or its address is another service.",
    }
)

# Where the fix is more than the class can say.
REASON_ADVICE = MappingProxyType(
    {
        "NO_PROFILE": "Run 'countersign login --address HOST:PORT'.",
        "TOKEN_ELSEWHERE": "Set COUNTERSIGN_TOKEN, or log in there with another --profile.",
        "CONFIG_READABLE_BY_OTHERS": "Run 'chmod 600' on it, then change the token it holds.",
        "SIGNATURE_TOO_OLD": "Check this machine's clock, then sign again.",
        "SIGNATURE_FROM_FUTURE": "Set this machine's clock, then sign again.",
        "SIGNATURE_INVALID": "Check that key id and secret belong together and to this producer.",
        "SIGNAL_DUPLICATED": "If it is meant, raise --strategy-version.",
        "SIGNAL_ID_REUSED": "Give it another --external-id.",
        "INTENT_CHANGED": "Run the command again and read the new intent.",
        "ALREADY_DECIDED": "It was decided otherwise; see 'countersign status'.",
        "APPROVAL_EXPIRED": "Nothing was traded; wait for the next signal.",
        "CONSENT_OUTDATED": "Read 'countersign consent list' and accept the newest version.",
        "SYMBOL_UNKNOWN": "See 'countersign account symbols', or give the symbol's properties.",
        "KEYS_EXHAUSTED": "Revoke a key first: 'countersign key' or 'countersign producer key'.",
        "OWNER_SIGNATURE_REQUIRED": "Sign it with --key; 'countersign key register' makes one.",
        "OWNER_SIGNATURE_INVALID": "Read the intent again, and sign it with a key of your own.",
        "OWNER_KEY_REVOKED": "Use another key; 'countersign key register' makes one.",
        "CHALLENGE_INVALID": "Run the command again, and sign in with the password in time.",
        "KEY_READABLE_BY_OTHERS": "Revoke it, for others may have read it, and make a new one.",
        "TOO_MANY_ATTEMPTS": "Wait a minute, then try again.",
        "REQUEST_REPEATED": "The first request went through; revoke what it made and ask anew.",
        "REPLAY_WINDOW_OVER": "See 'countersign signals list', or repeat with the --external-id.",
        "WATCH_INTERRUPTED": "Start again; 'countersign signals list' has the time between.",
        "QUOTE_STALE": "See 'countersign device list': the bridge tells no price.",
        "PRICE_DRIFTED": "Nothing was traded; try again if the price comes back in time.",
        "SPREAD_TOO_WIDE": "Nothing was traded; try again when the spread is narrower.",
        "TRADING_HALTED": "See 'countersign account show' for why.",
        "TOO_LATE_TO_REVOKE": "It is on its way to the broker; see 'countersign status'.",
        "ALREADY_SUBSCRIBED": "Change it with 'countersign subscription update'.",
        "SIGNAL_EXPIRED": "Make a new signal with a later --expires-in.",
        "DIGEST_MISMATCH": "Do not approve; tell the operator.",
        "WEBHOOKS_EXHAUSTED": "Delete one first: 'countersign webhook list' shows them.",
        "KEY_UNREADABLE": "Give the secret or the key as it was shown when it was made.",
        "BARS_MISSING": "Check the symbol, and with 'countersign device list' the bridge.",
        "EQUITY_MISSING": "Connect the account's bridge, and ask again in a minute.",
        "CURRENCIES_DIFFER": "Name one account with --account.",
        "REPORT_UNREADABLE": "Give the report as MetaTrader saves it: HTML or XLSX.",
        "NOT_AN_AFFILIATE": "Enrol first, with 'countersign affiliate register'.",
        "BALANCE_TOO_LOW": "See 'countersign affiliate stats' for what there is.",
        "PAYOUT_TOO_SMALL": "Wait until the balance has grown.",
        "PAYOUTS_EXHAUSTED": "Wait until one of those under way is paid or has failed.",
        "REFERRAL_TOO_LATE": "Nothing can be done: it is named at sign-up, or soon after.",
        "RISK_LIMIT_REACHED": "Reduce what is open, or see 'countersign limits'.",
        "PRODUCER_HALTED": "A person must release its kill switch: 'countersign guards switch'.",
        "PRODUCER_PAUSED": "Its owner has paused it; see 'countersign producer list'.",
        "LIMIT_STILL_BROKEN": "Wait until the account is above it, or give --accept-loss.",
        "GUARD_CHANGED": "Run 'countersign guards show', and again what you ran.",
        "NO_CLOSING": "Nothing is being closed; see 'countersign guards show'.",
        "POLICY_CHANGED": "Read 'countersign guards policy', and set the version after it.",
        "CONFIRMATION_STALE": "Run it again, and look at the evidence anew.",
        "NOT_IN_DOUBT": "Nobody doubts what became of it; see 'countersign status'.",
        "EXPOSURE_NOT_SHOWN": "The terminal shows nothing of it; look at the terminal.",
        "SHARE_LINKS_EXHAUSTED": "Revoke one first: 'countersign share list' shows them.",
        "DELEGATES_EXHAUSTED": "Revoke a delegate first.",
        "SYMBOL_CHANGED": "Confirm what the broker says now: 'countersign account symbols'.",
        "SUBSCRIPTION_CANCELLED": "Reject the entry or let it expire.",
        "TELEGRAM_NOT_CONFIGURED": "The operator sets COUNTERSIGN_TELEGRAM_TOKEN.",
    }
)

# What was given here is wrong; no server was asked.
_GIVEN_WRONG = frozenset(
    {
        "VALUE_REFUSED",
        "KEY_UNREADABLE",
        "KEY_READABLE_BY_OTHERS",
        "CONFIG_READABLE_BY_OTHERS",
    }
)


def failure_of(error: CountersignError) -> Failure:
    """Return what to show of an error."""
    message, field = error.message, error.metadata.get("field", "")
    # What was refused here was an option, whose name has dashes.
    if error.reason == "VALUE_REFUSED" and message.startswith(f"{field} "):
        message = f"--{field.replace('_', '-')}{message.removeprefix(field)}"
    return Failure(message, error.reason, advice_for(error), dict(error.metadata))


def exit_code_of(error: CountersignError) -> int:
    """Return the code to exit with."""
    if error.reason in (
        "VALUE_REFUSED",
        "KEY_UNREADABLE",
        "CONFIG_READABLE_BY_OTHERS",
        "KEY_READABLE_BY_OTHERS",
    ):
        return NOT_UNDERSTOOD
    return next((_EXIT_CODES[kind] for kind in type(error).__mro__ if kind in _EXIT_CODES), FAULT)


def advice_for(error: CountersignError) -> str:
    """Return what to do, in a sentence."""
    request_id = error.metadata.get("request_id", "")
    fallback = f"Report it with the request id {request_id}." if request_id else "Report it."
    by_class = next(
        (_CLASS_ADVICE[kind] for kind in type(error).__mro__ if kind in _CLASS_ADVICE), fallback
    )
    return REASON_ADVICE.get(error.reason, by_class)
