"""The story that the demo tells, each step checked from outside.

A strategy signs; the owner countersigns; the bridge trades what was signed, once; everything else
is refused and says why.
"""

import base64
import hmac
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from demo.people import INSTRUMENT, Cast, device_token, producer_token, sign_in
from demo.processes import wait_until
from demo.receiver import Receiver, receiving
from demo.rest import Refused, Rest
from demo.showing import Showing

Say = Callable[[str], None]

_STEP_SECONDS = 20.0
# How far back the first signal is signed: still good when it is sent, too old when it is replayed
# at the end.
_SIGNED_BEFORE = timedelta(seconds=22)
_REPLAY_WINDOW = timedelta(seconds=30)
_OPEN = {"TRADING_STATE_ACTIVE", "TRADING_STATE_WARNED"}
_PENDING_FOR = timedelta(hours=12)


@dataclass(slots=True)
class Story:
    """The tokens of those who act, and what has happened so far."""

    rest: Rest
    cast: Cast
    say: Say
    submit: Callable[[dict[str, Any]], dict[str, Any]]  # over gRPC
    price: Callable[[], tuple[str, str]]  # bid and ask at the terminal
    folder: Path  # where pictures are put
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    count: int = 0
    webhook_id: str = ""

    def tell(self) -> dict[str, str]:
        """Tell it, and return the ids of what is left pending.

        Raises AssertionError where a step does not hold.
        """
        self._reopened()
        with receiving() as receiver:
            secret = self._subscribed(receiver)
            pending = self._told()
            self._posted(receiver, secret)
        return pending

    def _told(self) -> dict[str, str]:
        first = self._signed(self._signal("approved"), age=_SIGNED_BEFORE)
        first_sent = time.monotonic()
        self._carried_out(first)
        Showing(self.rest, self.cast.account_id, self.folder, self.say).show(self.owner)
        self._turned_down()
        self._expired()
        self._tampered()
        self._replayed(first, first_sent)
        return self._left_pending()

    def _reopened(self) -> None:
        """Let the owner reopen an account that was stopped before this start."""
        guard_id = self.cast.account_id
        (guard,) = self.rest.call("GET", "/api/v1/guards", token=self.owner, accountId=guard_id)[
            "guards"
        ]
        if guard["state"] in _OPEN:
            return
        cause = guard.get("latch", {}).get("cause", "")
        self.say(f"The account was stopped ({cause}); its owner looks at it and resets the guard.")
        body = {
            "reason": "demo: seen and understood",
            "resets": guard.get("latch", {}).get("resets", "0"),
            "acceptLoss": True,
        }
        self.rest.call("POST", f"/api/v1/guards/{guard_id}:reset", body, token=self.owner)

    def _subscribed(self, receiver: Receiver) -> str:
        """Let deals be posted to the receiver, and return the secret to verify them with."""
        body = {
            "requestId": str(uuid4()),
            "url": receiver.url,
            "topics": ["EVENT_TOPIC_DEAL"],
            "accountId": self.cast.account_id,
        }
        made = self.rest.call("POST", "/api/v1/webhooks", body, token=self.owner)
        self.webhook_id = str(made["endpoint"]["endpointId"])
        return str(made["secret"])

    def _posted(self, receiver: Receiver, secret: str) -> None:
        def has_come() -> bool:
            return any(event["type"] == "deal.recorded" for event in receiver.verified(secret))

        wait_until(has_come, _STEP_SECONDS, "the deal is posted to the webhook")
        check(len(receiver.verified(secret)) == len(receiver.posted), "every signature holds")
        self.rest.call("DELETE", f"/api/v1/webhooks/{self.webhook_id}", token=self.owner)
        self.say("The deal was posted to a webhook on this machine; its signature verifies.")

    def _carried_out(self, signed: dict[str, Any]) -> None:
        started = time.monotonic()

        def step(text: str) -> None:
            self.say(f"  {(time.monotonic() - started) * 1000:7.0f} ms  {text}")

        self.say("A signal is signed, approved by its owner, and traded:")
        signal_id = self.submit(signed)["signalId"]
        step(f"submitted over gRPC, stored once: signal {signal_id}")
        entry = self._in_inbox(signal_id)
        step(f"in the owner's inbox: {_what(entry['intent'])}")
        approved = self._decide(entry, "DECISION_APPROVE", "demo: looks right")
        step(f"approved over REST, countersigned: command {approved['commandId']}")
        command = self._command(signal_id, {"COMMAND_STATE_EXECUTED"})
        for name, label in (("offerTime", "offered to the bridge"), ("grantTime", "granted, once")):
            check(name in command, f"the command shows {name}")
            step(f"{label} at {command[name]}")
        wait_until(
            lambda: bool(self._status(signal_id)["deals"]), _STEP_SECONDS, "the deal comes back"
        )
        command = self._status(signal_id)
        deal = command["deals"][0]
        step(f"filled: deal {deal['ticket']}, {deal['volume']} lots at {deal['price']}")
        kinds = [report["kind"] for report in command["reports"]]
        check({"received", "intent", "result"} <= set(kinds), f"all reports are in: {kinds}")
        step(f"reported: {', '.join(kinds)}")
        self._in_audit(signal_id, "command.executed", "deal.recorded")
        step("every step is in the audit")

    def _turned_down(self) -> None:
        signal_id = self._submitted("rejected")
        entry = self._in_inbox(signal_id)
        decided = self._decide(entry, "DECISION_REJECT", "demo: not today")
        check(decided["state"] == "APPROVAL_STATE_REJECTED", "the entry is rejected")
        self._never_traded(signal_id)
        self.say(f"A signal is rejected by its owner; nothing is sent: {signal_id}")

    def _expired(self) -> None:
        signal_id = self._submitted("expired", lives=timedelta(seconds=2))

        def is_over() -> bool:
            entries = self._entries(signal_id)
            return bool(entries) and entries[0]["state"] == "APPROVAL_STATE_EXPIRED"

        wait_until(is_over, _STEP_SECONDS, "the entry expires")
        entry = self._entries(signal_id)[0]
        reason = self._refusal(lambda: self._decide(entry, "DECISION_APPROVE", "too late"))
        check(reason == "APPROVAL_EXPIRED", f"approving it now is refused: {reason}")
        self._never_traded(signal_id)
        self.say(
            f"A signal nobody decides on in time expires; approving it then is refused ({reason})."
        )

    def _tampered(self) -> None:
        signed = self._signed(self._signal("tampered"))
        payload = base64.b64decode(signed["payload"]).replace(b"SIDE_BUY", b"SIDE_SELL")
        signed["payload"] = base64.b64encode(payload).decode()
        reason = self._refusal(lambda: self.submit(signed))
        check(reason == "SIGNATURE_INVALID", f"a changed payload is refused: {reason}")
        self.say(f"A signal whose bytes were changed on the way is refused ({reason}).")

    def _replayed(self, signed: dict[str, Any], first_sent: float) -> None:
        too_old_at = first_sent + (_REPLAY_WINDOW - _SIGNED_BEFORE).total_seconds()
        wait_until(lambda: time.monotonic() > too_old_at + 0.5, _STEP_SECONDS, "the window passes")
        reason = self._refusal(lambda: self.submit(signed))
        check(reason == "SIGNATURE_TOO_OLD", f"a replay is refused: {reason}")
        self.say(f"The first signal, recorded and replayed later, is refused ({reason}).")

    def _left_pending(self) -> dict[str, str]:
        signal_id = self._submitted("pending", lives=_PENDING_FOR)
        entry = self._in_inbox(signal_id)
        self.say(f"One signal waits for you: {_what(entry['intent'])}")
        return {
            "signal_id": signal_id,
            "approval_id": entry["approvalId"],
            "account_id": entry["accountId"],
            "intent_digest": entry["intent"]["digest"],
        }

    def _submitted(self, name: str, lives: timedelta | None = None) -> str:
        return str(self.submit(self._signed(self._signal(name, lives)))["signalId"])

    def _signal(self, name: str, lives: timedelta | None = None) -> dict[str, Any]:
        bid, ask = (Decimal(price) for price in self.price())
        self.count += 1
        signal: dict[str, Any] = {
            "externalId": f"demo-{self.run}-{name}",
            "instrument": INSTRUMENT,
            "side": "SIDE_BUY",
            "version": f"{self.run}-{self.count}",
            "open": {
                "price": _text(ask),
                "stop": {"stopLoss": _text(bid - Decimal("0.005"))},
                "target": {"takeProfit": _text(ask + Decimal("0.01"))},
            },
            "note": f"demo: {name}",
        }
        if lives is not None:
            expires = datetime.now(UTC) + lives
            signal["expireTime"] = expires.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return signal

    def _signed(self, signal: dict[str, Any], age: timedelta = timedelta(0)) -> dict[str, Any]:
        """Sign by hand, so that the story shows what a strategy in any language has to do."""
        payload = json.dumps(signal).encode()
        sent_ms = int((datetime.now(UTC) - age).timestamp() * 1000)
        nonce = os.urandom(16)
        parts = (
            self.cast.producer_key_id.encode(),
            b"\x02",  # PAYLOAD_FORMAT_JSON
            sent_ms.to_bytes(8, "big"),
            nonce,
            sha256(payload).digest(),
        )
        text = b"countersign.signal/1\0" + b"".join(
            len(part).to_bytes(4, "big") + part for part in parts
        )
        secret = self.cast.producer_key_secret.removeprefix("csk_")
        key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        return {
            "keyId": self.cast.producer_key_id,
            "sentTimeMs": str(sent_ms),
            "nonce": base64.b64encode(nonce).decode(),
            "format": "PAYLOAD_FORMAT_JSON",
            "payload": base64.b64encode(payload).decode(),
            "signature": base64.b64encode(hmac.digest(key, text, sha256)).decode(),
        }

    def _in_inbox(self, signal_id: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            found[:] = self._entries(signal_id)
            return bool(found)

        wait_until(is_there, _STEP_SECONDS, "the signal reaches the inbox")
        check(found[0]["state"] == "APPROVAL_STATE_PENDING", f"it waits for a decision: {found[0]}")
        return found[0]

    def _entries(self, signal_id: str) -> list[dict[str, Any]]:
        answer = self.rest.call("GET", "/api/v1/approvals", token=self.owner, signalId=signal_id)
        return list(answer.get("approvals", []))

    def _decide(self, entry: dict[str, Any], decision: str, reason: str) -> dict[str, Any]:
        body = {
            "signalId": entry["signalId"],
            "accountId": entry["accountId"],
            "decision": decision,
            "intentDigest": entry["intent"]["digest"],
            "reason": reason,
        }
        answers: list[dict[str, Any]] = []

        def is_decided() -> bool:
            try:
                answers.append(self.rest.call("POST", "/api/v1/approvals", body, token=self.owner))
            except Refused as refused:
                # The bridge has only just come back; it tells prices every second.
                if refused.reason != "QUOTE_STALE":
                    raise
            return bool(answers)

        wait_until(is_decided, _STEP_SECONDS, "a price is known")
        return dict(answers[0]["approval"])

    def _status(self, signal_id: str) -> dict[str, Any]:
        answer = self.rest.call("GET", f"/api/v1/exec/status/{signal_id}", token=self.owner)
        commands = answer.get("commands", [])
        return dict(commands[0]) if commands else {}

    def _command(self, signal_id: str, states: set[str]) -> dict[str, Any]:
        wait_until(
            lambda: self._status(signal_id).get("state") in states,
            _STEP_SECONDS,
            f"the command comes to {' or '.join(states)}",
        )
        return self._status(signal_id)

    def _never_traded(self, signal_id: str) -> None:
        check(not self._status(signal_id), "no command was made")

    def _in_audit(self, signal_id: str, *kinds: str) -> None:
        answer = self.rest.call("GET", "/api/v1/audit", token=self.owner, signalId=signal_id)
        told = {entry["kind"] for entry in answer.get("entries", [])}
        check(set(kinds) <= told, f"the audit tells of {kinds}: {sorted(told)}")

    def _refusal(self, act: Callable[[], object]) -> str:
        try:
            act()
        except Refused as refused:
            return refused.reason
        return "nothing: it was accepted"

    @property
    def owner(self) -> str:
        return sign_in(self.rest, self.cast.owner_email, self.cast.owner_password)


def check(holds: bool, what: str) -> None:  # noqa: FBT001  # reads as a sentence where it is called
    """Raise AssertionError unless a step of the story holds."""
    if not holds:
        raise AssertionError(f"this does not hold: {what}")


def tokens(rest: Rest, cast: Cast) -> dict[str, str]:
    """Return an access token for each of the four roles."""
    return {
        "operator": sign_in(rest, cast.operator_email, cast.operator_password),
        "owner": sign_in(rest, cast.owner_email, cast.owner_password),
        "producer": producer_token(rest, cast),
        "device": device_token(rest, cast),
    }


def _what(intent: dict[str, Any]) -> str:
    side = intent["side"].removeprefix("SIDE_").lower()
    return (
        f"{side} {intent['volume']} {intent['symbol']} "
        f"between {intent['priceMin']} and {intent['priceMax']}, "
        f"stop {intent['stopLoss'] or 'none'}, target {intent['takeProfit'] or 'none'}"
    )


def _text(price: Decimal) -> str:
    """Return the canonical text of a price: no trailing zeros."""
    return f"{price.normalize():f}"
