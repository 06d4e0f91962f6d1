"""Every way that an owner's own key or signature is refused; the families are in `errors.py`."""

from countersign_server.errors import Invalid, NotNow


class OwnerSignatureInvalid(Invalid):
    reason = "OWNER_SIGNATURE_INVALID"
    advice = "Sign the intent that is shown now with a key of your own; see docs/protocol.md."


class OwnerKeyUnsuitable(Invalid):
    reason = "OWNER_KEY_UNSUITABLE"
    advice = "Register an Ed25519 key of 32 bytes, or a passkey's COSE key for ES256 or EdDSA."


class ChallengeInvalid(NotNow):
    reason = "CHALLENGE_INVALID"
    advice = "Ask for a new challenge; one works once, for five minutes, in one sign-in."


class OwnerKeyRevoked(NotNow):
    reason = "OWNER_KEY_REVOKED"
    advice = "Use another key, or make and register a new one."


class PasskeysNotAccepted(NotNow):
    reason = "PASSKEYS_NOT_ACCEPTED"
    advice = "Register an Ed25519 key; for passkeys the operator sets COUNTERSIGN_PASSKEY_ORIGIN."


class OwnerSignatureRequired(NotNow):
    reason = "OWNER_SIGNATURE_REQUIRED"
    advice = "Sign the intent with a registered owner key."
