"""An export proves, without a server, what was signed and done, and shows where it was changed."""

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.v1 import (
    accounts_pb2,
    approvals_pb2,
    audit_pb2,
    execution_pb2 as pb,
    guards_pb2,
    signals_pb2,
    values_pb2,
)
from countersign_client.evidence.chain import entry_hash
from countersign_client.evidence.records import EvidenceUnreadable, read_evidence
from countersign_client.evidence.trust import Trust
from countersign_client.evidence.verification import Report, verify
from tests.fixtures.bridge_end import BridgeEnd, a_deal, a_result, bridge_end
from tests.fixtures.guarded_world import a_closing_deal, begin
from tests.fixtures.owner_keys import KeyFile, Passkey
from tests.fixtures.waiting import until
from tests.fixtures.world import Metadata, Owner, Producer, World, a_signal, world

Line = dict[str, Any]
Lines = list[Line]

ANNS = Passkey()
STRATEGY = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
THIEF = KeyFile(Ed25519PrivateKey.from_private_bytes(b"t" * 32))
PLAIN = Trust()


@dataclass(frozen=True, slots=True)
class Exports:
    """One story as three people may take it away, and what the story is about."""

    operators: Lines
    anns: Lines
    one: Lines
    bobs: Lines
    signed_signal: str
    plain_signal: str
    secret: bytes
    server_key: bytes


# Kept between tests: making the story takes longer than all of them.
_TAKEN: list[Exports] = []


@pytest.fixture
async def exports(database_url: str, tmp_path: Path) -> Exports:
    if not _TAKEN:
        async with world(database_url, tmp_path, passkey_origin=ANNS.origin) as it:
            _TAKEN.append(await _a_story(it))
    return _TAKEN[0]


async def _a_story(it: World) -> Exports:
    """Ann signs one signal off with her passkey and one with a click; both are executed.

    She turns one down, and has everything closed.
    """
    ann, bob = await it.an_owner("ann"), await it.an_owner("bob", login=1000002)
    producer = await it.a_producer(ann)
    key_id = await _an_ed25519_key(it, ann, producer)
    await it.follow(ann, producer)
    await it.tell_prices(ann)
    own_id = await it.an_owner_key(ann, ANNS)
    device = await it.a_device(ann)
    async with bridge_end(it, ann, device) as bridge:
        signed = await _submit(it, producer, key_id, a_signal())
        entry = await it.entry(ann, signed)
        signature = approvals_pb2.OwnerSignature(
            owner_key_id=own_id, **ANNS.approve(entry.intent.text).fields()
        )
        await _approve(it, ann, entry, signature)
        await _execute(bridge, ticket=501)
        plain = await it.submit(producer, a_signal())
        await _approve(it, ann, await it.entry(ann, plain), None)
        opened = await _execute(bridge, ticket=502)
        rejected = await it.entry(ann, await it.submit(producer, a_signal()))
        await it.decide(ann, rejected, approve=False)
        await _flatten(it, ann, bridge, magic=opened.magic)
    await _all_sealed(it)
    operators = await _exported(it, it.operator)
    (server_key,) = _of(operators, "server-key")
    return Exports(
        operators=operators,
        anns=await _exported(it, ann.metadata),
        one=await _exported(it, ann.metadata, signal_id=signed),
        bobs=[
            *await _exported(it, bob.metadata),
            *await _exported(it, bob.metadata, signal_id=signed),
        ],
        signed_signal=signed,
        plain_signal=plain,
        secret=producer.secret,
        server_key=bytes.fromhex(server_key["public_key"]),
    )


async def _an_ed25519_key(it: World, owner: Owner, producer: Producer) -> str:
    made = await it.accounts.CreateProducerKey(
        accounts_pb2.CreateProducerKeyRequest(
            request_id=str(uuid4()),
            producer_id=producer.id,
            algorithm=signals_pb2.SIGNATURE_ALGORITHM_ED25519,
            public_key=STRATEGY.public_key().public_bytes_raw(),
        ),
        metadata=owner.metadata,
    )
    return str(made.key.key_id)


