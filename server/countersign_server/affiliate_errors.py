"""Every way that an affiliate's request is refused; the families are in `errors.py`."""

from countersign_server.errors import Contradiction, Invalid, NotNow


class ReferralCodeUnknown(Invalid):
    reason = "REFERRAL_CODE_UNKNOWN"
    advice = "Correct the code, or leave it out; it can be named later with NameReferrer."


class SelfReferral(Invalid):
    reason = "SELF_REFERRAL"
    advice = "Name who referred you, or nobody."


class AlreadyReferred(Contradiction):
    reason = "ALREADY_REFERRED"
    advice = "The first who was named stays."


class RequestIdReused(Contradiction):
    reason = "REQUEST_ID_REUSED"
    advice = "Draw a new request_id for a new request; what the first one asked for stands."


class ReferralTooLate(NotNow):
    reason = "REFERRAL_TOO_LATE"
    advice = "Nothing can be done: it is named at sign-up, or soon after."


class NotAnAffiliate(NotNow):
    reason = "NOT_AN_AFFILIATE"
    advice = "Register with RegisterAffiliate first."


class NoProgram(NotNow):
    reason = "NO_PROGRAM"
    advice = "Ask for a currency that you have a balance in; GetAffiliateStats lists them."


class PayoutTooSmall(NotNow):
    reason = "PAYOUT_TOO_SMALL"
    advice = "Wait until the balance has grown; the metadata's 'minimum' says how much it takes."


class BalanceTooLow(NotNow):
    reason = "BALANCE_TOO_LOW"
    advice = "Ask for no more than the metadata's 'available'."


class PayoutsExhausted(NotNow):
    reason = "PAYOUTS_EXHAUSTED"
    advice = "Wait until one of those under way is paid or has failed."
