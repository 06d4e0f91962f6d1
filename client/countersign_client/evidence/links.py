"""Each link from an approval to a deal: what must hold, and what is said where it does not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, cast

from countersign_client.evidence.records import (
    Approval,
    Command,
    Deal,
    Evidence,
    Facts,
    Link,
    OwnerKey,
    Signal,
)
from countersign_client.evidence.signatures import (
    Countersignature,
    is_countersigned_by_server,
    is_signed_by_owner,
)
from countersign_client.evidence.trust import Anchors
from countersign_client.owner_keys import owner_key_id

_TITLE = "countersign.intent/1"
_NAMES = (
    *("approval", "signal", "payload", "account", "currency", "margin-mode", "kind", "instrument"),
    *("symbol", "fingerprint", "side", "volume", "entry", "price-min", "price-max", "stop-loss"),
    *("take-profit", "good-until", "opening-approval", "expires"),
)
_OPENING = ("open", "place")
_REDUCING = ("close", "cancel")


@dataclass(frozen=True, slots=True)
class Broken:
    """One link that does not hold: which, of what, and why."""

    link: str
    subject: str
    why: str


@dataclass(slots=True)
class Story:
    """What one signal led to, told link by link."""

    signal: Signal
    evidence: Evidence
    anchors: Anchors
    entries: Mapping[str, Sequence[Link]]
    told: list[str] = field(default_factory=list[str])
    broken: list[Broken] = field(default_factory=list[Broken])
    unchecked: list[str] = field(default_factory=list[str])

    def tell(self, part: str) -> None:
        self.told.append(part)

    def break_(self, link: str, subject: str, why: str) -> None:
        self.broken.append(Broken(link, subject, why))

    def leave(self, what: str) -> None:
        """Say what could not be checked."""
        if what not in self.unchecked:
            self.unchecked.append(what)

    def trust_key(self, what: str, *, known: bool, must: bool) -> None:
        """Note a key: given from elsewhere, the file's word alone, or in another's place."""
        if not known and must:
            self.break_("key", what, "it is not among the keys that were given for its holder")
        elif not known:
            self.leave(f"{what}: that it is whose the file says is the file's word")

    def expect_entry(self, kind: str, subject: str, *, optional: bool = False) -> Facts | None:
        """Return the sealed audit entry of a kind about a subject; None: it is not there."""
        for link in self.entries.get(subject, ()):
            if link.entry is not None and link.entry.get("kind") == kind:
                return link.entry
        if optional:
            self.leave(f"no audit entry {kind} of {subject} is in this file")
        else:
            self.break_("audit", subject, f"there is no sealed entry {kind} of it")
        return None


def check_approval(story: Story, approval: Approval) -> None:
    """Check that what was approved is this signal, for this account, and who signed it."""
    entry = story.expect_entry(f"approval.{approval.state}", f"approval:{approval.id}")
    if approval.state not in ("approved", "revoked") or approval.intent_text is None:
        story.tell(f"approval {approval.state} {approval.decided_time}".rstrip())
        return
    if approval.state == "revoked":
        entry = story.expect_entry("approval.approved", f"approval:{approval.id}")
    _check_intent(story, approval, approval.intent_text)
    _check_server(story, approval, approval.intent_text)
    owner = story.evidence.people.get(approval.owner_id)
    who = owner.email if owner else approval.owner_id
    by = who if approval.mode == "manual" else f"a rule of {who}"
    signed = _check_owner(story, approval, approval.intent_text)
    story.tell(
        f"{approval.state} {approval.decided_time} by {by}{signed}, "
        f"countersigned by {approval.server_key_id}"
    )
    if entry is not None:
        _check_told(story, approval, entry)


def check_command(story: Story, approval: Approval, command: Command) -> None:
    """Check that a command is what was approved, and that it was granted in time."""
    same = (
        ("intent", command.intent_text, approval.intent_text),
        ("server's signature", command.server_signature, approval.server_signature),
        ("owner's signature", command.owner_signature or None, approval.owner_signature or None),
        ("account", command.account_id, approval.account_id),
    )
    for what, its, approved in same:
        if its != approved:
            story.break_("command", command.id, f"its {what} is not the approval's")
    entry = _check_grant(story, command)
    if entry is not None and str(entry.get("event_time")) < approval.decided_time:
        story.break_("grant", command.id, "it was granted before it was approved")


def check_closing(story: Story, command: Command) -> None:
    """Check a command that nobody approved: it takes back what a signal opened, and no more.

    A guard makes such, a person who closes what is in doubt, a mandate that has ended.
    """
    values = signed_values(command)
    account = story.evidence.accounts.get(command.account_id)
    if command.kind not in _REDUCING or values.get("kind") != command.kind:
        story.break_("command", command.id, "nobody approved it, and it is no closing")
    if values.get("account") != (account.account if account else ""):
        why = f"the text's account is {values.get('account')}"
        story.break_("command", command.id, why)
    if command.owner_signature:
        story.break_("command", command.id, "it bears an owner's signature, and has no approval")
    _check_server(story, command, command.intent_text)
    entry = story.expect_entry("command.approved", f"command:{command.id}")
    story.tell(f"{command.kind} of what was opened, by {(entry or {}).get('actor')}")
    _check_grant(story, command)


def _check_grant(story: Story, command: Command) -> Facts | None:
    """Check a command's tags, and that it was granted in time; return the entry that tells so."""
    for tag in command.tags:
        if not _is_tag_of(command, tag):
            story.break_("command", command.id, f"the tag {tag.get('magic')} is not its own")
    if not command.granted_time:
        story.tell(f"command {command.state}, not granted")
        return None
    entry = story.expect_entry("command.granted", f"command:{command.id}")
    expires = signed_values(command).get("expires", "")
    if entry is not None and str(entry.get("event_time")) >= _comparable(expires):
        story.break_("grant", command.id, f"it was granted after {expires}, when it had expired")
    story.tell(f"command {command.state}, granted {command.granted_time}")
    return entry