async def _submit(it: World, producer: Producer, key_id: str, signal: signals_pb2.Signal) -> str:
    hmac = producer.sign(signal)
    parts = (
        key_id.encode(),
        b"\x01",
        hmac.sent_time_ms.to_bytes(8, "big"),
        hmac.nonce,
        sha256(hmac.payload).digest(),
    )
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    signature = STRATEGY.sign(b"countersign.signal/1\0" + text)
    hmac.key_id, hmac.signature = key_id, signature
    answer = await it.signals.SubmitSignal(
        signals_pb2.SubmitSignalRequest(signal=hmac), metadata=producer.metadata
    )
    return str(answer.signal_id)


async def _approve(
    it: World,
    owner: Owner,
    entry: approvals_pb2.Approval,
    signature: approvals_pb2.OwnerSignature | None,
) -> None:
    request = approvals_pb2.CreateApprovalRequest(
        signal_id=entry.signal_id,
        account_id=entry.account_id,
        decision=approvals_pb2.DECISION_APPROVE,
        intent_digest=entry.intent.digest,
        owner_signature=signature,
    )
    await it.approvals.CreateApproval(request, metadata=owner.metadata)


async def _execute(bridge: BridgeEnd, *, ticket: int) -> pb.Grant:
    grant = (await bridge.claim((await bridge.hear("offer")).offer)).grant
    result = a_result(grant, deal_ticket=ticket)
    await bridge.tell(f"result:{grant.command_id}:1", result=result)
    deal = a_deal(grant, ticket=ticket)
    await bridge.acknowledged(await bridge.tell(f"deal:{ticket}", deal=deal))
    return grant


async def _flatten(it: World, owner: Owner, bridge: BridgeEnd, *, magic: int) -> None:
    """Close a position that a command opened, as nobody approves one by one."""
    await begin(it, owner, bridge, magic=magic)
    await it.guards.PullKillSwitch(
        guards_pb2.PullKillSwitchRequest(
            account_id=owner.account_id, state=values_pb2.TRADING_STATE_FLATTENING, reason="news"
        ),
        metadata=owner.metadata,
    )
    grant = (await bridge.claim((await bridge.hear("offer")).offer)).grant
    deal = a_closing_deal(grant, ticket=503)
    await bridge.acknowledged(await bridge.tell("deal:503", deal=deal))


async def _all_sealed(it: World) -> None:
    async def sealed() -> bool:
        told = await it.audit.VerifyAudit(audit_pb2.VerifyAuditRequest(), metadata=it.operator)
        return told.intact and told.unsealed == 0

    await until(sealed, "everything is sealed")


async def _exported(it: World, caller: Metadata, signal_id: str = "") -> Lines:
    request = audit_pb2.ExportEvidenceRequest(signal_id=signal_id)
    call = it.audit.ExportEvidence(request, metadata=caller)
    data = b"".join([part.data async for part in call])
    return [json.loads(line) for line in data.splitlines()]


def _of(lines: Sequence[Line], kind: str) -> Lines:
    return [line for line in lines if line["type"] == kind]


def verified(lines: Sequence[Line], trust: Trust = PLAIN) -> Report:
    return verify(read_evidence(json.dumps(line).encode() for line in lines), trust)


def broken(report: Report) -> set[str]:
    """Return which links are broken, as they are named."""
    links = {one.link for story in report.stories for one in story.broken}
    return (
        links
        | ({"chain"} if report.chain else set[str]())
        | ({"general"} if report.general else set[str]())
    )


async def test_an_untouched_export_holds_and_tells_each_signal_from_end_to_end(
    exports: Exports,
) -> None:
    report = verified(exports.operators)

    assert broken(report) == set()
    assert report.intact
    told = {story.signal.id: " | ".join(story.told) for story in report.stories}
    signed = told[exports.signed_signal]
    for part in ("breakout", "signed with key_", "ann@example.com", "(laptop, passkey-es256)"):
        assert part in signed
    assert "countersigned by approval-" in signed
    assert "granted 20" in signed
    assert "deal 501: 0.1 EURUSD at 1.0845" in signed
    plain = told[exports.plain_signal]
    assert "not checked" in plain
    assert "close of what was opened, by system:guards" in plain
    assert "deal 503: 0.1 EURUSD at 1.0645" in plain
    assert len(told) == 3


