"""What a guard's decisions become: the story of the account, its alerts, and the audit."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from countersign_guards.effects import (
    ClosingAnnounced,
    ClosingCalledOff,
    ClosingDismissed,
    Effect,
    Effects,
    Flatten,
    Flattened,
    Latched,
    Warned,
    WarningLifted,
)
from countersign_guards.latch import Latch
from countersign_guards.standing import Standing
from countersign_guards.state import GuardState
from countersign_server.audit.entries import Entry, Trace
from countersign_server.guards.latches import latch_facts, standing_facts
from countersign_server.guards.records import Act, Alert, Happening, Kept, Side
from countersign_server.identifiers import Random, uuid7

_ACTS: Mapping[type[Effect], Act] = {
    Warned: Act.WARNED,
    WarningLifted: Act.WARNING_LIFTED,
    ClosingAnnounced: Act.CLOSING_ANNOUNCED,
    ClosingDismissed: Act.CLOSING_DISMISSED,
    ClosingCalledOff: Act.CLOSING_CALLED_OFF,
    Latched: Act.LATCHED,
    Flatten: Act.FLATTENING,
    Flattened: Act.FLATTENED,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when effects happened: whose guard, on which side, in what sight."""

    before: Kept
    after: GuardState
    side: Side
    trace: Trace
    now: datetime
    shown: Mapping[str, Any]  # what the terminal showed, for the evidence
    random: Random


def happenings_of(effects: Effects, scene: Scene) -> Sequence[Happening]:
    """Return what a guard did, as it is kept."""
    return [_happening(effect, scene) for effect in effects]


def entry_of(happening: Happening, trace: Trace) -> Entry:
    """Return the audit entry of something that a guard did."""
    facts = {
        "side": happening.side,
        "rule": happening.rule_id,
        "standing": happening.standing,
        "latch": happening.latch,
        "close_at": happening.close_at,
        "policy_version": happening.policy_version,
        "evidence": happening.evidence_json,
    }
    return Entry(
        kind=f"guard.{happening.act}",
        subject=f"account:{happening.account_id}",
        event_time=happening.received_at,
        trace=trace,
        owner_id=happening.owner_id,
        account_id=happening.account_id,
        after=facts,
    )


def alert_of(effects: Effects, scene: Scene) -> Alert | None:
    """Return the alert that begins with these effects; None: nothing is to be closed."""
    flatten = next((one for one in effects if isinstance(one, Flatten)), None)
    if flatten is None:
        return None
    held = next((one for one in effects if isinstance(one, Latched)), None)
    evidence = held.evidence if held else None
    return new_alert(
        scene.before,
        cause=flatten.cause,
        latch=scene.after.latch,
        side=scene.side,
        evidence=standing_facts(evidence) if evidence else None,
        at=scene.now,
        random=scene.random,
    )


def new_alert(  # noqa: PLR0913  # the parts of an alert, by name
    kept: Kept,
    *,
    cause: str,
    latch: Latch,
    side: Side,
    evidence: Mapping[str, Any] | None,
    at: datetime,
    random: Random,
) -> Alert:
    return Alert(
        id=uuid7(at, random),
        account_id=kept.account_id,
        owner_id=kept.owner_id,
        trip=trip_of(cause, latch.resets),
        cause=cause,
        resets=latch.resets,
        side=side,
        evidence=evidence,
        created_at=at,
    )


def trip_of(cause: str, resets: int) -> str:
    """Return what names a trip on both sides of a link."""
    return f"{cause}:{resets}"


def _happening(effect: Effect, scene: Scene) -> Happening:
    standing = _standing_of(effect)
    happening_id = uuid7(scene.now, scene.random)
    return Happening(
        id=happening_id,
        account_id=scene.before.account_id,
        owner_id=scene.before.owner_id,
        natural_key=f"server:{happening_id}",
        act=_ACTS[type(effect)],
        side=Side.SERVER,
        rule_id=_rule_of(effect),
        standing=standing_facts(standing) if standing else None,
        latch=latch_facts(effect.latch if isinstance(effect, Latched) else scene.after.latch),
        close_at=effect.closes_at if isinstance(effect, ClosingAnnounced) else None,
        evidence_json=_evidence(effect, scene) if standing else "",
        policy_version=scene.before.policy_version,
        event_time=scene.now,
        received_at=scene.now,
    )


def _rule_of(effect: Effect) -> str:
    match effect:
        case Warned() | WarningLifted():
            return effect.standing.rule_id
        case Latched():
            return effect.latch.cause
        case Flatten() | Flattened():
            return effect.cause
        case _:
            return effect.rule_id


def _standing_of(effect: Effect) -> Standing | None:
    match effect:
        case Warned() | WarningLifted() | ClosingDismissed():
            return effect.standing
        case ClosingAnnounced() | Latched():
            return effect.evidence
        case _:
            return None


def _evidence(effect: Effect, scene: Scene) -> str:
    """Return what the rule was judged by: how long it looked broken, and the prices shown."""
    watch = scene.after.watches.get(_rule_of(effect))
    seen: dict[str, Any] = {"shown": scene.shown}
    if watch is not None:
        seen["broken_since"] = watch.since.isoformat()
        seen["views"] = watch.views
        seen["views_of_good_prices"] = watch.clear_views
        seen["worst"] = standing_facts(watch.worst)
    return json.dumps(seen, sort_keys=True, separators=(",", ":"))


def account_entry(  # noqa: PLR0913  # the parts of an entry, by name
    account_id: UUID,
    owner_id: UUID,
    kind: str,
    facts: Mapping[str, Any],
    *,
    trace: Trace,
    now: datetime,
) -> Entry:
    """Return an audit entry about an account's guard."""
    return Entry(
        kind=kind,
        subject=f"account:{account_id}",
        event_time=now,
        trace=trace,
        owner_id=owner_id,
        account_id=account_id,
        after=facts,
    )
