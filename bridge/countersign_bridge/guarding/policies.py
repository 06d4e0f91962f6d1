"""Which policy guards the account: only one that was signed by whoever may, and never an older."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256

from countersign_bridge.owner_signatures import OwnerSignature, owner_flaw
from countersign_bridge.signatures import is_countersigned
from countersign_bridge.trading.verification import Identity
from countersign_guards.policy import Policy, default_policy
from countersign_guards.policy_text import PolicyUnreadable, parse_policy, policy_text

HEADER = "countersign.guard-policy/1"


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A policy, its text as it was signed, and its version; 0: the default, which nobody signs."""

    version: int
    text: str
    policy: Policy

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class OfferedPolicy:
    """A policy as the server passes it on. `owner_signature` None: its owner signed nothing."""

    version: int
    text: str
    statement: str
    signature: bytes
    key_id: str
    owner_signature: OwnerSignature | None


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Why the policy in force stays. `is_alarming`: somebody claims what is not so."""

    reason: str
    detail: str
    is_alarming: bool = True


def default_for(currency: str) -> PolicyInForce:
    """Return what guards an account that nobody has set a policy for."""
    policy = default_policy(currency)
    return PolicyInForce(0, policy_text(policy), policy)


def statement_of(*, login: int, server: str, currency: str, version: int, text: str) -> str:
    """Return what is signed under a policy; docs/protocol.md has its lines."""
    digest = sha256(text.encode()).hexdigest()
    lines = (
        HEADER,
        f"account: {login}@{server}",
        f"currency: {currency}",
        f"version: {version}",
        f"policy: {digest}",
    )
    return "".join(f"{line}\n" for line in lines)


def taken(
    offered: OfferedPolicy, in_force: PolicyInForce, identity: Identity
) -> PolicyInForce | NotTaken:
    """Return the policy that an offered one makes, or why it is not taken.

    The statement is made again from what this bridge knows, so that no policy of another account
    and none of an earlier version can stand for it.
    """
    not_newer = _not_newer(offered, in_force)
    if not_newer is not None:
        return not_newer
    statement = statement_of(
        login=identity.login,
        server=identity.server,
        currency=identity.currency,
        version=offered.version,
        text=offered.text,
    )
    unsigned = _unsigned(offered, statement, identity.pinned_keys, identity.owner_keys)
    if unsigned is not None:
        return unsigned
    try:
        policy = parse_policy(offered.text)
    except PolicyUnreadable as error:
        return NotTaken("POLICY_INVALID", str(error))
    if policy.currency != identity.currency:
        detail = f"its money is {policy.currency}, the account's is {identity.currency}"
        return NotTaken("POLICY_INVALID", detail)
    return PolicyInForce(offered.version, offered.text, policy)


def _not_newer(offered: OfferedPolicy, in_force: PolicyInForce) -> NotTaken | None:
    if offered.version < in_force.version:
        detail = f"version {offered.version} came after {in_force.version}"
        return NotTaken("POLICY_OLDER", detail)
    if offered.version > in_force.version:
        return None
    if offered.version == 0 or offered.text == in_force.text:
        return NotTaken("POLICY_KNOWN", "it is in force", is_alarming=False)
    return NotTaken("POLICY_CHANGED", f"another text of version {offered.version}")


def kept(version: int, text: str) -> PolicyInForce:
    """Return a policy that was taken before. Raises PolicyUnreadable."""
    return PolicyInForce(version, text, parse_policy(text))


def _unsigned(
    offered: OfferedPolicy,
    statement: str,
    pinned_keys: Mapping[str, bytes],
    owner_keys: AbstractSet[str] | None,
) -> NotTaken | None:
    """Return whose signature is missing; None: none that this bridge asks for."""
    if offered.statement != statement:
        return NotTaken("STATEMENT_MISMATCH", "what was signed is not about this policy here")
    if not is_countersigned(
        statement, signature=offered.signature, key_id=offered.key_id, pinned_keys=pinned_keys
    ):
        return NotTaken("SIGNATURE_INVALID", f"no pinned key signed it: {offered.key_id[:64]!r}")
    if owner_keys is None:
        return None
    flaw = owner_flaw(statement, offered.owner_signature, owner_keys)
    return None if flaw is None else NotTaken(flaw.reason, flaw.detail)