async def test_an_owner_takes_away_what_is_the_owners_and_nothing_of_others(
    exports: Exports,
) -> None:
    report = verified(exports.anns)
    assert broken(report) == set()
    assert len(report.stories) == 3
    assert _of(exports.anns, "evidence") == []
    assert exports.anns[0]["chain"] == "excerpt"
    (person,) = _of(exports.anns, "person")
    assert person["email"] == "ann@example.com"

    (story,) = verified(exports.one).stories
    assert (story.signal.id, story.broken) == (exports.signed_signal, [])

    assert {line["type"] for line in exports.bobs} == {"countersign.evidence/1", "server-key"}


async def test_an_hmac_is_verified_by_who_has_its_secret(exports: Exports) -> None:
    right = Trust(secrets={"": frozenset({exports.secret})})
    wrong = Trust(secrets={"": frozenset({bytes(32)})})

    report = verified(exports.operators, right)
    assert broken(report) == set()
    assert not any("HMAC" in what for story in report.stories for what in story.unchecked)
    assert broken(verified(exports.operators, wrong)) == {"signal"}


async def test_without_keys_from_elsewhere_the_file_says_that_its_keys_are_its_own_word(
    exports: Exports,
) -> None:
    own_word = [what for story in verified(exports.operators).stories for what in story.unchecked]
    assert any("server key" in what for what in own_word)
    assert any("owner key" in what for what in own_word)

    (owner_key,) = _of(exports.operators, "owner-key")
    strategy = STRATEGY.public_key().public_bytes_raw()
    known = Trust(
        keys=frozenset({exports.server_key, strategy}),
        owner_key_ids=frozenset({owner_key["id"]}),
        secrets={"": frozenset({exports.secret})},
    )
    # Ann clicked once where, with her key known, a signature of hers is asked for.
    report = verified(exports.operators, known)
    assert [story.unchecked for story in report.stories if story.unchecked] == []
    assert broken(report) == {"owner's signature"}
    assert [s.signal.id for s in report.stories if s.broken] == [exports.plain_signal]


Tamper = Callable[[Lines], None]


def first(lines: Lines, kind: str, **where: Any) -> Line:
    return next(
        line
        for line in lines
        if line["type"] == kind and all(line[name] == value for name, value in where.items())
    )


def signed_approval(lines: Lines) -> Line:
    return next(line for line in _of(lines, "approval") if line["owner_signature"])


def its_command(lines: Lines) -> Line:
    return first(lines, "command", approval_id=signed_approval(lines)["id"])


def its_signal(lines: Lines) -> Line:
    return first(lines, "signal", id=signed_approval(lines)["signal_id"])


def its_deal(lines: Lines) -> Line:
    return first(lines, "deal", command_id=its_command(lines)["id"])


def a_closing(lines: Lines) -> Line:
    return first(lines, "command", approval_id=None)


def _closed_signal(lines: Lines) -> Line:
    text = a_closing(lines)["intent_text"]
    return next(line for line in _of(lines, "signal") if f"signal: {line['id']}\n" in text)


def _closing_decided(lines: Lines) -> Line:
    subject = f"command:{a_closing(lines)['id']}"
    wanted = ("command.approved", subject)
    return next(
        one
        for one in _of(lines, "audit")
        if (one["entry"]["kind"], one["entry"]["subject"]) == wanted
    )


def _opens_unapproved(lines: Lines) -> None:
    """An opening passed off as one of those that nobody approves."""
    its_command(lines)["approval_id"] = None


def entry_about(lines: Lines, kind: str) -> Line:
    return next(line for line in _of(lines, "audit") if line["entry"]["kind"] == kind)


def changed(line: Line, name: str, old: str, new: str) -> None:
    assert old in line[name]
    line[name] = line[name].replace(old, new)


