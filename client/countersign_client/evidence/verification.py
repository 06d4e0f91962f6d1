"""Whether every link holds from a strategy's signature to the broker's deal, and which does not."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from countersign_client.evidence.chain import ChainBreak, chain_breaks
from countersign_client.evidence.links import (
    Story,
    check_approval,
    check_closing,
    check_command,
    check_deal,
    signed_values,
)
from countersign_client.evidence.records import (
    Approval,
    Command,
    Deal,
    Evidence,
    Link,
    Signal,
)
from countersign_client.evidence.signatures import (
    is_signed_by_producer,
    is_signed_with_a_secret,
)
from countersign_client.evidence.trust import Anchors, Trust


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `general`: breaks of the file as a whole."""

    stories: Sequence[Story]
    chain: Sequence[ChainBreak]
    general: Sequence[str]
    links: int

    @property
    def intact(self) -> bool:
        return not (self.chain or self.general or any(story.broken for story in self.stories))


@dataclass(frozen=True, slots=True)
class _Index:
    """Who belongs to whom."""

    approvals: Mapping[str, list[Approval]] = field(
        default_factory=lambda: defaultdict[str, list[Approval]](list)
    )
    commands: Mapping[str, list[Command]] = field(
        default_factory=lambda: defaultdict[str, list[Command]](list)
    )
    # By signal, those that nobody approved.
    closings: Mapping[str, list[Command]] = field(
        default_factory=lambda: defaultdict[str, list[Command]](list)
    )
    deals: Mapping[str, list[Deal]] = field(
        default_factory=lambda: defaultdict[str, list[Deal]](list)
    )
    entries: Mapping[str, list[Link]] = field(
        default_factory=lambda: defaultdict[str, list[Link]](list)
    )


def verify(evidence: Evidence, trust: Trust) -> Report:
    """Check everything that a file says, and return what holds and what does not."""
    anchors, index = Anchors(evidence, trust), _indexed(evidence)
    stories = [
        _story(evidence, trust, anchors, index, signal) for signal in evidence.signals.values()
    ]
    general = [
        *evidence.repeated,
        *(f"{what} was given, and signed nothing here" for what in anchors.unused),
        *_strays(evidence),
    ]
    chain = list(chain_breaks(evidence, trust.sealed_hash))
    return Report(stories, chain, general, len(evidence.links))


def _indexed(evidence: Evidence) -> _Index:
    index = _Index()
    for approval in evidence.approvals.values():
        index.approvals[approval.signal_id].append(approval)
    for command in evidence.commands.values():
        if command.approval_id is None:
            index.closings[signed_values(command).get("signal", "")].append(command)
        else:
            index.commands[command.approval_id].append(command)
    for deal in evidence.deals.values():
        index.deals[deal.command_id or ""].append(deal)
    for link in sorted(evidence.links.values(), key=lambda one: one.sequence):
        if link.entry is not None:
            index.entries[str(link.entry.get("subject"))].append(link)
    return index


def _strays(evidence: Evidence) -> list[str]:
    """Return what hangs on nothing: a deal without its command, a command without its approval."""
    return [
        *(
            f"approval {one.id}: its signal {one.signal_id} is not there"
            for one in evidence.approvals.values()
            if one.signal_id not in evidence.signals
        ),
        *(
            f"command {one.id}: its approval {one.approval_id} is not there"
            for one in evidence.commands.values()
            if one.approval_id is not None and one.approval_id not in evidence.approvals
        ),
        *(
            f"command {one.id}: it has no approval, and the signal it closes is not there"
            for one in evidence.commands.values()
            if one.approval_id is None and signed_values(one).get("signal") not in evidence.signals
        ),
        *(
            f"deal {one.ticket}: its command {one.command_id} is not there"
            for one in evidence.deals.values()
            if one.command_id not in evidence.commands
        ),
    ]


def _story(
    evidence: Evidence, trust: Trust, anchors: Anchors, index: _Index, signal: Signal
) -> Story:
    story = Story(signal, evidence, anchors, index.entries)
    _check_signal(story, trust)
    for approval in index.approvals[signal.id]:
        check_approval(story, approval)
        commands = index.commands[approval.id]
        if approval.state == "approved" and not commands:
            story.break_("command", approval.id, "the approval has no command")
        for command in commands:
            check_command(story, approval, command)
            for deal in index.deals[command.id]:
                check_deal(story, command, deal)
    for command in index.closings[signal.id]:
        check_closing(story, command)
        for deal in index.deals[command.id]:
            check_deal(story, command, deal)
    return story


def _check_signal(story: Story, trust: Trust) -> None:
    signal, evidence = story.signal, story.evidence
    producer = evidence.producers.get(signal.producer_id)
    name = producer.name if producer else signal.producer_id
    key = evidence.producer_keys.get(signal.key_id)
    told = f'"{signal.external_id}" {signal.side} {signal.instrument} of {name}'
    if key is None:
        story.break_("signal", signal.id, f"its key {signal.key_id} is not there")
    elif key.producer_id != signal.producer_id:
        story.break_("signal", signal.id, f"its key {key.id} is another producer's")
    elif key.algorithm == "ed25519":
        if not is_signed_by_producer(signal, key.public_key):
            story.break_("signal", signal.id, f"the key {key.id} did not sign these bytes")
        story.trust_key(
            f"producer key {key.id}",
            known=story.anchors.knows(key.public_key),
            must=story.anchors.must_know_producer(key.producer_id),
        )
        told += f", signed with {key.id}"
    elif not trust.secrets_of(key.id):
        story.leave(f"the strategy's HMAC: only who has the secret of {key.id} can verify it")
        told += f", HMAC of {key.id} not checked"
    else:
        if not is_signed_with_a_secret(signal, trust.secrets_of(key.id)):
            story.break_("signal", signal.id, f"no secret given for {key.id} made its HMAC")
        told += f", HMAC of {key.id}"
    story.tell(f"signal {told}, {signal.received_time}")
    story.expect_entry("signal.accepted", f"signal:{signal.id}", optional=True)