def check_deal(story: Story, command: Command, deal: Deal) -> None:
    """Check that a deal bears the command's tag and is what was signed."""
    values = signed_values(command)
    if deal.magic not in {str(tag.get("magic")) for tag in command.tags}:
        story.break_("deal", deal.ticket, f"its tag {deal.magic} is not one of its command's")
    if deal.account_id != command.account_id:
        story.break_("deal", deal.ticket, "it is of another account than its command")
    if not command.granted_time:
        story.break_("deal", deal.ticket, "its command was never granted")
    if deal.symbol != values.get("symbol"):
        story.break_(
            "deal", deal.ticket, f"it is of {deal.symbol}, approved {values.get('symbol')}"
        )
    if deal.entry == "in" and command.kind in _OPENING:
        _check_opening(story, values, deal)
    if deal.entry == "in" and command.approval_id is None:
        story.break_("deal", deal.ticket, "it opens, and nobody approved that")
    entry = story.expect_entry("deal.recorded", f"deal:{deal.ticket}")
    facts = _facts(entry)
    for name, its in (("volume", deal.volume), ("price", deal.price), ("symbol", deal.symbol)):
        if entry is not None and str(facts.get(name)) != its:
            story.break_("deal", deal.ticket, f"the audit tells another {name}: {facts.get(name)}")
    story.tell(f"deal {deal.ticket}: {deal.volume} {deal.symbol} at {deal.price}")


def _check_intent(story: Story, approval: Approval, text: str) -> None:
    values, signal = _intent_values(text), story.signal
    if not values:
        story.break_("approval", approval.id, "the text is not an intent's")
        return
    account = story.evidence.accounts.get(approval.account_id)
    wanted = {
        "approval": approval.id,
        "signal": signal.id,
        "payload": sha256(signal.payload).hexdigest(),
        "account": account.account if account else "",
    }
    for name, value in wanted.items():
        if values[name] != value:
            story.break_(
                "approval", approval.id, f"the text's {name} is {values[name]}, not {value}"
            )


def _check_server(story: Story, signed: Approval | Command, text: str) -> None:
    key = story.evidence.server_keys.get(signed.server_key_id)
    if key is None:
        why = f"the server's key {signed.server_key_id} is not there"
        story.break_("server's signature", signed.id, why)
        return
    if not is_countersigned_by_server(text, key.public_key, signed.server_signature):
        why = f"the server's key {key.id} did not sign this text"
        story.break_("server's signature", signed.id, why)
    story.trust_key(
        f"server key {key.id}",
        known=story.anchors.knows(key.public_key),
        must=story.anchors.must_know_server(),
    )


