"""What is written in a chat: plain text, short, and never read as anything but text."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from countersign.v1 import (
    accounts_pb2,
    analytics_pb2,
    approvals_pb2,
    execution_pb2,
    guards_pb2,
    reconciliation_pb2,
    values_pb2,
)
from countersign_server.notifications.topic import Level

# What Telegram takes at most, counted as it counts: in units of UTF-16.
MESSAGE_UNITS_MAX = 4096
_CUT = "\n..."
_MARKS: Mapping[Level, str] = {Level.INFO: "", Level.WARNING: "! ", Level.CRITICAL: "!!! "}
_POSITIONS_MAX = 25
# Facts of an event that say something to a person, in this order.
_TELLING = (
    *("state", "reason", "kind", "instrument", "symbol", "side", "volume", "price", "profit"),
    *("cause", "guard", "detail", "name", "note"),
)

HELP = """\
/inbox - what waits for your decision, with buttons
/approve REF - show one, with buttons
/reject REF [reason] - turn one down
/positions - what the terminals hold
/status - accounts, and what is in doubt
/guards - how near each account is to its limits
/report - what trading came to, with a page for each account
/chart [SYMBOL [H4]] - equity, or a price, as a picture
/pause [ACCOUNT] - halt trading at once, everywhere or on one account
/closeonly [ACCOUNT] - let positions only be reduced, at once
/flatten [ACCOUNT] - close everything (asks first)
/mute 2h - only what is critical for a while; /mute off
REF are the last characters of an id, as shown in #..."""


def units(text: str) -> int:
    """Return how long a text is for Telegram."""
    return len(text.encode("utf-16-le")) // 2


def clipped(text: str) -> str:
    """Return a text that fits one message; a zero, which nothing stores, is left out."""
    text = text.replace("\0", "")
    if units(text) <= MESSAGE_UNITS_MAX:
        return text or "(nothing)"
    room = MESSAGE_UNITS_MAX - units(_CUT)
    cut = text.encode("utf-16-le")[: 2 * room].decode("utf-16-le", "ignore")
    return cut + _CUT


def reference(identifier: str) -> str:
    """Return how an id is shown, and typed: its last eight characters."""
    return identifier[-8:]


def told(body: str, level: Level, *, account: str) -> str:
    """Return an event as a person reads it. `account` is how it is called; empty: none."""
    event = json.loads(body)
    after: Mapping[str, Any] = event["data"].get("after") or {}
    facts = [f"{name}: {after[name]}" for name in _TELLING if after.get(name)]
    head = " ".join(part for part in (account, event["type"]) if part)
    ref = reference(str(event["data"]["subject"]))
    return clipped("\n".join([f"{_MARKS[level]}{head} #{ref}", *facts, f"at {event['timestamp']}"]))


def approval_text(approval: approvals_pb2.Approval, *, account: str) -> str:
    """Return an approval as it is laid before its owner, and what was decided."""
    intent = approval.intent
    side = values_pb2.Side.Name(intent.side).removeprefix("SIDE_").lower()
    kind = values_pb2.CommandKind.Name(intent.kind).removeprefix("COMMAND_KIND_").lower()
    lines = [
        f"{account} #{reference(approval.approval_id)}",
        f"{kind} {side} {intent.volume} {intent.symbol}",
        f"price {intent.price_min} to {intent.price_max}" if intent.price_min else "",
        f"stop {intent.stop_loss or 'none'}, target {intent.take_profit or 'none'}",
        f"at risk {approval.money_at_risk.amount} {approval.money_at_risk.currency}"
        if approval.money_at_risk.amount
        else "",
        f"note: {approval.note}" if approval.note else "",
        _standing(approval),
    ]
    return clipped("\n".join(line for line in lines if line))


def _standing(approval: approvals_pb2.Approval) -> str:
    state = approvals_pb2.ApprovalState.Name(approval.state).removeprefix("APPROVAL_STATE_")
    if approval.state == approvals_pb2.APPROVAL_STATE_PENDING:
        return f"until {approval.expire_time.ToDatetime():%H:%M:%S} UTC"
    reason = f": {approval.reason}" if approval.reason else ""
    return f"{state}{reason}"


def positions_text(answer: reconciliation_pb2.ListPositionsResponse) -> str:
    lines: list[str] = []
    for account in answer.accounts:
        old = " (OLD: the bridge is silent)" if account.stale else ""
        snapshot = account.snapshot
        lines.append(f"#{reference(account.account_id)} equity {snapshot.equity}{old}")
        lines += map(_position, snapshot.positions[:_POSITIONS_MAX])
        if len(snapshot.positions) > _POSITIONS_MAX:
            lines.append(f"  and {len(snapshot.positions) - _POSITIONS_MAX} more")
    return clipped("\n".join(lines) or "No account was read yet.")


def _position(position: execution_pb2.Position) -> str:
    side = values_pb2.Side.Name(position.side).removeprefix("SIDE_").lower()
    return (
        f"  {side} {position.volume} {position.symbol} at {position.price_open}, "
        f"now {position.price_current}: {position.profit}"
    )


def guards_text(answer: guards_pb2.GetGuardsResponse) -> str:
    lines: list[str] = []
    for guard in answer.guards:
        state = values_pb2.TradingState.Name(guard.state).removeprefix("TRADING_STATE_")
        lines.append(f"#{reference(guard.account_id)} {state.lower()} {guard.latch.cause}".strip())
        lines += [
            f"  {one.rule_id}: {one.headroom} {guard.currency} left, "
            f"{Decimal(one.share) * 100:.2f} % used up"
            for one in guard.standings
        ]
    return clipped("\n".join(lines) or "No guards.")


def statistics_text(answer: analytics_pb2.GetStatisticsResponse) -> str:
    lines = [
        f"#{reference(one.account_id)} {one.trades} trades, {one.win_rate_percent or 0} % won, "
        f"net {one.net_profit or 0} {one.currency}, profit factor {one.profit_factor or 'none'}"
        for one in answer.statistics
    ]
    return clipped("\n".join(lines) or "Nothing was traded yet.")


def shown_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def shown_name(account: accounts_pb2.Account) -> str:
    """Return how an account is called: SIM or LIVE, and its name."""
    return f"{'SIM' if account.demo else 'LIVE'} {account.name}"
