"""How guards and kill switches refuse; part of the tree in errors.py."""

from countersign_server.errors import Contradiction, Invalid, NotNow


class PolicyInvalid(Invalid):
    reason = "POLICY_INVALID"
    advice = "Mend the field that is named; docs/owner.md has the fields of a policy."


class PolicyChanged(Contradiction):
    reason = "POLICY_CHANGED"
    advice = "Read the policy in force, and set the version after it."


class GuardChanged(Contradiction):
    reason = "GUARD_CHANGED"
    advice = "Look at the guard again: what it holds is no longer what you saw."


class LimitStillBroken(NotNow):
    reason = "LIMIT_STILL_BROKEN"
    advice = "Wait until the account is above the limit again, or accept the loss."


class NoClosing(NotNow):
    reason = "NO_CLOSING"
    advice = "Nothing is announced and nothing is being closed; the guard says how it stands."


class ProducerHalted(NotNow):
    reason = "PRODUCER_HALTED"
    advice = "A kill switch stops this producer; trading goes on when a person releases it."