def _check_owner(story: Story, approval: Approval, text: str) -> str:
    """Check the owner's signature and return how it is told."""
    if not approval.owner_signature:
        if story.anchors.must_know_owner(approval.owner_id):
            why = "keys of its owner were given, and none of them signed it"
            story.break_("owner's signature", approval.id, why)
        return ""
    key_id, signed = _countersignature(approval.owner_signature)
    if signed is None or owner_key_id(signed.algorithm, signed.origin, signed.public_key) != key_id:
        story.break_("owner's signature", approval.id, f"the key is not the one named {key_id}")
        return ""
    if not is_signed_by_owner(text, signed):
        why = f"the owner's key {key_id} did not sign this text"
        story.break_("owner's signature", approval.id, why)
    key = story.evidence.owner_keys.get(f"{approval.owner_id}:{key_id}")
    _check_owner_key(story, approval, key_id, key)
    story.trust_key(
        f"owner key {key_id}",
        known=story.anchors.knows_owner_key(key_id, signed.public_key),
        must=story.anchors.must_know_owner(approval.owner_id),
    )
    return f" with {key_id} ({key.name if key else 'unknown'}, {signed.algorithm})"


def _check_owner_key(story: Story, approval: Approval, key_id: str, key: OwnerKey | None) -> None:
    if key is None:
        why = f"{key_id} is no key of the account's owner"
        story.break_("owner's signature", approval.id, why)
    elif key.revoked_time and key.revoked_time <= approval.decided_time:
        why = f"{key_id} was revoked {key.revoked_time}"
        story.break_("owner's signature", approval.id, why)


def _check_told(story: Story, approval: Approval, entry: Facts) -> None:
    """Check that the audit tells of this very text and these very keys."""
    facts = _facts(entry)
    signature = approval.owner_signature or {}
    expected = {
        "intent_digest": sha256((approval.intent_text or "").encode()).hexdigest(),
        "server_key_id": approval.server_key_id,
        "owner_key_id": signature.get("owner_key_id"),
        "decided_by": approval.decided_by,
    }
    for name, value in expected.items():
        if facts.get(name) != value:
            why = f"the audit tells another {name}: {facts.get(name)}"
            story.break_("audit", f"approval:{approval.id}", why)


def _check_opening(story: Story, values: Mapping[str, str], deal: Deal) -> None:
    if (deal.deal_type == 0) != (values.get("side") == "buy"):
        story.break_("deal", deal.ticket, f"it is not on the side approved, {values.get('side')}")
    done = sum(
        (
            _number(other.volume)
            for other in story.evidence.deals.values()
            if other.command_id == deal.command_id and other.entry == "in"
        ),
        Decimal(0),
    )
    approved = _number(values.get("volume", ""))
    if done > approved:
        story.break_("deal", deal.ticket, f"{done} lots were traded, and {approved} approved")


def _is_tag_of(command: Command, tag: Facts) -> bool:
    text = f"{command.account_id}:{command.id}:{tag.get('attempt')}"
    digest = sha256(text.encode()).digest()
    return str(tag.get("magic")) == str(1 + (int.from_bytes(digest, "big") >> 194))


def _countersignature(kept: Facts) -> tuple[str, Countersignature | None]:
    """Return the key's name and the signature; None: it is not of the form."""
    key_id = str(kept.get("owner_key_id"))
    try:
        names = ("public_key", "signature", "authenticator_data", "client_data_json")
        parts = [bytes.fromhex(kept[name]) for name in names]
        return key_id, Countersignature(str(kept["algorithm"]), str(kept["origin"]), *parts)
    except (KeyError, TypeError, ValueError):
        return key_id, None


def signed_values(command: Command) -> Mapping[str, str]:
    """Return the lines of what was signed for a command by their names; empty: it is no intent."""
    return _intent_values(command.intent_text)


def _intent_values(text: str) -> Mapping[str, str]:
    """Return the lines of an intent by their names; empty: it is none."""
    title, *lines = text.split("\n")
    pairs = [line.partition(": ") for line in lines[:-1]]
    if title != _TITLE or lines[-1:] != [""] or tuple(name for name, *_ in pairs) != _NAMES:
        return {}
    return {name: value for name, _, value in pairs}


def _facts(entry: Facts | None) -> Facts:
    try:
        value: Any = json.loads(str((entry or {}).get("after_json")))
    except ValueError:
        return {}
    return cast("Facts", value) if isinstance(value, dict) else {}


def _comparable(time: str) -> str:
    """Return a time in milliseconds as one in microseconds, which sorts among its like."""
    return time.replace("Z", "000Z")


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)