def flipped(line: Line, name: str) -> None:
    line[name] = f"{int(line[name][:2], 16) ^ 1:02x}{line[name][2:]}"


def _more_lots(lines: Lines) -> None:
    for line in (signed_approval(lines), its_command(lines)):
        changed(line, "intent_text", "volume: 0.1\n", "volume: 9\n")


def _thiefs_owner_key(lines: Lines) -> None:
    """The owner's signature of another text, by a key that is not the owner's."""
    signed = {name: value.hex() for name, value in THIEF.approve("x").fields().items()}
    for line in (signed_approval(lines), its_command(lines)):
        key = {"algorithm": "ed25519", "origin": "", "public_key": THIEF.public_key.hex()}
        line["owner_signature"] |= signed | key


def _other_commands_deal(lines: Lines) -> None:
    its_deal(lines)["magic"] = "7"


def _recorded_otherwise(lines: Lines) -> None:
    link = entry_about(lines, "command.granted")
    link["entry"]["event_time"] = "2020-01-01T00:00:00.000000Z"


def _rewritten_and_resealed(lines: Lines) -> None:
    """An entry changed together with its own hash: the next seal remembers the true one."""
    link = entry_about(lines, "command.granted")
    link["entry"]["actor"] = "device:another"
    (record,) = read_evidence(json.dumps(line).encode() for line in (lines[0], link)).links.values()
    link["entry_hash"] = entry_hash(record).hex()


def _without(kind: str, of: Callable[[Lines], Line]) -> Tamper:
    def tamper(lines: Lines) -> None:
        victim = of(lines)
        assert victim["type"] == kind
        lines.remove(victim)

    return tamper


TAMPERS: Mapping[str, tuple[Tamper, str]] = {
    "the signed bytes": (lambda lines: flipped(its_signal(lines), "payload"), "signal"),
    "the strategy's signature": (lambda lines: flipped(its_signal(lines), "signature"), "signal"),
    "when the strategy signed": (
        lambda lines: its_signal(lines).update(sent_time_ms=1),
        "signal",
    ),
    "the strategy's key": (
        lambda lines: flipped(first(lines, "producer-key", algorithm="ed25519"), "public_key"),
        "signal",
    ),
    "whose key the strategy's is": (
        lambda lines: first(lines, "producer-key", algorithm="ed25519").update(
            producer_id=str(uuid4())
        ),
        "signal",
    ),
    "the approved text": (_more_lots, "server's signature"),
    "the approved text, to the owner": (_more_lots, "owner's signature"),
    "the account": (
        lambda lines: first(lines, "account").update(account="1@Other"),
        "approval",
    ),
    "the server's signature": (
        lambda lines: flipped(signed_approval(lines), "server_signature"),
        "server's signature",
    ),
    "the server's key": (
        lambda lines: flipped(first(lines, "server-key"), "public_key"),
        "server's signature",
    ),
    "the owner's signature": (
        lambda lines: flipped(signed_approval(lines)["owner_signature"], "signature"),
        "owner's signature",
    ),
    "the owner's key": (_thiefs_owner_key, "owner's signature"),
    "the owner's key's page": (
        lambda lines: signed_approval(lines)["owner_signature"].update(origin="https://evil"),
        "owner's signature",
    ),
    "that the key was revoked": (
        lambda lines: first(lines, "owner-key").update(revoked_time="2020-01-01T00:00:00Z"),
        "owner's signature",
    ),
    "who decided": (
        lambda lines: signed_approval(lines).update(decided_by=str(uuid4())),
        "audit",
    ),
    "the owner's signature away": (
        lambda lines: signed_approval(lines).update(owner_signature=None),
        "audit",
    ),
    "the command's text": (
        lambda lines: changed(its_command(lines), "intent_text", "0.1\n", "0.2\n"),
        "command",
    ),
    "the command's tag": (
        lambda lines: its_command(lines)["tags"][0].update(magic="7"),
        "command",
    ),
    "the command's approval away": (_opens_unapproved, "command"),
    "the closing's text": (
        lambda lines: changed(a_closing(lines), "intent_text", "0.1\n", "0.2\n"),
        "server's signature",
    ),
    "what the closing is": (lambda lines: a_closing(lines).update(kind="open"), "command"),
    "the closing's account": (
        lambda lines: a_closing(lines).update(account_id=str(uuid4())),
        "command",
    ),
    "the closing's tag": (lambda lines: a_closing(lines)["tags"][0].update(magic="7"), "command"),
    "the closing's signal": (_without("signal", _closed_signal), "general"),
    "that the closing was decided": (
        _without("audit", _closing_decided),
        "audit",
    ),
    "what the closing's deal did": (
        lambda lines: first(lines, "deal", command_id=a_closing(lines)["id"]).update(entry="in"),
        "deal",
    ),
    "the deal's tag": (_other_commands_deal, "deal"),
    "the deal's volume": (lambda lines: its_deal(lines).update(volume="0.2"), "deal"),
    "the deal's side": (lambda lines: its_deal(lines).update(deal_type=1), "deal"),
    "the deal's symbol": (lambda lines: its_deal(lines).update(symbol="GBPUSD"), "deal"),
    "the deal's price": (lambda lines: its_deal(lines).update(price="1"), "deal"),
    "when it was granted": (_recorded_otherwise, "grant"),
    "an entry of the audit": (_recorded_otherwise, "chain"),
    "an entry with its own seal": (_rewritten_and_resealed, "chain"),
    "the signal away": (_without("signal", its_signal), "general"),
    "the approval away": (_without("approval", signed_approval), "general"),
    "the command away": (_without("command", its_command), "command"),
    "the grant away": (
        _without("audit", lambda lines: entry_about(lines, "command.granted")),
        "audit",
    ),
    "an entry away": (
        _without("audit", lambda lines: entry_about(lines, "signal.accepted")),
        "chain",
    ),
    "the newest entry away": (_without("audit", lambda lines: lines[-1]), "chain"),
}


