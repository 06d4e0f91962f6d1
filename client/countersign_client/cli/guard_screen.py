"""A guard on the screen: state, distance to each limit, and what counts down."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta

from countersign_client.cli.invocation import current
from countersign_client.cli.labels import column, label, percent, words, words_column
from countersign_client.cli.moments import countdown, is_given, time_text
from countersign_client.cli.screen import Column, print_json, print_json_line, print_table, say
from countersign_client.client import Client
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_SECOND = 1.0

_STANDING: tuple[Column[v1.GuardStanding], ...] = (
    words_column("rule", "rule_id"),
    column("stands at", "value"),
    column("limit at", "floor"),
    column("left", "headroom"),
    Column("used up", lambda standing: percent(standing.share)),
    column("counted from", "reference"),
    column("warned", "warned"),
)
CLOSING = (
    column("position", "position_id"),
    column("order", "order_ticket"),
    column("symbol", "symbol"),
    column("side", "position_side"),
    column("lots", "volume"),
    column("state", "state"),
    column("why not", "reason"),
    column("by", "side"),
    words_column("cause", "cause"),
)


async def watch_guards(client: Client, account_id: str) -> None:
    """Print each guard as it changes, and every second what counts down, for ever."""
    counting: dict[str, tuple[v1.Guard, float]] = {}
    async with aclosing(client.follow_guards(account_id)) as guards:
        coming = asyncio.ensure_future(_next(guards))
        try:
            while True:
                await asyncio.wait({coming}, timeout=_SECOND if counting else None)
                if not coming.done():
                    _print_countdowns(counting)
                    continue
                guard = coming.result()
                coming = asyncio.ensure_future(_next(guards))
                counting.pop(guard.guard_id, None)
                if is_given(guard.countdown.close_time):
                    counting[guard.guard_id] = (guard, time.monotonic())
                _print_news(guard)
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _next(guards: AsyncGenerator[v1.Guard]) -> v1.Guard:
    return await anext(guards)


def _print_countdowns(counting: dict[str, tuple[v1.Guard, float]]) -> None:
    """Say what is left, by the server's clock; a program counts for itself."""
    if current().json:
        return
    for guard, told_at in counting.values():
        now = guard.server_time + timedelta(seconds=time.monotonic() - told_at)
        # Past its time the server looks once more, and tells what it did.
        if now < guard.countdown.close_time:
            say(f"account {guard.account_id}: {_closing_line(guard, now)}")


def _print_news(guard: v1.Guard) -> None:
    """Print a guard that has changed: one line of JSON, or all of it."""
    if current().json:
        print_json_line(message_json(guard))
        return
    print_guard(guard)
    say("")


def print_one(guard: v1.Guard) -> None:
    if current().json:
        print_json(message_json(guard))
    else:
        print_guard(guard)


def print_guard(guard: v1.Guard) -> None:
    say(f"account {guard.account_id}: {label(guard.state)}{_why(guard)}")
    counting = guard.countdown
    if is_given(counting.close_time):
        say(f"  {_closing_line(guard, guard.server_time)}")
    policy = f"policy version {guard.policy_version}" if guard.policy_version else "default policy"
    seen = countdown(guard.view_time, guard.server_time) or "never"
    say(f"  {policy}, {guard.currency}, read {seen}" + (" (STALE)" if guard.stale else ""))
    for switch in guard.kill_switches:
        say(f"  kill switch {switch.kill_switch_id}: {label(switch.state)}, {switch.reason}")
    print_table(guard.standings, _STANDING, nothing="  not judged yet")
    if guard.closings:
        print_table(guard.closings, CLOSING, nothing="")


def _closing_line(guard: v1.Guard, now: datetime) -> str:
    counting = guard.countdown
    when = countdown(counting.close_time, now)
    return f"CLOSING EVERYTHING {when}: {words(counting.rule_id)}; countersign guards call-off"


def _why(guard: v1.Guard) -> str:
    latch = guard.latch
    if latch.state == v1.TradingState.ACTIVE:
        return ""
    said = [f"by {words(latch.cause)}", f"since {time_text(latch.since_time)}"]
    said += [f"({latch.reason})"] if latch.reason else []
    return ", " + " ".join(said)