@pytest.mark.parametrize("what", TAMPERS)
async def test_what_was_changed_is_found_and_named(exports: Exports, what: str) -> None:
    tamper, link = TAMPERS[what]
    lines = deepcopy(exports.operators)
    tamper(lines)

    report = verified(lines)

    assert not report.intact
    assert link in broken(report)


async def test_only_the_signal_that_was_changed_is_broken(exports: Exports) -> None:
    lines = deepcopy(exports.operators)
    flipped(its_signal(lines), "payload")
    report = verified(lines)
    assert [s.signal.id for s in report.stories if s.broken] == [exports.signed_signal]


async def test_a_whole_story_of_anothers_making_is_found_by_who_knows_a_key(
    exports: Exports,
) -> None:
    strangers = Trust(keys=frozenset({THIEF.public_key}))
    assert broken(verified(exports.operators, strangers)) == {"general"}
    written_down = bytes.fromhex(exports.operators[0]["sealed_hash"])
    assert verified(exports.operators, Trust(sealed_hash=written_down)).intact
    other_chain = verified(exports.operators, Trust(sealed_hash=bytes(32)))
    assert broken(other_chain) == {"chain"}


async def test_a_line_that_is_said_twice_and_otherwise_is_found(exports: Exports) -> None:
    lines = deepcopy(exports.operators)
    twice = deepcopy(its_deal(lines))
    twice["volume"] = "5"
    assert "general" in broken(verified([*lines, twice]))
    assert verified([*lines, its_deal(lines)]).intact


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{",
        b'{"type":"coin"}',
        b'{"type":"server-key","id":"a"}',
        b'{"type":"server-key","id":"a","public_key":"zz"}',
        b'{"type":"server-key","id":1,"public_key":""}',
        b"[" * 100_000,
    ],
)
async def test_what_is_no_evidence_is_refused_by_its_line(exports: Exports, line: bytes) -> None:
    heading = json.dumps(exports.operators[0]).encode()
    with pytest.raises(EvidenceUnreadable, match="line 2"):
        read_evidence([heading, line])
    with pytest.raises(EvidenceUnreadable, match="line 1"):
        read_evidence([line])
